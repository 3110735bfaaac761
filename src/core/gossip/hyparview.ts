import type { Rng } from '../../base/rng.ts'
import type { Contact, MembershipMessage } from '../../wire/membership.ts'
import { type HyParViewOutput, MemberLink, type MembershipTimer } from './hyparview-link.ts'
import { Members, SHARE } from './hyparview-members.ts'
import {
  CHECK_EVERY_MS,
  CHECK_WHEN_LINKED_MS,
  GUESTS_MAX,
  PASSIVE_MAX,
  SHUFFLE_EVERY_MS,
} from './hyparview-parameters.ts'
import { placeOf } from './hyparview-place.ts'
import { Promotion } from './hyparview-promotion.ts'
import { Requests } from './hyparview-requests.ts'
import { Walks } from './hyparview-walks.ts'

export type { HyParViewOutput } from './hyparview-link.ts'

/**
 * Who a node's neighbours are, in a network too large to know: HyParView (Leitão, Pereira, Rodrigues, DSN 2007). A few neighbours with open
 * links, the active view, over which everything is broadcast; some thirty other peers known, the passive view, from which neighbours that go are
 * replaced. Where no more than six nodes are known everybody is everybody's neighbour. A closed link is the failure detector.
 *
 * Pure: every input takes the time, what is wanted is taken with `takeOutputs`, and `wake` is due at `nextWakeMs`. It deviates from the paper
 * where a network of strangers asks for it; each place says so.
 */
export class HyParView {
  private readonly members: Members
  private readonly promotion: Promotion
  private readonly walks: Walks
  private readonly requests: Requests

  /** `ownKey`: our public key in hexadecimal. */
  constructor(ownKey: string, rng: Rng, nowMs: number) {
    this.members = new Members(ownKey, rng)
    this.promotion = new Promotion(this.members)
    this.walks = new Walks(this.members)
    this.requests = new Requests(this.members, this.promotion, this.walks)
    this.members.nowMs = nowMs
    this.members.timers.set(nowMs + SHUFFLE_EVERY_MS * rng.float(), { kind: 'shuffle' })
    this.members.timers.set(nowMs + CHECK_EVERY_MS * rng.float(), { kind: 'check' })
  }

  /** Keys of the peers to broadcast to. */
  get neighbours(): string[] {
    return this.members.active.map((link) => link.key)
  }

  /** Peers known that are not neighbours. */
  get known(): Contact[] {
    return this.members.passive.entries.map((entry) => entry.contact)
  }

  /** Peers worth keeping for the next start, the best first: neighbours that can be dialled, then others that links were had with. */
  get worthKeeping(): Contact[] {
    const neighbours = this.members.active.filter((link) => link.reach !== 'no').map((link) => link.contact)
    const former = this.members.acquaintances.newestFirst().filter(({ key }) => !this.members.isNeighbour(key))
    return [...neighbours, ...former]
  }

  /**
   * Peers to be asked as places are free. `source`: who named them, as one account that can fill a third of the passive view (a tracker, the
   * local network); null for the user and what an earlier run remembered, whom we believe.
   */
  meet(contacts: readonly Contact[], source: string | null, nowMs: number): void {
    this.members.nowMs = nowMs
    for (const contact of contacts.slice(0, PASSIVE_MAX)) {
      if (source === null) this.members.note(contact, null)
      else this.promotion.sighted(contact, source)
    }
    if (source !== null) return this.promotion.fill()
    for (const contact of contacts.slice(PASSIVE_MAX)) this.members.remember(contact, true)
    this.promotion.fill()
  }

  /** Joins the network of a peer that is linked, also where we have neighbours in another one. */
  join(key: string, nowMs: number): void {
    this.members.nowMs = nowMs
    const link = this.members.links.get(key)
    if (link?.role === 'guest') this.promotion.ask(link, 'chosen', true)
  }

  /** Makes a neighbour of the first of these peers that is known, whoever else is one. */
  seek(keys: Iterable<string>, nowMs: number): string | null {
    this.members.nowMs = nowMs
    return this.promotion.seekAny(keys)
  }

  /**
   * A link with a peer that has proved its identity is up. `contact.address` is where others can dial it (the host it is seen at, the port of its
   * hello), null where it does not listen; `host` is the address it is seen at. `via`: a peer that we dialled
   * is where it is said to be, one that dialled us need not be. One link a peer: more of one key are ignored.
   */
  linkUp(contact: Contact, host: string, nowMs: number, via: 'dialled' | 'accepted' = 'dialled'): void {
    const { members } = this
    members.nowMs = nowMs
    if (members.links.has(contact.key)) return
    // He may have lost neighbours that were ours as well.
    members.checkNeighbours(CHECK_WHEN_LINKED_MS)
    this.limitGuests()
    const link = new MemberLink(contact, placeOf({ host, port: 1 }))
    members.reach.judge(link, via)
    members.links.set(contact.key, link)
    members.tolerate(link)
    const why = this.promotion.linkUp(link)
    if (why === 'needless') members.drop(link, 'is not needed as a neighbour')
    else if (why === 'not dialled') members.noteGuest(link)
    this.promotion.fill()
  }

