import type { Timer } from '../base/timers.ts'
import { type Branch, endOf, ForkSet } from '../core/history/fork-set.ts'
import type { Trunk } from '../core/history/trunk.ts'
import { chainBundle, decodeBundle } from '../wire/bundle.ts'
import type { BranchExchange } from './branch-exchange.ts'
import type { NodeContext } from './context.ts'
import type { Feed } from './feed.ts'
import type { Fetched } from './fetched.ts'
import type { HeldForks, Keeping } from './keeping.ts'
import type { LinkState } from './link-state.ts'
import { readTrunk } from './trunk-reader.ts'

/** Of all forked feeds together, in memory. Forks are rare, and an honest one is some kilobytes: beyond this somebody makes them. */
const FORKS_BYTES_MAX = 16 * 1024 * 1024
/** What could not be told from the feed's own history is looked at again so long after that has grown. */
const REVIEW_MS = 100

export interface PlacingOwner {
  /** Its author is known to have signed two histories. */
  parted(feed: Feed): void
  /** Known now to be of another history than the one that came first: once for each, in order. */
  placed(feed: Feed, branches: readonly Branch[]): void
  /** Perhaps of another history, of a room we are not in: others may be able to tell. */
  undecided(feed: Feed, branch: Branch): void
  /** What a link pushes of a feed is not the history that came first here. */
  strayed(link: LinkState, feed: Feed): void
  /** There is more beside a feed's history than is kept. */
  overflowed(feed: Feed): void
}

/** A bundle that its author signed, and how it came. */
export interface Seen extends Fetched {
  /** Null: in parts, from several. */
  readonly link: LinkState | null
  /** It is what the link takes for the feed's history. */
  readonly isPushed: boolean
  /** The link is about to bring what comes before it. */
  readonly isMoreToCome: boolean
}

/** Finds out of signed bundles whether they are of another history than the trunk, and keeps those that are. */
export class ForkPlacing {
  /** Feeds with something to place, in the order they came to have it. */
  private readonly feeds = new Set<Feed>()
  /** Memory that all of them take. */
  private cost = 0
  private readonly toReview = new Map<Branch, Feed>()
  private reviewing: Timer<() => void> | null = null

  constructor(
    private readonly context: NodeContext,
    private readonly keeping: Keeping,
    private readonly exchange: BranchExchange,
    private readonly owner: PlacingOwner,
  ) {}

  /** The buffers of `seen` are ours from here on. */
  consider(feed: Feed, seen: Seen): void {
    const { bundle, ids, link } = seen
    // What was dropped on purpose is not taken back.
    if (feed.forks?.isClosed === true || bundle.first + bundle.count <= feed.floor) return
    if (feed.forks?.hasAll(ids) === true) {
      const isProven = feed.forks.of(ids[0]!)?.isProven === true
      if (seen.isPushed && isProven && link !== null) this.owner.strayed(link, feed)
      return
    }
    readTrunk(this.keeping, feed, bundle.first - 1, bundle.first + bundle.count + 1, (trunk) => {
      if (!feed.forgotten) this.place(feed, seen, trunk)
    })
  }

  /** As the store has it: where the trunk goes on from it has to be found out. */
  restored(feed: Feed, { since, bundles }: HeldForks): void {
    feed.forks ??= new ForkSet()
    const set = feed.forks
    this.changing(feed, set, () => {
      for (const { first, previous, bytes } of bundles) {
        const bundle = decodeBundle(bytes)
        const ids = bundle === null ? [] : chainBundle(bundle, feed.log.key.id, previous)
        const known = ids.length === 0 ? undefined : set.of(ids.at(-1)!)
        if (known !== undefined) known.isKept = true
        else if (ids.length > 0) {
          set.add({ first, ids, previous, bytes, isProven: true, isKept: true, seam: null }, since)
        }
      }
      set.since = Math.min(set.since, since)
      // It was too much to be brought back, or is too old to be kept.
      if (bundles.length === 0) set.giveUp()
    })
    for (const branch of set.all) this.review(feed, branch)
  }

