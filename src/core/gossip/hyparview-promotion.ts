import type { Contact, MembershipMessage, Priority } from '../../wire/membership.ts'
import type { MemberLink, Origin } from './hyparview-link.ts'
import { LostNeighbours } from './hyparview-lost.ts'
import type { Members } from './hyparview-members.ts'
import {
  ACTIVE_MAX,
  ALARM_DIALS_AT_ONCE,
  ALARM_MS,
  ASK_MS,
  CHOSEN_MIN,
  DIAL_REFILL_MS,
  DIALS_BURST,
  OFFERED_PER_BLOCK_MAX,
  PROMOTIONS_AT_ONCE,
  REFUSALS_MAX,
  WALK_DIAL_REFILL_MS,
  WALK_DIALS_BURST,
} from './hyparview-parameters.ts'
import { isSamePlace, type PassiveEntry, STRANGERS } from './hyparview-passive.ts'
import { Rounds } from './hyparview-rounds.ts'
import { TokenBucket } from './token-bucket.ts'

/** Former neighbours tried at once when nobody else is left. */
const RECALL = 8

/**
 * A dial under way, and what for: `lost` is a former neighbour, to be seen whether it is back, `probe` anybody, whether it is there at all, and `sought`
 * one that is needed for who it is.
 */
interface Dial {
  /** One peer, and where it is looked for: mostly one place, two at most. */
  readonly contacts: Contact[]
  /** Of these, where nothing has come of it yet. */
  open: number
  readonly why: 'chosen' | 'walk' | 'lost' | 'probe' | 'sought'
  /** Nobody told us of it but the user. */
  readonly isFirstHand: boolean
}

/**
 * Fills the active view from the passive one (paper, "Active View Management"): whenever a place is free peers are dialled and asked,
 * more of them at once the more prove dead. When all have been asked in vain they are left alone for a while. When several neighbours go at
 * once everybody known is dialled, needed or not: some of them have lost all theirs, and will see to that. The paper promotes only after a failure and
 * forgets whoever does not answer at once; a node whose own network went away for a minute would forget everybody.
 */
export class Promotion {
  private readonly dials = new Map<string, Dial>()
  private readonly lost: LostNeighbours
  readonly rounds: Rounds
  private deadInARow = 0
  private readonly budget = new TokenBucket(DIALS_BURST, DIAL_REFILL_MS)
  private readonly walkBudget = new TokenBucket(WALK_DIALS_BURST, WALK_DIAL_REFILL_MS)
  private alarmedUntilMs = 0
  private hasJoined = false

  constructor(private readonly members: Members) {
    this.lost = new LostNeighbours(members)
    this.rounds = new Rounds(members)
  }

  /** Peers being dialled or asked because we picked them. */
  private get underWay(): number {
    return [...this.dials.values()].filter((dial) => dial.why === 'chosen').length + this.asking
  }

  private get asking(): number {
    let count = 0
    for (const link of this.members.links.values()) if (link.role === 'asking') count++
    return count
  }

  /** Asks for neighbours as long as places are free and somebody is left to ask. Called after every input. */
  fill(): void {
    const { members, rounds } = this
    while (!rounds.isWaiting) {
      const free = ACTIVE_MAX - members.regular.length - this.asking
      const isAlarmed = members.nowMs < this.alarmedUntilMs
      const atOnce = isAlarmed ? ALARM_DIALS_AT_ONCE : Math.min(PROMOTIONS_AT_ONCE, free + this.deadInARow)
      if ((free <= 0 && !isAlarmed) || this.underWay >= atOnce) return
      const entry = this.next(free > 0)
      if (entry === null) {
        this.alarmedUntilMs = 0
        if (free > 0 && this.underWay === 0) rounds.rest()
        return
      }
      // What we know at first hand nobody can make us dial, and it came first where others may no more.
      if (entry.source !== null && !this.budget.take(members.nowMs))
        return rounds.wait(this.budget.waitMs(members.nowMs))
      entry.triedRound = rounds.number
      this.seek(entry.contact, 'chosen', entry.source === null)
    }
  }

