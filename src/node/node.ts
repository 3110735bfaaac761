import type { Address } from '../base/address.ts'
import { ByteReader } from '../base/bytes.ts'
import { StaticMembership } from '../core/gossip/static-membership.ts'
import { TreeBroadcast } from '../core/gossip/tree.ts'
import type { Member } from '../core/room/members.ts'
import { verifier } from '../crypto/sign.ts'
import type { AuthoredKind } from '../wire/event.ts'
import type { Hello } from '../wire/hello.ts'
import type { Contact } from '../wire/membership.ts'
import { PassingKind } from '../wire/passing.ts'
import { Circuits } from './circuits.ts'
import { type Instant, NodeContext } from './context.ts'
import type { Deliveries } from './deliveries.ts'
import type { NodeFacts } from './facts.ts'
import { Feeds } from './feeds.ts'
import { FilePassing } from './file-passing.ts'
import { GoneBodies } from './gone-bodies.ts'
import { sayGoodbyes } from './goodbyes.ts'
import { type HeldFeed, Keeping, type LoadedBundle } from './keeping.ts'
import type { LinkState } from './link-state.ts'
import { Links } from './links.ts'
import type { NodeOptions } from './node-options.ts'
import type { NodeOutput, Via } from './outputs.ts'
import type { FoundBy } from './overlay.ts'
import { PassingOn, type SayPassing } from './passing-on.ts'
import { Peering } from './peering.ts'
import { PresenceKeeper } from './presence.ts'
import { Replication } from './replication.ts'
import { Rooms, type SayFault } from './rooms.ts'
import { type TrackerStatus, Tracking } from './tracking.ts'
import { Voice } from './voice.ts'
import type { VoiceSteering } from './voice-outputs.ts'

/**
 * A whole hearsay node with the world left out. Every method takes the time and returns at once; what the node wants done and has to tell is
 * taken with `takeOutputs`, what links have to send with `dirtyLinks` and `pull`, and `wake` is due at `nextWakeMs`. It opens
 * nothing, waits for nothing and draws no chance of its own, so a seed replays it exactly.
 */
export class Node {
  private readonly context: NodeContext
  private readonly links: Links
  private readonly feeds: Feeds
  private readonly replication: Replication
  private readonly rooms: Rooms
  private readonly presence: PresenceKeeper
  private readonly passing: PassingOn
  private readonly peering: Peering
  private readonly tracking: Tracking
  private readonly keeping: Keeping
  readonly deliveries: Deliveries
  readonly voice: Voice
  readonly aboutFiles: FilePassing
  readonly circuits: Circuits
  /** When words were last said, heard or passed on here, on the monotonic clock; minus infinity where none were. */
  readonly talkedAtMs = (): number => this.replication.talkedAtMs
  private readonly hello: { -readonly [field in keyof Hello]: Hello[field] }

