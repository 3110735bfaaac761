import type { Address } from '../../base/address.ts'
import { toHex } from '../../base/bytes.ts'
import type { Rng } from '../../base/rng.ts'
import { type SigningKey, verifier } from '../../crypto/sign.ts'
import { type Announcement, readAnnouncement, sealAnnouncement, verifyAnnouncement } from '../../wire/announcement.ts'

/**
 * Finds the nodes of a local network by signed announcements. Pure: datagrams and the time come in, what to send and whom was
 * found goes out. Says so at once and a few times quickly after the start, then every five seconds; answers a newcomer soon, so that two
 * started in any order know of each other within a moment. The figures are guesses but for the rhythm of five seconds,
 * which the program had that this one descends from.
 */
export const ANNOUNCE_EVERY_MS = 5_000
/** After the start, or after being heard by somebody new: when each is said. */
const QUICK_AT_MS = [0, 150, 500, 1_000, 2_000]
/** An answer to a newcomer waits for others to come within this. */
const ANSWER_MS_MAX = 50
/** Three are missed before a node counts as gone. */
export const ANNOUNCEMENT_LASTS_MS = 16_000
/** Nodes of one network; more are not remembered. */
const LAN_PEERS_MAX = 1_024
/** Nodes behind one address: several on one machine, but no machine fills the table. */
export const LAN_PEERS_PER_HOST_MAX = 64
/** Signatures checked a second: a flood of announcements costs no more than this many times 60 µs. */
const CHECKS_PER_S_MAX = 500
/** Of them on behalf of one address: what its nodes say in a lively second, so that one that floods leaves the others theirs. */
const CHECKS_PER_HOST_MAX = 100

export interface LanPeer {
  readonly key: string
  readonly identity: Uint8Array
  readonly address: Address
  untilMs: number
  ms: number
  /** Which start of ours it was found after. */
  round: number
}

export interface LanOutputs {
  send(datagram: Uint8Array): void
  found(peer: LanPeer): void
  gone(peer: LanPeer): void
}

export class LanDiscovery {
  readonly peers = new Map<string, LanPeer>()
  private readonly perHost = new Map<string, number>()
  /** When those who are gone last spoke, by their clocks: a recording does not bring them back. Bounded as the table. */
  private readonly departed = new Map<string, number>()
  private readonly due: number[] = []
  private checksLeft = CHECKS_PER_S_MAX
  private checksSinceMs = 0
  /** Spent in this second, by address: no more addresses than checks. */
  private readonly checksByHost = new Map<string, number>()
  private lastMs = 0
  private answering = false
  private round = 0

  constructor(
    private readonly key: SigningKey,
    private readonly tcpPort: () => number,
    private readonly rng: Rng,
    private readonly out: LanOutputs,
  ) {}

  start(nowMs: number): void {
    for (const afterMs of QUICK_AT_MS) this.due.push(nowMs + afterMs)
    this.due.push(nowMs + ANNOUNCE_EVERY_MS)
  }

  /**
   * There may be somebody who has not heard us: it is said as quickly as after the start. Whoever is known is found once more when heard again, for
   * what was begun with them may have come to nothing on the way that they were known by.
   */
  again(nowMs: number): void {
    this.due.length = 0
    this.round++
    this.start(nowMs)
  }

  nextWakeMs(): number {
    return Math.min(...this.due)
  }

  wake(nowMs: number, wallMs: number): void {
    for (const peer of [...this.peers.values()]) if (peer.untilMs <= nowMs) this.forget(peer)
    const before = this.due.length
    const waiting = this.due.filter((atMs) => atMs > nowMs)
    this.due.length = 0
    this.due.push(...waiting)
    if (waiting.length === before) return
    this.answering = false
    this.announce('here', wallMs)
    if (this.due.length === 0) this.due.push(nowMs + ANNOUNCE_EVERY_MS * (0.9 + 0.2 * this.rng.float()))
  }

  goodbye(wallMs: number): void {
    this.announce('goodbye', wallMs)
  }

  received(datagram: Uint8Array, host: string, nowMs: number): void {
    const announcement = readAnnouncement(datagram)
    if (announcement === null) return
    const key = toHex(announcement.identity)
    const known = this.peers.get(key)
    // Older than what we know: a replay, or a datagram that came round another way.
    if (announcement.ms <= (known?.ms ?? this.departed.get(key) ?? -1)) return
    if (key === toHex(this.key.publicKey) || !this.maySpend(host, nowMs)) return
    const check = verifier(announcement.identity)
    if (check === null || !verifyAnnouncement(datagram, check)) return
    this.take(key, announcement, host, known, nowMs)
  }

  private take(key: string, said: Announcement, host: string, known: LanPeer | undefined, nowMs: number): void {
    if (said.kind === 'goodbye') {
      if (known !== undefined) {
        known.ms = said.ms
        this.forget(known)
      }
      return
    }
    const untilMs = nowMs + Math.min(said.lastsS * 1000, ANNOUNCEMENT_LASTS_MS)
    if (known !== undefined && known.address.host === host && known.address.port === said.tcpPort) {
      known.untilMs = untilMs
      known.ms = said.ms
      if (known.round === this.round) return
      known.round = this.round
      return this.out.found(known)
    }
    if (known !== undefined) this.forget(known)
    const ofHost = this.perHost.get(host) ?? 0
    if (this.peers.size >= LAN_PEERS_MAX || ofHost >= LAN_PEERS_PER_HOST_MAX) return
    const address = { host, port: said.tcpPort }
    const peer: LanPeer = { key, identity: said.identity, address, untilMs, ms: said.ms, round: this.round }
    this.peers.set(key, peer)
    this.perHost.set(host, ofHost + 1)
    if (!this.answering) {
      this.answering = true
      this.due.push(nowMs + ANSWER_MS_MAX * this.rng.float())
    }
    this.out.found(peer)
  }

  private forget(peer: LanPeer): void {
    this.peers.delete(peer.key)
    if (this.departed.size >= LAN_PEERS_MAX) this.departed.delete(this.departed.keys().next().value!)
    this.departed.set(peer.key, peer.ms)
    const left = (this.perHost.get(peer.address.host) ?? 1) - 1
    if (left === 0) this.perHost.delete(peer.address.host)
    else this.perHost.set(peer.address.host, left)
    this.out.gone(peer)
  }

  private announce(kind: Announcement['kind'], wallMs: number): void {
    // Never the same time twice, or the later one would be taken for a replay of the earlier.
    this.lastMs = Math.max(this.lastMs + 1, wallMs)
    const { publicKey: identity } = this.key
    const lastsS = ANNOUNCEMENT_LASTS_MS / 1000
    this.out.send(sealAnnouncement({ kind, identity, ms: this.lastMs, lastsS, tcpPort: this.tcpPort() }, this.key))
  }

  private maySpend(host: string, nowMs: number): boolean {
    if (nowMs - this.checksSinceMs >= 1_000) {
      this.checksSinceMs = nowMs
      this.checksLeft = CHECKS_PER_S_MAX
      this.checksByHost.clear()
    }
    const ofHost = this.checksByHost.get(host) ?? 0
    if (this.checksLeft === 0 || ofHost >= CHECKS_PER_HOST_MAX) return false
    this.checksLeft--
    this.checksByHost.set(host, ofHost + 1)
    return true
  }
}
