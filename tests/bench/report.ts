import { type Sample, summarise } from './statistics.ts'

/** A goal beside what was measured; `met` null where it could not be judged. */
export interface Goal {
  readonly what: string
  readonly met: boolean | null
  readonly detail: string
}

/** 1,234 or 12.3 or 0.123: three or more significant digits, never more than are worth reading. */
export function figure(value: number): string {
  const size = Math.abs(value)
  const digits = size >= 100 || size === 0 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

/** Median, and the range where there is more than one. */
export function spread(sample: Sample | null): string {
  if (sample === null) return 'not measured'
  if (sample.count === 1) return figure(sample.median)
  return `${figure(sample.median)} (${figure(sample.min)}..${figure(sample.max)})`
}

/** Columns as wide as they need to be, the first to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const line = (row: readonly string[]): string =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join('   ')
  return rows.map((row) => `  ${line(row)}`).join('\n')
}

export function goalLine(goal: Goal): string {
  const verdict = goal.met === null ? 'not judged' : goal.met ? 'met' : 'MISSED'
  return `  goal: ${goal.what} — ${verdict} (${goal.detail})`
}

/** One figure of a phase over its repeats. */
export function over<T>(phases: readonly (T | null)[], pick: (phase: T) => number | null): Sample | null {
  const values: number[] = []
  for (const phase of phases) {
    const value = phase === null ? null : pick(phase)
    if (value !== null) values.push(value)
  }
  return summarise(values)
}

/** `value` against `factor` times `base`, at least or at most. */
export function against(
  what: string,
  value: Sample | null,
  base: Sample | null,
  factor: number,
  atLeast: boolean,
): Goal {
  if (value === null || base === null) return { what, met: null, detail: 'not measured' }
  const ratio = value.median / base.median
  return { what, met: atLeast ? ratio >= factor : ratio <= factor, detail: `${figure(ratio)} ×` }
}

export function atMost(what: string, value: Sample | null, most: number, unit: string): Goal {
  if (value === null) return { what, met: null, detail: 'not measured' }
  return { what, met: value.median <= most, detail: `${figure(value.median)} ${unit}`.trim() }
}
