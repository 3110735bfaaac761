import type { Address } from '../../base/address.ts'
import { toHex } from '../../base/bytes.ts'
import { type IpScope, ipScope, parseIp } from '../../base/ip.ts'
import type { Rng } from '../../base/rng.ts'
import type { SigningKey, Verifier } from '../../crypto/sign.ts'
import { readRegistration, sealRegistration, verifyRegistration } from '../../wire/registration.ts'
import type { ListedPeer } from '../../wire/tracker.ts'

/**
 * The rhythm in which a node registers with the tracker it follows, what it has learnt from its lists, and when it is to be given
 * up. Pure. One answer is taken for each time we registered, so a tracker cannot make us check signatures at its pleasure.
 */

/** As often as the program did that this one descends from. */
export const REGISTER_EVERY_MS = 5_000
/** How long an answer may take until the tracker counts as lost. */
export const ANSWER_MS_MAX = 3_000
/** The same when somebody says that it is lost: a quick look. A guess: ten times a slow round trip. */
export const LOOK_MS_MAX = 1_000
/** A look less than this after an answer would find nothing new. A guess. */
const LOOK_AFTER_MS = 300
/** From one look to the next: many who say that it is lost are not to make all who follow it fall upon it. A guess. */
export const LOOK_GAP_MS = 2_000
/** What is told to a tracker: two refreshes may be missed. */
const LASTS_S = 15
/** How long somebody is known after having been listed: as long as a random part of a long list may leave him out. A guess. */
const KNOWN_MS = 20_000
/** Peers known from lists: twenty whole ones. */
export const KNOWN_MAX = 1_024
/** How far two clocks may be apart. What is signed earlier than that is a recording. */
const CLOCKS_APART_MAX_MS = 10 * 60_000

const REACH: Readonly<Record<IpScope, number>> = { loopback: 0, link: 1, private: 2, global: 3, none: -1 }

/** A peer that a tracker told of, its signature checked. */
export interface KnownPeer {
  readonly key: string
  readonly address: Address
  /** As it signed it. */
  readonly registration: Uint8Array
  readonly ms: number
  readonly untilMs: number
}

export type TrackerClientOutput =
  | { readonly kind: 'register'; readonly registration: Uint8Array }
  /** It does not answer any more. */
  | { readonly kind: 'silent' }

export class TrackerClient {
  readonly known = new Map<string, KnownPeer>()
  private outputs: TrackerClientOutput[] = []
  private isFollowing = false
  private registerAtMs = Number.POSITIVE_INFINITY
  private deadlineMs = Number.POSITIVE_INFINITY
  private answeredAtMs = Number.NEGATIVE_INFINITY
  private lookedAtMs = Number.NEGATIVE_INFINITY
  private lookAtMs = Number.POSITIVE_INFINITY
  private lastMs = 0

  constructor(
    private readonly key: SigningKey,
    private readonly tcpPort: () => number,
    private readonly rng: Rng,
    private readonly verifierOf: (identity: Uint8Array) => Verifier | null,
  ) {}

  /** A tracker has answered for the first time: from now on it is registered with again and again. */
  follow(nowMs: number): void {
    this.isFollowing = true
    this.answered(nowMs)
  }

  /** It is lost or given up. What was learnt stays as it is, for whoever is to take over. */
  unfollow(): void {
    this.isFollowing = false
    this.lookedAtMs = Number.NEGATIVE_INFINITY
    this.lookAtMs = Number.POSITIVE_INFINITY
    this.registerAtMs = Number.POSITIVE_INFINITY
    this.deadlineMs = Number.POSITIVE_INFINITY
  }

  /** Its answer came; true where one was due. */
  answered(nowMs: number): boolean {
    const wasDue = this.deadlineMs < Number.POSITIVE_INFINITY
    this.deadlineMs = Number.POSITIVE_INFINITY
    this.answeredAtMs = nowMs
    this.lookAtMs = Number.POSITIVE_INFINITY
    this.registerAtMs = nowMs + REGISTER_EVERY_MS * (0.95 + 0.1 * this.rng.float())
    return wasDue
  }

