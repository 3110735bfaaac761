import type { FeedLog } from '../core/history/feed-log.ts'
import { RangeSet } from '../core/history/ranges.ts'
import type { LinkState } from './link-state.ts'
import type { Room } from './room-state.ts'

/** One feed as the node knows it: its log, and what hangs on it. */
export class Feed {
  /** The joined room it belongs to, or null when we only pass it on. */
  room: Room | null = null
  /** The author's name by the last profile event; null before one. */
  authorName: string | null = null
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

  constructor(
    readonly log: FeedLog,
    /** The feed's id in hexadecimal: key of maps. */
    readonly key: string,
    readonly authorKey: string,
    readonly own: boolean,
    /** When something last came of it, monotonic: old feeds of strange rooms are forgotten first. */
    public activeAtMs: number,
    /** The link that first named it while it is empty. */
    public broughtBy: LinkState | null,
  ) {}

  /** The oldest event from which on all is here, in the window or in the store; `next` when none is. */
  get base(): number {
    const last = this.held?.list.at(-1)
    return last !== undefined && last.to === this.log.next ? Math.min(last.from, this.log.base) : this.log.base
  }

  /** Something is here of it. */
  get isFilled(): boolean {
    return this.base < this.log.next
  }

  hold(from: number, to: number): void {
    this.held ??= new RangeSet()
    this.held.add(from, to)
  }
}
