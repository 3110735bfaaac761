import { SpeakerPlayout } from '../../../src/core/voice/playout.ts'
import { audioAt, ClickMeter, KnownDecoder, type Signal, voiced } from './known-decoder.ts'
import type { Trip } from './traces.ts'

export interface Heard {
  readonly name: string
  /** From the fastest packet's arrival to being heard, as means and greatest of all pulls while somebody spoke. */
  readonly delayMs: number
  readonly delayMsMax: number
  readonly concealedPercent: number
  readonly recoveredPercent: number
  readonly latePercent: number
  readonly shortenedMs: number
  readonly lengthenedMs: number
  /** Largest second difference. */
  readonly roughness: number
  readonly order: readonly number[]
  readonly playout: SpeakerPlayout
}

export interface Listening {
  readonly recovers?: boolean
  readonly signal?: Signal
  /** By how much each pull is late, as where a sound card takes several ticks at once. */
  readonly pullLateMs?: (pull: number) => number
  readonly everyPull?: (playout: SpeakerPlayout, nowMs: number) => void
  /** What was heard before is not counted. */
  readonly fromMs?: number
}

/** Plays trips to the end, by a clock that is the receiver's own. */
export function listen(name: string, trips: readonly Trip[], given: Listening = {}): Heard {
  const decoder = new KnownDecoder(given.signal ?? voiced())
  const playout = new SpeakerPlayout(decoder)
  const meter = new ClickMeter()
  const out = new Float32Array(480)
  const arrivals = trips
    .filter(({ arrivesMs }) => Number.isFinite(arrivesMs))
    .toSorted((a, b) => a.arrivesMs - b.arrivesMs)
  const fromMs = given.fromMs ?? 0
  let [sum, most, pulls, next] = [0, 0, 0, 0]
  let before = { ...playout.counts }
  const endMs = arrivals.at(-1)!.arrivesMs
  for (let pull = 0; pull * 10 < endMs; pull++) {
    const nowMs = pull * 10 + (given.pullLateMs?.(pull) ?? 0)
    for (; next < arrivals.length && arrivals[next]!.arrivesMs <= nowMs; next++) {
      const { time, arrivesMs, marks } = arrivals[next]!
      const usual = { recovers: given.recovers ?? false, begins: time === 0 }
      playout.receive(audioAt(time, marks ?? usual), arrivesMs)
    }
    if (pull * 10 <= fromMs) before = { ...playout.counts }
    const sounding = playout.pull(nowMs, out)
    given.everyPull?.(playout, nowMs)
    if (!sounding || nowMs < fromMs) continue
    meter.hear(out)
    sum += playout.delayMs
    most = Math.max(most, playout.delayMs)
    pulls++
  }
  const { counts, arrivals: came } = playout
  const ticks = pulls
  const percent = (now: number, then: number): number => (100 * (now - then)) / ticks
  return {
    name,
    delayMs: sum / pulls,
    delayMsMax: most,
    concealedPercent: percent(counts.concealed, before.concealed),
    recoveredPercent: percent(counts.recovered, before.recovered),
    latePercent: (100 * came.late) / trips.length,
    shortenedMs: counts.shortened / 48,
    lengthenedMs: counts.lengthened / 48,
    roughness: meter.largest,
    order: decoder.played,
    playout,
  }
}

/** A buffer that always holds packets back for as long: what it would have made of the same trips. */
export function fixedBuffer(trips: readonly Trip[], delayMs: number, recovers = false): { concealedPercent: number } {
  const fastest = Math.min(...trips.map(({ time, arrivesMs }) => arrivesMs - 10 * time))
  const inTime = trips.map(({ time, arrivesMs }) => arrivesMs - 10 * time - fastest <= delayMs)
  const missing = inTime.filter((there, i) => {
    const next = trips[i + 1]
    const repeated = recovers && next !== undefined && next.arrivesMs - 10 * next.time + 20 - fastest <= delayMs
    return !there && !repeated
  })
  return { concealedPercent: (100 * missing.length) / trips.length }
}

/** The shortest fixed delay that conceals no more. */
export function fixedDelayFor(trips: readonly Trip[], concealedPercent: number, recovers = false): number {
  for (let delayMs = 2; delayMs < 1_000; delayMs += 2) {
    if (fixedBuffer(trips, delayMs, recovers).concealedPercent <= concealedPercent) return delayMs
  }
  return Number.POSITIVE_INFINITY
}