  constructor(
    private readonly options: NodeOptions,
    instant: Instant,
  ) {
    this.context = new NodeContext(options.identity, options.randomBytes, options.rng, options)
    this.at(instant)
    this.hello = { name: options.name, tcpPort: 0, udpPort: 0, agent: options.agent }
    const { context } = this
    this.links = new Links(context, {
      hello: () => this.hello,
      up: (link) => link.isVisit || this.peering.up(link),
      down: (link) => (link.isVisit ? this.tracking.down(link) : this.peering.down(link)),
      failed: (link, code, reason) =>
        link.isVisit ? this.tracking.linkFailed(link, code, reason) : this.peering.failed(link, code, reason),
      hungUp: (link) => link.isVisit || this.peering.hungUp(link),
      visit: (link) => this.tracking.established(link),
      frame: (link, type, bytes, start, end) => this.frame(link, type, bytes, start, end),
      fillers: () => [this.replication, this.circuits],
    })
    this.keeping = new Keeping(context, options.isKeeping === true)
    const { windowBytesMax, broadcast = new TreeBroadcast() } = options
    this.feeds = new Feeds(context, options.verifier, windowBytesMax, (feed) => this.replication.forgotten(feed))
    const gone = new GoneBodies()
    const name = (): string => this.hello.name
    this.rooms = new Rooms(context, this.feeds, () => this.replication, this.keeping, gone, name)
    this.replication = new Replication(context, this.links, this.feeds, broadcast, this.keeping, gone, this.rooms)
    this.deliveries = this.replication.receipts.deliveries
    this.circuits = new Circuits(context, this.links, () => this.replication.receipts.routes)
    const say: SayPassing = (...passing) => this.passing.say(...passing)
    this.presence = new PresenceKeeper(context, this.rooms, () => this.passing, name, this.replication.receipts)
    this.voice = new Voice(context, this.rooms, say)
    this.passing = new PassingOn(context, this.links, this.feeds, (passing, author, { ageMs, through }) => {
      if (passing.kind === PassingKind.election) this.tracking.note(passing, author)
      else if (passing.kind === PassingKind.voice) this.voice.arrived(passing, author)
      else if (!this.aboutFiles.heard(passing, author)) this.presence.arrived(passing, author, ageMs, through)
    })
    this.aboutFiles = new FilePassing(context, this.rooms, this.passing, () => this.peering)
    const membership = options.membership?.(context.ownKey, context.rng, context.nowMs) ?? new StaticMembership()
    this.peering = new Peering(context, this.links, membership, {
      neighbourUp: (link) => this.neighbourUp(link),
      neighbourDown: (link) => {
        for (const part of [this.replication, this.passing, this.circuits]) part.linkDown(link)
      },
    })
    this.replication.fellows.seek = (keys) => this.peering.overlay.seek(keys)
    this.tracking = new Tracking(context, this.links, this.peering.dialling, {
      verifierOf: options.verifier ?? verifier,
      clock: this.rooms.clock,
      say,
      meet: (contacts) => this.peering.overlay.meet(contacts, 'tracker'),
      addressOf: (key) => this.peering.addressOf(key),
    })
  }

  get id(): Uint8Array {
    return this.options.identity.signing.publicKey
  }

  get name(): string {
    return this.hello.name
  }

  /** Sets the name before anybody has heard it. */
  named(name: string): void {
    this.hello.name = name
  }

  /** Where we listen, as told in hellos; to be set before the first link. */
  listening(tcpPort: number, udpPort: number): void {
    Object.assign(this.hello, { tcpPort, udpPort })
  }

  // What the world tells.

  /** A connection came in; null when a limit refuses it, and the caller closes it. */
  accepted(remote: Address, instant: Instant): number | null {
    this.at(instant)
    // Whoever has just been told that we leave might dial us again before we are gone.
    return this.peering.isLeaving ? null : (this.links.accept(remote)?.id ?? null)
  }

  /** A dial has connected; null when nobody wants it any more. */
  dialled(attempt: number, remote: Address, instant: Instant): number | null {
    this.at(instant)
    if (this.peering.probed(attempt, true)) return null
    const dialled = this.peering.dialling.ended(attempt)
    if (dialled === null || (dialled.visit !== null && !this.tracking.isWanted(dialled.visit))) return null
    return this.links.dialled(remote, dialled).id
  }

  dialFailed(attempt: number, code: string, reason: string, instant: Instant): void {
    this.at(instant)
    if (this.peering.probed(attempt, false)) return
    const dialled = this.peering.dialling.ended(attempt)
    if (dialled === null) return
    if (dialled.visit !== null) this.tracking.dialFailed(dialled.visit, code, reason)
    else this.peering.dialFailed(dialled, code, reason)
  }

  /** What became of a `listen`: null, or why not. */
  listened(address: Address, code: string | null, instant: Instant): void {
    this.at(instant)
    this.tracking.listened(address, code)
  }

  /** The buffer is the node's from here on. */
  received(link: number, bytes: Uint8Array, instant: Instant): void {
    this.at(instant)
    const state = this.links.all.get(link)
    if (state !== undefined && state.phase !== 'closing') this.links.received(state, bytes)
  }

