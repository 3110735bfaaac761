import { AGE_TOLD_MS_MAX } from './json.ts'

/** An introduction is so long on its way at most, or counts for a new beginning: then one is taken to be younger than it is. A guess. */
const LATE_MS_MAX = 3_000
/** Who begin so soon after each other cannot tell who was first. */
const SAME_MS = 1_000
/** Before anybody of whom it is known when. */
const LONG_AGO_MS = -Number.MAX_VALUE
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
    const isOld = nowMs - sinceMs >= AGE_TOLD_MS_MAX
    const isAgain = sinceMs - knownMs > LATE_MS_MAX && !isOld
    const earliestMs = knownMs === Number.POSITIVE_INFINITY && isOld ? LONG_AGO_MS : Math.min(sinceMs, knownMs)
    this.sinceMs.delete(id)
    this.sinceMs.set(id, isAgain ? sinceMs : earliestMs)
    if (this.sinceMs.size > OTHERS_MAX) this.sinceMs.delete(this.sinceMs.keys().next().value!)
    return isAgain
  }

  hasTold(id: string): boolean {
    return this.sinceMs.has(id)
  }

  /** Whether it is younger than another, us for instance: the same to both of them. Where neither can tell, the ids decide. */
  isYounger(id: string, than: { readonly id: string; readonly sinceMs: number }, nowMs: number): boolean {
    const sinceMs = this.of(id)
    const isSame =
      sinceMs === LONG_AGO_MS ? nowMs - than.sinceMs >= AGE_TOLD_MS_MAX : Math.abs(sinceMs - than.sinceMs) < SAME_MS
    return isSame ? id > than.id : sinceMs > than.sinceMs
  }

  /** Who never told is older than anybody. */
  of(id: string): number {
    return this.sinceMs.get(id) ?? Number.NEGATIVE_INFINITY
  }
}
