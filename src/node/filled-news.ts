import type { Timer } from '../base/timers.ts'
import type { Range } from '../core/history/ranges.ts'
import { writeFilled } from '../wire/fetch.ts'
import { FrameType } from '../wire/frame.ts'
import { HAVE_ENTRIES_MAX } from '../wire/replication.ts'
import type { NodeContext } from './context.ts'
import type { Feed } from './feed.ts'
import type { FeedSender } from './feed-sender.ts'
import type { LinkState } from './link-state.ts'
import type { Links } from './links.ts'

/** What was filled is gathered so long: some twenty answers' worth, told as one piece. */
const GATHER_MS = 1_000

/**
 * Tells neighbours what has come of what was missing: the two compared what they hold when their link came up, and who lacks the same
 * asks again only when told. So a history goes from hand to hand while it is being filled, and two halves meet in the middle.
 */
export class FilledNews {
  /** Of each link at most every feed there is, with the hull of what has come: what lies between is asked for once in vain. */
  private readonly waiting = new Map<LinkState, Map<Feed, Range>>()
  private timer: Timer<() => void> | null = null

  constructor(
    private readonly context: NodeContext,
    private readonly links: Links,
    private readonly sender: FeedSender,
    /** Whether a peer is in the room, as far as is known. */
    private readonly isShared: (link: LinkState, feed: Feed) => boolean,
  ) {}

  /** `by`: who brought it. */
  add(feed: Feed, from: number, to: number, by: LinkState): void {
    for (const link of this.links.neighbours.values()) {
      if (link !== by && this.concerns(link, feed, from, to)) this.addFor(link, feed, from, to)
    }
  }

  linkDown(link: LinkState): void {
    this.waiting.delete(link)
  }

  private concerns(link: LinkState, feed: Feed, from: number, to: number): boolean {
    // An author who wants to leave has to know that his words are in other hands.
    if (link.peerKey === feed.authorKey) return true
    const on = link.feeds.get(feed)
    // Who has all of it, or has not come so far and will ask in order.
    if (on !== undefined && (to <= (on.past?.wholeTo ?? 1) || (on.isTold && on.peerNext <= from))) return false
    const peer = feed.room?.peer ?? null
    return peer === null ? this.isShared(link, feed) : peer.key === link.peerKey
  }

  /** For one of whom it is known that it lacks it. */
  addFor(link: LinkState, feed: Feed, from: number, to: number): void {
    const waiting = this.waiting.get(link) ?? new Map<Feed, Range>()
    this.waiting.set(link, waiting)
    const before = waiting.get(feed)
    const hull =
      before === undefined ? { from, to } : { from: Math.min(from, before.from), to: Math.max(to, before.to) }
    waiting.set(feed, hull)
    this.timer ??= this.context.after(GATHER_MS, () => this.send())
  }

  private send(): void {
    this.timer = null
    for (const [link, feeds] of this.waiting) {
      const known = [...feeds].filter(([feed]) => !feed.forgotten)
      const entries = known.map(([feed, range]) => ({
        handle: this.sender.handleOf(link, this.sender.on(link, feed)),
        ...range,
      }))
      for (let at = 0; at < entries.length; at += HAVE_ENTRIES_MAX) {
        this.links.send(link, FrameType.filled, (out) => writeFilled(out, entries.slice(at, at + HAVE_ENTRIES_MAX)))
      }
    }
    this.waiting.clear()
  }
}
