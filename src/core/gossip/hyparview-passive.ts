import { formatAddress } from '../../base/address.ts'
import type { Rng } from '../../base/rng.ts'
import type { Contact } from '../../wire/membership.ts'
import {
  PASSIVE_MAX,
  PASSIVE_OF_STRANGERS_MAX,
  PASSIVE_PER_BLOCK_MAX,
  PASSIVE_PER_SOURCE_MAX,
} from './hyparview-parameters.ts'
import { type Place, placeOf } from './hyparview-place.ts'

/** Neighbours that we did not choose count as one source of what they tell: of those an adversary can have as many as he likes. */
export const STRANGERS = 'strangers'

/** Where a peer is said to be, and what came of it. */
interface Whereabouts {
  contact: Contact
  place: Place
  /** The key of the chosen neighbour that told us, or `STRANGERS`; null for what we know ourselves, having been linked or told by the user. */
  source: string | null
  /** The round of promotions in which it was last asked. */
  triedRound: number
  /** Dials that failed in a row, while we had no neighbour to tell whose fault it was. */
  failures: number
}

export interface PassiveEntry extends Whereabouts {
  /** When a dial last found it there. */
  answeredAtMs: number
  /** Where it says itself that it is as well: tried where it is not found at `contact`. */
  elsewhere: Whereabouts | null
}

/**
 * The peers a node knows beside its neighbours: where new neighbours come from. A random sample of the network if nobody
 * meddles, so what one neighbour or one address block put in is bounded, and makes room among its own kind.
 */
export class PassiveView {
  readonly entries: PassiveEntry[] = []
  private readonly byKey = new Map<string, PassiveEntry>()

  get(key: string): PassiveEntry | null {
    return this.byKey.get(key) ?? null
  }

  remove(key: string): void {
    const entry = this.byKey.get(key)
    if (entry !== undefined) this.take(this.entries.indexOf(entry))
  }

  /**
   * Notes a peer. When there is no room one of its kind goes, else one of `given` (what was just handed out in exchange; paper, "View
   * Update Procedures"; the very objects that `sample` answered), else any. An entry that is there stays as it is: its address may be the true one and this the lie.
   */
  add(contact: Contact, place: Place, source: string | null, rng: Rng, given: readonly Contact[] = []): boolean {
    if (this.byKey.has(contact.key)) return false
    let ofSource = 0
    let ofBlock = 0
    for (const entry of this.entries) {
      if (source !== null && entry.source === source) ofSource++
      if (place.block !== null && entry.place.block === place.block) ofBlock++
    }
    const isFull = this.entries.length >= PASSIVE_MAX
    const isSourceFull = ofSource >= (source === STRANGERS ? PASSIVE_OF_STRANGERS_MAX : PASSIVE_PER_SOURCE_MAX)
    if (ofBlock >= PASSIVE_PER_BLOCK_MAX && (isFull || isSourceFull)) {
      const isOfBlock = (entry: PassiveEntry): boolean => entry.place.block === place.block
      const isGiven = this.takeOne(rng, (entry) => isOfBlock(entry) && given.includes(entry.contact))
      if (!isGiven) this.takeOne(rng, isOfBlock)
    } else if (isSourceFull) this.takeOne(rng, (entry) => entry.source === source)
    else if (isFull) this.makeRoom(rng, given)
    const answeredAtMs = Number.NEGATIVE_INFINITY
    const entry: PassiveEntry = { contact, place, source, triedRound: 0, failures: 0, answeredAtMs, elsewhere: null }
    this.entries.push(entry)
    this.byKey.set(contact.key, entry)
    return true
  }

  /**
   * A peer that is noted has said itself, by `source`, where it is. If that is another place than was noted it may have moved, or somebody repeats what it
   * said long ago: both are kept, and what we know ourselves in any case. Answers whether it is another one.
   */
  sighted(entry: PassiveEntry, contact: Contact, source: string): boolean {
    if (isSamePlace(entry.contact, contact)) return false
    if (entry.elsewhere !== null && isSamePlace(entry.elsewhere.contact, contact)) return true
    const there = { contact, place: placeOf(contact.address), source, triedRound: 0, failures: 0 }
    if (entry.elsewhere === null || entry.elsewhere.source !== null) entry.elsewhere = there
    else Object.assign(entry, there, { answeredAtMs: Number.NEGATIVE_INFINITY })
    return true
  }

  /** Looks for a peer at the other place from now on, if there is one. `isKept`: the one so far is the other one then. */
  turn(entry: PassiveEntry, isKept: boolean): boolean {
    const { contact, place, source, triedRound, failures, elsewhere } = entry
    if (elsewhere === null) return false
    const before = isKept ? { contact, place, source, triedRound, failures } : null
    Object.assign(entry, elsewhere, { answeredAtMs: Number.NEGATIVE_INFINITY, elsewhere: before })
    return true
  }

  /** `count` different ones at random, or all there are; `not` is left out. */
  sample(count: number, rng: Rng, not: string): Contact[] {
    const { entries } = this
    const picked: Contact[] = []
    // Order means nothing here, so the draw may shuffle the entries themselves.
    for (let i = 0; i < entries.length && picked.length < count; i++) {
      const j = i + rng.below(entries.length - i)
      const entry = entries[j]!
      entries[j] = entries[i]!
      entries[i] = entry
      if (entry.contact.key !== not) picked.push(entry.contact)
    }
    return picked
  }

  /** One at random of those that pass, or null. */
  pick(rng: Rng, passes: (entry: PassiveEntry) => boolean): PassiveEntry | null {
    let picked: PassiveEntry | null = null
    let seen = 0
    for (const entry of this.entries) if (passes(entry) && rng.below(++seen) === 0) picked = entry
    return picked
  }

  /** Of a crowded block one goes first. */
  private makeRoom(rng: Rng, given: readonly Contact[]): void {
    const ofBlocks = new Map<string, number>()
    for (const { place } of this.entries)
      if (place.block !== null) ofBlocks.set(place.block, (ofBlocks.get(place.block) ?? 0) + 1)
    const isCrowded = ({ place }: PassiveEntry): boolean =>
      (ofBlocks.get(place.block ?? '') ?? 0) > PASSIVE_PER_BLOCK_MAX
    if (this.takeOne(rng, isCrowded)) return
    if (!this.takeOne(rng, (entry) => given.includes(entry.contact))) this.take(rng.below(this.entries.length))
  }

  private takeOne(rng: Rng, passes: (entry: PassiveEntry) => boolean): boolean {
    const entry = this.pick(rng, passes)
    if (entry === null) return false
    this.take(this.entries.indexOf(entry))
    return true
  }

  private take(at: number): void {
    this.byKey.delete(this.entries[at]!.contact.key)
    const last = this.entries.pop()!
    if (at < this.entries.length) this.entries[at] = last
  }
}

export function isSamePlace({ address }: Contact, { address: other }: Contact): boolean {
  return address === null || other === null ? address === other : formatAddress(address) === formatAddress(other)
}
