/** In vain so often, and one is not waited for until it says something there. */
const MISSES_MAX = 3
/** Who has come so lately is not on everybody's list, and cannot say what it has not heard: a tracker's peers look every five seconds. */
const COMING_MS = 10_000
/** Others remembered, and on each side those waited for in vain: as many as a bridge knows others there. */
const OTHERS_MAX = 256

/**
 * For whom of the other bridges one still waits. Who was waited for in vain three times with words of one network on one side is given up there,
 * until it says such words there; who has come lately is given time. Pure; sides by their key, others by their id.
 */
export class Patience {
  /** Since when others are known. */
  private readonly comers = new Map<string, number>()
  /** By side: how often each was waited for in vain with words of one network (`id network`). */
  private readonly misses = new Map<string, Map<string, number>>()

  /** Since when another is known, as far as it came after us; else for ever. */
  knownSinceMs(id: string): number {
    return this.comers.get(id) ?? Number.NEGATIVE_INFINITY
  }

  /** Another has come, or come again, at that time: it may bridge now what it did not before. */
  expect(id: string, sinceMs: number): void {
    this.comers.delete(id)
    this.comers.set(id, sinceMs)
    if (this.comers.size > OTHERS_MAX) this.comers.delete(this.comers.keys().next().value!)
    for (const misses of this.misses.values()) {
      for (const key of misses.keys()) if (key.startsWith(`${id} `)) misses.delete(key)
    }
  }

  /** Another says words of that network there: whoever gave it up waits for it again. */
  speaks(side: string, id: string, from: string): void {
    this.misses.get(side)?.delete(`${id} ${from}`)
  }

  /** One who was waited for did not say it: perhaps its network is another one, or it is gone. */
  missed(side: string, id: string, from: string, nowMs: number): void {
    if (nowMs - this.knownSinceMs(id) < COMING_MS) return
    const misses = this.misses.get(side) ?? new Map<string, number>()
    this.misses.set(side, misses)
    const key = `${id} ${from}`
    misses.set(key, (misses.get(key) ?? 0) + 1)
    if (misses.size > OTHERS_MAX) misses.delete(misses.keys().next().value!)
  }

  hasGivenUp(side: string, id: string, from: string): boolean {
    return (this.misses.get(side)?.get(`${id} ${from}`) ?? 0) >= MISSES_MAX
  }

  /** The side is gone. */
  forget(side: string): void {
    this.misses.delete(side)
  }
}
