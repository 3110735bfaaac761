import { type Address, formatAddress } from '../../base/address.ts'
import type { Rng } from '../../base/rng.ts'
import type { ReachEntry } from '../../wire/voice-control.ts'
import { Allowance } from './allowance.ts'
import { type Candidate, Candidates } from './candidates.ts'
import { usableEndpoint } from './endpoint.ts'
import { chooseRelay, type RelayMember, rttThrough } from './relay-choice.ts'

/**
 * Which way datagrams go to each member of a voice room: directly, to an endpoint that answered a probe; or, where none does for a second,
 * through the member who has both of us with the least round trip in sum; and directly again as soon as that opens.
 *
 * What others can have us send, and where: an answer to a probe, as long as the probe, to where it came from, if it opened; and probes to
 * endpoints that a member told us, which are literal addresses and ports of no known service, at most 8 of each member at a time, 16 new
 * ones at first and then one a minute, each probed six times in a second and a half and then rarely, at most 8 a second to one host where
 * nobody has answered, and 200 a second in all. A probe is 76 bytes with its headers, and who has us send them learns nothing of what
 * came back.
 */

/** Members of a room, which is what `REACH_MAX` allows. */
export const PATH_PEERS_MAX = 150
/** Well within the two seconds that a member may have to wait; a direct path takes one round trip where there is one. */
export const RELAY_AFTER_MS = 1_000
/** How often members tell each other whom they reach. */
const REACH_EVERY_MS = 5_000
/** And how soon, where it is not what they were told: several paths mostly open at once. */
const REACH_CHANGED_MS = 250
const PROBES_PER_S = 200
/** To a host where nobody has ever answered. */
const PROBES_PER_HOST_S = 8
const PROBES_PER_HOST_AT_ONCE = 24
const HOSTS_MAX = 1_024
/** Answers to one member: more probes than that no honest one sends. */
const ANSWERS_PER_S = 20

export interface PathOutputs<Peer> {
  /** Seal a probe for `peer`, and send it to `to`. */
  probe(peer: Peer, to: Address, token: number): void
  /** Answer a probe of `peer`, to where it came from. */
  answer(peer: Peer, to: Address, token: number): void
  /** Tell `peer` whom we reach, directly. */
  reach(peer: Peer, to: Address, entries: readonly ReachEntry[]): void
}

/** Where to send a datagram for a peer: wrapped for them, where it goes through somebody else. */
export interface Route<Peer> {
  readonly to: Address
  readonly via: Peer | null
  /** Of the whole way, there and back. */
  readonly rttMs: number
}

interface Member<Peer> extends RelayMember<Member<Peer>> {
  readonly peer: Peer
  readonly sinceMs: number
  readonly answers: Allowance
  toldReachMs: number
  /** The sum of the tags they were told. */
  toldReach: number
  seenAs: Address | null
}

export class Paths<Peer> {
  private readonly members = new Map<Peer, Member<Peer>>()
  private readonly tags = new Map<number, Member<Peer>>()
  private readonly probes = new Allowance(PROBES_PER_S, 2 * PROBES_PER_S)
  private readonly hosts = new Map<string, Allowance>()

  /** `loopback`: whether this node's voice socket is open to this machine alone. */
  constructor(
    private readonly out: PathOutputs<Peer>,
    private readonly rng: Rng,
    private readonly loopback: boolean,
  ) {}

  /** `tag`: of their audio stream, by which members speak of them. False where there is no room, or the tag is taken. */
  join(peer: Peer, tag: number, nowMs: number): boolean {
    if (this.members.size >= PATH_PEERS_MAX || this.members.has(peer) || this.tags.has(tag)) return false
    const member: Member<Peer> = {
      peer,
      tag,
      sinceMs: nowMs,
      candidates: new Candidates(),
      answers: new Allowance(ANSWERS_PER_S),
      reach: new Map(),
      reachMs: Number.NEGATIVE_INFINITY,
      toldReachMs: Number.NEGATIVE_INFINITY,
      toldReach: 0,
      relay: null,
      seenAs: null,
    }
    this.members.set(peer, member)
    this.tags.set(tag, member)
    return true
  }

  leave(peer: Peer): void {
    const member = this.members.get(peer)
    if (member === undefined) return
    this.members.delete(peer)
    this.tags.delete(member.tag)
  }

  /** Endpoints as a member told them by signalling. */
  told(peer: Peer, endpoints: readonly Address[], nowMs: number): void {
    const usable: Address[] = []
    for (const endpoint of endpoints) {
      const address = usableEndpoint(endpoint, this.loopback)
      if (address !== null) usable.push(address)
    }
    this.members.get(peer)?.candidates.told(usable, nowMs)
  }

  /** A datagram of theirs opened, and had come directly from there. */
  heard(peer: Peer, from: Address, nowMs: number): void {
    this.members.get(peer)?.candidates.heard(from, nowMs)
  }

