import type { Feed } from './feed.ts'
import type { LinkState } from './link-state.ts'
import type { Links } from './links.ts'
import type { Reconciling } from './reconciling.ts'
import type { Room } from './room-state.ts'

/** How far feeds have come with our neighbours, by what was sent there and what they say. */
export class HandedOn {
  constructor(
    private readonly links: Links,
    private readonly reconciling: Reconciling,
  ) {}

  /** Whether every neighbour has all of these feeds, as far as it was told or has said. */
  isEverywhere(feeds: readonly Feed[]): boolean {
    return [...this.links.neighbours.values()].every((link) => feeds.every((feed) => this.hasAll(link, feed)))
  }

  /** Bundles that wait in a log for the slowest of the links that are reading: what a publisher must not let grow. */
  private lagBundles(feed: Feed): number {
    let most = 0
    for (const link of this.links.neighbours.values()) {
      const on = link.feeds.get(feed)
      if (on?.cursor != null) most = Math.max(most, feed.log.end - on.cursor)
    }
    return most
  }

  /** The same of what we wrote, in the room where there are most. */
  lagBundlesIn(rooms: Iterable<Room>): number {
    return Math.max(0, ...Array.from(rooms, ({ own }) => (own === null ? 0 : this.lagBundles(own))))
  }

  private hasAll(link: LinkState, feed: Feed): boolean {
    const on = link.feeds.get(feed)
    if (on !== undefined && (on.isTold || on.peerNext > 1))
      return on.peerNext >= feed.log.next && (on.past?.owed ?? null) === null
    return feed.room !== null && feed.activeAtMs < link.neighbourAtMs && this.reconciling.isSettled(link, feed.room.key)
  }
}
