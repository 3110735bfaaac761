import { type ByteReader, equalBytes } from '../base/bytes.ts'
import type { Branch } from '../core/history/fork-set.ts'
import { RangeSet } from '../core/history/ranges.ts'
import { type Bundle, chainBundle, decodeBundle } from '../wire/bundle.ts'
import { type BranchEnd, type BranchFrame, readFork } from '../wire/fork.ts'
import { ByeCode } from '../wire/hello.ts'
import type { Holding } from '../wire/reconcile-holding.ts'
import { BranchExchange } from './branch-exchange.ts'
import type { NodeContext } from './context.ts'
import type { Feed } from './feed.ts'
import type { FeedSender } from './feed-sender.ts'
import type { Feeds } from './feeds.ts'
import type { Fetched } from './fetched.ts'
import { ForkPlacing } from './fork-placing.ts'
import type { HeldForks, Keeping } from './keeping.ts'
import { isStrayed, type LinkFeed, type LinkState } from './link-state.ts'
import type { Links } from './links.ts'
import { isStray, signedAfter } from './stray.ts'
import { readTrunk } from './trunk-reader.ts'

/** What people are told of: identities cost nothing, so a flood of forks is not. */
const TOLD_MAX = 16

export interface ForksOwner {
  /** What a peer's handle stands for. */
  theirs(link: LinkState, handle: number): LinkFeed | null
  /** Something of another history than the one that came first, to be kept and told: once for each. They part at number `since`. */
  forked(feed: Feed, fetched: Fetched, since: number): void
  /** What a link has of a feed is another history than ours: it has nothing that we want next. */
  strayed(link: LinkState, feed: Feed): unknown
  /** A link has more of a feed's own history, as it says. */
  ahead(feed: Feed): unknown
  /** Of a feed that we write somebody has what we do not have: signed by us, or as they say. */
  overtaken(feed: Feed, isProven: boolean): void
}

/**
 * What becomes of a second history that an author has signed. The one that came first stays the feed's own, the trunk; of the other nothing is
 * believed but what is signed and stands where the trunk has something else, or follows that. It is kept beside the trunk, told like any other,
 * and all neighbours are told what the branches end with: so everybody comes to have both, whichever came first.
 */
export class Forks {
  private readonly exchange: BranchExchange
  private readonly placing: ForkPlacing
  private toldOf = 0

  constructor(
    private readonly context: NodeContext,
    private readonly links: Links,
    private readonly feeds: Feeds,
    private readonly keeping: Keeping,
    sender: FeedSender,
    private readonly owner: ForksOwner,
  ) {
    this.exchange = new BranchExchange(context, links, sender, keeping)
    this.placing = new ForkPlacing(context, keeping, this.exchange, {
      parted: (feed) => this.parted(feed),
      placed: (feed, branches) => this.placed(feed, branches),
      undecided: (feed, branch) => this.passOn(feed, [branch]),
      strayed: (link, feed) => this.strayed(link, feed),
      overflowed: (feed) => this.overflowed(feed),
    })
  }

  frame(link: LinkState, body: ByteReader): void {
    const frame = readFork(body)
    if (frame === null) return this.links.fault(link, 'told of a fork wrongly')
    // Each end may have to be looked up.
    if (!this.links.admits(link, link.budget.forks, frame.kind === 'ends' ? frame.ends.length : 1)) return
    const on = this.owner.theirs(link, frame.handle)
    if (on === null) return
    if (frame.kind === 'ask') this.exchange.answer(link, on.feed, frame)
    else if (frame.kind === 'ends') this.onEnds(link, on, frame.ends)
    else this.onBranch(link, on.feed, frame)
  }

  /** What `link` has of a feed (null: nobody knows who) does not go with what we hold. The bundle is verified, and ours to keep. */
  found(link: LinkState | null, feed: Feed, bundle: Bundle, previous: Uint8Array): void {
    const ids = chainBundle(bundle, feed.log.key.id, previous)
    this.placing.consider(feed, {
      bundle,
      previous: previous.slice(),
      ids,
      link,
      isPushed: true,
      isMoreToCome: false,
    })
  }

