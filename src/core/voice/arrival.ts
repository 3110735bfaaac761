import { RecurringStalls } from './stalls.ts'

/**
 * How late a speaker's packets come, and so how long to hold them back. A packet's *transit* is when it arrived less when its sound was
 * made, by two clocks that know nothing of each other; its *lateness* is its transit less that of the fastest of late. A delay of so much would
 * have had it in time.
 *
 * The delay asked for is the one that costs least, where delay costs by its square and packets that miss it by their number; but always one
 * that would have caught 97 % of what came lately, if a quarter of a second does. So a short delay is made a little longer for the sake of
 * one packet in three hundred (25 ms instead of 10), and a long one is not made still longer for one in a hundred. Stalls that recur ask for what covers them (`RecurringStalls`).
 */

/** Lateness is counted in bins this wide, up to `DELAY_MS_MAX`. */
const BIN_MS = 2
/** Beyond half a second people talk into each other's words (ITU-T G.114 gives 400 ms), and what comes later may as well be lost. */
export const DELAY_MS_MAX = 500
const BINS = DELAY_MS_MAX / BIN_MS
/** Before anything is known. */
export const DELAY_MS_FIRST = 40
/** Packets until something is known: half a second of them. */
const PACKETS_FIRST = 25
/** What the arrival's own clock, and the tick of the one who pulls, are uncertain by. */
const DELAY_MS_MIN = 4
const LATE_SHARE_MAX = 0.03
/** Stalls before are those of programs that start, on both sides: that two of them come does not say that more will. */
const PACKETS_BEGINNING = 100
/**
 * Packets that come together, behind one that is so late, were held up by the same stall. Until there is all to compare them with that is ever
 * remembered, all of them count little more than that one: else one stall of 0.3 s (15 packets) would have people talk at that distance for seconds.
 */
const HELD_UP_MS_MIN = 40
const TOGETHER_MS = 10
const HELD_UP_SHARE = 0.1
const PACKETS_REMEMBERED = 500
/**
 * Shares are of so many packets at least: of the first few the late ones say more of programs that start than of the network, and one of 50 would
 * be taken for one of 50 for good.
 */
const PACKETS_CERTAIN = 100
const PACKETS_STEADY = 400
/** Longer delays must pay for themselves: a stall of half a second is no reason to talk at that distance for the next ten. */
const CERTAIN_MS_MAX = 250
/** What a hundredth of the packets costs that misses the delay; of delay, 30 ms cost 15, 60 cost 60, and 120 cost 240. */
const COST_OF_PERCENT = 40
const DELAY_SQUARED_PER_COST = 60
/** For gains below this it falls slowly, a millisecond a second: it might soon have to rise again. */
const GAIN_MIN = 1
const SLOW_FALL_MS_PER_PACKET = 0.02
/** What a packet counts for after one more has come: ten seconds of talk (500 packets) are remembered well, half a minute hardly. */
const FORGETTING = 0.998
/** A delay asked for falls no faster than this by the packet (a tenth of a second in one of talk); it rises at once. */
const FALL_MS_PER_PACKET = 2
/** The fastest packet is looked for among the last one to two of these: four to eight seconds of talk. */
const BASE_PACKETS = 200
/** In silence the two clocks part by up to so much; should they not have, the first packet says so. */
const DRIFT_PER_MS = 0.0001
/** A transit so far from the others' is no lateness: the sender's clock of samples began anew. */
const RESTART_MS = 2_000

export class ArrivalDelays {
  private readonly bins = new Float64Array(BINS)
  private readonly stalls = new RecurringStalls()
  private total = 0
  /** What one packet adds: grows, instead of all bins shrinking. */
  private weight = 1
  private packets = 0
  private fastest = Number.POSITIVE_INFINITY
  private fastestBefore = Number.POSITIVE_INFINITY
  private inWindow = 0
  private lastMs = 0
  private lastLateness = 0
  private asked = DELAY_MS_FIRST