  /** And was a probe: `heard` is called for it too, before. */
  probed(peer: Peer, token: number, from: Address, nowMs: number): void {
    if (this.members.get(peer)?.answers.take(nowMs) === true) this.out.answer(peer, from, token)
  }

  /** `seenAs`: where they say the probe came from. False where it answers nothing. */
  answered(peer: Peer, token: number, seenAs: Address | null, nowMs: number): boolean {
    const member = this.members.get(peer)
    if (member === undefined || !member.candidates.answered(token, nowMs)) return false
    member.seenAs = seenAs
    return true
  }

  /** Whom a member says they reach, over their control stream. */
  reached(peer: Peer, entries: readonly ReachEntry[], nowMs: number): void {
    const member = this.members.get(peer)
    if (member === undefined) return
    member.reach = new Map(entries.map(({ tag, rttMs }) => [tag, rttMs]))
    member.reachMs = nowMs
  }

  /** Where a datagram for them goes; null while there is no way. */
  route(peer: Peer, nowMs: number): Route<Peer> | null {
    const member = this.members.get(peer)
    if (member === undefined) return null
    const { chosen } = member.candidates
    if (chosen !== null) {
      member.candidates.used(nowMs)
      return { to: chosen.address, via: null, rttMs: chosen.rttMs }
    }
    if (nowMs - member.sinceMs < RELAY_AFTER_MS) return null
    member.relay = chooseRelay(this.members.values(), member, nowMs)
    const relay = member.relay
    if (relay === null || relay.candidates.chosen === null) return null
    relay.candidates.used(nowMs)
    const { address } = relay.candidates.chosen
    return { to: address, via: relay.peer, rttMs: rttThrough(relay, member, nowMs) }
  }

  /** Who has proved that they are at that endpoint: from there alone is anything passed on. */
  peerAt(from: Address): Peer | null {
    const key = formatAddress(from)
    for (const { peer, candidates } of this.members.values()) {
      if (candidates.all.get(key)?.proved === true) return peer
    }
    return null
  }

  /** Where the member with that tag is reached directly; null where they are not. */
  directTo(tag: number): Address | null {
    return this.tags.get(tag)?.candidates.chosen?.address ?? null
  }

  /** Our own endpoint, as each member who answered saw it. What one alone says may be a lie. */
  seenAs(): Address[] {
    return [...this.members.values()].flatMap(({ seenAs }) => seenAs ?? [])
  }

  wake(nowMs: number): void {
    for (const member of this.members.values()) {
      for (const candidate of member.candidates.due(nowMs)) this.probe(member, candidate, nowMs)
    }
    const reach = this.reachSum()
    for (const member of this.members.values())
      if (this.reachDueAt(member, reach) <= nowMs) this.tellReach(member, nowMs)
  }

  nextWakeMs(): number {
    let atMs = Number.POSITIVE_INFINITY
    const reach = this.reachSum()
    for (const member of this.members.values()) {
      atMs = Math.min(atMs, member.candidates.nextWakeMs(), this.reachDueAt(member, reach))
    }
    return atMs
  }

  private probe(member: Member<Peer>, candidate: Candidate, nowMs: number): void {
    const token = this.rng.u32()
    // It counts as probed also where it is one too many: its turn comes again.
    member.candidates.probed(candidate, token, nowMs)
    if (!candidate.proved && !this.mayProbe(candidate.address.host, nowMs)) return
    this.out.probe(member.peer, candidate.address, token)
  }

  private mayProbe(host: string, nowMs: number): boolean {
    if (!this.probes.take(nowMs)) return false
    for (const { candidates } of this.members.values()) if (candidates.chosen?.address.host === host) return true
    let ofHost = this.hosts.get(host)
    if (ofHost === undefined) {
      if (this.hosts.size >= HOSTS_MAX) this.hosts.delete(this.hosts.keys().next().value!)
      ofHost = new Allowance(PROBES_PER_HOST_S, PROBES_PER_HOST_AT_ONCE)
      this.hosts.set(host, ofHost)
    }
    return ofHost.take(nowMs)
  }

  /** Tells one set of reached members from another. */
  private reachSum(): number {
    let sum = 0
    for (const { tag, candidates } of this.members.values()) if (candidates.chosen !== null) sum += tag
    return sum
  }

  private reachDueAt({ tag, candidates, toldReachMs, toldReach }: Member<Peer>, reach: number): number {
    if (candidates.chosen === null) return Number.POSITIVE_INFINITY
    return toldReachMs + (toldReach === reach - tag ? REACH_EVERY_MS : REACH_CHANGED_MS)
  }

  private tellReach(member: Member<Peer>, nowMs: number): void {
    const to = member.candidates.chosen?.address
    if (to === undefined) return
    member.toldReachMs = nowMs
    member.toldReach = this.reachSum() - member.tag
    const entries: ReachEntry[] = []
    for (const { tag, candidates } of this.members.values()) {
      if (tag !== member.tag && candidates.chosen !== null) entries.push({ tag, rttMs: candidates.chosen.rttMs })
    }
    this.out.reach(member.peer, to, entries)
  }
}
