import type { Office } from '../wire/tracker.ts'
import type { NodeContext } from './context.ts'
import type { Followed } from './tracker-visit.ts'

type TrackerMode = 'searching' | 'following' | 'checking' | 'electing' | 'serving'

/** Where we stand with one tracker: what is told of it, and what everything else depends on. */
export class TrackerStanding {
  /** `searching`: never found. `checking`: just lost, perhaps back in a moment. */
  mode: TrackerMode = 'searching'
  /** Ours, while serving. */
  office: Office | null = null
  followed: Followed | null = null
  /** Wall-clock time since when that is so. */
  sinceMs: number
  /** As told by whom we follow. */
  registered = 0
  /** Where the address given leads to: an IP address once it is known. */
  trackerHost: string
  /** Where a tracker has seen us. */
  protected seenAt: string | null = null
  /** Whoever asks is to be told, once the tracker has answered. */
  protected wantsPresent = false
  protected quietUntilMs = 0
  protected crowded = 0
  /** Who was followed last: back again, it need not come before us to be followed on. */
  protected lostKey: string | null = null
  protected isOver = false

  constructor(
    protected readonly context: NodeContext,
    trackerHost: string,
  ) {
    this.trackerHost = trackerHost
    this.sinceMs = context.wallMs
  }

  /** The one the user meant keeps the list: itself, or who was the first to take its place. */
  protected get isSettled(): boolean {
    if (this.mode === 'serving') return this.office === 'first'
    return this.followed !== null && this.followed.office !== 'elected'
  }

  protected enter(mode: TrackerMode): void {
    this.mode = mode
    this.sinceMs = this.context.wallMs
  }
}
