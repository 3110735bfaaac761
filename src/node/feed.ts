import type { FeedLog } from '../core/history/feed-log.ts'
import type { ForkSet } from '../core/history/fork-set.ts'
import { type Range, RangeSet } from '../core/history/ranges.ts'
import type { LinkFeed, LinkState } from './link-state.ts'
import type { Room } from './room-state.ts'

/** What is to be known of a feed to write it. */
interface Writing {
  /** It is from before this start: an old copy of a store may have come back, and others have more of it. */
  isResumed: boolean
  /** Others have more of it: nothing is signed for it any more. */
  isOvertaken: boolean
  /** Where it will be when what we have sealed is safe; null when all of it is. */
  unsafe: { readonly next: number; readonly tip: Uint8Array } | null
}

/** One feed as the node knows it: its log, and what hangs on it. */
export class Feed {
  /** The joined room it belongs to, or null when we only pass it on. */
  room: Room | null = null
  /** The author's name by the last profile event; null before one. */
  authorName: string | null = null
  /** The number of that event; 0 before one. */
  namedAt = 0
  /** The link we are catching up from; null when nothing is missing. */
  source: LinkState | null = null
  /** Between the first request and having what was asked for. */
  catching = false
  /** The link that last took another's place as the way it comes by, for having fewer hops as it said; 0 for none. */
  climber = 0
  /** Thrown out of the table; handles may still point here. */
  forgotten = false
  /** What the store has of it, or was given to have; null where nothing is kept. */
  held: RangeSet | null = null
  /** What is below was dropped on purpose. */
  floor = 1
  /** Of what is held, what the store turned out not to have: it is fetched again, and not told again. */
  lost: RangeSet | null = null
  /** Far behind, we asked for what comes from here on, so that the newest is here first; null when what is asked for is the next. */
  skipTo: number | null = null
  /** Events whose bodies are gone though nobody is known to have deleted them, and their ids. `GoneBodies` keeps it. */
  unproven: { readonly ids: Map<number, Uint8Array>; readonly numbers: RangeSet } | null = null

  /** What its author has signed beside what came first; null where nothing is known to be. */
  forks: ForkSet | null = null
  /** Where it stands with links that push another history than the one that came first; null for none. */
  strays: Set<LinkFeed> | null = null
  /** How we write it; null where we never did. */
  writing: Writing | null

  constructor(
    readonly log: FeedLog,
    /** The feed's id in hexadecimal: key of maps. */
    readonly key: string,
    readonly authorKey: string,
    /** We write it; no more once somebody has what we did not write. */
    public own: boolean,
    /** When something last came of it, monotonic: old feeds of strange rooms are forgotten first. */
    public activeAtMs: number,
    /** The link that first named it while it is empty. */
    public broughtBy: LinkState | null,
  ) {
    this.writing = own ? { isResumed: false, isOvertaken: false, unsafe: null } : null
  }

  /** The oldest event from which on all is here, in the window or in the store; `next` when none is. */
  get base(): number {
    const last = this.held?.list.at(-1)
    return last !== undefined && last.to === this.log.next ? Math.min(last.from, this.log.base) : this.log.base
  }

  /** Something is here of it. */
  get isFilled(): boolean {
    return this.base < this.log.next
  }

  /** What is missing between the floor and the newest event, where it is kept; sorted. */
  get holes(): Range[] {
    return this.held?.missing(Math.min(this.floor, this.log.next), this.log.next) ?? []
  }

  get hasHoles(): boolean {
    return this.held !== null && this.held.newestMissing(this.floor, this.log.next) !== null
  }

  /** The store does not have it after all. */
  lose(from: number, to: number): void {
    this.held?.remove(from, to)
    this.lost ??= new RangeSet()
    this.lost.add(from, to)
  }

  hold(from: number, to: number): void {
    this.held ??= new RangeSet()
    this.held.add(from, to)
  }
}
