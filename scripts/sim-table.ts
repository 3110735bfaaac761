/** Tables of the overlay simulator: what was measured beside what a paper gives and what is wanted. */

export interface Figure {
  readonly what: string
  readonly value: number | null
  readonly paper?: string
  /** Wanted: at least, or at most, so much. */
  readonly atLeast?: number
  readonly atMost?: number
}

const [WHAT, OURS, PAPER, GOAL] = [62, 12, 10, 18]
/** Eight digits are more than any figure here deserves. */
const DIGITS = 5

let missed: string[] = []

export function head(title: string): void {
  console.log(
    `\n${title}\n${'what'.padEnd(WHAT)}${'ours'.padStart(OURS)}${'paper'.padStart(PAPER)}${'goal'.padStart(GOAL)}`,
  )
}

export function row(figure: Figure): void {
  const { what, value, paper, atLeast, atMost } = figure
  const isWanted = atLeast !== undefined || atMost !== undefined
  const wanted = isWanted ? goal(what, value, figure) : ''
  const line = `${what.padEnd(WHAT)}${plain(value).padStart(OURS)}${(paper ?? '').padStart(PAPER)}${wanted.padStart(GOAL)}`
  console.log(line.trimEnd())
}

/** Rows of several columns; a line ends with what of it misses a goal. */
export function columns(titles: readonly string[], rows: readonly (readonly (string | number | null)[])[]): void {
  const lines = [titles, ...rows.map((each) => each.map((cell) => (typeof cell === 'string' ? cell : plain(cell))))]
  const widths = titles.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)))
  for (const line of lines) {
    const padded = line.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
    console.log(padded.join('  ').trimEnd())
  }
}

/** Notes a goal that stands in a table of columns; answers what to write there. */
export function goal(
  what: string,
  value: number | null,
  { atLeast, atMost }: Pick<Figure, 'atLeast' | 'atMost'>,
): string {
  const wanted = atLeast !== undefined ? `≥ ${atLeast}` : `≤ ${atMost}`
  if (!misses(value, atLeast, atMost)) return wanted
  missed.push(`${what}: ${plain(value)}, wanted ${wanted}`)
  return `MISSED ${wanted}`
}

function misses(value: number | null, atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY): boolean {
  return value === null || value < atLeast || value > atMost
}

/** Says which goals were missed and what it took. */
export function foot(startedMs: number): void {
  console.log(
    missed.length === 0 ? '\nNo goal was missed.' : `\nMissed:\n${missed.map((line) => `  ${line}`).join('\n')}`,
  )
  missed = []
  const { user, system } = process.cpuUsage()
  const [wallS, cpuS] = [(performance.now() - startedMs) / 1_000, (user + system) / 1e6]
  const peakMb = process.resourceUsage().maxRSS / (process.platform === 'linux' ? 1_000 : 1e6)
  console.log(`\n${wallS.toFixed(0)} s, ${cpuS.toFixed(0)} s of them the processor's, ${peakMb.toFixed(0)} MB at most`)
}

/** A figure as it stands in a table. */
export function plain(value: number | null): string {
  if (value === null) return 'never'
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(DIGITS)))
}
