import type { Rng } from '../../base/rng.ts'
import { TimerQueue } from '../../base/timers.ts'
import type { Contact, MembershipMessage } from '../../wire/membership.ts'
import { Acquaintances } from './hyparview-acquaintances.ts'
import type { HyParViewOutput, MemberLink, MembershipTimer, Origin } from './hyparview-link.ts'
import {
  ACTIVE_MAX,
  ASK_LEAK_MS,
  GUEST_MS,
  OFFERED_MAX,
  PRESSED_ASKS,
  PRESSED_ASKS_MAX,
  SHUFFLE_ACTIVE,
  SHUFFLE_PASSIVE,
} from './hyparview-parameters.ts'
import { isSamePlace, PassiveView, STRANGERS } from './hyparview-passive.ts'
import { isCredible, isShareable, placeOf } from './hyparview-place.ts'
import { Reach } from './hyparview-reach.ts'
import { LeakyMeter } from './token-bucket.ts'

/** The two views, the links, and what is done with them; who may become a neighbour is `Admission`'s to say. */
export class Members {
  nowMs = 0
  private hadNeighbours = false
  readonly links = new Map<string, MemberLink>()
  readonly active: MemberLink[] = []
  readonly passive = new PassiveView()
  readonly timers = new TimerQueue<MembershipTimer>()
  outputs: HyParViewOutput[] = []
  /** Requests to be neighbours. */
  readonly asked = new LeakyMeter(PRESSED_ASKS_MAX, ASK_LEAK_MS)
  readonly acquaintances: Acquaintances
  readonly reach = new Reach(this)

  constructor(
    readonly ownKey: string,
    readonly rng: Rng,
  ) {
    this.acquaintances = new Acquaintances(rng)
  }

  send(to: MemberLink, message: MembershipMessage): void {
    this.outputs.push({ kind: 'send', to: to.key, message })
  }

  /** Ends a link, neighbour or not. */
  drop(link: MemberLink, reason: string): void {
    this.forget(link)
    this.outputs.push({ kind: 'drop', peer: link.key, reason })
  }

  /** The link is no more. */
  forget(link: MemberLink): void {
    if (link.timer !== null) this.timers.cancel(link.timer)
    link.timer = null
    this.links.delete(link.key)
    this.retire(link)
  }

  /** Sets when to look at a link again, instead of any time before. */
  lookAt(link: MemberLink, afterMs: number): void {
    if (link.timer !== null) this.timers.cancel(link.timer)
    link.timer = this.timers.set(this.nowMs + afterMs, { kind: 'link', key: link.key })
  }

  /** Makes a link a neighbour's; the caller has made room. */
  admit(link: MemberLink, origin: Origin): void {
    if (link.timer !== null) this.timers.cancel(link.timer)
    link.timer = null
    link.role = 'neighbour'
    link.origin = origin
    link.sinceMs = this.nowMs
    this.active.push(link)
    this.hadNeighbours = true
    this.passive.remove(link.key)
    this.outputs.push({ kind: 'neighbour', peer: link.key, state: 'up' })
  }

  /** Turns a neighbour into a guest. */
  retire(link: MemberLink): void {
    const at = this.active.indexOf(link)
    if (at < 0) return
    this.active.splice(at, 1)
    link.role = 'guest'
    link.isExtra = false
    this.remember(link.contact, link.origin === 'chosen')
    this.outputs.push({ kind: 'neighbour', peer: link.key, state: 'down' })
  }

  /** The other end has taken us out of its view, or asks for nothing: the link may stay a while for what comes next. */
  tolerate(link: MemberLink): void {
    this.retire(link)
    link.role = 'guest'
    this.lookAt(link, GUEST_MS)
  }

  /**
   * Takes a neighbour out of the active view, in favour of another if there is one: that one is named first, and the two had better ask each
   * other, so that a link that was cut becomes two through the newcomer. In the paper the one displaced has to find somebody with a
   * place free, of whom a full network has few.
   */
  displace(link: MemberLink, inFavourOf: MemberLink | null): void {
    const heir = inFavourOf?.isTold ? [inFavourOf.contact] : []
    const contacts = [...heir, ...this.contactsFor(link.key, SHARE)]
    this.send(link, { kind: 'disconnect', hasHeir: heir.length > 0, contacts })
    this.drop(link, 'gave its place to another')
    this.noteFormer(link)
  }

  /** Notes a neighbour that is none any more. Of strangers many may come and go, only to be noted. */
  noteFormer({ contact, origin }: MemberLink): void {
    this.note(contact, origin === 'chosen' ? null : STRANGERS)
  }

  /** Somebody linked to us, and lives: one to turn to where we have lost everybody. (A newcomer has its walks, which take it farther afield.) */
  noteGuest({ contact }: MemberLink): void {
    this.remember(contact, false)
    if (this.active.length === 0 && this.hadNeighbours) this.note(contact, STRANGERS)
  }

  /** We had a link with it. */
  remember(contact: Contact, isChosen: boolean): void {
    if (this.reach.isReachable(contact)) this.acquaintances.add(contact, isChosen, this.nowMs)
  }

  /** Notes a peer on `source`'s account; null: we know it at first hand. */
  note(contact: Contact, source: string | null): void {
    if (this.isNotable(contact)) this.passive.add(contact, placeOf(contact.address), source, this.rng)
  }

  /** Whether it could become a neighbour, as far as is known. */
  isNotable(contact: Contact): boolean {
    if (contact.key === this.ownKey || !isShareable(placeOf(contact.address))) return false
    return !this.isNeighbour(contact.key) && this.reach.isReachable(contact)
  }

