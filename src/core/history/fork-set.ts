import { toHex } from '../../base/bytes.ts'
import type { Signed } from './trunk.ts'

/**
 * Who signs two histories has lost a store and begun again from an old copy, or means harm. The first says no more in that feed once it is
 * told, so as much as a day's talk is enough for it; and of the other nobody has to keep more. What one feed has beside the history that
 * came first, in all others together.
 */
export const FORK_EVENTS_MAX = 256
export const FORK_BYTES_MAX = 1024 * 1024
/** What a bundle takes in memory beside its bytes, and each event of it. */
const BRANCH_OVERHEAD_BYTES = 400
const EVENT_OVERHEAD_BYTES = 150

/** What a history ends with. `end`: one past the number of its last event, whose id `id` is. */
export interface End {
  readonly end: number
  readonly id: Uint8Array
}

/** A bundle of another history than the one that came first. */
export interface Branch extends Signed {
  readonly bytes: Uint8Array
  /** It stands where the other history has something else, or follows what does: before that a peer only says so. */
  isProven: boolean
  /** It was given to people and to the store, as far as we are in its room. */
  isKept: boolean
  /** Where the other goes on from its last event: the event that the other has at that number itself. */
  seam: Uint8Array | null
}

/** The histories of a feed but for the one that came first: what its author has signed beside that. */
export class ForkSet {
  /** The first number at which there are two events, as far as is known. */
  since = Number.POSITIVE_INFINITY
  /** There is more than is kept; or it had to make room for others. Nothing is taken in any more. */
  isClosed = false
  private readonly looseEnds = new Map<string, End>()
  private readonly branches = new Map<string, Branch>()
  /** The bundle that each event is in. */
  private readonly events = new Map<string, Branch>()
  private bytes = 0

  get size(): number {
    return this.branches.size
  }

  /** Memory it takes. */
  get cost(): number {
    return this.bytes + this.branches.size * BRANCH_OVERHEAD_BYTES + this.events.size * EVENT_OVERHEAD_BYTES
  }

  get all(): Branch[] {
    return [...this.branches.values()]
  }

  get isProven(): boolean {
    return this.since < Number.POSITIVE_INFINITY
  }

  /** Those of which it is not known yet whether they are of another history at all. */
  get unproven(): Branch[] {
    return [...this.branches.values()].filter(({ isProven }) => !isProven)
  }

  /** What something here or in the trunk was signed to follow, and is in neither as far as is known. */
  get loose(): End[] {
    return [...this.looseEnds.values()]
  }

  lacks(end: End): void {
    if (this.looseEnds.size < FORK_EVENTS_MAX) this.looseEnds.set(toHex(end.id), end)
  }

  /** The trunk has these. */
  found(ids: readonly Uint8Array[]): void {
    for (const id of ids) this.looseEnds.delete(toHex(id))
  }

  /** How far down something that ends there may go before it meets what is here: a guess. */
  downFrom(end: number): number {
    let down = 1
    for (const branch of this.branches.values()) if (endOf(branch) < end) down = Math.max(down, endOf(branch))
    return down
  }

  has(id: Uint8Array): boolean {
    return this.events.has(toHex(id))
  }

  hasAll(ids: readonly Uint8Array[]): boolean {
    return ids.every((id) => this.has(id))
  }

  /** The bundle that an event is in. */
  of(id: Uint8Array): Branch | undefined {
    return this.events.get(toHex(id))
  }

  /** The last events of bundles that one beginning with `first` may follow. */
  lastBefore(first: number): Uint8Array[] {
    const before = [...this.branches.values()].filter((branch) => endOf(branch) === first)
    return before.map((branch) => branch.ids.at(-1)!)
  }

  /**
   * `partsAt`: where it is known to part from the trunk. False where there is no room for it beside what is proven: then, if it is proven
   * itself, the set is closed. What is not proven makes way.
   */
  add(branch: Branch, partsAt: number | null): boolean {
    if (partsAt !== null) this.partsAt(branch, partsAt)
    if (!this.hasRoomFor(branch)) for (const other of this.unproven) this.remove(other)
    if (!this.hasRoomFor(branch)) {
      if (branch.isProven) this.isClosed = true
      return false
    }
    this.branches.set(toHex(branch.ids.at(-1)!), branch)
    for (const id of branch.ids) {
      this.events.set(toHex(id), branch)
      this.looseEnds.delete(toHex(id))
    }
    this.bytes += branch.bytes.length
    return true
  }

  /** Where a branch parts from the trunk has become known: it is proven. */
  partsAt(branch: Branch, number: number): void {
    branch.isProven = true
    this.since = Math.min(this.since, number)
  }

  remove(branch: Branch): void {
    if (!this.branches.delete(toHex(branch.ids.at(-1)!))) return
    for (const id of branch.ids) this.events.delete(toHex(id))
    this.bytes -= branch.bytes.length
  }

  /** What follows something proven is proven; answers what that has made so, what comes before first. */
  prove(): Branch[] {
    const proven: Branch[] = []
    for (let isChanged = true; isChanged; ) {
      isChanged = false
      for (const branch of this.unproven) {
        if (this.of(branch.previous)?.isProven !== true) continue
        branch.isProven = true
        isChanged = true
        proven.push(branch)
      }
    }
    return proven
  }

  /** Empties and closes it. */
  giveUp(): void {
    this.branches.clear()
    this.events.clear()
    this.looseEnds.clear()
    this.bytes = 0
    this.isClosed = true
  }

  /** What all histories end with, that of the trunk first; of the others those that are proven, or all. None is told twice. */
  ends(trunk: End, which: 'proven' | 'all' = 'proven'): End[] {
    const ends = new Map([[toHex(trunk.id), trunk]])
    const followed = new Set(Array.from(this.branches.values(), ({ previous }) => toHex(previous)))
    for (const branch of this.branches.values()) {
      const id = branch.seam ?? branch.ids.at(-1)!
      const key = toHex(id)
      if ((which === 'proven' && !branch.isProven) || ends.has(key) || (branch.seam === null && followed.has(key)))
        continue
      ends.set(key, { end: endOf(branch), id })
    }
    return [...ends.values()]
  }

  /**
   * How far the feed is held, as others are to compare it: who has all the same histories says the same, whichever came first. `tip` is the sum
   * of what they end with, the trunk's alone where there is no other.
   */
  face(trunk: End): { readonly next: number; readonly tip: Uint8Array } {
    const ends = this.ends(trunk)
    const tip = new Uint8Array(trunk.id.length)
    for (const { id } of ends) for (const [i, byte] of id.entries()) tip[i]! ^= byte
    return { next: Math.max(...ends.map(({ end }) => end)), tip }
  }

  private hasRoomFor(branch: Branch): boolean {
    return this.events.size + branch.ids.length <= FORK_EVENTS_MAX && this.bytes + branch.bytes.length <= FORK_BYTES_MAX
  }
}

export function endOf({ first, ids }: Signed): number {
  return first + ids.length
}
