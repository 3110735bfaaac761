import type { Address } from '../base/address.ts'
import type { ByteReader } from '../base/bytes.ts'
import type { Timer } from '../base/timers.ts'
import type { Membership, MembershipOutput } from '../core/gossip/membership.ts'
import { ByeCode } from '../wire/hello.ts'
import { type Contact, membershipType, readMembership, writeMembership } from '../wire/membership.ts'
import type { NodeContext } from './context.ts'
import type { Dialling } from './dialling.ts'
import type { LinkState } from './link-state.ts'
import type { Links } from './links.ts'

/** How a peer came to be known: `given` by the user, from an earlier run, from the local network, a tracker, or told of by other peers. */
export type FoundBy = 'given' | 'remembered' | 'lan' | 'tracker' | 'network'

/** Peers of which it is noted how they were found: more than are ever dialled or linked at a time. */
const FOUND_MAX = 512
/** Peers that hung up on us, or we on them, and that are not dialled for our own purposes. */
const AVOIDED_MAX = 256

export interface OverlayOwner {
  /** Broadcast over this link from now on. `isContinuation`: in the place of another connection with the same running peer. */
  neighbourUp(link: LinkState, isContinuation: boolean): void
  /** `isReplaced`: another connection takes its place at once. */
  neighbourDown(link: LinkState, reason: string, isReplaced: boolean): void
  /** There is no neighbour left. */
  alone(): void
}

/** Carries out on links what membership decides, and tells it what becomes of them. */
export class Overlay {
  private readonly foundBy = new Map<string, FoundBy>()
  private readonly avoided = new Set<string>()
  private timer: Timer<() => void> | null = null
  private timerAtMs: number | null = null
  private isProcessing = false
  private isLeaving = false

  constructor(
    private readonly context: NodeContext,
    private readonly links: Links,
    private readonly dialling: Dialling,
    readonly membership: Membership,
    private readonly owner: OverlayOwner,
  ) {
    this.process()
  }

  /** Peers that somebody told of, in the order they are to be believed. */
  meet(contacts: readonly Contact[], by: FoundBy): void {
    for (const { key } of contacts) if (!this.foundBy.has(key)) this.found(key, by)
    const isOurs = by === 'given' || by === 'remembered'
    this.membership.meet(contacts, isOurs ? null : by, this.context.nowMs)
    this.process()
  }

  found(key: string, by: FoundBy): void {
    this.foundBy.delete(key)
    if (this.foundBy.size >= FOUND_MAX) this.foundBy.delete(this.foundBy.keys().next().value!)
    this.foundBy.set(key, by)
  }

  howFound(key: string): FoundBy | null {
    return this.foundBy.get(key) ?? null
  }

  /** Links with the first of these peers that is known and not linked with. */
  seek(keys: Iterable<string>): string | null {
    const sought = this.membership.seek(keys, this.context.nowMs)
    this.process()
    return sought
  }

  /** Dials nobody from now on. */
  leave(): void {
    this.isLeaving = true
  }

  /** Does not dial a peer any more until the user asks for it. */
  avoid(key: string): void {
    if (this.avoided.size >= AVOIDED_MAX) this.avoided.delete(this.avoided.values().next().value!)
    this.avoided.add(key)
  }

  /** A link has proved whose it is and said hello. `isGiven`: the user asked for it. */
  linkUp(link: LinkState, isGiven: boolean): void {
    const { nowMs } = this.context
    const key = link.peerKey
    this.avoided.delete(key)
    if (link.expected === null && link.via === 'dialled') this.found(key, 'given')
    if (link.isContinuation) {
      if (this.membership.neighbours.includes(key)) this.neighbourUp(link, true)
      this.membership.linkReplaced(key, nowMs, link.via)
    } else this.membership.linkUp(contactOf(link), link.remote.host, nowMs, link.via)
    if (isGiven) this.membership.join(key, nowMs)
    this.process()
  }