  /**
   * The connection under a link has given way to another with the same running peer: two dialled each other at once. Nothing is undone, and what
   * the old connection may have swallowed is said again: what we asked, and to a neighbour that it is one. (Should it have forgotten, that
   * makes it end the link; a shuffle that was lost is not missed.)
   */
  linkReplaced(key: string, nowMs: number, via: 'dialled' | 'accepted' = 'accepted'): void {
    const { members } = this
    members.nowMs = nowMs
    const link = members.links.get(key)
    if (link === undefined) return
    link.heardAtMs = nowMs
    if (via === 'dialled') this.probed(key, true, nowMs)
    this.requests.sayAgain(link)
  }

  /** The link is gone: `left` where the peer said that it leaves the network, `failed` for any other reason. */
  linkDown(key: string, how: 'left' | 'failed', nowMs: number): void {
    const { members } = this
    members.nowMs = nowMs
    const link = members.links.get(key)
    if (link === undefined) return
    const { role } = link
    members.forget(link)
    if (role === 'asking') this.promotion.askFailed()
    if (role === 'neighbour') {
      if (how === 'failed' && link.reach !== 'no') this.promotion.lose(link.contact)
      this.promotion.encourage()
    }
    if (how === 'left') {
      members.passive.remove(key)
      members.reach.hasLeft(key)
    }
    this.requests.admission.settle()
    this.promotion.fill()
  }

  /** A dial came to nothing, or led to somebody else. */
  dialFailed(key: string, nowMs: number): void {
    this.members.nowMs = nowMs
    this.promotion.dialFailed(key)
    this.promotion.fill()
  }

  /** Somebody took a connection where a linked peer is said to be, or nobody did. */
  probed(key: string, isThere: boolean, nowMs: number): void {
    const { members } = this
    members.nowMs = nowMs
    const link = members.links.get(key)
    if (link !== undefined) members.reach.probed(link, isThere)
    this.requests.admission.settle()
    this.promotion.fill()
  }

  /** A message came over an open link. What goes beyond a peer's share is left undone. */
  received(from: string, message: MembershipMessage, nowMs: number): void {
    const { members } = this
    members.nowMs = nowMs
    const link = members.links.get(from)
    if (link === undefined) return
    link.heardAtMs = nowMs
    this.dispatch(link, message)
    this.promotion.fill()
  }

  wake(nowMs: number): void {
    const { timers } = this.members
    this.members.nowMs = nowMs
    for (let due = timers.takeDue(nowMs); due !== null; due = timers.takeDue(nowMs)) this.fire(due)
    this.promotion.fill()
  }

  nextWakeMs(): number | null {
    return this.members.timers.nextAtMs()
  }

  takeOutputs(): HyParViewOutput[] {
    const { outputs } = this.members
    if (outputs.length > 0) this.members.outputs = []
    return outputs
  }

  private dispatch(link: MemberLink, message: MembershipMessage): void {
    const { members, walks } = this
    const isNeighbour = link.role === 'neighbour'
    switch (message.kind) {
      case 'join':
        return this.requests.asked(link, 'high', true)
      case 'neighbor':
        return this.requests.asked(link, message.priority, false)
      case 'neighbor-reply':
        return this.requests.reply(link, message.accepted, message.contacts)
      case 'disconnect':
        return this.requests.disconnect(link, message)
      case 'forward-join': {
        if (!isNeighbour || !link.walks.take(members.nowMs)) return
        const newcomer = walks.forwardJoin(link, message.contact, message.ttl)
        if (newcomer !== null) this.promotion.welcome(newcomer, link)
        return
      }
      case 'shuffle':
        if (isNeighbour && link.shuffles.take(members.nowMs)) walks.shuffle(link, message)
        return
      case 'shuffle-reply':
        if (isNeighbour) walks.shuffleReply(link, message.nonce, message.contacts)
        return
    }
  }

  private fire(timer: MembershipTimer): void {
    const { members } = this
    switch (timer.kind) {
      case 'shuffle':
        this.walks.begin()
        this.promotion.probe()
        members.timers.set(members.nowMs + SHUFFLE_EVERY_MS * (0.9 + 0.2 * members.rng.float()), timer)
        return
      case 'check':
        members.checkNeighbours(CHECK_EVERY_MS)
        members.reach.probeNext()
        members.timers.set(members.nowMs + CHECK_EVERY_MS, timer)
        return
      case 'fill':
        // Those we know have no room: a shuffle may bring others.
        if (this.promotion.resume()) this.walks.begin()
        return
      case 'lost':
        return this.promotion.retryLost(timer.key)
      case 'link': {
        const link = members.links.get(timer.key)
        if (link === undefined || link.role === 'neighbour') return
        const { role } = link
        members.drop(link, role === 'asking' ? 'did not answer' : 'asked for nothing')
        if (role === 'asking') this.promotion.askFailed()
      }
    }
  }

  /** The one that has waited longest gives way to a new one. It may be about to ask, as others are; so it is told whom else to turn to. */
  private limitGuests(): void {
    const { members } = this
    const guests = [...members.links.values()].filter((link) => link.role === 'guest')
    const [first] = guests
    if (first === undefined || guests.length < GUESTS_MAX) return
    members.send(first, { kind: 'neighbor-reply', accepted: false, contacts: members.contactsFor(first.key, SHARE) })
    members.drop(first, 'asked for nothing')
  }
}
