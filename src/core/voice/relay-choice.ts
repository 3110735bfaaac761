import type { Candidates } from './candidates.ts'

/** Which member passes datagrams on to one who is not reached directly: the one with the least round trip of both halves of the way. */

/** What a member said of whom they reach holds for so long: two of their lists may be lost. */
const REACH_LASTS_MS = 12_000
/** Another is taken when it is faster by so much, or it would change with every measurement. */
const FASTER_MS = 20

export interface RelayMember<Self> {
  /** Of their audio stream, by which members speak of them. */
  readonly tag: number
  readonly candidates: Candidates
  /** Whom they say they reach: round trip by tag. */
  reach: ReadonlyMap<number, number>
  reachMs: number
  /** Who passes datagrams on to them now. */
  relay: Self | null
}

/** Null where nobody reaches both. */
export function chooseRelay<Self extends RelayMember<Self>>(all: Iterable<Self>, to: Self, nowMs: number): Self | null {
  let best: Self | null = null
  let least = Number.POSITIVE_INFINITY
  for (const relay of all) {
    const rttMs = rttThrough(relay, to, nowMs) - (relay === to.relay ? FASTER_MS : 0)
    if (rttMs >= least) continue
    least = rttMs
    best = relay
  }
  return best
}

/** Of the whole way through `relay`; infinite where there is none. */
export function rttThrough<Self extends RelayMember<Self>>(relay: Self, to: Self, nowMs: number): number {
  const { chosen } = relay.candidates
  const onward = relay.reach.get(to.tag)
  if (relay === to || chosen === null || onward === undefined) return Number.POSITIVE_INFINITY
  return nowMs - relay.reachMs > REACH_LASTS_MS ? Number.POSITIVE_INFINITY : chosen.rttMs + onward
}
