const OVER_MS = 5_000
const EVERY_MS = 250

/** How fast something goes, over the last five seconds at most, and since it last began to go at all. */
export class Rate {
  private marks: { readonly atMs: number; readonly done: number }[] = []
  private done = 0
  /** When it last became more; null until it does. */
  private grewAtMs: number | null = null

  /** Says how much is done by now. What came first tells of nothing before it, and neither does what comes after a pause. */
  mark(done: number, nowMs: number): void {
    const grewAtMs = done > this.done ? nowMs : this.grewAtMs
    const isAnew = this.grewAtMs === null || (done > this.done && nowMs - this.grewAtMs > OVER_MS)
    if (isAnew || done < this.done) this.marks = []
    this.done = done
    this.grewAtMs = grewAtMs
    while (this.marks.length > 0 && nowMs - this.marks[0]!.atMs > OVER_MS) this.marks.shift()
    const last = this.marks.at(-1)
    if (last === undefined || nowMs - last.atMs >= EVERY_MS) this.marks.push({ atMs: nowMs, done })
  }

  /** Bytes a second, as far as is known; 0 while it is not. */
  perSecond(done: number, nowMs: number): number {
    const first = this.marks.find(({ atMs }) => nowMs - atMs <= OVER_MS)
    if (first === undefined || nowMs - first.atMs < EVERY_MS) return 0
    return Math.max(0, ((done - first.done) * 1000) / (nowMs - first.atMs))
  }
}
