/**
 * Remembers ids in two bounded generations: when the younger is full or `ageMs` old it becomes the elder, and the
 * former elder is forgotten. An id is so remembered for one to two ages (less in a flood), and memory is at most two full
 * generations, without a timer or a time kept per id.
 */
export class Generations {
  private young = new Set<string>()
  private old = new Set<string>()
  private turnedAtMs = 0

  constructor(
    private readonly ageMs: number,
    private readonly idsMax: number,
  ) {}

  /** Whether `id` is remembered. */
  has(id: string, nowMs: number): boolean {
    this.grow(nowMs)
    return this.young.has(id) || this.old.has(id)
  }

  /** True when `id` was not known; it is from now on. */
  add(id: string, nowMs: number): boolean {
    if (this.has(id, nowMs)) return false
    if (this.young.size >= this.idsMax) this.turn(nowMs)
    this.young.add(id)
    return true
  }

  private grow(nowMs: number): void {
    const passedMs = nowMs - this.turnedAtMs
    if (passedMs < this.ageMs) return
    if (passedMs < 2 * this.ageMs) {
      // From when it was due, not from when somebody came by: the elder would last for a third age otherwise.
      this.turn(this.turnedAtMs + this.ageMs)
    } else {
      this.young = new Set()
      this.turn(nowMs)
    }
  }

  private turn(atMs: number): void {
    this.old = this.young
    this.young = new Set()
    this.turnedAtMs = atMs
  }
}
