import { type Address, formatAddress } from '../../base/address.ts'
import { Allowance } from './allowance.ts'

/**
 * The endpoints at which one member may be reached directly, as told by them or seen on their datagrams, and which of them were proved by an
 * answer to a probe. Nothing but probes goes to one that was not.
 */

/** Endpoints that a member told us: a machine with a few network cards, in two families. */
export const TOLD_MAX = 8
/** Endpoints their datagrams came from. */
const LEARNT_MAX = 4
/** New endpoints of one member: so many at once, then one a minute, so nobody leads us through a list of other people's addresses. */
const NEW_AT_ONCE = 16
const NEW_PER_S = 1 / 60
/** When an endpoint that is new is probed: both sides do at about the same time, which opens translators on both. */
const OPENING_MS = [0, 50, 150, 350, 750, 1_500]
/** Where a wake comes late, the probes it missed are not sent all at once. */
const PROBE_GAP_MS = 20
/** Afterwards, while there is no direct path, one of them every so often. */
const RETRY_MS = 5_000
/** Translators forget a mapping after 30 s or more (RFC 4787 REQ-5 asks for two minutes). */
const KEEP_ALIVE_MS = 15_000
/** A path in use is asked more often, to know its round trip and that it is still there. */
const CHECK_MS = 3_000
/** So many probes in a row unanswered, and a path is gone. */
const UNANSWERED_MAX = 3
const ANSWER_MS_MIN = 400
/** A path is left for one that is faster by both of these, or it would change all the time. */
const FASTER_SHARE = 0.8
const FASTER_MS = 5
/** Of the new in the round trip shown. */
const RTT_SHARE = 0.25
/** Probes that may still be answered: all candidates' last three. */
const PENDING_MAX = 3 * (TOLD_MAX + LEARNT_MAX)

export interface Candidate {
  readonly address: Address
  readonly key: string
  told: boolean
  /** Answered a probe, and is not known to have stopped. */
  proved: boolean
  rttMs: number
  /** Probes sent since the last answer. */
  unanswered: number
  /** Of `OPENING_MS`, how many were sent. */
  opened: number
  sinceMs: number
  probedMs: number
  heardMs: number
  /** Datagrams that came from there. */
  heard: number
}

interface Pending {
  readonly token: number
  readonly candidate: Candidate
  readonly sentMs: number
}

export class Candidates {
  readonly all = new Map<string, Candidate>()
  chosen: Candidate | null = null
  private usedMs = Number.NEGATIVE_INFINITY
  private pending: Pending[] = []
  private readonly newcomers = new Allowance(NEW_PER_S, NEW_AT_ONCE)
  private retriedMs = Number.NEGATIVE_INFINITY

  /** What the member says now; what they said before and say no more is forgotten, unless it was proved. */
  told(addresses: readonly Address[], nowMs: number): void {
    const keys = new Set(addresses.slice(0, TOLD_MAX).map(formatAddress))
    for (const candidate of this.all.values()) {
      if (candidate.told && !keys.has(candidate.key) && !candidate.proved) this.forget(candidate)
    }
    for (const address of addresses.slice(0, TOLD_MAX)) this.add(address, true, nowMs)
  }

  /** A datagram of theirs, which opened, came from there. */
  heard(address: Address, nowMs: number): void {
    const known = this.all.get(formatAddress(address)) ?? this.add(address, false, nowMs)
    if (known === null) return
    known.heardMs = nowMs
    known.heard++
  }

  /** Takes note that the path is used: it is checked more often then. */
  used(nowMs: number): void {
    this.usedMs = nowMs
  }

  /** Those that are to be probed now. The caller calls `probed` for each that it does probe. */
  due(nowMs: number): Candidate[] {
    this.judge(nowMs)
    const due: Candidate[] = []
    for (const candidate of this.all.values()) if (this.dueAt(candidate) <= nowMs) due.push(candidate)
    if (this.chosen === null && nowMs - this.retriedMs >= RETRY_MS) {
      this.retriedMs = nowMs
      const next = this.leastRecentlyProbed()
      if (next !== null && !due.includes(next) && next.opened >= OPENING_MS.length) due.push(next)
    }
    return due
  }

  /** When `due` is to be asked next; infinite while there is nobody to probe. */
  nextWakeMs(): number {
    let atMs = this.chosen === null && this.all.size > 0 ? this.retriedMs + RETRY_MS : Number.POSITIVE_INFINITY
    for (const candidate of this.all.values()) atMs = Math.min(atMs, this.dueAt(candidate), this.judgedAt(candidate))
    return atMs
  }

