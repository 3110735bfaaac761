import type { Broadcast } from '../core/gossip/broadcast.ts'
import { FrameType } from '../wire/frame.ts'
import { HOPS_MAX } from '../wire/limits.ts'
import type { Announcements } from './announcements.ts'
import type { CatchUp } from './catch-up.ts'
import type { NodeContext } from './context.ts'
import type { Feed } from './feed.ts'
import type { FeedSender } from './feed-sender.ts'
import type { LinkState } from './link-state.ts'
import type { Links } from './links.ts'

/** A feed that was heard of so recently is asked for at once when its link goes. */
const ORPHAN_ACTIVE_MS = 10_000

/** Our side of the trees that feeds are pushed along: which links push to us, and which we push to. */
export class TreeSide {
  constructor(
    private readonly context: NodeContext,
    private readonly links: Links,
    private readonly broadcast: Broadcast,
    private readonly sender: FeedSender,
    private readonly announcements: Announcements,
    private readonly catchUp: CatchUp,
  ) {}

  /** A copy has found its place in the feed's tree; the link that is worse is told so. */
  placed(link: LinkState, feed: Feed, hops: number, duplicate: boolean): void {
    const on = duplicate ? link.feeds.get(feed) : undefined
    const isDoubted = on !== undefined && on.hopsDoubtedUntilMs > this.context.nowMs
    const worse = this.broadcast.arrived(link.id, feed.key, isDoubted ? HOPS_MAX : hops, duplicate)
    const told = worse === null ? undefined : this.links.all.get(worse)
    if (told === undefined) return
    if (told !== link) feed.climber = link.id
    const handle = this.sender.handleOf(told, this.sender.on(told, feed))
    this.links.send(told, FrameType.lazy, (out) => out.varint(handle))
  }

  /** The link a feed came by is lost to it: whoever else there is may be the way now. Of quiet feeds a `HAVE` will tell. */
  orphaned(feed: Feed | undefined, lost: LinkState): void {
    if (feed === undefined || this.context.nowMs - feed.activeAtMs > ORPHAN_ACTIVE_MS) return
    this.catchUp.askAll(feed, lost)
  }

  /** The feed has grown: it is pushed to a link, or it is told. */
  offer(link: LinkState, feed: Feed): void {
    const on = this.sender.on(link, feed)
    if (!this.broadcast.isEager(link.id, feed.key)) {
      // A lazy link's cursor follows the log: it asks from where it is when it wants the feed.
      on.cursor = feed.log.end
      return this.announcements.add(link, feed)
    }
    // Nothing is known of how far it is: it was told of all there was when the link came up.
    on.cursor ??= on.peerNext === 1 ? feed.log.end - 1 : feed.log.positionOf(on.peerNext)
    this.sender.markReady(link, on)
    // An author who wants to leave has to know that his words are in other hands, also where they came by others'.
    if (link.peerKey === feed.authorKey) this.announcements.add(link, feed)
  }
}
