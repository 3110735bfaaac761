/** So many a second, and at most so many at once. Time is passed in. */
export class Allowance {
  private left: number
  private atMs = Number.NEGATIVE_INFINITY

  constructor(
    private readonly perSecond: number,
    private readonly atOnce = perSecond,
  ) {
    this.left = atOnce
  }

  /** Takes `count`; false, and takes nothing, when fewer are left. */
  take(nowMs: number, count = 1): boolean {
    const grown = (Math.max(0, nowMs - this.atMs) * this.perSecond) / 1000
    this.left = Math.min(this.atOnce, this.left + grown)
    this.atMs = nowMs
    if (this.left < count) return false
    this.left -= count
    return true
  }
}