  /** The trunk has come to have numbers from `from` up to and without `to`. */
  grew(feed: Feed, from: number, to: number): void {
    for (const branch of feed.forks?.all ?? []) {
      const isOpen = !branch.isProven || branch.seam === null
      if (isOpen && branch.first - 1 < to && endOf(branch) >= from) this.review(feed, branch)
    }
  }

  forget(feed: Feed): void {
    if (this.feeds.delete(feed)) this.cost -= feed.forks?.cost ?? 0
    feed.forks = null
  }

  private place(feed: Feed, seen: Seen, trunk: Trunk): void {
    const { bundle, previous, ids, link } = seen
    const { first, bytes } = bundle
    const { isSame, partsAt, followsTrunk, seam } = trunk.standingOf({ first, ids, previous })
    const follows = followsTrunk === true || feed.forks?.has(previous) === true || (isSame && followsTrunk === null)
    if (isSame) feed.forks?.found(ids)
    if (isSame && followsTrunk !== false) return
    if (feed.forks?.isClosed === true || feed.forks?.hasAll(ids) === true) return
    feed.forks ??= new ForkSet()
    const set = feed.forks
    if (!follows && first > feed.floor) {
      const before = { end: first, id: previous }
      set.lacks(before)
      this.exchange.lacks(link, feed, before, seen.isMoreToCome)
    }
    if (isSame) {
      // What came first comes from both histories: they meet here.
      set.since = Math.min(set.since, first - 1)
      return this.owner.parted(feed)
    }
    const isProven = partsAt !== null || set.of(previous)?.isProven === true
    const branch: Branch = { first, ids, previous, bytes, isProven, isKept: false, seam }
    const isTaken = this.changing(feed, set, () => set.add(branch, partsAt))
    if (seen.isPushed && isProven && link !== null) this.owner.strayed(link, feed)
    if (!isTaken) return set.isClosed ? this.owner.overflowed(feed) : undefined
    if (isProven) this.proven(feed, set, branch)
    else if (feed.room === null) this.owner.undecided(feed, branch)
  }

  /** Known now to be of another history, and with it what follows it. */
  private proven(feed: Feed, set: ForkSet, branch: Branch): void {
    this.owner.placed(
      feed,
      [branch, ...set.prove()].sort((a, b) => a.first - b.first),
    )
  }

  /** Changes what a feed has beside its trunk; of all such feeds those that have been for longest give way where it is too much. */
  private changing<T>(feed: Feed, set: ForkSet, change: () => T): T {
    const before = this.feeds.has(feed) ? set.cost : 0
    this.feeds.add(feed)
    const result = change()
    this.cost += set.cost - before
    for (const other of this.feeds) {
      if (this.cost <= FORKS_BYTES_MAX) break
      if (other === feed || other.forks === null || other.forks.size === 0) continue
      this.cost -= other.forks.cost
      other.forks.giveUp()
    }
    return result
  }

  /** Looks before long whether more can be told of it. */
  private review(feed: Feed, branch: Branch): void {
    this.toReview.set(branch, feed)
    this.reviewing ??= this.context.after(REVIEW_MS, () => {
      this.reviewing = null
      const all = [...this.toReview]
      this.toReview.clear()
      for (const [each, its] of all) this.reviewNow(its, each)
    })
  }

  private reviewNow(feed: Feed, branch: Branch): void {
    const set = feed.forks
    readTrunk(this.keeping, feed, branch.first - 1, endOf(branch) + 1, (trunk) => {
      if (set === null || feed.forks !== set || !set.hasAll(branch.ids)) return
      const { isSame, partsAt, seam, followsTrunk } = trunk.standingOf(branch)
      branch.seam = seam
      const { first, previous } = branch
      if (followsTrunk !== true && !set.has(previous) && first > feed.floor) set.lacks({ end: first, id: previous })
      if (isSame) return this.changing(feed, set, () => set.remove(branch))
      if (branch.isProven || partsAt === null) return
      set.partsAt(branch, partsAt)
      this.proven(feed, set, branch)
    })
  }
}
