/**
 * Which links a feed's bundles are pushed on at once (eager), and which are only told how far it has come (lazy). The
 * replication of feeds asks this and nothing else. Links and feeds are opaque here: numbers and keys. Pure.
 */
export interface Broadcast {
  linkUp(link: number): void
  /** Answers the feeds that came by this link: all other links are to be asked for them. */
  linkDown(link: number): readonly string[]
  /** Whether new bundles of `feed` are pushed on `link`; otherwise `HAVE` announces them. */
  isEager(link: number, feed: string): boolean
  /**
   * A copy came over `link`: the first of its bundle or a duplicate, with the hops it had crossed. Answers the link that
   * is to be told `LAZY`, or null.
   */
  arrived(link: number, feed: string, hops: number, duplicate: boolean): number | null
  /** The peer told us to be lazy. */
  silenced(link: number, feed: string): void
  /** The peer asked for `feed` on `link`. Answers whether that is the link it came to us by, which is then lost. */
  wanted(link: number, feed: string): boolean
  /** We asked for `feed` on `link`: it is eager toward us again. */
  asked(link: number, feed: string): void
  /** The feed is no longer known. */
  forget(feed: string): void
}

/** Every link eager for every feed: right for a handful of neighbours, and what a tree is measured against. */
export class FloodBroadcast implements Broadcast {
  linkUp(): void {}
  linkDown(): readonly string[] {
    return []
  }
  isEager(): boolean {
    return true
  }
  arrived(): number | null {
    return null
  }
  silenced(): void {}
  wanted(): boolean {
    return false
  }
  asked(): void {}
  forget(): void {}
}
