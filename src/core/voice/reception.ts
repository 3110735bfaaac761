import type { VoiceReport } from '../../wire/voice-control.ts'

/**
 * How one speaker's datagrams come through, for the reports that steer the speaker's codec. The numbers of an audio stream have no gaps but
 * losses, so what is missing is what was lost; a number is judged once `SETTLED` later ones are here, so that one overtaken is none lost.
 */
export const REPORT_EVERY_MS = 1_000
const SETTLED = 16
/** Remembers which of the last numbers came; a power of two. */
const REMEMBERED = 64
/** A jump this far is no loss: the network was gone for twenty seconds, and says nothing about the next. */
const JUMP_MAX = 1_024
/** The fastest of the last one to two of these: one to two minutes of talk. A queue that lasts longer counts as the way it is. */
const BASE_PACKETS = 3_000
/** RFC 3550 section 6.4.1. */
const JITTER_GAIN = 1 / 16

/** What the player says about the same time: running totals, as they are when a report is made. */
export interface HeardTotals {
  readonly late: number
  readonly concealedTicks: number
  readonly delayMs: number
}

export class Reception {
  private readonly came = new Uint8Array(REMEMBERED)
  private highest = -1
  private expected = 0
  private lost = 0
  private bursts = 0
  private lastWasLost = false
  private jitterMs = 0
  private lastTransit = Number.NaN
  private fastest = Number.POSITIVE_INFINITY
  private fastestBefore = Number.POSITIVE_INFINITY
  private inWindow = 0
  /** Least lateness since the last report: what stands in the way even of the luckiest packet. */
  private leastLateness = Number.POSITIVE_INFINITY
  private lateBefore = 0
  private concealedBefore = 0

  /** Datagram `number` opened at `nowMs`, whose sound was made at `madeMs` by the sender's clock. */
  received(number: number, nowMs: number, madeMs: number): void {
    this.advance(number)
    if (number > this.highest - REMEMBERED) this.came[number % REMEMBERED] = 1
    const transit = nowMs - madeMs
    const change = Math.abs(transit - this.lastTransit)
    if (change < JUMP_MAX) this.jitterMs += (change - this.jitterMs) * JITTER_GAIN
    this.lastTransit = transit
    this.fastest = Math.min(this.fastest, transit)
    this.leastLateness = Math.min(this.leastLateness, transit - Math.min(this.fastest, this.fastestBefore))
    if (++this.inWindow < BASE_PACKETS) return
    this.fastestBefore = this.fastest
    this.fastest = transit
    this.inWindow = 0
  }

  /** What happened since the last report; null where nothing did. */
  report(totals: HeardTotals): VoiceReport | null {
    if (this.expected === 0) return null
    const { expected, lost, bursts, jitterMs } = this
    const late = totals.late - this.lateBefore
    const concealedTicks = totals.concealedTicks - this.concealedBefore
    const queueMs = this.leastLateness === Number.POSITIVE_INFINITY ? 0 : this.leastLateness
    this.expected = 0
    this.lost = 0
    this.bursts = 0
    this.leastLateness = Number.POSITIVE_INFINITY
    this.lateBefore = totals.late
    this.concealedBefore = totals.concealedTicks
    return { expected, lost, bursts, late, concealedTicks, jitterMs, delayMs: totals.delayMs, queueMs }
  }

  /** Judges the numbers that are settled by `number`. */
  private advance(number: number): void {
    if (this.highest < 0 || number - this.highest > JUMP_MAX) {
      // Nothing is known of what came before.
      this.came.fill(1)
      this.lastWasLost = false
      this.highest = number
      return
    }
    while (this.highest < number) {
      this.highest++
      this.judge(this.highest - SETTLED)
      this.came[this.highest % REMEMBERED] = 0
    }
  }

  private judge(number: number): void {
    if (number < 0) return
    const lost = this.came[number % REMEMBERED] === 0
    this.expected++
    if (lost) this.lost++
    if (lost && !this.lastWasLost) this.bursts++
    this.lastWasLost = lost
  }
}
