import { AGE_TOLD_MS_MAX } from './json.ts'

/** An introduction is so long on its way at most, or counts for a new beginning: then one is only waited for in vain a little longer. A guess. */
const LATE_MS_MAX = 3_000
/** Others remembered: as many as a bridge knows. */
const OTHERS_MAX = 256

/** Since when other bridges are there, as far as they have told. Pure. */
export class Beginnings {
  private readonly sinceMs = new Map<string, number>()

  /**
   * Another says since when it is there; it is earlier by the time on the way, and nobody tells of more than `AGE_TOLD_MS_MAX`. True where it had
   * begun before, and has begun again: killed and restarted, it is called the same and knows nothing of what was before.
   */
  told(id: string, sinceMs: number, nowMs: number): boolean {
    const knownMs = this.sinceMs.get(id) ?? Number.POSITIVE_INFINITY
    const isAgain = sinceMs - knownMs > LATE_MS_MAX && nowMs - sinceMs < AGE_TOLD_MS_MAX
    this.sinceMs.delete(id)
    this.sinceMs.set(id, isAgain ? sinceMs : Math.min(sinceMs, knownMs))
    if (this.sinceMs.size > OTHERS_MAX) this.sinceMs.delete(this.sinceMs.keys().next().value!)
    return isAgain
  }

  /** Who never told is older than anybody. */
  of(id: string): number {
    return this.sinceMs.get(id) ?? Number.NEGATIVE_INFINITY
  }
}
