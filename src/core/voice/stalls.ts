/**
 * Stalls that come again and again: a processor that others use, a radio that looks for other networks. Each one that is longer than the
 * delay is heard as a gap of what it is longer by, so few of them are too many gaps, though hardly any packet is late. As NetEq's
 * peaks do (WebRTC, `DelayPeakDetector`), those that recur raise the delay to what covers them; and no one alone does.
 */

/** A packet that is later than the one before it by so much, half a frame, ends a stall. */
const RISE_MS_MIN = 10
/** Who waits longer than this notices, so longer stalls are not waited for. */
export const STALL_MS_MAX = 80
const BIN_MS = 2
const BINS = STALL_MS_MAX / BIN_MS
/** Half a minute of talk (1,500 packets) is remembered well, two minutes hardly. */
const REMEMBERED_PACKETS = 1_500
const FORGETTING = 1 - 1 / REMEMBERED_PACKETS
/** Of the time that is remembered, the gaps may be three ten-thousandths: with those of stalls that are new it stays below half a thousandth. */
const FRAME_MS = 20
const GAPS_MS_MAX = 0.0003 * REMEMBERED_PACKETS * FRAME_MS
/** So many, of which the older count less: two within half a minute. */
const RECURRING_MIN = 1.3

export class RecurringStalls {
  private readonly bins = new Float64Array(BINS)
  private total = 0
  private lastLateness = 0

  /** Of each packet, in the order of their arrival. */
  heard(lateness: number): void {
    const rise = lateness - this.lastLateness
    this.lastLateness = lateness
    for (let bin = 0; this.total > 0 && bin < BINS; bin++) this.bins[bin] = this.bins[bin]! * FORGETTING
    this.total *= FORGETTING
    if (this.total < 0.01) this.total = 0
    if (rise < RISE_MS_MIN || lateness >= STALL_MS_MAX) return
    const bin = Math.floor(lateness / BIN_MS)
    this.bins[bin] = this.bins[bin]! + 1
    this.total++
  }

  /** The shortest delay that leaves few enough gaps; 0 where stalls do not recur. */
  get delayMs(): number {
    if (this.total < RECURRING_MIN) return 0
    let gapsMs = 0
    let longer = 0
    for (let bin = BINS - 1; bin >= 0; bin--) {
      longer += this.bins[bin]!
      gapsMs += longer * BIN_MS
      if (gapsMs > GAPS_MS_MAX) return (bin + 1) * BIN_MS
    }
    return 0
  }
}
