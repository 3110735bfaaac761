import type { FeedLog } from '../core/history/feed-log.ts'
import type { LinkState } from './link-state.ts'
import type { Room } from './room-state.ts'

/** One feed as the node knows it: its log, and what hangs on it. */
export interface Feed {
  readonly log: FeedLog
  /** The feed's id in hexadecimal: key of maps. */
  readonly key: string
  readonly authorKey: string
  readonly own: boolean
  /** The joined room it belongs to, or null when we only pass it on. */
  room: Room | null
  /** The author's name by the last profile event; null before one. */
  authorName: string | null
  /** The link we are catching up from; null when nothing is missing. */
  source: LinkState | null
  /** Between the first request and having what was asked for. */
  catching: boolean
  /** The link that last took another's place as the way it comes by, for having fewer hops as it said; 0 for none. */
  climber: number
  /** When something last came of it, monotonic: old feeds of strange rooms are forgotten first. */
  activeAtMs: number
  /** The link that first named it while it is empty. */
  broughtBy: LinkState | null
  /** Thrown out of the table; handles may still point here. */
  forgotten: boolean
}