  probed(candidate: Candidate, token: number, nowMs: number): void {
    candidate.probedMs = nowMs
    candidate.opened++
    candidate.unanswered++
    if (this.pending.length >= PENDING_MAX) this.pending.shift()
    this.pending.push({ token, candidate, sentMs: nowMs })
  }

  /** False where no such probe is waiting for its answer. */
  answered(token: number, nowMs: number): boolean {
    const found = this.pending.find((each) => each.token === token)
    if (found === undefined) return false
    this.pending = this.pending.filter((each) => each !== found)
    const { candidate, sentMs } = found
    if (this.all.get(candidate.key) !== candidate) return false
    const rttMs = nowMs - sentMs
    candidate.rttMs = candidate.proved ? candidate.rttMs + (rttMs - candidate.rttMs) * RTT_SHARE : rttMs
    candidate.proved = true
    candidate.unanswered = 0
    this.choose()
    return true
  }

  private add(address: Address, told: boolean, nowMs: number): Candidate | null {
    const key = formatAddress(address)
    const known = this.all.get(key)
    if (known !== undefined) {
      known.told ||= told
      return known
    }
    if (!this.makeRoom(told) || !this.newcomers.take(nowMs)) return null
    const candidate: Candidate = {
      address,
      key,
      told,
      proved: false,
      rttMs: Number.NaN,
      unanswered: 0,
      opened: 0,
      sinceMs: nowMs,
      probedMs: Number.NEGATIVE_INFINITY,
      heardMs: Number.NEGATIVE_INFINITY,
      heard: 0,
    }
    this.all.set(key, candidate)
    return candidate
  }

  /** Of each kind there are only so many: the one that was heard longest ago and is not in use makes room. */
  private makeRoom(told: boolean): boolean {
    const same = [...this.all.values()].filter((each) => each.told === told)
    if (same.length < (told ? TOLD_MAX : LEARNT_MAX)) return true
    const spare = same.filter((each) => !each.proved).toSorted((a, b) => a.heardMs - b.heardMs)[0]
    if (spare === undefined) return false
    this.forget(spare)
    return true
  }

  private forget(candidate: Candidate): void {
    this.all.delete(candidate.key)
    if (this.chosen === candidate) this.choose()
  }

  private dueAt(candidate: Candidate): number {
    const { proved, opened, unanswered, sinceMs, probedMs } = candidate
    if (!proved) {
      if (isInDebt(candidate)) return Number.POSITIVE_INFINITY
      const after = OPENING_MS[opened]
      return after === undefined ? Number.POSITIVE_INFINITY : Math.max(sinceMs + after, probedMs + PROBE_GAP_MS)
    }
    if (unanswered > 0) return probedMs + patience(candidate)
    const inUse = candidate === this.chosen && probedMs - this.usedMs < CHECK_MS
    return probedMs + (inUse ? CHECK_MS : KEEP_ALIVE_MS)
  }

  private judgedAt(candidate: Candidate): number {
    const waits = candidate.proved && candidate.unanswered >= UNANSWERED_MAX
    return waits ? candidate.probedMs + patience(candidate) : Number.POSITIVE_INFINITY
  }

  /** Those that do not answer any more are proved no more. */
  private judge(nowMs: number): void {
    for (const candidate of this.all.values()) {
      if (this.judgedAt(candidate) > nowMs) continue
      candidate.proved = false
      // As if it were new: whoever was there may be back on another network, or the translator between may need opening again.
      candidate.opened = 0
      candidate.unanswered = 0
      candidate.sinceMs = nowMs
      if (this.chosen === candidate) this.chosen = null
      this.choose()
    }
  }

  private choose(): void {
    let best: Candidate | null = null
    for (const each of this.all.values()) if (each.proved && (best === null || each.rttMs < best.rttMs)) best = each
    const { chosen } = this
    if (chosen?.proved && this.all.get(chosen.key) === chosen && best !== null) {
      if (best.rttMs > chosen.rttMs * FASTER_SHARE || best.rttMs > chosen.rttMs - FASTER_MS) return
    }
    this.chosen = best
  }

  private leastRecentlyProbed(): Candidate | null {
    let found: Candidate | null = null
    for (const each of this.all.values()) {
      if (!isInDebt(each) && (found === null || each.probedMs < found.probedMs)) found = each
    }
    return found
  }
}

/** How long an answer may take. */
function patience({ rttMs }: Candidate): number {
  return Math.max(ANSWER_MS_MIN, 3 * rttMs || 0)
}

/** Nobody but the datagrams themselves says that somebody is there: then no more is sent than came. */
function isInDebt({ told, proved, opened, heard }: Candidate): boolean {
  return !told && !proved && opened >= heard
}