  /**
   * Whom to ask next: any of the passive view, acquaintances when that is exhausted, and more of one block where hardly anybody else is known. When many press in on us they may have filled it; then, and when
   * as many were dialled as others may make us dial, whom we know at first hand comes first.
   */
  private next(isNeeded: boolean): PassiveEntry | null {
    const { members } = this
    if (isNeeded && this.rounds.refusals >= REFUSALS_MAX) return null
    // An alarm is for those who have not been heard of since.
    const sinceMs = isNeeded ? Number.POSITIVE_INFINITY : members.nowMs - ALARM_MS
    const any = (isFirstHand: boolean, isOfAnyBlock = false): PassiveEntry | null =>
      members.passive.pick(members.rng, (entry) => {
        if (entry.answeredAtMs >= sinceMs || (isFirstHand && entry.source !== null)) return false
        return this.isCandidate(entry, isOfAnyBlock)
      })
    for (;;) {
      const entry = any(members.isPressed || this.budget.waitMs(members.nowMs) > 0)
      if (entry !== null) return entry
      const isWorthIt = isNeeded || this.lost.isGrave
      if (!isWorthIt || !members.recall(RECALL, this.rounds.recalled))
        return members.isFullOfStrangers ? null : (any(false) ?? any(false, true))
    }
  }

  /** The timer has run out. Answers whether a round ended without enough neighbours. */
  resume(): boolean {
    return this.rounds.resume() && this.members.regular.length < ACTIVE_MAX
  }

  /** A place came free: everybody may be asked again, and at once. */
  encourage(): void {
    this.rounds.begin()
  }

  /**
   * Sees whether somebody is there whom we have only been told of. In the paper the dead stay in passive views until they are needed; this finds them
   * before, as it does what a poisoner invents, and those who answer are remembered for longer than a passive view does.
   */
  probe(): void {
    const { members } = this
    const entry = members.passive.pick(members.rng, (each) => each.answeredAtMs < 0 && this.isCandidate(each))
    if (entry !== null && this.budget.take(members.nowMs)) this.seek(entry.contact, 'probe', entry.source === null)
  }

  /** Dials or asks the first of these that we know of and that is no neighbour. Whom others told us of only as often as they may make us dial. */
  seekAny(keys: Iterable<string>): string | null {
    const { members } = this
    for (const key of keys) {
      const link = members.links.get(key)
      if (this.dials.has(key) || (link !== undefined && link.role !== 'guest')) continue
      const entry = members.passive.get(key)
      const contact = link?.contact ?? entry?.contact ?? members.acquaintances.get(key)
      if (contact === null || (link === undefined && !members.reach.isHopeful(contact))) continue
      const isFirstHand = entry === null || entry.source === null
      if (link === undefined && !isFirstHand && !this.budget.take(members.nowMs)) continue
      this.seek(contact, 'sought', isFirstHand)
      return key
    }
    return null
  }

  /** Dials a peer, or asks it where a link is there already. */
  seek(contact: Contact, why: Dial['why'], isFirstHand: boolean): void {
    const { members } = this
    const link = members.links.get(contact.key)
    if (link !== undefined) {
      if (link.role === 'guest') this.ask(link, this.originOf(why, isFirstHand))
    } else if (!this.dials.has(contact.key)) {
      this.dials.set(contact.key, { contacts: [contact], open: 1, why, isFirstHand })
      members.outputs.push({ kind: 'dial', contact })
    }
  }

  /**
   * A peer has said itself, by `source`, where it is. Where it was before nobody need answer, not even to refuse: it is dialled at both places if that is
   * under way, and here at once if it was not found there.
   */
  sighted(contact: Contact, source: string): void {
    const { members, rounds } = this
    const entry = members.passive.get(contact.key)
    if (!members.isNotable(contact)) return
    if (entry === null) members.note(contact, source)
    else if (!members.passive.sighted(entry, contact, source)) return
    const other = entry?.elsewhere ?? null
    const dial = this.dials.get(contact.key)
    if (dial === undefined) {
      if (entry !== null && entry.failures > 0 && other?.failures === 0) members.passive.turn(entry, true)
      return
    }
    if (dial.contacts.length > 1 || isSamePlace(dial.contacts[0]!, contact)) return
    if (!this.budget.take(members.nowMs)) return
    if (other !== null) other.triedRound = rounds.number
    dial.contacts.push(contact)
    dial.open++
    members.outputs.push({ kind: 'dial', contact })
  }

  /** A newcomer's walk ended here. */
  welcome(contact: Contact, from: MemberLink): void {
    if (this.walkBudget.take(this.members.nowMs)) this.seek(contact, 'walk', false)
    else this.members.noteTold([contact], from)
  }

  /** Asks a linked peer to be our neighbour: to let us join, as long as nobody has. */
  ask(link: MemberLink, origin: Origin, isJoin = !this.hasJoined): void {
    link.role = 'asking'
    link.origin = origin
    this.hasJoined = true
    link.request = isJoin ? { kind: 'join' } : { kind: 'neighbor', priority: this.priorityOf(link) }
    this.sendRequest(link, link.request)
  }

