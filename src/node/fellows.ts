import type { Timer } from '../base/timers.ts'
import type { NodeContext } from './context.ts'
import type { Feed } from './feed.ts'
import type { LinkState } from './link-state.ts'
import type { Links } from './links.ts'
import type { Room } from './room-state.ts'

/** How often it is looked who is missing. A guess: whom we know of changes twice a minute. */
const LOOK_EVERY_MS = 15_000
/** After each that was turned to and brought nothing the next has so long, twice as long each time: what nobody has is not looked for among thousands. */
const PAUSE_FIRST_MS = 30_000
const PAUSE_MAX_MS = 3_600_000
/** Fellows turned to so far are turned to last; so many are remembered. */
const TRIED_MAX = 256

export interface FellowsOwner {
  /** All joined open rooms, by their ids in hexadecimal. */
  readonly open: ReadonlyMap<string, Room>
  readonly isKeeping: boolean
  /** Whether all is known that a peer is going to say of a room. */
  isSettled(link: LinkState, room: Room): boolean
  /** Whether a peer is known to be in a room. */
  isIn(link: LinkState, room: Room): boolean
  /** Rooms of which something is known to be missing, whether somebody linked may have it or not. */
  lacking(): ReadonlySet<Room>
  /** Feeds with holes that nobody linked can fill. */
  stuck(): readonly Feed[]
}

/** How it stands with a room in which somebody is looked for. */
interface Search {
  /** Turned to in vain, in a row. */
  vain: number
  notBeforeMs: number
  /** Events missing when the last one was turned to. */
  missing: number
}

/**
 * Neighbours are anybody in the network, and those who are not in a room remember the last of it only. So the members of a small room in a large
 * network may have nobody between them who has what one of them lacks. Whoever has met no fellow since it was last alone, or has holes that no
 * neighbour can fill, is therefore linked with a member that is there, if it is known where: one more neighbour, in the place of another
 * stranger, and let go of like any other. One dial in a quarter of a minute at most, and soon hardly any where that is in vain: holes that
 * somebody makes on purpose, and members that he makes up, cost us next to nothing.
 */
export class Fellows {
  /**
   * Links with the first of these peers of which it is known where it is, and that is not linked: its key; null where there is none. Set by who chooses
   * neighbours.
   */
  seek: (keys: Iterable<string>) => string | null = () => null
  /** Rooms in which a fellow has been met since we last had no neighbour. */
  private readonly met = new Set<Room>()
  private readonly searches = new Map<Room, Search>()
  /** Whoever was turned to last is at the end. */
  private readonly tried = new Set<string>()
  private timer: Timer<() => void> | null = null

  constructor(
    private readonly context: NodeContext,
    private readonly links: Links,
    private readonly owner: FellowsOwner,
  ) {}

  /** A room was joined, a link is up, or there are holes: somebody may be missing. */
  wake(): void {
    if (!this.owner.isKeeping) return
    this.timer ??= this.context.after(LOOK_EVERY_MS, () => {
      this.timer = null
      this.look()
    })
  }

  /** More is known of the rooms that a peer is in. */
  settled(link: LinkState): void {
    for (const room of this.owner.open.values()) if (this.owner.isIn(link, room)) this.met.add(room)
  }

  /** To be called when the link is no neighbour's any more. */
  linkDown(): void {
    if (this.links.neighbours.size === 0) this.met.clear()
  }

  private look(): void {
    const lacking = this.owner.lacking()
    for (const room of this.met) if (!this.isKnown(room)) this.met.delete(room)
    // What it was in vain for is not forgotten while it is not known for a moment who has what.
    for (const room of this.searches.keys()) {
      if (!this.isKnown(room) || (this.isMet(room) && !lacking.has(room))) this.searches.delete(room)
    }
    if (this.links.neighbours.size === 0) return
    const isAllThere = [...this.owner.open.values()].every((room) => this.isMet(room))
    if (!isAllThere || lacking.size > 0) this.wake()
    for (const [room, feeds] of this.needs()) if (this.turn(room, feeds)) return
  }

  private isKnown(room: Room): boolean {
    return room.peer !== null || this.owner.open.get(room.key) === room
  }

  /** Nobody is looked for in a conversation for being there alone. */
  private isMet(room: Room): boolean {
    return room.peer !== null || this.met.has(room)
  }

  /** Where somebody is needed, and the feeds that have holes there. */
  private needs(): Map<Room, Feed[]> {
    const needs = new Map<Room, Feed[]>()
    const links = [...this.links.neighbours.values()]
    for (const room of this.owner.open.values()) {
      if (!this.met.has(room) && links.every((link) => this.owner.isSettled(link, room))) needs.set(room, [])
    }
    for (const feed of this.owner.stuck()) {
      const feeds = needs.get(feed.room!) ?? []
      feeds.push(feed)
      needs.set(feed.room!, feeds)
    }
    return needs
  }

  /** Answers whether somebody was turned to. */
  private turn(room: Room, feeds: readonly Feed[]): boolean {
    let missing = 0
    for (const { holes } of feeds) for (const { from, to } of holes) missing += to - from
    const search = this.searches.get(room) ?? { vain: 0, notBeforeMs: 0, missing }
    this.searches.set(room, search)
    const { nowMs } = this.context
    // The last one was worth it.
    if (missing < search.missing) Object.assign(search, { vain: 0, notBeforeMs: nowMs, missing })
    if (search.notBeforeMs > nowMs) return false
    const key = this.seek(this.candidates(room, feeds))
    if (key === null) return false
    search.notBeforeMs = nowMs + Math.min(PAUSE_FIRST_MS * 2 ** search.vain, PAUSE_MAX_MS)
    search.vain++
    search.missing = missing
    this.tried.delete(key)
    if (this.tried.size >= TRIED_MAX) this.tried.delete(this.tried.keys().next().value!)
    this.tried.add(key)
    return true
  }

  /** Who has said it first, for he has it; then the others, and last those turned to before. */
  private candidates(room: Room, feeds: readonly Feed[]): string[] {
    if (room.peer !== null) return this.links.neighbours.has(room.peer.key) ? [] : [room.peer.key]
    const authors = new Set(feeds.map(({ authorKey }) => authorKey))
    const tried = [...this.tried]
    const rank = (key: string): number => (tried.indexOf(key) + 1) * 2 + (authors.has(key) ? 0 : 1)
    return Array.from(room.members.list(), ({ key }) => ({ key, rank: rank(key), lot: this.context.rng.float() }))
      .filter(({ key }) => key !== this.context.ownKey && !this.links.neighbours.has(key))
      .sort((a, b) => a.rank - b.rank || a.lot - b.lot)
      .map(({ key }) => key)
  }
}
