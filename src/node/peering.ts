import { type Address, formatAddress } from '../base/address.ts'
import { ByteReader } from '../base/bytes.ts'
import { ipScope, parseIp } from '../base/ip.ts'
import type { Timer } from '../base/timers.ts'
import type { Membership } from '../core/gossip/membership.ts'
import { StaticMembership } from '../core/gossip/static-membership.ts'
import { ByeCode } from '../wire/hello.ts'
import { isMembershipType } from '../wire/membership.ts'
import type { NodeContext } from './context.ts'
import { type Dialled, Dialling } from './dialling.ts'
import { type GoneFact, type NodeFacts, type Reach, wider } from './facts.ts'
import type { LinkState } from './link-state.ts'
import type { Links } from './links.ts'
import type { Via } from './outputs.ts'
import { contactOf, Overlay } from './overlay.ts'

/** A peer that says it has another link with us is given so long for that one to come up here too. */
export const HEIR_MS_MAX = 1_000

export interface PeeringOwner {
  /** Broadcast over this link from now on. */
  neighbourUp(link: LinkState): void
  neighbourDown(link: LinkState): void
}

/** With whom we are linked: the addresses the user gave, the peers that membership chooses, and what becomes of both. */
export class Peering {
  readonly dialling: Dialling
  readonly overlay: Overlay
  isLeaving = false
  /** Neighbours are looked for, so that one that is lost need not be replaced by itself. */
  private readonly isChoosing: boolean
  private reachedFrom: Reach | null = null
  private lastGone: GoneFact | null = null
  /** Links that ended in favour of one that is not up here yet, by the peer's key: no more than links. */
  private readonly awaiting = new Map<string, Awaited>()

  constructor(
    private readonly context: NodeContext,
    private readonly links: Links,
    membership: Membership,
    private readonly owner: PeeringOwner,
  ) {
    this.dialling = new Dialling(context)
    this.isChoosing = !(membership instanceof StaticMembership)
    this.overlay = new Overlay(context, links, this.dialling, membership, {
      neighbourUp: (link, isContinuation) => {
        if (link.target !== null) this.dialling.reached(link.target, link)
        const before = this.settleAwaited(link.peerKey)
        if (!isContinuation && before?.wasNeighbour !== true) this.tell(link, 'up', '')
        owner.neighbourUp(link)
      },
      neighbourDown: (link, reason, isReplaced) => this.neighbourDown(link, reason, isReplaced),
      alone: () => this.dialling.alone(),
    })
  }

  /** Dials begun whose first attempt is still under way, links that are shaking hands, and first neighbours being asked. */
  get settling(): number {
    const isAlone = this.links.neighbours.size === 0
    let count = this.dialling.firstAttempts
    for (const link of this.links.all.values()) {
      if (link.isVisit) continue
      const isAsking = link.phase === 'open' && !link.wasNeighbour && (isAlone || link.target !== null)
      if (link.phase === 'handshake' || link.phase === 'hello' || isAsking) count++
    }
    return count
  }

  /** From now on links end because we leave, and nothing is dialled again for that. */
  leave(): void {
    this.isLeaving = true
    this.overlay.leave()
  }

  dialFailed(dialled: Dialled, code: string, reason: string): void {
    if (dialled.target !== null) this.dialling.failed(dialled.target, code, reason)
    if (dialled.expected !== null) this.overlay.dialFailed(dialled.expected)
  }

  get facts(): NodeFacts {
    const { reachedFrom, lastGone, overlay, dialling } = this
    const known = overlay.membership.known.length
    return { neighbours: this.links.neighbours.size, known, reachedFrom, targets: dialling.facts, lastGone }
  }

  /** A dial that was only to see whether somebody is there has ended; false: it was another one. */
  probed(attempt: number, isThere: boolean): boolean {
    const peer = this.dialling.probeEnded(attempt)
    if (peer !== null) this.overlay.probed(peer, isThere)
    return peer !== null
  }

  up(link: LinkState): void {
    const ip = link.via === 'accepted' ? parseIp(link.remote.host) : null
    const scope = ip === null ? 'none' : ipScope(ip)
    if (scope !== 'none') this.reachedFrom = wider(this.reachedFrom, scope)
    this.overlay.linkUp(link, link.target !== null)
  }

  down(link: LinkState): void {
    const heir = this.links.byPeer.get(link.peerKey)
    const isAwaited = heir === undefined && link.byeCode === ByeCode.duplicateLink && !this.isLeaving
    if (isAwaited && !this.awaiting.has(link.peerKey)) this.awaitHeir(link)
    this.overlay.linkDown(link, heir?.isContinuation === true)
    if (this.isLeaving || heir !== undefined || isAwaited) return
    this.lost(link)
  }

  /** The last link with a peer is gone. */
  private lost(link: LinkState): void {
    const isReleased = link.byeCode === ByeCode.notNeeded || link.isReleased
    if (link.target !== null && !link.wasNeighbour) this.turnedAway(link, link.target)
    const hasOthers = this.links.neighbours.size > 0
    if (isReleased && hasOthers) this.dialling.released(link.peerKey)
    else this.dialling.lost(link.peerKey, hasOthers && this.isChoosing)
  }

