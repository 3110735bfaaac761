import type { Contact, MembershipMessage, Priority } from '../../wire/membership.ts'
import { Admission } from './hyparview-admission.ts'
import type { MemberLink } from './hyparview-link.ts'
import { type Members, SHARE } from './hyparview-members.ts'
import { GUEST_MS, SETTLE_MS } from './hyparview-parameters.ts'
import type { Promotion } from './hyparview-promotion.ts'
import type { Walks } from './hyparview-walks.ts'

/** How two linked peers become neighbours, and cease to be (paper, "Join Mechanism" and "Active View Management"). */
export class Requests {
  readonly admission: Admission

  constructor(
    private readonly members: Members,
    private readonly promotion: Promotion,
    private readonly walks: Walks,
  ) {
    this.admission = new Admission(members)
  }

  /** `JOIN` or `NEIGHBOR`. Whoever is turned away is told of others. */
  asked(link: MemberLink, priority: Priority, joins: boolean): void {
    const { members } = this
    if (!link.asks.take(members.nowMs)) return
    const isNew = link.role !== 'neighbour'
    const { origin } = link
    const isMutual = link.role === 'asking'
    const accepted = !isNew || (isMutual ? this.admission.admitsAsked(link) : this.admission.admits(link, priority))
    const contacts = accepted && !joins ? [] : members.contactsFor(link.key, SHARE)
    members.send(link, { kind: 'neighbor-reply', accepted, contacts })
    if (!accepted) return members.tolerate(link)
    if (isNew) this.admit(link, isMutual ? origin : 'offered')
    if (joins) this.walks.announce(link)
  }

  /** `NEIGHBOR_REPLY`. */
  reply(link: MemberLink, accepted: boolean, contacts: readonly Contact[]): void {
    const { members } = this
    if (link.role !== 'asking') {
      // We refused it, or gave up, while it agreed: it must not go on counting on us.
      if (link.role === 'guest' && accepted) members.displace(link, null)
      return
    }
    members.noteTold(contacts, link)
    if (!accepted) {
      members.drop(link, 'has neighbours enough')
      this.promotion.askFailed()
      return
    }
    const isFirst = members.active.length === 0
    if (!this.admission.admitsAsked(link)) return members.displace(link, null)
    this.admit(link, link.origin)
    if (isFirst) this.promotion.rounds.wait(SETTLE_MS)
  }

  /** `DISCONNECT`. */
  disconnect(link: MemberLink, { hasHeir, contacts }: MembershipMessage & { kind: 'disconnect' }): void {
    const { members } = this
    if (link.role !== 'neighbour') return
    members.tolerate(link)
    members.noteTold(contacts, link)
    members.noteFormer(link)
    this.promotion.encourage()
    const heir = hasHeir ? members.passive.get(contacts[0]?.key ?? '') : null
    if (heir !== null) this.promotion.welcome(heir.contact, link)
  }

  /** Says again what the connection that a link had until now may have swallowed. */
  sayAgain(link: MemberLink): void {
    const { members } = this
    if (link.role === 'asking') this.promotion.askAgain(link)
    else if (link.role === 'neighbour') members.send(link, { kind: 'neighbor-reply', accepted: true, contacts: [] })
    else members.lookAt(link, GUEST_MS)
  }

  private admit(link: MemberLink, origin: MemberLink['origin']): void {
    this.members.admit(link, origin)
    this.promotion.admitted()
  }
}