  /** Takes something pushed that is not of the trunk. False: it is, as far as can be told without checking its signature. */
  pushed(
    link: LinkState,
    on: LinkFeed,
    peek: { first: number; count: number },
    given: Uint8Array | null,
    bytes: Uint8Array,
  ): boolean {
    const { feed } = on
    if (feed.own && peek.first + peek.count > feed.log.next) {
      this.owner.overtaken(feed, false)
      return true
    }
    if (!isStray(on, peek, given, bytes)) return false
    if (feed.forks?.isClosed === true || !this.links.admits(link, link.budget.forks)) return true
    const bundle = decodeBundle(bytes.slice())
    const signed = bundle === null ? null : signedAfter(this.feeds, feed, bundle, given)
    // It is what the trunk goes on with after all.
    if (signed !== null && peek.first === feed.log.next && signed.previous === feed.log.tip) return false
    if (bundle === null) this.links.fault(link, 'sent a broken bundle')
    else if (signed !== null) this.found(link, feed, bundle, signed.previous)
    else if (given !== null) this.forged(link)
    // It follows what we do not have: they find it in what ours ends with.
    else this.exchange.tell(link, feed)
    return true
  }

  /** How far a peer has a feed that the two hold differently. */
  compared(link: LinkState, feed: Feed, theirs: Holding): void {
    const isAsFar = theirs.next === feed.log.next && theirs.gaps.length === 0 && feed.holes.length === 0
    if (isAsFar || feed.forks?.isProven === true) this.exchange.tell(link, feed)
  }

  /** These are named to a peer one by one. */
  announced(link: LinkState, feeds: readonly Feed[]): void {
    for (const feed of feeds) if (feed.forks?.isProven === true) this.exchange.tell(link, feed)
  }

  /** The trunk has come to have a bundle. */
  grew(feed: Feed, { first, count }: Bundle): void {
    if (feed.forks === null) return
    for (const link of this.links.neighbours.values()) {
      if (this.isStrayed(link, feed)) this.exchange.tell(link, feed, [])
    }
    this.placing.grew(feed, first, first + count)
  }

  /**
   * Of numbers of the trunk that have come late, those not told yet. What goes on beyond a gap may be of the history that was taken for the
   * other one: then that is what fills the gap, and people were told it when it came. What came without its body then, they were not.
   */
  untold({ forks }: Feed, { bundle, ids }: Fetched, fresh: RangeSet): RangeSet {
    if (forks === null) return fresh
    const untold = new RangeSet(fresh.list)
    let branch: Branch | undefined
    let told: Bundle | null = null
    for (const [i, id] of ids.entries()) {
      const its = forks.of(id)
      if (its?.isKept !== true) continue
      if (its !== branch) told = decodeBundle(its.bytes)
      branch = its
      const number = bundle.first + i
      if (told?.events[number - its.first]?.gone === false) untold.remove(number, number + 1)
    }
    return untold
  }

  /** As the store has it. */
  restored(feed: Feed, forks: HeldForks | null): void {
    if (forks === null) return
    feed.log.forked = true
    this.placing.restored(feed, forks)
  }

  /** A room was joined of which we have only passed on this feed. */
  joined(feed: Feed): void {
    const untold = feed.forks?.all.filter(({ isProven, isKept }) => isProven && !isKept) ?? []
    if (untold.length > 0) this.tell(feed, untold)
  }

  linkDown(link: LinkState): void {
    for (const on of link.feeds.values()) if (isStrayed(on)) on.feed.strays?.delete(on)
    this.exchange.linkDown(link)
  }

  forget(feed: Feed): void {
    this.exchange.forget(feed)
    this.placing.forget(feed)
  }

