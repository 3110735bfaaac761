import type { Timer } from '../../base/timers.ts'
import type { Contact } from '../../wire/membership.ts'
import type { MemberLink, Members, MembershipTimer, Origin } from './hyparview-members.ts'
import {
  ACTIVE_MAX,
  ALARM_MS,
  ASK_MS,
  CHOSEN_MIN,
  DIAL_REFILL_MS,
  DIALS_BURST,
  LOST_ATTEMPTS_MAX,
  LOST_FIRST_MS,
  LOST_LAST_MS,
  LOST_MAX,
  LOST_TOGETHER_MS,
  OFFERED_PER_BLOCK_MAX,
  PROMOTIONS_AT_ONCE,
  REFUSALS_MAX,
  RETRY_FIRST_MS,
  RETRY_MAX_MS,
  WALK_DIAL_REFILL_MS,
  WALK_DIALS_BURST,
} from './hyparview-parameters.ts'
import type { PassiveEntry } from './hyparview-passive.ts'
import { TokenBucket } from './token-bucket.ts'

/** Former neighbours tried at once when nobody else is left. */
const RECALL = 8

/** A dial under way, and what for: `lost` is a former neighbour, to be seen whether it is back. */
interface Dial {
  readonly contact: Contact
  readonly why: 'chosen' | 'walk' | 'lost'
}

/** A neighbour that went without a goodbye. */
interface Lost {
  readonly contact: Contact
  readonly atMs: number
  failures: number
  /** Others went at about the same time. */
  together: boolean
}

/**
 * Fills the active view from the passive one (paper, "Active View Management"): whenever a place is free peers are dialled and asked,
 * more of them at once the more prove dead. When all have been asked in vain they are left alone for a while. When several neighbours go at
 * once everybody known is dialled, needed or not: some of them have lost all theirs, and will see to that. The paper promotes only after a failure and
 * forgets whoever does not answer at once; a node whose own network went away for a minute would forget everybody.
 */
export class Promotion {
  private readonly dials = new Map<string, Dial>()
  private readonly lost = new Map<string, Lost>()
  private readonly budget = new TokenBucket(DIALS_BURST, DIAL_REFILL_MS)
  private readonly walkBudget = new TokenBucket(WALK_DIALS_BURST, WALK_DIAL_REFILL_MS)
  private round = 1
  /** Rounds that ended without filling the view. */
  private vain = 0
  private deadInARow = 0
  private refusals = 0
  /** Acquaintances that this round has gone through. */
  private readonly recalled = new Set<string>()
  private fillTimer: Timer<MembershipTimer> | null = null
  /** What the timer waits for: a new round, rather than leave to go on with this one. */
  private isResting = false
  private notBeforeMs = 0
  private alarmedUntilMs = 0
  private hasJoined = false

  constructor(private readonly members: Members) {}

  /** Peers being dialled or asked because we picked them. */
  private get underWay(): number {
    let count = 0
    for (const dial of this.dials.values()) if (dial.why === 'chosen') count++
    return count + this.asking
  }

  private get asking(): number {
    let count = 0
    for (const link of this.members.links.values()) if (link.role === 'asking') count++
    return count
  }

  /** Asks for neighbours as long as places are free and somebody is left to ask. Called after every input. */
  fill(): void {
    const { members } = this
    while (members.nowMs >= this.notBeforeMs) {
      const free = ACTIVE_MAX - members.active.length - this.asking
      const isAlarmed = members.nowMs < this.alarmedUntilMs
      const atOnce = isAlarmed ? PROMOTIONS_AT_ONCE : Math.min(PROMOTIONS_AT_ONCE, free + this.deadInARow)
      if ((free <= 0 && !isAlarmed) || this.underWay >= atOnce) return
      const entry = this.next()
      if (entry === null) {
        this.alarmedUntilMs = 0
        if (free > 0 && this.underWay === 0 && !this.isResting) this.rest()
        return
      }
      // What we know ourselves nobody can make us dial.
      if (entry.source !== null && !this.budget.take(members.nowMs)) return this.wait(this.budget.waitMs(members.nowMs))
      entry.triedRound = this.round
      this.seek(entry.contact, 'chosen')
    }
  }

