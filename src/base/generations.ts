/**
 * Remembers ids in two bounded generations: when the younger is full or `ageMs` old it becomes the elder, and the
 * former elder is forgotten. An id is so remembered for one to two ages, and memory is at most two full generations,
 * without a timer or a time kept per id.
 */
export class Generations {
  private young = new Set<string>()
  private old = new Set<string>()
  private turnedAtMs = 0

  constructor(
    private readonly ageMs: number,
    private readonly idsMax: number,
  ) {}

  /** True when `id` was not known; it is from now on. */
  add(id: string, nowMs: number): boolean {
    if (this.young.size >= this.idsMax || nowMs - this.turnedAtMs >= this.ageMs) this.turn(nowMs)
    if (this.young.has(id) || this.old.has(id)) return false
    this.young.add(id)
    return true
  }

  private turn(nowMs: number): void {
    // After two ages without a word both generations are out of date.
    const stale = nowMs - this.turnedAtMs >= 2 * this.ageMs
    this.old = stale ? new Set() : this.young
    this.young = new Set()
    this.turnedAtMs = nowMs
  }
}