  /** Transit of the fastest packet of late; meaningless, but to take differences from. Infinite before the first. */
  get baseMs(): number {
    return Math.min(this.fastest, this.fastestBefore)
  }

  /** How long after the fastest packet's arrival sound should be played. */
  get targetMs(): number {
    return this.asked
  }

  /** A packet arrived at `nowMs` whose sound was made at `madeMs`, by the sender's clock of samples. Answers its lateness. */
  heard(nowMs: number, madeMs: number): number {
    const transit = nowMs - madeMs
    if (Math.abs(transit - this.baseMs) > RESTART_MS) this.restart()
    const isHeldUp = this.lastLateness >= HELD_UP_MS_MIN && nowMs - this.lastMs < TOGETHER_MS
    this.moveBase(nowMs, transit)
    const lateness = transit - this.baseMs
    this.count(lateness, isHeldUp && this.packets < PACKETS_REMEMBERED ? HELD_UP_SHARE : 1)
    this.lastLateness = lateness
    if (this.packets++ >= PACKETS_BEGINNING) this.stalls.heard(lateness)
    if (this.packets >= PACKETS_FIRST) {
      this.ask()
    }
    return lateness
  }

  /** One that the sender held back: so it says nothing of the network, but that it is at least as fast. */
  heardHeldBack(nowMs: number, madeMs: number): void {
    const transit = nowMs - madeMs
    if (Math.abs(transit - this.baseMs) > RESTART_MS) this.restart()
    if (transit < this.baseMs) this.moveBase(nowMs, transit)
  }

  /** A frame that was known to be missing came after all, by another packet, so late: a delay of so much makes use of it. */
  count(lateness: number, share = 1): void {
    const bin = Math.min(BINS - 1, Math.max(0, Math.floor(lateness / BIN_MS)))
    this.bins[bin] = this.bins[bin]! + this.weight * share
    this.total += this.weight * share
    this.weight /= FORGETTING
    if (this.weight > 1e12) this.rescale()
  }

  private restart(): void {
    this.fastest = Number.POSITIVE_INFINITY
    this.fastestBefore = Number.POSITIVE_INFINITY
    this.inWindow = 0
  }

  private moveBase(nowMs: number, transit: number): void {
    const drift = Math.max(0, nowMs - this.lastMs) * DRIFT_PER_MS
    this.lastMs = nowMs
    this.fastestBefore += drift
    this.fastest = Math.min(this.fastest + drift, transit)
    if (++this.inWindow < BASE_PACKETS) return
    this.fastestBefore = this.fastest
    this.fastest = transit
    this.inWindow = 0
  }

  /** Asks for the shortest of the cheapest delays, or comes nearer to it; looks from the longest down. */
  private ask(): void {
    let late = 0
    let least = Number.POSITIVE_INFINITY
    let best = DELAY_MS_MAX
    let asAsked = Number.POSITIVE_INFINITY
    const lateMax = LATE_SHARE_MAX * Math.max(this.total, PACKETS_CERTAIN * this.weight)
    const costOfLate = (COST_OF_PERCENT * 100) / Math.max(this.total, PACKETS_STEADY * this.weight)
    for (let bin = BINS - 1; bin >= 0; bin--) {
      const delay = (bin + 1) * BIN_MS
      if (late > lateMax && delay < CERTAIN_MS_MAX) break
      const cost = (delay * delay) / DELAY_SQUARED_PER_COST + costOfLate * late
      if (delay >= this.asked) asAsked = cost
      if (cost <= least) {
        least = cost
        best = delay
      }
      late += this.bins[bin]!
    }
    const fall = asAsked - least < GAIN_MIN ? SLOW_FALL_MS_PER_PACKET : FALL_MS_PER_PACKET
    this.asked = Math.max(DELAY_MS_MIN, best, this.stalls.delayMs, this.asked - fall)
  }

  private rescale(): void {
    for (let bin = 0; bin < BINS; bin++) this.bins[bin] = this.bins[bin]! / this.weight
    this.total /= this.weight
    this.weight = 1
  }
}
