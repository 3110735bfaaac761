const OVER_MS = 5_000
const EVERY_MS = 250

/** How fast something goes, over the last five seconds. */
export class Rate {
  private readonly marks: { readonly atMs: number; readonly done: number }[] = []

  /** Says how much is done by now. */
  mark(done: number, nowMs: number): void {
    const last = this.marks.at(-1)
    if (last !== undefined && nowMs - last.atMs < EVERY_MS) return
    this.marks.push({ atMs: nowMs, done })
    while (this.marks.length > 2 && nowMs - this.marks[1]!.atMs > OVER_MS) this.marks.shift()
  }

  perSecond(done: number, nowMs: number): number {
    const first = this.marks[0]
    if (first === undefined || nowMs - first.atMs < EVERY_MS) return 0
    return Math.max(0, ((done - first.done) * 1000) / (nowMs - first.atMs))
  }
}