  /**
   * Whom to ask next: any of the passive view, and acquaintances when that is exhausted. When many press in on us they may have filled it, and whom we
   * know at first hand comes first.
   */
  private next(): PassiveEntry | null {
    const { members } = this
    if (this.refusals >= REFUSALS_MAX) return null
    const any = (isFirstHand: boolean): PassiveEntry | null =>
      members.passive.pick(members.rng, (entry) => (!isFirstHand || entry.source === null) && this.isCandidate(entry))
    for (;;) {
      const entry = any(members.isPressed)
      if (entry !== null) return entry
      if (!members.recall(RECALL, this.recalled)) return any(false)
    }
  }

  /** Asks nobody for so long. */
  wait(delayMs: number): void {
    this.isResting = false
    this.notBeforeMs = this.members.nowMs + delayMs
    this.setTimer(delayMs)
  }

  /** The timer has run out. Answers whether a round ended without enough neighbours. */
  resume(): boolean {
    const wasResting = this.isResting
    this.fillTimer = null
    this.isResting = false
    if (wasResting) {
      this.nextRound()
    }
    return wasResting && this.members.active.length < ACTIVE_MAX
  }

  /** A place came free: everybody may be asked again, and at once. */
  encourage(): void {
    if (this.fillTimer !== null) this.members.timers.cancel(this.fillTimer)
    this.fillTimer = null
    this.isResting = false
    this.notBeforeMs = 0
    this.vain = 0
    this.nextRound()
  }

  private nextRound(): void {
    this.round++
    this.refusals = 0
    this.recalled.clear()
  }

  /** Dials a peer, or asks it where a link is there already. */
  seek(contact: Contact, why: Dial['why']): void {
    const { members } = this
    const link = members.links.get(contact.key)
    if (link !== undefined) {
      if (link.role === 'guest') this.ask(link, why === 'walk' ? 'walk' : 'chosen')
    } else if (!this.dials.has(contact.key)) {
      this.dials.set(contact.key, { contact, why })
      members.outputs.push({ kind: 'dial', contact })
    }
  }

  /** A newcomer's walk ended here. */
  welcome(contact: Contact, from: MemberLink): void {
    if (this.walkBudget.take(this.members.nowMs)) this.seek(contact, 'walk')
    else this.members.noteTold([contact], from)
  }

  /** Asks a linked peer to be our neighbour: to let us join, as long as nobody has. */
  ask(link: MemberLink, origin: Origin, isJoin = !this.hasJoined): void {
    const { members } = this
    link.role = 'asking'
    link.origin = origin
    members.lookAt(link, ASK_MS)
    this.hasJoined = true
    if (isJoin) return members.send(link, { kind: 'join' })
    const isDesperate = members.active.length === 0 || link.reunion
    // With two places free nobody loses by it: whoever gives way to us may have the other.
    const isShort = members.active.length <= ACTIVE_MAX - 2
    const isEndangered = members.chosen < CHOSEN_MIN && (this.vain > 1 || members.isPressed)
    const isUrgent = isDesperate || (origin === 'chosen' && (isEndangered || (isShort && this.vain > 0)))
    const isSplice = origin === 'walk' && members.active.length >= ACTIVE_MAX
    members.send(link, { kind: 'neighbor', priority: isSplice ? 'splice' : isUrgent ? 'high' : 'low' })
  }

