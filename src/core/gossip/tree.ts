import type { Broadcast } from './broadcast.ts'

/**
 * A broadcast tree for each feed, embedded in whatever overlay there is (Plumtree: Leitão, Pereira, Rodrigues, "Epidemic
 * Broadcast Trees", 2007). Every link begins eager. A duplicate shows that two links bring the same feed: the worse one (more hops, else the
 * later) is told to be lazy. When the link a feed comes by goes, all others are asked at once, and those who had it from us ask
 * on; the duplicates that follow prune the tree again. Asking only the best one left parts of a network waiting in a circle.
 *
 * Where the paper keeps ids of messages, a feed needs only its `next`, so there is nothing to time out per message.
 */
export class TreeBroadcast implements Broadcast {
  private readonly links = new Set<number>()
  private readonly feeds = new Map<string, FeedTree>()

  linkUp(link: number): void {
    this.links.add(link)
  }

  linkDown(link: number): readonly string[] {
    this.links.delete(link)
    const orphaned: string[] = []
    for (const [feed, tree] of this.feeds) {
      tree.drop(link)
      if (tree.up !== link) continue
      tree.up = null
      orphaned.push(feed)
    }
    return orphaned
  }

  isEager(link: number, feed: string): boolean {
    return this.feeds.get(feed)?.silenced.has(link) !== true
  }

  arrived(link: number, feed: string, hops: number, duplicate: boolean): number | null {
    const tree = this.tree(feed)
    const worse = duplicate ? tree.duplicate(link, hops) : tree.first(link, hops)
    if (worse === null || !this.links.has(worse) || tree.lazy.has(worse)) return null
    tree.lazy.add(worse)
    return worse
  }

  silenced(link: number, feed: string): void {
    this.tree(feed).silenced.add(link)
  }

  wanted(link: number, feed: string): boolean {
    const tree = this.tree(feed)
    tree.silenced.delete(link)
    if (tree.up !== link) return false
    tree.up = null
    return true
  }

  asked(link: number, feed: string): void {
    this.tree(feed).lazy.delete(link)
  }

  forget(feed: string): void {
    this.feeds.delete(feed)
  }

  private tree(feed: string): FeedTree {
    const known = this.feeds.get(feed)
    if (known !== undefined) return known
    const tree = new FeedTree()
    this.feeds.set(feed, tree)
    return tree
  }
}

/** One feed's place in its tree, seen from here. */
class FeedTree {
  /** The link it comes by. */
  up: number | null = null
  private upHops = 0
  /** The link that brought the newest bundle first, and with how many hops. */
  private newest: number | null = null
  private newestHops = 0
  /** Links told to be lazy toward us. */
  readonly lazy = new Set<number>()
  /** Links that told us to be lazy toward them. */
  readonly silenced = new Set<number>()

  first(link: number, hops: number): null {
    this.newest = link
    this.newestHops = hops
    if (this.up === null && !this.lazy.has(link)) this.up = link
    if (this.up === link) this.upHops = hops
    return null
  }

  /**
   * Which of the two links that brought a bundle is to be lazy from now on. What still comes by one that was told so before says
   * nothing: were it the better one this time, the other would be told too, and nobody would push.
   */
  duplicate(link: number, hops: number): number | null {
    const { up, newest } = this
    if (up === null || this.lazy.has(link)) return null
    if (link !== up) {
      if (hops >= this.upHops) return link
      this.up = link
      this.upHops = hops
      return up
    }
    if (newest === null || newest === up || this.lazy.has(newest)) return null
    if (this.newestHops > hops) return newest
    this.up = newest
    this.upHops = this.newestHops
    return link
  }

  drop(link: number): void {
    this.lazy.delete(link)
    this.silenced.delete(link)
    if (this.newest === link) this.newest = null
  }
}
