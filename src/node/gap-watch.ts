import type { Feed } from './feed.ts'
import type { LinkState } from './link-state.ts'
import type { Links } from './links.ts'

export interface GapOwner {
  keeps(feed: Feed): boolean
  /** Something of what is missing is being fetched, or may be had from somebody. */
  isHopeful(feed: Feed): boolean
  /** What the peer has of a feed's room is known. */
  isSettled(link: LinkState, feed: Feed): boolean
  /** Nobody present has so many events of a feed; 0: what was said to be missing has come. */
  gap(feed: Feed, missing: number): void
}

/** Says of feeds with holes, once for each change, how much of them nobody present has, and that it has come. */
export class GapWatch {
  /** Feeds with holes, and of how many events it was said that nobody has them. */
  private readonly told = new Map<Feed, number>()

  constructor(
    private readonly links: Links,
    private readonly owner: GapOwner,
  ) {}

  get isEmpty(): boolean {
    return this.told.size === 0
  }

  /** It may have a hole. */
  note(feed: Feed): void {
    if (!this.told.has(feed) && feed.hasHoles) this.told.set(feed, 0)
  }

  /** It has none any more. */
  closed(feed: Feed): void {
    const told = this.told.get(feed) ?? 0
    this.told.delete(feed)
    if (told > 0) this.owner.gap(feed, 0)
  }

  forget(feed: Feed): void {
    this.told.delete(feed)
  }

  /** Those of which it was said that something is missing, and has not come since. */
  get lacking(): Feed[] {
    const found: Feed[] = []
    for (const [feed, told] of this.told) if (told > 0 && this.owner.keeps(feed) && feed.hasHoles) found.push(feed)
    return found
  }

  /** Those of which nobody present has what is missing, as it stands now. */
  get stuck(): Feed[] {
    return this.lacking.filter((feed) => this.isStuck(feed))
  }

  /** Looks through all of them. Answers whether that is to be done again before long, because it is not known yet who has what. */
  review(): boolean {
    let isUncertain = false
    for (const [feed, told] of this.told) if (!this.reviewFeed(feed, told)) isUncertain = true
    return isUncertain
  }

  private reviewFeed(feed: Feed, told: number): boolean {
    if (!this.owner.keeps(feed) || !feed.hasHoles) {
      this.told.delete(feed)
      return true
    }
    if (this.links.neighbours.size === 0) return true
    if (!this.isStuck(feed)) return false
    let missing = 0
    for (const { from, to } of feed.holes) missing += to - from
    if (missing !== told) this.owner.gap(feed, missing)
    this.told.set(feed, missing)
    return true
  }

  private isStuck(feed: Feed): boolean {
    if (!this.owner.keeps(feed) || !feed.hasHoles || this.owner.isHopeful(feed)) return false
    for (const link of this.links.neighbours.values()) if (!this.owner.isSettled(link, feed)) return false
    return true
  }
}