  closed(link: number, reason: string, instant: Instant): void {
    this.at(instant)
    const state = this.links.all.get(link)
    if (state !== undefined) this.links.end(state, true, 'closed', reason)
  }

  wake(instant: Instant): void {
    this.at(instant)
    this.context.fireDue()
  }

  nextWakeMs(): number | null {
    return this.context.timers.nextAtMs()
  }

  takeOutputs(): NodeOutput[] {
    return this.context.takeOutputs()
  }

  /** Links that may have something to send. One leaves the set when `pull` answers null. */
  get dirtyLinks(): ReadonlySet<LinkState> {
    return this.context.dirty
  }

  /** The next bytes for a link's connection, the caller's to keep; null when there is nothing more. */
  pull(link: number, instant: Instant): Uint8Array | null {
    this.at(instant)
    const state = this.links.all.get(link)
    if (state === undefined) return null
    const bytes = this.links.pull(state)
    if (bytes === null) this.context.dirty.delete(state)
    return bytes
  }

  // What the user wants.

  connect(address: Address, instant: Instant): boolean {
    this.at(instant)
    return this.peering.dialling.want(address)
  }

  /** Peers that could be linked with, as `by` knows them. */
  meet(contacts: readonly Contact[], by: Exclude<FoundBy, 'given' | 'network'>, instant: Instant): void {
    this.at(instant)
    this.peering.overlay.meet(contacts, by)
  }

  /** Begins to use trackers. `local`: where we listen; `machine`: a name that no other machine has, for addresses that each has for itself. */
  track(trackers: readonly Address[], local: Address, machine: string, instant: Instant): void {
    this.at(instant)
    this.tracking.begin(trackers, local, machine)
  }

  /** How it stands with the trackers given. */
  trackers(): TrackerStatus[] {
    return this.tracking.status()
  }

  /** How we stand in the network, for diagnostics. */
  facts(instant: Instant): NodeFacts {
    this.at(instant)
    return this.peering.facts
  }

  /** How a peer was found. */
  viaOf(link: LinkState): Via {
    return this.peering.via(link)
  }

  /** Peers worth remembering for the next start, the best first. */
  get worthKeeping(): readonly Contact[] {
    return this.peering.overlay.membership.worthKeeping
  }

  /** The peer an address is known to lead to right now, as a hexadecimal key. */
  heldBy(address: Address): string | null {
    return this.peering.dialling.isHeld(address)
  }

  /** What is on its way to being a link to say something over. */
  get settling(): number {
    return this.peering.settling
  }

  /** Hangs up on a peer and stops dialling it; `peer` in hexadecimal. False when there was nothing to stop. */
  disconnect(peer: string | null, address: Address | null, instant: Instant): boolean {
    this.at(instant)
    return this.peering.disconnect(peer, address)
  }

  /** `held`: what the store has of the room. */
  join(name: string, instant: Instant, held: readonly HeldFeed[] = []): boolean {
    this.at(instant)
    const room = this.rooms.join(name, held)
    if (room === null) return false
    this.replication.joined(room)
    this.voice.entered(room)
    this.presence.entered(room)
    return true
  }

  leave(name: string, instant: Instant): boolean {
    this.at(instant)
    this.voice.leaving(name)
    const room = this.rooms.leave(name)
    if (room !== null) this.presence.tell(room, 'left')
    return room !== null
  }

  /** `body`: as its kind has it, 1 byte to 16 KiB. The `said` output with `ref` follows the next `flush`. */
  say(room: string, kind: AuthoredKind, body: Uint8Array, ref: number, instant: Instant): SayFault | null {
    this.at(instant)
    const joined = this.rooms.named(room)
    return joined === undefined ? 'not-joined' : this.rooms.say(joined, kind, body, ref)
  }

