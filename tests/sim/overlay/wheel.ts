const SLOTS = 1 << 15

/** Events in virtual time, by whole milliseconds; those of one millisecond in the order they were set. */
export class Wheel<T> {
  nowMs = 0
  private readonly slots: T[][] = Array.from({ length: SLOTS }, () => [])
  private later: { atMs: number; event: T }[] = []
  private waiting = 0

  get size(): number {
    return this.waiting
  }

  set(atMs: number, event: T): void {
    this.waiting++
    const at = Math.max(this.nowMs, Math.ceil(atMs))
    // The slots reach to the end of the turn of the wheel that is running.
    if (at < this.turnEndMs()) this.slots[at % SLOTS]!.push(event)
    else this.later.push({ atMs: at, event })
  }

  /** Hands out everything due up to and including `untilMs`, which is the time afterwards. */
  run(untilMs: number, handle: (event: T) => void): void {
    for (;;) {
      const slot = this.slots[this.nowMs % SLOTS]!
      // Grows while it is walked.
      for (let i = 0; i < slot.length; i++) handle(slot[i]!)
      this.waiting -= slot.length
      slot.length = 0
      if (this.nowMs >= untilMs) return
      this.nowMs++
      if (this.nowMs % SLOTS === 0) this.turn()
    }
  }

  private turn(): void {
    const later = this.later
    this.later = []
    this.waiting -= later.length
    for (const { atMs, event } of later) this.set(atMs, event)
  }

  private turnEndMs(): number {
    return (Math.floor(this.nowMs / SLOTS) + 1) * SLOTS
  }
}