  /** The connection is another one now, and what was asked may have gone with the old one. */
  askAgain(link: MemberLink): void {
    if (link.request !== null) this.sendRequest(link, link.request)
  }

  private sendRequest(link: MemberLink, request: MembershipMessage): void {
    this.members.lookAt(link, ASK_MS)
    this.members.send(link, request)
  }

  private priorityOf({ origin, reunion }: MemberLink): Priority {
    const { members } = this
    const { length } = members.regular
    const isDesperate = length === 0 || reunion
    // With two places free nobody loses by it: whoever gives way to us may have the other.
    const isShort = length <= ACTIVE_MAX - 2
    const isEndangered = members.chosen < CHOSEN_MIN && (this.rounds.vain > 1 || members.isPressed)
    const isUrgent =
      isDesperate || origin === 'sought' || (origin === 'chosen' && (isEndangered || (isShort && this.rounds.vain > 0)))
    const isSplice = origin === 'walk' && length >= ACTIVE_MAX
    return isSplice ? 'splice' : isUrgent ? 'high' : 'low'
  }

  /** A link is up. Asks the peer if that is why it was dialled; `needless`: it was dialled for nothing by now. */
  linkUp(link: MemberLink): 'not dialled' | 'asked' | 'needless' {
    const { members } = this
    const dial = this.dials.get(link.key)
    if (dial === undefined) return 'not dialled'
    this.dials.delete(link.key)
    this.deadInARow = 0
    // A crowd that presses in names only itself, and must not drive out those we know from before.
    members.remember(link.contact, dial.isFirstHand || (dial.why !== 'walk' && !members.isPressed))
    link.reunion = this.lost.found(link.key)
    const isRoom = members.regular.length + this.asking < ACTIVE_MAX
    if (!isRoom && dial.why !== 'walk' && dial.why !== 'sought' && !link.reunion) {
      members.note(link.contact, dial.isFirstHand ? null : STRANGERS)
      const entry = members.passive.get(link.key)
      if (entry !== null && !isSamePlace(entry.contact, link.contact)) members.passive.turn(entry, false)
      if (entry !== null) entry.answeredAtMs = members.nowMs
      return 'needless'
    }
    this.ask(link, this.originOf(dial.why, dial.isFirstHand))
    return 'asked'
  }

  /** While many press in, whom others name counts as one of them: the places that they cannot have are for those we know ourselves. */
  private originOf(why: Dial['why'], isFirstHand: boolean): Origin {
    if (why === 'walk' || why === 'sought') return why
    return isFirstHand || !this.members.isPressed ? 'chosen' : 'offered'
  }

  dialFailed(key: string): void {
    const dial = this.dials.get(key)
    if (dial === undefined || --dial.open > 0) return
    this.dials.delete(key)
    this.lost.dialFailed(key)
    if (dial.why === 'chosen') this.deadInARow++
    if (dial.why !== 'walk') for (const contact of dial.contacts) this.members.proveDead(contact)
  }

  /** A peer that was asked refused, went, or said nothing. */
  askFailed(): void {
    this.rounds.refusals++
    if (this.members.active.length === 0) this.hasJoined = false
  }

  /** There is a new neighbour. */
  admitted(): void {
    this.rounds.vain = 0
    this.rounds.refusals = 0
    // Now that somebody answers, those who did not are known to be gone.
    const dead = this.members.passive.entries.filter((entry) => entry.failures > 0)
    for (const { contact } of dead) this.members.proveDead(contact)
  }

  /** A neighbour went without a goodbye. */
  lose(contact: Contact): void {
    if (this.lost.add(contact)) this.alarmedUntilMs = this.members.nowMs + ALARM_MS
  }

  /** It is time to see whether a lost neighbour is back. */
  retryLost(key: string): void {
    const contact = this.lost.due(key)
    if (contact !== null) this.seek(contact, 'lost', true)
  }

  private isCandidate({ contact, place, triedRound }: PassiveEntry, isOfAnyBlock = false): boolean {
    if (triedRound === this.rounds.number || this.dials.has(contact.key)) return false
    if (this.members.links.get(contact.key)?.role === 'asking') return false
    if (place.block === null) return true
    const ofBlock = this.members.regular.filter((link) => link.place.block === place.block).length
    return ofBlock < OFFERED_PER_BLOCK_MAX || (isOfAnyBlock && !this.members.hasOthersThan(place.block))
  }
}