  /**
   * Registers at once, or some time after the last look, and gives the tracker up unless it answers quickly: somebody says that it is lost. False:
   * it has only just answered.
   */
  look(nowMs: number, wallMs: number): boolean {
    if (!this.isFollowing || nowMs - this.answeredAtMs < LOOK_AFTER_MS) return false
    if (this.deadlineMs <= nowMs + LOOK_MS_MAX) return true
    this.lookAtMs = Math.max(nowMs, this.lookedAtMs + LOOK_GAP_MS)
    if (this.lookAtMs === nowMs) this.lookNow(nowMs, wallMs)
    return true
  }

  /** Our registration, signed now. `leaving`: to be taken off the list. */
  registration(wallMs: number, leaving = false): Uint8Array {
    // Never the same time twice, or the later one would be taken for a replay of the earlier.
    this.lastMs = Math.max(this.lastMs + 1, wallMs)
    const { publicKey: identity } = this.key
    const lastsS = leaving ? 0 : LASTS_S
    return sealRegistration({ identity, ms: this.lastMs, lastsS, tcpPort: this.tcpPort() }, this.key)
  }

  /**
   * Takes in a list that was asked for; answers those who were not known. `trackerHost`: where the tracker is seen, an IP address.
   * Left out is who cannot be dialled from here, who did not sign, and what was signed long ago.
   */
  listed(peers: readonly ListedPeer[], trackerHost: string, nowMs: number, wallMs: number): KnownPeer[] {
    const fresh: KnownPeer[] = []
    for (const { host, registration: sealed } of peers) {
      const said = readRegistration(sealed)
      if (said === null || said.tcpPort === 0 || said.lastsS === 0 || Math.abs(wallMs - said.ms) > CLOCKS_APART_MAX_MS)
        continue
      const key = toHex(said.identity)
      const before = this.known.get(key)
      const at = placed(host, trackerHost)
      if (at === null || key === toHex(this.key.publicKey) || (before !== undefined && said.ms < before.ms)) continue
      const check = this.verifierOf(said.identity)
      if (check === null || !verifyRegistration(sealed, check)) continue
      // Who is told of again and again without having said anything new is not there any more.
      const untilMs = said.ms === before?.ms ? before.untilMs : nowMs + KNOWN_MS
      const address = { host: at, port: said.tcpPort }
      const peer = { key, address, registration: sealed, ms: said.ms, untilMs }
      this.known.delete(key)
      this.known.set(key, peer)
      if (before === undefined) fresh.push(peer)
    }
    while (this.known.size > KNOWN_MAX) this.known.delete(this.known.keys().next().value!)
    return fresh
  }

  nextWakeMs(): number | null {
    const atMs = Math.min(this.registerAtMs, this.deadlineMs, this.lookAtMs)
    return atMs === Number.POSITIVE_INFINITY ? null : atMs
  }

  wake(nowMs: number, wallMs: number): void {
    if (this.isFollowing) {
      for (const peer of [...this.known.values()]) if (peer.untilMs <= nowMs) this.known.delete(peer.key)
    }
    if (this.deadlineMs <= nowMs) {
      this.unfollow()
      this.outputs.push({ kind: 'silent' })
    } else if (this.lookAtMs <= nowMs) this.lookNow(nowMs, wallMs)
    else if (this.registerAtMs <= nowMs) this.register(nowMs, wallMs, ANSWER_MS_MAX)
  }

  takeOutputs(): TrackerClientOutput[] {
    const { outputs } = this
    this.outputs = []
    return outputs
  }

  private lookNow(nowMs: number, wallMs: number): void {
    this.lookAtMs = Number.POSITIVE_INFINITY
    this.lookedAtMs = nowMs
    this.register(nowMs, wallMs, LOOK_MS_MAX)
  }

  private register(nowMs: number, wallMs: number, answerMsMax: number): void {
    this.registerAtMs = Number.POSITIVE_INFINITY
    this.deadlineMs = nowMs + answerMsMax
    this.outputs.push({ kind: 'register', registration: this.registration(wallMs) })
  }
}

/** Where to dial somebody that a tracker tells of; null where not to. */
function placed(host: string | null, trackerHost: string): string | null {
  if (host === null) return trackerHost
  return reachesAsFar(host, trackerHost) ? host : null
}

/**
 * Whether an address means the same machine wherever `other` does. One that reaches less far is another machine here than there: at best
 * nobody would answer. A name counts as of the public network.
 */
export function reachesAsFar(host: string, other: string): boolean {
  const told = parseIp(host)
  const teller = parseIp(other)
  return told !== null && REACH[ipScope(told)] >= (teller === null ? REACH.global : REACH[ipScope(teller)])
}
