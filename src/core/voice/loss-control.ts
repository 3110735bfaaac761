import type { VoiceReport } from '../../wire/voice-control.ts'

/**
 * How to encode, by what the listeners report. All of them get the same datagrams, so one decision must suit all; and one whose network is bad
 * must not make it bad for the others. So:
 *
 * - *Redundancy* (in-band FEC) follows the worst listener, up to `LOSS_PERCENT_MAX`. It costs the others little: the codec spends a part of
 *   the same bits on it.
 * - *Bit rate* falls only by what at least two listeners suffer, where there are three or more: a sender whose own uplink is full is slow to
 *   nearly all of them, and one who is slow alone would gain little. With one or two listeners, each counts.
 * - *Frames said again* (against losses in a row, which FEC does not reach, and where much is lost) follow the second worst likewise, since
 *   they double the bits, and are waited for. With a tenth lost three at a time, speech of 24 kbit/s said twice came out at a STOI of 0.975, and
 *   of 32 kbit/s with FEC alone at 0.911; with a fifth, at 0.966 and 0.857. With a tenth lost one by one it is 0.976 instead of 0.968, and with
 *   a fifth 0.967 instead of 0.954, 20 ms later.
 *
 * Loss alone is no congestion: radio loses packets without a queue. Congestion is a delay that grows, or loss while it has grown. The rate then
 * falls by three tenths at once, and comes back by a twelfth every two seconds once there was none for five (TCP's way, RFC 5681, with a
 * gentler cut, as voice has a floor under it). While anything is lost that floor is higher: with less the codec has no bits for FEC, and of what a
 * datagram takes with its headers the voice is less than half by then.
 */
export const BITRATE_MIN = 12_000
export const BITRATE_MAX = 64_000
export const BITRATE_FIRST = 32_000
/** Listeners whose reports are kept: the members of a room. */
const LISTENERS_MAX = 150
/** A listener who says nothing for so long no longer counts. */
const REPORT_LASTS_MS = 10_000
/** The part of a new report in what is remembered: falls slowly, so that FEC is there for the next loss; rises at once. */
const FALL_SHARE = 0.15
/** What the codec is told at most: beyond, it would spend more than half on the past. */
const LOSS_PERCENT_MAX = 25
/** Below this, FEC costs more than it mends. */
const FEC_FROM_PERCENT = 1
/** Not below this while it is wanted. */
const BITRATE_MIN_LOSSY = 18_000
const QUEUE_MS_CONGESTED = 60
const QUEUE_MS_STANDING = 150
const LOSS_PERCENT_CONGESTED = 2
const CUT = 0.7
const CUT_EVERY_MS = 1_500
const CALM_MS = 5_000
const RAISE_EVERY_MS = 2_000
const RAISE = BITRATE_FIRST / 12
/**
 * With so many percent lost, and so many in a row on average, frames are said again; and with so many in the mean, however they are lost. It goes on
 * until there are clearly fewer, since each change of it changes how long listeners have to wait.
 */
const AGAIN_FROM = { percent: 3, mean: 7.5 } as const
const AGAIN_UNTIL = { percent: 1, mean: 5 } as const
const AGAIN_FROM_RUN = 1.8
/** The part of a new report in that mean, of some 50 packets: steady within 1 %. */
const MEAN_SHARE = 0.2
/** One that lies nearer is what FEC says again. */
const AGE_MIN = 2
const AGE_MAX = 4
/** What is left to the frames themselves, of the bits they have otherwise, where each is sent twice. */
const AGAIN_SHARE = 0.75
/** A report about fewer packets says little. */
const EXPECTED_MIN = 10

export interface Encoding {
  /** Bits a second of the codec, `BITRATE_MIN` to `BITRATE_MAX`. */
  readonly bitrate: number
  /** What the codec is to expect; 0 switches FEC off. */
  readonly lossPercent: number
  /** Each datagram says the frame again that is so many before; 0 for none. */
  readonly againAge: number
}

interface Listener {
  atMs: number
  lossPercent: number
  meanPercent: number
  reports: number
  run: number
  queueMs: number
  rttMs: number
  rttMsLeast: number
  congested: boolean
}

export class LossControl {
  private readonly listeners = new Map<string, Listener>()
  private rate: number
  private isSaidAgain = false
  private cutAtMs = Number.NEGATIVE_INFINITY
  private raisedAtMs = Number.NEGATIVE_INFINITY

  /** `wished`: bits a second when all is well. */
  constructor(private readonly wished = BITRATE_FIRST) {
    this.rate = Math.min(BITRATE_MAX, Math.max(BITRATE_MIN, wished))
  }

