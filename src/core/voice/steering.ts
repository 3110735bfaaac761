/**
 * Decides when a speaker's delay is to be made shorter or longer, and by how much: by the least delay of the last quarter of a second
 * at which a frame was needed, since pulls come unevenly where the sound card takes several ticks at once, and it is the earliest of them that
 * needs the packets. A frame is needed a little before it is heard, where what is queued does not end with a tick.
 *
 * Frames are needed at ticks, which fall where they fall: so the delay that can be had is the first of a ladder of them, 10 ms apart, that is
 * as long as the one asked for, and nothing queued on top of it.
 */

const TICK_MS = 10
/** Pulls over which the least delay is taken. */
const BLOCK_PULLS = 25
/** Nothing is done about less: a period to leave out would hardly be found. */
const SLACK_MS = 4
/** What is asked for is no more certain than this: nobody waits a whole tick longer for the sake of it. */
export const LACK_MS = 2
/** Pulls between corrections, so that speech is never more than a tenth faster; and where the delay is longer by `HURRY_MS`. */
const PULLS_BETWEEN = 10
const PULLS_BETWEEN_IN_HURRY = 4
const HURRY_MS = 80
/** Pulls of looking for a piece that is like itself; then any will do. */
const PATIENCE_PULLS = 60
const SAMPLES_PER_MS = 48
/** Shorter corrections are not made: the shortest period. */
const CORRECTION_SAMPLES_MIN = 120

export class Steering {
  /** The spurt's first samples are still to come. */
  fresh = true
  /** Of the frame last needed: from the fastest packet's arrival to being heard. */
  delayMs = 0
  private least = Number.POSITIVE_INFINITY
  /** What was queued when the least was seen. */
  private aheadMs = 0
  /** The same of the frame that is needed next, while so much is decoded ahead that none is needed now. */
  private nextMs = Number.POSITIVE_INFINITY
  private nextAheadMs = 0
  private pulls = 0
  /** Milliseconds to be left out; below zero, to be put in. */
  private debtMs = 0
  private sinceCorrection = 0
  private waiting = 0

  /** Whether no likeness has been found for too long, and it matters. */
  get impatient(): boolean {
    return this.waiting > PATIENCE_PULLS && (this.debtMs < 0 || this.debtMs >= TICK_MS)
  }

  begin(): void {
    this.fresh = true
    this.forget()
    this.debtMs = 0
    this.sinceCorrection = 0
    this.waiting = 0
  }

  /** A frame is needed now, `delayMs` after it could have been here at the earliest, and is heard `aheadMs` from now. */
  needed(delayMs: number, aheadMs: number): void {
    this.delayMs = delayMs + aheadMs
    if (delayMs > this.least) return
    this.least = delayMs
    this.aheadMs = aheadMs
  }

  /** None is needed now: what is decoded lasts until the next one is. */
  enough(delayMs: number, aheadMs: number): void {
    if (delayMs > this.nextMs) return
    this.nextMs = delayMs
    this.nextAheadMs = aheadMs
  }

  /** Once a pull: how many samples to leave out now at most; below zero, to put in at least; 0 for none. */
  correction(targetMs: number): number {
    this.sinceCorrection++
    if (++this.pulls >= BLOCK_PULLS) this.settle(targetMs)
    const between = this.debtMs > HURRY_MS ? PULLS_BETWEEN_IN_HURRY : PULLS_BETWEEN
    const isTime = this.sinceCorrection >= between
    if (isTime) this.relieve(targetMs)
    const samples = Math.floor(this.debtMs * SAMPLES_PER_MS)
    if (samples >= 0 && samples < CORRECTION_SAMPLES_MIN) return 0
    this.waiting++
    return isTime ? samples : 0
  }

  /** So many samples were left out (put in, below zero). */
  corrected(samples: number): void {
    if (samples === 0) return
    const ms = samples / SAMPLES_PER_MS
    // What was put in beyond the need is seen, and left out again, when there is a new measure of it.
    this.debtMs = this.debtMs < 0 ? Math.min(0, this.debtMs - ms) : this.debtMs - ms
    this.forget()
    this.sinceCorrection = 0
    this.waiting = 0
  }

  private settle(targetMs: number): void {
    // Where a period to leave out is looked for in vain, all of the block was decoded ahead. It is measured all the same: else a debt too small
    // for any period would be looked for without end, however great it has become.
    if (this.least === Number.POSITIVE_INFINITY) this.needed(this.nextMs, this.nextAheadMs)
    if (this.least === Number.POSITIVE_INFINITY) return
    this.debtMs = this.excess(targetMs)
    if (this.debtMs === 0) this.waiting = 0
    this.forget()
  }

  /** A stall makes the delay longer by itself, and what is asked for changes: no more of a debt is paid than there still is. */
  private relieve(targetMs: number): void {
    if (this.least === Number.POSITIVE_INFINITY) return
    const excess = this.excess(targetMs)
    this.debtMs =
      this.debtMs > 0 ? Math.min(this.debtMs, Math.max(0, excess)) : Math.max(this.debtMs, Math.min(0, excess))
    if (this.debtMs === 0) this.waiting = 0
  }

  /** By the least delay seen: milliseconds to leave out; below zero, to put in; 0 where it is as it should be. */
  private excess(targetMs: number): number {
    const excess = this.least - targetMs
    const isLacking = excess < -LACK_MS
    const rungs = Math.floor((isLacking ? excess : excess + LACK_MS) / TICK_MS)
    const excessMs = rungs * TICK_MS + this.aheadMs
    return rungs < 0 || excessMs > SLACK_MS ? excessMs : 0
  }

  private forget(): void {
    this.least = Number.POSITIVE_INFINITY
    this.nextMs = Number.POSITIVE_INFINITY
    this.pulls = 0
  }
}