  /** A link is up. Asks the peer if that is why it was dialled; answers whether it was dialled for nothing by now. */
  linkUp(link: MemberLink): boolean {
    const { members } = this
    const dial = this.dials.get(link.key)
    if (dial === undefined) return false
    this.dials.delete(link.key)
    this.deadInARow = 0
    members.remember(link.contact, dial.why !== 'walk')
    const lost = this.lost.get(link.key)
    if (lost !== undefined) {
      this.lost.delete(link.key)
      link.reunion = lost.failures > 0 && lost.together
    }
    const isRoom = members.active.length + this.asking < ACTIVE_MAX
    if (!isRoom && dial.why !== 'walk' && !link.reunion) {
      members.note(link.contact, null)
      return true
    }
    this.ask(link, dial.why === 'walk' ? 'walk' : 'chosen')
    return false
  }

  dialFailed(key: string): void {
    const dial = this.dials.get(key)
    if (dial === undefined) return
    this.dials.delete(key)
    const lost = this.lost.get(key)
    if (lost !== undefined) this.againLater(lost)
    if (dial.why !== 'chosen') return
    this.deadInARow++
    this.members.proveDead(dial.contact)
  }

  /** A peer that was asked refused, went, or said nothing. */
  askFailed(): void {
    this.refusals++
    if (this.members.active.length === 0) this.hasJoined = false
  }

  /** There is a new neighbour. */
  admitted(): void {
    this.vain = 0
    this.refusals = 0
    // Now that somebody answers, those who did not are known to be gone.
    const dead = this.members.passive.entries.filter((entry) => entry.failures > 0)
    for (const { contact } of dead) this.members.proveDead(contact)
  }

  /** A neighbour went without a goodbye: it is dialled again, ever more rarely, should it come back. */
  lose(contact: Contact): void {
    if (contact.address === null) return
    if (this.lost.size >= LOST_MAX) this.lost.delete(this.lost.keys().next().value!)
    const lost: Lost = { contact, atMs: this.members.nowMs, failures: 0, together: false }
    for (const other of this.lost.values()) {
      const apartMs = lost.atMs - other.atMs
      if (apartMs <= LOST_TOGETHER_MS) lost.together = other.together = true
      if (apartMs <= ALARM_MS) this.alarmedUntilMs = lost.atMs + ALARM_MS
    }
    this.lost.set(contact.key, lost)
    this.againLater(lost, 0)
  }

  /** It is time to see whether a lost neighbour is back. */
  retryLost(key: string): void {
    const lost = this.lost.get(key)
    if (lost === undefined) return
    if (this.members.links.has(key)) this.lost.delete(key)
    else this.seek(lost.contact, 'lost')
  }

  private againLater(lost: Lost, failed = 1): void {
    const { members } = this
    lost.failures += failed
    if (lost.failures >= LOST_ATTEMPTS_MAX) {
      this.lost.delete(lost.contact.key)
      return
    }
    const pauseMs = Math.min(LOST_FIRST_MS * 2 ** lost.failures, LOST_LAST_MS) * (0.8 + 0.4 * members.rng.float())
    members.timers.set(members.nowMs + pauseMs, { kind: 'lost', key: lost.contact.key })
  }

  private isCandidate({ contact, place, triedRound }: PassiveEntry): boolean {
    if (triedRound === this.round || this.dials.has(contact.key)) return false
    if (this.members.links.get(contact.key)?.role === 'asking') return false
    if (place.block === null) return true
    let ofBlock = 0
    for (const link of this.members.active) if (link.place.block === place.block) ofBlock++
    return ofBlock < OFFERED_PER_BLOCK_MAX
  }

  private rest(): void {
    const pauseMs = Math.min(RETRY_FIRST_MS * 2 ** Math.min(this.vain, 10), RETRY_MAX_MS)
    this.vain++
    this.isResting = true
    this.setTimer(pauseMs * (0.8 + 0.4 * this.members.rng.float()))
  }

  private setTimer(delayMs: number): void {
    const { members } = this
    if (this.fillTimer !== null) members.timers.cancel(this.fillTimer)
    this.fillTimer = members.timers.set(members.nowMs + delayMs, { kind: 'fill' })
  }
}