  private onBranch(link: LinkState, feed: Feed, { previous, bytes, isMoreToCome }: BranchFrame): void {
    const bundle = decodeBundle(bytes.slice())
    if (bundle === null) return this.links.fault(link, 'sent a broken bundle')
    const signed = signedAfter(this.feeds, feed, bundle, previous)
    if (signed === null) return this.forged(link)
    const { ids } = signed
    this.exchange.came(ids)
    this.placing.consider(feed, { bundle, previous: previous.slice(), ids, link, isPushed: false, isMoreToCome })
  }

  private onEnds(link: LinkState, on: LinkFeed, ends: readonly BranchEnd[]): void {
    const { feed } = on
    const theirs = ends[0]!
    on.peerNext = theirs.end
    // Whoever had not yet what comes before something we have may have it now.
    for (const end of feed.forks?.loose ?? []) this.exchange.lacks(link, feed, end)
    for (const each of ends) {
      // What was dropped on purpose is not taken back.
      if (each.end <= feed.floor) continue
      if (feed.forks?.has(each.id) === true) {
        if (each === theirs) this.strayed(link, feed)
        continue
      }
      // How far the trunk goes with others is found out like that of any other feed.
      if (each === theirs && each.end > feed.log.next && !isStrayed(on)) {
        this.owner.ahead(feed)
        continue
      }
      readTrunk(this.keeping, feed, each.end - 1, each.end, (trunk) => {
        const own = trunk.at(each.end - 1)
        if (feed.forgotten || (own !== undefined && equalBytes(own, each.id))) return
        if (own !== undefined && each === theirs) this.strayed(link, feed)
        if (feed.forks?.isClosed !== true) this.exchange.lacks(link, feed, each)
      })
    }
  }

  private parted(feed: Feed): void {
    if (feed.own) this.owner.overtaken(feed, true)
    if (feed.log.forked) return
    feed.log.forked = true
    this.trouble(feed, 'fork', 'has signed two different histories. Both are shown, with a mark from where they part.')
  }

  /** Told to people, to the store and to neighbours. */
  private placed(feed: Feed, branches: readonly Branch[]): void {
    this.parted(feed)
    if (feed.room !== null) this.tell(feed, branches)
    this.passOn(feed, branches)
  }

  private passOn(feed: Feed, branches: readonly Branch[]): void {
    const ids = branches.map((branch) => branch.seam ?? branch.ids.at(-1)!)
    for (const link of this.links.neighbours.values()) this.exchange.tell(link, feed, ids)
  }

  private tell(feed: Feed, branches: readonly Branch[]): void {
    for (const branch of branches) {
      const { bytes, previous, ids } = branch
      branch.isKept = true
      this.owner.forked(feed, { bundle: decodeBundle(bytes)!, previous, ids }, feed.forks!.since)
    }
  }

  private overflowed(feed: Feed): void {
    const what = 'has signed so much beside what came first that no more of it is kept: this feed of theirs is broken.'
    this.trouble(feed, 'fork-broken', what)
    for (const link of this.links.neighbours.values()) {
      if (this.isStrayed(link, feed)) this.exchange.silence(link, feed)
    }
  }

  private strayed(link: LinkState, feed: Feed): void {
    const on = link.feeds.get(feed)
    if (on === undefined || isStrayed(on)) return
    feed.strays = (feed.strays ?? new Set()).add(on)
    this.owner.strayed(link, feed)
  }

  private isStrayed(link: LinkState, feed: Feed): boolean {
    const on = link.feeds.get(feed)
    return on !== undefined && isStrayed(on)
  }

  private trouble({ authorName, authorKey, room }: Feed, code: string, what: string): void {
    const isNews = room !== null && this.toldOf++ < TOLD_MAX
    const who = authorName ?? `An author (${authorKey.slice(0, 8)}…)`
    this.context.emit({ kind: 'trouble', code, message: `${who} ${what}`, user: isNews })
  }

  private forged(link: LinkState): void {
    this.links.fault(link, 'sent an event that its author did not sign', ByeCode.badSignature)
  }
}