  /** `isReplaced`: another connection with the same running peer has taken over. */
  linkDown(link: LinkState, isReplaced: boolean): void {
    const key = link.peerKey
    if (!isReplaced) {
      const hasLeft = link.byeCode === ByeCode.leaving || this.avoided.has(key)
      this.membership.linkDown(key, hasLeft ? 'left' : 'failed', this.context.nowMs)
    }
    if (this.links.neighbours.get(key) === link) this.neighbourDown(link, link.closeReason, isReplaced)
    this.process()
  }

  /** A dial that membership wanted came to nothing, or led to somebody else. */
  dialFailed(key: string): void {
    this.membership.dialFailed(key, this.context.nowMs)
    this.process()
  }

  /** A dial has ended that was to show whether a linked peer can be dialled. */
  probed(key: string, isThere: boolean): void {
    this.membership.probed(key, isThere, this.context.nowMs)
    this.process()
  }

  frame(link: LinkState, type: number, body: ByteReader): void {
    const message = readMembership(type, body)
    if (message === null) return this.links.fault(link, 'sent a broken membership frame')
    this.membership.received(link.peerKey, message, this.context.nowMs)
    this.process()
  }

  /** Carries out what is wanted until nothing more is, each in its turn, and sets the timer. */
  private process(): void {
    if (this.isProcessing) return
    this.isProcessing = true
    for (let outputs = this.membership.takeOutputs(); outputs.length > 0; outputs = this.membership.takeOutputs()) {
      for (const output of outputs) this.carryOut(output)
    }
    this.isProcessing = false
    const atMs = this.membership.nextWakeMs()
    if (atMs === this.timerAtMs) return
    if (this.timer !== null) this.context.timers.cancel(this.timer)
    this.timerAtMs = atMs
    this.timer = atMs === null ? null : this.context.timers.set(atMs, () => this.wake())
  }

  private wake(): void {
    this.timer = null
    this.timerAtMs = null
    this.membership.wake(this.context.nowMs)
    this.process()
  }

  private carryOut(output: MembershipOutput): void {
    if (output.kind === 'dial') return this.dial(output.contact)
    if (output.kind === 'probe') return this.probe(output.contact)
    const link = this.links.byPeer.get(output.kind === 'send' ? output.to : output.peer)
    if (link === undefined) return
    switch (output.kind) {
      case 'send':
        return this.links.send(link, membershipType(output.message), (out) => writeMembership(out, output.message))
      case 'check':
        return this.links.ping(link)
      case 'drop':
        link.isReleased = true
        return this.links.bye(link, ByeCode.notNeeded, output.reason)
      case 'neighbour':
        if (output.state === 'up') this.neighbourUp(link, false)
        else if (this.links.neighbours.get(link.peerKey) === link) {
          this.neighbourDown(link, 'gave its place to another', false)
        }
    }
  }

  private dial({ key, address }: Contact): void {
    if (address !== null && !this.isLeaving && !this.avoided.has(key)) {
      if (!this.foundBy.has(key)) this.found(key, 'network')
      this.dialling.dialPeer(key, address)
    } else this.membership.dialFailed(key, this.context.nowMs)
  }

  private probe({ key, address }: Contact): void {
    if (address !== null && !this.isLeaving) this.dialling.probe(key, address)
  }

  private neighbourUp(link: LinkState, isContinuation: boolean): void {
    // What the two ends know of each other's feeds cannot be begun again on one connection.
    if (link.wasNeighbour) return this.links.bye(link, ByeCode.notNeeded, 'is linked anew')
    link.wasNeighbour = true
    link.neighbourAtMs = this.context.nowMs
    this.links.neighbours.set(link.peerKey, link)
    this.owner.neighbourUp(link, isContinuation)
  }

  private neighbourDown(link: LinkState, reason: string, isReplaced: boolean): void {
    this.links.neighbours.delete(link.peerKey)
    this.owner.neighbourDown(link, reason, isReplaced)
    if (!isReplaced && this.links.neighbours.size === 0) this.owner.alone()
  }
}

/** Where others can dial a linked peer: where we did, or the host we see it at with the port of its hello. */
export function contactOf(link: LinkState): Contact {
  const port = link.hello?.tcpPort ?? 0
  const address: Address | null =
    link.via === 'dialled' ? link.remote : port === 0 ? null : { host: link.remote.host, port }
  return { key: link.peerKey, address }
}
