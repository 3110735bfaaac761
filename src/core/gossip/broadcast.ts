/**
 * Which links a feed's bundles are pushed on at once (eager), and which are only told how far it has come (lazy). The
 * replication of feeds asks this and nothing else, so a tree per feed (Leitão, Pereira, Rodrigues: "Epidemic Broadcast Trees", 2007) can
 * take the place of flooding without another line changing. Links and feeds are opaque here: numbers and keys.
 */
export interface Broadcast {
  linkUp(link: number): void
  linkDown(link: number): void
  /** Whether new bundles of `feed` are pushed on `link`; otherwise `HAVE` announces them. */
  isEager(link: number, feed: string): boolean
  /** A copy came over `link`: the first of its bundle or a duplicate, with the hops it had crossed. */
  arrived(link: number, feed: string, hops: number, duplicate: boolean): void
  /** The peer asked for `feed` on `link`. */
  wanted(link: number, feed: string): void
}

/** Every link eager for every feed: right for a handful of neighbours, and what a tree is measured against. */
export class FloodBroadcast implements Broadcast {
  linkUp(): void {}
  linkDown(): void {}
  isEager(): boolean {
    return true
  }
  arrived(): void {}
  wanted(): void {}
}
