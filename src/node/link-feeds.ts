import type { NodeContext } from './context.ts'
import { isAhead, type LinkFeed, type LinkState } from './link-state.ts'
import type { Links } from './links.ts'

/**
 * What links know of feeds, all in all: the full table of feeds for three neighbours, or 10,000 feeds for nineteen. Some 230 bytes
 * each (measured), 45 MB.
 */
export const LINK_FEEDS_MAX = 196_608
/** Names that peers have given to feeds, all in all: eight links' fill. Some 70 bytes each (measured), 36 MB. */
export const LINK_NAMES_MAX = 524_288
/** Counting goes over every link: so many new ones at a time are not counted yet. */
const COUNT_EVERY = 4_096
/** Making room a little at a time would be to look through everything again and again. */
const LEFT_AFTERWARDS = LINK_FEEDS_MAX * 0.75
/** A feed that has been quiet for so long is likely to be so for another while. */
const QUIET_MS = 10_000

/**
 * Bounds what is kept for each link and feed together: naming feeds is free, and a node has many links. Of those who have named most, the
 * places of quiet feeds are forgotten first: such a feed gets another handle when there is something to tell of it.
 */
export class LinkFeeds {
  private uncounted = 0

  constructor(
    private readonly context: NodeContext,
    private readonly links: Links,
  ) {}

  /** To be called before each new place or name. */
  grow(): void {
    if (++this.uncounted < COUNT_EVERY) return
    this.uncounted = 0
    let places = 0
    let names = 0
    for (const link of this.links.neighbours.values()) {
      places += link.feeds.size
      names += link.theirs.size
    }
    if (places > LINK_FEEDS_MAX) this.makeRoom(places)
    // What a name stands for cannot be forgotten while its link lasts.
    if (names > LINK_NAMES_MAX) this.links.wornOut(this.byPlaces((link) => link.theirs.size)[0]!)
  }

  private makeRoom(places: number): void {
    const links = this.byPlaces((link) => link.feeds.size)
    let left = places
    for (const isDispensable of [this.isIdle, this.isUnused]) {
      for (const link of links) {
        if (left <= LEFT_AFTERWARDS) return
        for (const on of link.feeds.values()) {
          if (isDispensable.call(this, link, on) && link.feeds.delete(on.feed)) left--
        }
      }
    }
    // All of it is about to be told to one who does not read.
    if (left > LINK_FEEDS_MAX) this.links.wornOut(links[0]!)
  }

  /** Nothing is known of it that would not be found out again at no cost but a name. */
  private isIdle(link: LinkState, on: LinkFeed): boolean {
    const { feed, cursor } = on
    if (this.context.nowMs - feed.activeAtMs < QUIET_MS || isAhead(on)) return false
    return this.isUnused(link, on) && (cursor === null || cursor >= feed.log.end)
  }

  private isUnused(link: LinkState, on: LinkFeed): boolean {
    return !on.queued && on.feed.source !== link
  }

  private byPlaces(count: (link: LinkState) => number): LinkState[] {
    return [...this.links.neighbours.values()].sort((a, b) => count(b) - count(a))
  }
}
