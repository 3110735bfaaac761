import type { Contact, MembershipMessage } from '../../wire/membership.ts'
import type { MemberLink } from './hyparview-link.ts'
import { type Members, SHARE } from './hyparview-members.ts'
import {
  ACTIVE_MAX,
  ACTIVE_WALK_HOPS,
  CRUMBS_MAX,
  PASSIVE_WALK_HOPS,
  SHUFFLE_ACTIVE,
  SHUFFLE_ANSWER_MS,
  SHUFFLE_HOPS,
  SHUFFLE_PASSIVE,
} from './hyparview-parameters.ts'
import { isCredible, placeOf } from './hyparview-place.ts'

/** A shuffle sent or passed on: to whom, and where its answer belongs. */
interface Crumb {
  readonly to: string
  readonly atMs: number
  /** Whom the answer is passed back to and with what number; null where the shuffle is our own. */
  readonly back: { readonly to: string; readonly nonce: number } | null
  /** Of our own: what was handed out. */
  readonly given: readonly Contact[]
}

/**
 * Random walks over the overlay: those that bring newcomers to places far from where they joined, and the shuffles that mix the passive
 * views. In the paper the end of a shuffle's walk connects to who began it; here the answer goes back the way it came, by a number that
 * each relay gives anew. That saves a handshake for every shuffle, reaches nodes that cannot be dialled, keeps a forged
 * origin from having strangers dial a victim, and makes an answer nobody asked for impossible.
 */
export class Walks {
  private readonly crumbs = new Map<number, Crumb>()
  private nextNonce: number

  constructor(private readonly members: Members) {
    this.nextNonce = members.rng.u32()
  }

  /** Sends a newcomer on its walks: one through each neighbour (paper, "Join Mechanism"). */
  announce(newcomer: MemberLink): void {
    const { members } = this
    if (newcomer.reach === 'no' || placeOf(newcomer.contact.address).scope === 'none') return
    const message: MembershipMessage = { kind: 'forward-join', ttl: ACTIVE_WALK_HOPS, contact: newcomer.contact }
    // Of leaves there may be many, and as many walks as in the paper suffice.
    const through = [...members.regular, ...members.active].filter((link) => link !== newcomer)
    for (const link of [...new Set(through)].slice(0, ACTIVE_MAX)) members.send(link, message)
  }

  /** A newcomer's walk comes by. Answers the newcomer if the walk ends here, to be asked to be a neighbour. */
  forwardJoin(from: MemberLink, contact: Contact, ttl: number): Contact | null {
    const { members } = this
    const place = placeOf(contact.address)
    if (contact.key === members.ownKey || !isCredible(place, from.place)) return null
    const hops = Math.min(ttl, ACTIVE_WALK_HOPS)
    const isHere = members.isNeighbour(contact.key)
    // Where everybody known is a neighbour, the newcomer is to be one too.
    const ends = hops === 0 || members.active.length <= 1 || members.isMesh(contact.key)
    if (ends && !isHere) return contact
    if (hops === 0) return null
    if (hops === PASSIVE_WALK_HOPS && !isHere) members.noteTold([contact], from)
    const next = members.randomNeighbour(from.key, contact.key)
    if (next === null) return isHere ? null : contact
    members.send(next, { kind: 'forward-join', ttl: hops - 1, contact })
    return null
  }

  /** Begins a shuffle of our own with a neighbour at random (paper, "Passive View Management"). */
  begin(): void {
    const { members } = this
    const to = members.randomNeighbour('', '')
    if (to === null) return
    const given = members.passive.sample(SHUFFLE_PASSIVE, members.rng, to.key)
    const self: Contact = { key: members.ownKey, address: null }
    const contacts = [self, ...members.shareableNeighbours(SHUFFLE_ACTIVE, to.key), ...given]
    const nonce = this.drop({ to: to.key, atMs: members.nowMs, back: null, given })
    members.send(to, { kind: 'shuffle', ttl: SHUFFLE_HOPS, nonce, contacts })
  }

  shuffle(from: MemberLink, message: MembershipMessage & { kind: 'shuffle' }): void {
    const { members } = this
    const contacts = this.withOrigin(from, message.contacts)
    const origin = contacts[0]?.key ?? ''
    const hops = Math.min(message.ttl, SHUFFLE_HOPS) - 1
    const next = hops > 0 ? members.randomNeighbour(from.key, origin) : null
    if (next !== null) {
      const back = { to: from.key, nonce: message.nonce }
      const nonce = this.drop({ to: next.key, atMs: members.nowMs, back, given: [] })
      members.send(next, { kind: 'shuffle', ttl: hops, nonce, contacts })
      return
    }
    const given = members.contactsFor(origin, SHARE)
    members.send(from, { kind: 'shuffle-reply', nonce: message.nonce, contacts: given })
    members.noteTold(contacts, from, given)
  }

  shuffleReply(from: MemberLink, nonce: number, contacts: readonly Contact[]): void {
    const { members } = this
    const crumb = this.crumbs.get(nonce)
    if (crumb === undefined || crumb.to !== from.key) return
    this.crumbs.delete(nonce)
    if (members.nowMs - crumb.atMs > SHUFFLE_ANSWER_MS) return
    if (crumb.back === null) return members.noteTold(contacts, from, crumb.given)
    const back = members.links.get(crumb.back.to)
    if (back?.role !== 'neighbour') return
    members.send(back, { kind: 'shuffle-reply', nonce: crumb.back.nonce, contacts })
  }

  /** Whoever began it stands first; where he can be dialled we see, if he is who speaks to us. */
  private withOrigin(from: MemberLink, contacts: readonly Contact[]): readonly Contact[] {
    const [origin, ...others] = contacts
    if (origin === undefined) return contacts
    if (origin.key === from.key) return from.reach === 'no' ? others : [from.contact, ...others]
    return origin.address === null ? others : contacts
  }

  private drop(crumb: Crumb): number {
    if (this.crumbs.size >= CRUMBS_MAX) this.crumbs.delete(this.crumbs.keys().next().value!)
    const nonce = this.nextNonce
    this.nextNonce = (this.nextNonce + 1) >>> 0
    this.crumbs.set(nonce, crumb)
    return nonce
  }
}
