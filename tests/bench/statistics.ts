/** A sample of figures: what is printed is the median, with the range beside it as the measure of noise. */
export interface Sample {
  readonly median: number
  readonly min: number
  readonly max: number
  readonly count: number
}

/** Null when there is nothing to summarise. */
export function summarise(values: readonly number[]): Sample | null {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b)
  if (sorted.length === 0) return null
  const middle = sorted.length >> 1
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
  return { median, min: sorted[0]!, max: sorted[sorted.length - 1]!, count: sorted.length }
}

/** The smallest value that at least `fraction` of all are not above (nearest rank); NaN for none. `sorted` ascending. */
export function quantile(sorted: readonly number[], fraction: number): number {
  const rank = Math.max(1, Math.ceil(fraction * sorted.length))
  return sorted[rank - 1] ?? Number.NaN
}