  /** What follows from the end of a link waits for the one that takes its place. */
  private awaitHeir(link: LinkState): void {
    const { peerKey, wasNeighbour } = link
    const timer = this.context.after(HEIR_MS_MAX, () => {
      this.awaiting.delete(peerKey)
      if (this.isLeaving) return
      if (wasNeighbour) this.gone(link, link.closeReason)
      if (!this.links.byPeer.has(peerKey)) this.lost(link)
    })
    this.awaiting.set(peerKey, { timer, wasNeighbour })
  }

  /** The peer is a neighbour again: what was waited for has come. */
  private settleAwaited(peerKey: string): Awaited | null {
    const awaited = this.awaiting.get(peerKey) ?? null
    if (awaited === null) return null
    this.context.timers.cancel(awaited.timer)
    this.awaiting.delete(peerKey)
    return awaited
  }

  /** Whoever is at an address the user gave did not become our neighbour: it has led into the network, or it is tried again. */
  private turnedAway(link: LinkState, target: string): void {
    const count = this.links.neighbours.size
    if (count === 0) return this.dialling.failed(target, 'not-taken-in', link.closeReason)
    this.dialling.reached(target, link)
    const who = link.hello?.name ?? formatAddress(link.remote)
    const others = count === 1 ? 'another' : `${count} others`
    const message = `${who} has neighbours enough. You are in the network all the same, through ${others}.`
    this.context.emit({ kind: 'trouble', code: 'neighbours-enough', message, user: true })
  }

  /** A link ended before it was up. */
  failed(link: LinkState, code: string, reason: string): void {
    const other = this.links.byPeer.get(link.peerKey)
    if (link.expected !== null && (code !== 'duplicate' || other === undefined)) this.overlay.dialFailed(link.expected)
    if (link.target === null) return
    if (code === 'duplicate' && other !== undefined) this.dialling.reached(link.target, other)
    else this.dialling.failed(link.target, code, reason)
  }

  /** Hangs up on a peer and stops dialling it. False when there was nothing to stop. */
  disconnect(peer: string | null, address: Address | null): boolean {
    const target = address === null ? null : formatAddress(address)
    const forgotten = this.dialling.forget(peer, target)
    // One that is still shaking hands would be up a moment later.
    for (const link of this.links.all.values()) {
      if (target !== null && link.target === target && (link.phase === 'handshake' || link.phase === 'hello')) {
        this.links.end(link, true, 'hung-up', 'was hung up on')
      }
    }
    const link = peer === null ? undefined : this.links.byPeer.get(peer)
    if (link === undefined) return forgotten
    this.overlay.avoid(link.peerKey)
    this.links.bye(link, ByeCode.hungUp, 'hung up')
    return true
  }

  /** The peer does not want to be linked with us, for now. */
  hungUp(link: LinkState): void {
    this.overlay.avoid(link.peerKey)
    if (!this.dialling.forget(link.peerKey, null)) return
    const who = link.hello?.name ?? formatAddress(link.remote)
    const message = `${who} hung up on you, so they are not dialled any more. /connect tries again.`
    this.context.emit({ kind: 'trouble', code: 'hung-up', message, user: true })
  }

  /** Takes a frame of membership; false: it is another one. */
  frame(link: LinkState, type: number, bytes: Uint8Array, start: number, end: number): boolean {
    if (!isMembershipType(type)) return false
    this.overlay.frame(link, type, new ByteReader(bytes, start, end))
    return true
  }

  /** How a peer was found, as far as is known. */
  via(link: LinkState): Via {
    const by = this.overlay.howFound(link.peerKey)
    return by === null || by === 'given' ? link.via : by
  }

  /** Where a peer we are linked with can be dialled; null where that is not known. `key` in hexadecimal. */
  addressOf(key: string): Address | null {
    const link = this.links.byPeer.get(key)
    return link === undefined ? null : contactOf(link).address
  }

  private neighbourDown(link: LinkState, reason: string, isReplaced: boolean): void {
    this.owner.neighbourDown(link)
    link.forgetFeeds()
    if (!isReplaced && !this.awaiting.has(link.peerKey)) this.gone(link, reason)
  }

  private gone(link: LinkState, reason: string): void {
    const { peer, hello } = link
    this.lastGone = { peer, name: hello?.name ?? '', address: whereabouts(link), reason, atMs: this.context.wallMs }
    this.tell(link, 'down', reason)
  }

  private tell(link: LinkState, state: 'up' | 'down', reason: string): void {
    // It is us who leave, and that is known.
    if (this.isLeaving) return
    const { id, peer } = link
    const name = link.hello?.name ?? ''
    const dialled = link.via === 'dialled'
    const [via, remote] = [this.via(link), whereabouts(link)]
    this.context.emit({ kind: 'peer', state, link: id, peer, name, remote, via, dialled, reason })
  }
}

interface Awaited {
  readonly timer: Timer<() => void>
  /** It has been told of as being there. */
  readonly wasNeighbour: boolean
}

/** Where a linked peer is, to be shown: where it can be dialled, or where it came from as far as that is not known. */
export function whereabouts(link: LinkState): Address {
  return contactOf(link).address ?? link.remote
}
