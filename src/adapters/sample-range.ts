/** A sample as sound has it, -1 to 1: what is beyond is cut, and what is no number is silence. */
export function withinRange(sample: number): number {
  if (sample <= 1) return Math.max(sample, -1)
  return sample > 1 ? 1 : 0
}
