import type { Timer } from '../base/timers.ts'
import { FrameType } from '../wire/frame.ts'
import { HAVE_ENTRIES_MAX, writeHave } from '../wire/replication.ts'
import type { NodeContext } from './context.ts'
import type { Feed } from './feed.ts'
import type { FeedSender } from './feed-sender.ts'
import type { LinkState } from './link-state.ts'
import type { Links } from './links.ts'

/** `HAVE`s are gathered so long (measured: a quarter of the frames of sending each at once, and no later in effect). */
const GATHER_MS = 25

/** Tells links that are not pushed a feed how far it has come: a little later, and of many feeds at once. */
export class Announcements {
  /** What grew within the last moment: of each link at most every feed there is. */
  private readonly waiting = new Map<LinkState, Set<Feed>>()
  private timer: Timer<() => void> | null = null

  constructor(
    private readonly context: NodeContext,
    private readonly links: Links,
    private readonly sender: FeedSender,
  ) {}

  add(link: LinkState, feed: Feed): void {
    const waiting = this.waiting.get(link) ?? new Set()
    this.waiting.set(link, waiting.add(feed))
    this.timer ??= this.context.after(GATHER_MS, () => this.send())
  }

  linkDown(link: LinkState): void {
    this.waiting.delete(link)
  }

  private send(): void {
    this.timer = null
    for (const [link, feeds] of this.waiting) {
      const known = [...feeds].filter((feed) => !feed.forgotten)
      const entries = known.map((feed) => ({
        handle: this.sender.handleOf(link, this.sender.on(link, feed)),
        next: feed.log.next,
      }))
      for (let at = 0; at < entries.length; at += HAVE_ENTRIES_MAX) {
        this.links.send(link, FrameType.have, (out) => writeHave(out, entries.slice(at, at + HAVE_ENTRIES_MAX)))
      }
    }
    this.waiting.clear()
  }
}