  direct(peer: Uint8Array, kind: AuthoredKind, body: Uint8Array, ref: number, instant: Instant): SayFault | null {
    this.at(instant)
    const room = this.rooms.conversations.with(peer)
    return room === null ? 'no-such-person' : this.rooms.say(room, kind, body, ref)
  }

  /** Seals what was said since the last time and hands it to the links. */
  flush(instant: Instant): void {
    this.at(instant)
    this.rooms.flush()
  }

  /** The store has everything up to `seq`. */
  kept(seq: number, instant: Instant): void {
    this.at(instant)
    this.keeping.kept(seq)
  }

  /** What the store has of what was asked for; empty when nothing. */
  loaded(request: number, bundles: readonly LoadedBundle[], instant: Instant): void {
    this.at(instant)
    this.keeping.loaded(request, bundles)
  }

  /** The store has dropped what is below the floors of these feeds, on purpose. */
  dropped(feeds: readonly HeldFeed[], instant: Instant): void {
    this.at(instant)
    for (const feed of feeds) this.feeds.dropped(feed)
  }

  /** A conversation as the store has it. */
  restore(peer: Uint8Array, held: readonly HeldFeed[], instant: Instant): void {
    this.at(instant)
    this.rooms.restore(peer, held)
  }

  /** Something of ours waits to be safe. */
  get hasUnkept(): boolean {
    return this.keeping.isWaiting
  }

  get hasUnsealed(): boolean {
    return this.rooms.hasWaiting
  }

  rename(name: string, instant: Instant): void {
    this.at(instant)
    this.hello.name = name
    for (const room of this.rooms.open.values()) this.presence.tell(room, 'here')
  }

  voiceAt(instant: Instant): VoiceSteering {
    this.at(instant)
    return this.voice
  }

  members(room: string): Member[] {
    return [...(this.rooms.named(room)?.members.list() ?? [])]
  }

  peers(): LinkState[] {
    return [...this.links.neighbours.values()]
  }

  /** Bundles of our own that the slowest link has not taken yet, in the room where there are most. */
  lagBundles(): number {
    return this.replication.handedOn.lagBundlesIn(this.rooms.open.values())
  }

  /** Whether every peer has been sent, or has said it has, all that we ever said. */
  get ownDelivered(): boolean {
    return this.replication.handedOn.isEverywhere([...this.feeds.own])
  }

  /** Says goodbye everywhere; links close once what they had to send has been pulled. */
  leaveNetwork(instant: Instant): void {
    this.at(instant)
    this.rooms.flush()
    this.voice.leave()
    for (const room of this.rooms.open.values()) this.presence.tell(room, 'left')
    this.tracking.leave()
    this.peering.leave()
  }

  /** After `leaveNetwork`, when everything has been pulled: the goodbyes themselves. */
  sayGoodbye(instant: Instant): void {
    this.at(instant)
    sayGoodbyes(this.links)
  }

  private neighbourUp(link: LinkState): void {
    this.replication.linkUp(link)
    this.passing.linkUp(link)
    // Others are told who we are with all the rest, unless there was nobody to tell so far.
    if (this.links.neighbours.size > 1) return
    this.voice.linkUp()
    for (const room of this.rooms.open.values()) this.presence.tellSoon(room)
  }

  private frame(link: LinkState, type: number, bytes: Uint8Array, start: number, end: number): void {
    if (link.isVisit) return this.tracking.frame(link, type, bytes, start, end)
    if (this.peering.frame(link, type, bytes, start, end)) return
    // A peer that we are no neighbour of any more may not know it yet.
    if (this.links.neighbours.get(link.peerKey) !== link) return
    const body = new ByteReader(bytes, start, end)
    if (this.passing.frame(link, type, body) || this.circuits.frame(link, type, body)) return
    if (this.replication.receipts.frame(link, type, body)) return
    this.replication.frame(link, type, bytes, start, end)
  }

  private at(instant: Instant): void {
    this.context.nowMs = instant.nowMs
    this.context.wallMs = instant.wallMs
  }
}
