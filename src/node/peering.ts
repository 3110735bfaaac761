import { type Address, formatAddress } from '../base/address.ts'
import { ByteReader } from '../base/bytes.ts'
import { ipScope, parseIp } from '../base/ip.ts'
import type { Membership } from '../core/gossip/membership.ts'
import { ByeCode } from '../wire/hello.ts'
import { isMembershipType } from '../wire/membership.ts'
import type { NodeContext } from './context.ts'
import { type Dialled, Dialling } from './dialling.ts'
import { type GoneFact, type NodeFacts, type Reach, wider } from './facts.ts'
import type { LinkState } from './link-state.ts'
import type { Links } from './links.ts'
import type { Via } from './outputs.ts'
import { Overlay } from './overlay.ts'

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
  private reachedFrom: Reach | null = null
  private lastGone: GoneFact | null = null

  constructor(
    private readonly context: NodeContext,
    private readonly links: Links,
    membership: Membership,
    private readonly owner: PeeringOwner,
  ) {
    this.dialling = new Dialling(context)
    this.overlay = new Overlay(context, links, this.dialling, membership, {
      neighbourUp: (link, isContinuation) => {
        if (link.target !== null) this.dialling.reached(link.target, link)
        if (!isContinuation) this.tell(link, 'up', '')
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

  up(link: LinkState): void {
    const ip = link.via === 'accepted' ? parseIp(link.remote.host) : null
    const scope = ip === null ? 'none' : ipScope(ip)
    if (scope !== 'none') this.reachedFrom = wider(this.reachedFrom, scope)
    this.overlay.linkUp(link, link.target !== null)
  }

  down(link: LinkState): void {
    const heir = this.links.byPeer.get(link.peerKey)
    this.overlay.linkDown(link, heir?.isContinuation === true)
    if (this.isLeaving || heir !== undefined) return
    const isReleased = link.byeCode === ByeCode.notNeeded || link.isReleased
    if (link.target !== null && !link.wasNeighbour) this.turnedAway(link, link.target)
    if (isReleased && this.links.neighbours.size > 0) this.dialling.released(link.peerKey)
    else this.dialling.lost(link.peerKey)
  }

  /** Whoever is at an address the user gave did not become our neighbour: it has led into the network, or it is tried again. */
  private turnedAway(link: LinkState, target: string): void {
    const count = this.links.neighbours.size
    if (count === 0) return this.dialling.failed(target, 'not-taken-in', link.closeReason)
    this.dialling.reached(target, link)
    const who = link.hello?.name ?? formatAddress(link.remote)
    const message = `${who} has neighbours enough. You are in the network all the same, through ${count} others.`
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

  private neighbourDown(link: LinkState, reason: string, isReplaced: boolean): void {
    this.owner.neighbourDown(link)
    link.forgetFeeds()
    if (isReplaced) return
    const { peer, remote: address } = link
    this.lastGone = { peer, name: link.hello?.name ?? '', address, reason, atMs: this.context.wallMs }
    this.tell(link, 'down', reason)
  }

  private tell(link: LinkState, state: 'up' | 'down', reason: string): void {
    const { id, peer, remote } = link
    const via = this.via(link)
    this.context.emit({ kind: 'peer', state, link: id, peer, name: link.hello?.name ?? '', remote, via, reason })
  }
}
