/**
 * Hybrid logical clock (Kulkarni, Demirbas, Madappa, Avva, Leone: "Logical Physical Clocks", 2014, figure 5): close
 * to wall time, yet an event is always later than everything its author had seen. Order needs no agreement on the time.
 */
export interface HlcTime {
  /** Milliseconds since 1970, 48 bits. */
  readonly ms: number
  /** Tells events of one millisecond apart, 16 bits. */
  readonly counter: number
}

export const HLC_COUNTER_MAX = 0xffff
export const HLC_MS_MAX = 2 ** 48 - 1

/** A clock further ahead than this is not believed: what it stamps is not shown until its time comes. */
export const CLOCK_AHEAD_MAX_MS = 10 * 60_000
/**
 * A clock further ahead than this is not followed. Less than what is believed, or one bad clock could push a good one to the
 * border, and everybody whose clock is a second behind would stop believing the good one.
 */
export const CLOCK_FOLLOW_MAX_MS = CLOCK_AHEAD_MAX_MS / 2

export function compareHlc(a: HlcTime, b: HlcTime): number {
  return a.ms - b.ms || a.counter - b.counter
}

export class HybridClock {
  private last: HlcTime = { ms: 0, counter: 0 }

  /**
   * The time of a new event of our own at wall-clock `wallMs` (whole milliseconds): later than all given or followed before, unless
   * the wall clock has been set back so far that nobody would believe that.
   */
  tick(wallMs: number): HlcTime {
    if (wallMs > this.last.ms || this.last.ms - wallMs > CLOCK_AHEAD_MAX_MS) this.last = { ms: wallMs, counter: 0 }
    else if (this.last.counter < HLC_COUNTER_MAX) this.last = { ms: this.last.ms, counter: this.last.counter + 1 }
    else this.last = { ms: this.last.ms + 1, counter: 0 }
    return this.last
  }

  /** Takes in the time of an event from elsewhere; answers whether it can be believed at `wallMs`. */
  see(time: HlcTime, wallMs: number): boolean {
    const aheadMs = time.ms - wallMs
    if (aheadMs <= CLOCK_FOLLOW_MAX_MS && compareHlc(time, this.last) > 0) this.last = time
    return aheadMs <= CLOCK_AHEAD_MAX_MS
  }
}