  /** `rttMs`: of the path to that listener, as measured by probes; `NaN` where it is not known. */
  reported(listener: string, report: VoiceReport, rttMs: number, nowMs: number): void {
    if (report.expected < EXPECTED_MIN) return
    const lost = Math.min(report.lost, report.expected)
    const lossPercent = (100 * lost) / report.expected
    const run = lost === 0 || report.bursts === 0 ? 1 : lost / Math.min(report.bursts, lost)
    const known = this.listeners.get(listener)
    if (known === undefined && this.listeners.size >= LISTENERS_MAX) this.forgetOldest()
    const before = known ?? newListener(rttMs)
    const rttMsLeast = Number.isNaN(before.rttMsLeast) ? rttMs : Math.min(before.rttMsLeast, rttMs || before.rttMsLeast)
    const queueMs = Math.max(report.queueMs, Number.isNaN(rttMs) ? 0 : rttMs - rttMsLeast)
    const standing = queueMs >= QUEUE_MS_STANDING && report.queueMs >= before.queueMs
    this.listeners.set(listener, {
      atMs: nowMs,
      lossPercent: towards(before.lossPercent, lossPercent),
      meanPercent: mix(before.meanPercent, lossPercent, Math.max(MEAN_SHARE, 1 / (before.reports + 1))),
      reports: before.reports + 1,
      run: lost === 0 ? before.run : before.run === 1 ? run : (before.run + run) / 2,
      queueMs: report.queueMs,
      rttMs,
      rttMsLeast,
      congested: standing || (queueMs >= QUEUE_MS_CONGESTED && lossPercent >= LOSS_PERCENT_CONGESTED),
    })
  }

  left(listener: string): void {
    this.listeners.delete(listener)
  }

  /** To be asked once a second or so; the same answer again means nothing has to be changed. */
  decide(nowMs: number): Encoding {
    for (const [name, { atMs }] of this.listeners) if (nowMs - atMs > REPORT_LASTS_MS) this.listeners.delete(name)
    const heard = [...this.listeners.values()]
    this.moveRate(heard, nowMs)
    const byLoss = heard.toSorted((a, b) => b.lossPercent - a.lossPercent)
    const worst = byLoss[0]?.lossPercent ?? 0
    const againAge = this.ageAgain(byLoss)
    this.isSaidAgain = againAge > 0
    const least = worst < FEC_FROM_PERCENT ? BITRATE_MIN : Math.min(this.wished, BITRATE_MIN_LOSSY)
    const bitrate = Math.max(BITRATE_MIN, least, againAge > 0 ? this.rate * AGAIN_SHARE : this.rate)
    const lossPercent = worst < FEC_FROM_PERCENT ? 0 : Math.min(LOSS_PERCENT_MAX, Math.ceil(worst))
    return { bitrate: Math.round(bitrate / 1000) * 1000, lossPercent, againAge }
  }

  /** How far back what is said again lies; 0 for nothing. */
  private ageAgain(byLoss: readonly Listener[]): number {
    const { percent, mean } = this.isSaidAgain ? AGAIN_UNTIL : AGAIN_FROM
    const helped = byLoss.filter(
      ({ lossPercent, run, meanPercent }) => meanPercent >= mean || (lossPercent >= percent && run >= AGAIN_FROM_RUN),
    )
    if (helped.length < needed(byLoss.length) || byLoss.some(({ congested }) => congested)) return 0
    return Math.min(AGE_MAX, Math.max(AGE_MIN, Math.round(helped[helped.length - 1]!.run)))
  }

  private moveRate(heard: readonly Listener[], nowMs: number): void {
    const suffering = heard.filter(({ congested }) => congested).length
    if (suffering > 0 && suffering >= needed(heard.length)) {
      if (nowMs - this.cutAtMs < CUT_EVERY_MS) return
      this.rate = Math.max(BITRATE_MIN, this.rate * CUT)
      this.cutAtMs = nowMs
    } else if (nowMs - this.cutAtMs >= CALM_MS && nowMs - this.raisedAtMs >= RAISE_EVERY_MS) {
      this.rate = Math.min(this.wished, BITRATE_MAX, this.rate + RAISE)
      this.raisedAtMs = nowMs
    }
  }

  private forgetOldest(): void {
    let oldest: string | undefined
    let atMs = Number.POSITIVE_INFINITY
    for (const [name, listener] of this.listeners) {
      if (listener.atMs >= atMs) continue
      oldest = name
      atMs = listener.atMs
    }
    if (oldest !== undefined) this.listeners.delete(oldest)
  }
}

/** How many must suffer before all bear it. */
function needed(listeners: number): number {
  return listeners >= 3 ? 2 : 1
}

function towards(before: number, now: number): number {
  return now >= before ? now : mix(before, now, FALL_SHARE)
}

function mix(before: number, now: number, share: number): number {
  return before + (now - before) * share
}

function newListener(rttMs: number): Listener {
  const loss = { lossPercent: 0, meanPercent: 0, reports: 0, run: 1 }
  return { ...loss, atMs: 0, queueMs: 0, rttMs, rttMsLeast: rttMs, congested: false }
}