  /** Notes peers that `source` told of, as far as they can be true; `given` were told in exchange. */
  noteTold(contacts: readonly Contact[], source: MemberLink, given: readonly Contact[] = []): void {
    for (const contact of contacts) {
      const isKnown = this.passive.get(contact.key) !== null || this.isNeighbour(contact.key)
      if (isKnown || contact.key === this.ownKey || contact.key === source.key) continue
      const place = placeOf(contact.address)
      if (!isCredible(place, source.place) || !this.reach.isHopeful(contact) || !this.reach.isReachable(contact))
        continue
      this.passive.add(contact, place, source.origin === 'chosen' ? source.key : STRANGERS, this.rng, given)
    }
  }

  /**
   * Takes up to `count` acquaintances that have not failed to answer of late into the passive view, other than those `done` with, to which they are
   * added. Answers whether there were any.
   */
  recall(count: number, done: Set<string>): boolean {
    // The newest are the likeliest to be alive, the oldest to be from before a crowd came.
    const all = this.isPressed ? this.acquaintances.oldestFirst() : this.acquaintances.newestFirst()
    const left = all.filter(({ key }) => !done.has(key) && !this.links.has(key)).slice(0, count)
    for (const contact of left) {
      done.add(contact.key)
      if (!this.reach.isHopeful(contact)) continue
      const before = this.passive.get(contact.key)
      this.passive.remove(contact.key)
      this.note(contact, null)
      const entry = this.passive.get(contact.key)
      if (entry === null || before === null) continue
      const isSame = isSamePlace(before.contact, contact)
      if (isSame) entry.triedRound = before.triedRound
      entry.elsewhere = isSame ? before.elsewhere : before
    }
    return left.length > 0
  }

  /** Whether many ask to be our neighbours: then free places are kept for those we know best. */
  get isPressed(): boolean {
    return this.asked.read(this.nowMs) > PRESSED_ASKS
  }

  /**
   * Nobody answered where `contact` is said to be: others who still name it there are not listened to for a while. Unless we have no
   * neighbour at all and so may be the one who is cut off, it is forgotten.
   */
  proveDead(contact: Contact): void {
    this.reach.noAnswer(contact)
    const entry = this.passive.get(contact.key)
    if (entry === null) return
    const isAlone = this.active.length === 0
    if (!isSamePlace(entry.contact, contact)) {
      if (!isAlone && entry.elsewhere !== null && isSamePlace(entry.elsewhere.contact, contact)) entry.elsewhere = null
      return
    }
    if (isAlone) entry.failures++
    if (!this.passive.turn(entry, isAlone) && !isAlone) this.passive.remove(contact.key)
  }

  /** Tries the links that have been silent for so long. In the paper a node that is cut off finds out when it next has something to say. */
  checkNeighbours(silentMs: number): void {
    for (const link of this.active) {
      if (this.nowMs - link.heardAtMs < silentMs) continue
      link.heardAtMs = this.nowMs
      this.outputs.push({ kind: 'check', peer: link.key })
    }
  }

  isNeighbour(key: string): boolean {
    return this.links.get(key)?.role === 'neighbour'
  }

  /** A neighbour at random other than these two; null if there is none. */
  randomNeighbour(not: string, nor: string): MemberLink | null {
    let picked: MemberLink | null = null
    let seen = 0
    for (const link of this.active) {
      if (link.key !== not && link.key !== nor && this.rng.below(++seen) === 0) picked = link
    }
    return picked
  }

  /** Up to `count` neighbours that others can be told of. */
  shareableNeighbours(count: number, not: string): Contact[] {
    const shareable = this.active.filter((link) => link.key !== not && link.isTold)
    const picked: Contact[] = []
    while (picked.length < count && shareable.length > 0)
      picked.push(shareable.splice(this.rng.below(shareable.length), 1)[0]!.contact)
    return picked
  }

  /** Others whom `key` may turn to: from the passive view, and neighbours only where those do not suffice. */
  contactsFor(key: string, count: number): Contact[] {
    const contacts = this.passive.sample(count, this.rng, key)
    return contacts.length === count
      ? contacts
      : [...contacts, ...this.shareableNeighbours(count - contacts.length, key)]
  }

  /** The neighbours that count: leaves do not, nor who may turn out to be one. */
  get regular(): MemberLink[] {
    return this.active.filter((link) => link.reach !== 'no' && !link.isExtra)
  }

  /** Others known than those of `block` would fill the active view: nobody there is needed. */
  hasOthersThan(block: string): boolean {
    return [...this.regular, ...this.passive.entries].filter(({ place }) => place.block !== block).length >= ACTIVE_MAX
  }

  get chosen(): number {
    return this.regular.reduce((count, link) => count + (link.origin === 'chosen' ? 1 : 0), 0)
  }

  /** Many press in, and have all the places that they can have. */
  get isFullOfStrangers(): boolean {
    return this.isPressed && this.regular.length - this.chosen >= OFFERED_MAX
  }

  /** Everybody known, `besides` included, fits into the active view: then the network is a mesh and nobody needs protection. */
  isMesh(besides: string): boolean {
    const others = this.passive.entries.length - (this.passive.get(besides) === null ? 0 : 1)
    return this.regular.length + others < ACTIVE_MAX
  }
}

/** Peers named in answer to a shuffle, as many as it has itself, and to somebody who is turned away. */
export const SHARE = 1 + SHUFFLE_ACTIVE + SHUFFLE_PASSIVE
