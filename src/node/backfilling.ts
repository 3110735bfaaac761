import { type ByteReader, equalBytes } from '../base/bytes.ts'
import type { Timer } from '../base/timers.ts'
import { type Ask, Backfill, type Missing } from '../core/history/backfill.ts'
import type { RangeSet } from '../core/history/ranges.ts'
import { type Bundle, chainBundle, decodeBundle } from '../wire/bundle.ts'
import { writeFetch } from '../wire/fetch.ts'
import { FrameType } from '../wire/frame.ts'
import { ByeCode } from '../wire/hello.ts'
import { GAPS_MAX } from '../wire/reconcile-holding.ts'
import type { NodeContext } from './context.ts'
import type { Feed } from './feed.ts'
import type { FeedSender } from './feed-sender.ts'
import type { Feeds } from './feeds.ts'
import { Answering, type Edge, type Fetched } from './fetched.ts'
import { FilledNews } from './filled-news.ts'
import { GapWatch } from './gap-watch.ts'
import type { GoneBodies } from './gone-bodies.ts'
import type { Keeping } from './keeping.ts'
import type { LinkState } from './link-state.ts'
import type { Links } from './links.ts'

/** A link that brings nothing of what it was asked for within so long is given up, and another asked. */
const STALL_MS = 2_000
/** And so is one that has not brought all of it within so long: 64 KiB take ten seconds at 6 KB a second. While a record is on its way it may stall. */
const ANSWER_MS_MAX = 15_000
/** Who has what is looked through so long after something has changed: neighbours come and go in pairs. */
const REVIEW_MS = 1_500
/** Bundles given to the store that are not safe yet: beyond, nothing is fetched until some are. */
const LAG_MAX = 2_048

export interface BackfillOwner {
  /** What came of what was missing: to be kept, and to be told as far as it is `fresh`. */
  filled(feed: Feed, fetched: Fetched, fresh: RangeSet): void
  /** Nobody present has so many events of a feed; 0: what was missing has come. */
  gap(feed: Feed, missing: number): void
  /** The author has signed two histories: this bundle, as `link` has it, does not follow what we hold, or is not followed by it. */
  forked(link: LinkState, feed: Feed, bundle: Bundle, previous: Uint8Array): void
  /** What the peer has of a feed's room is known. */
  isSettled(link: LinkState, feed: Feed): boolean
  /** Whether the peer is in the feed's room, as far as is known. */
  isShared(link: LinkState, feed: Feed): boolean
}

/** An answer being waited for. */
interface Waiting {
  /** Null until the question has left. */
  answering: Answering | null
  askedAtMs: number
  heardAtMs: number
  timer: Timer<() => void> | null
}

/**
 * Fills the holes in what is kept: asks those who may have a piece for it, from the newest down, checks what comes against what it must
 * end with, and says so when nobody present has it. Live talk is not touched by any of this.
 */
export class Backfilling {
  private readonly plan: Backfill<Feed, LinkState>
  private readonly news: FilledNews
  private readonly waiting = new Map<LinkState, Waiting>()
  /** Where the piece that was fetched last of a feed began: the next one ends there. */
  private readonly edges = new Map<Feed, Edge>()
  private readonly gaps: GapWatch
  /** What came without its body since it was last looked who else may have it. */
  private doubtful: { readonly feed: Feed; readonly numbers: RangeSet; readonly from: LinkState }[] = []
  private reviewing: Timer<() => void> | null = null
  private isHeldUp = false

  constructor(
    private readonly context: NodeContext,
    private readonly links: Links,
    private readonly feeds: Feeds,
    private readonly keeping: Keeping,
    private readonly sender: FeedSender,
    private readonly gone: GoneBodies,
    private readonly owner: BackfillOwner,
  ) {
    this.plan = new Backfill((feed) => (this.keeps(feed) ? [nameOf(feed), missingOf(feed), goneOf(feed)] : []))
    this.gaps = new GapWatch(links, {
      keeps: (feed) => this.keeps(feed),
      isHopeful: (feed) => this.plan.isHopeful(feed, context.nowMs),
      isSettled: (link, feed) => owner.isSettled(link, feed),
      gap: (feed, missing) => owner.gap(feed, missing),
    })
    this.news = new FilledNews(context, links, sender, (link, feed) => owner.isShared(link, feed))
    keeping.eased = () => {
      if (!this.isHeldUp || keeping.lag > LAG_MAX) return
      this.isHeldUp = false
      this.pumpAll()
    }
  }

  /** Whether a feed is kept for good, so that what is missing of it is fetched. What we write ourselves nobody else has more of. */
  keeps(feed: Feed): boolean {
    return this.keeping.isKeeping && feed.room !== null && !feed.own && !feed.forgotten
  }

  /** Feeds of which something was said to be missing, and still is. */
  get lacking(): readonly Feed[] {
    return this.gaps.lacking
  }

  /** Feeds with holes that nobody present can fill. */
  get stuck(): readonly Feed[] {
    return this.gaps.stuck
  }

  /** What is known of a room's feeds has changed at once. */
  noticed(feeds: Iterable<Feed>): void {
    for (const feed of feeds) if (this.keeps(feed) && feed.hasHoles) this.note(feed)
  }

  /** A peer may have numbers of a feed from `from` up to and without `to`; `isNews`: it says that it has just come to have them. */
  offered(link: LinkState, feed: Feed, from: number, to: number, isNews = false): void {
    if (!this.keeps(feed) || from >= to) return
    const isHole = [nameOf(feed), missingOf(feed)].some((missing) => missing.newest(from, to) !== null)
    const { peerKey } = link
    const isWorth = isHole || isNews || this.gone.isWorthAsking(feed, peerKey, from, to, this.context.nowMs)
    if (!isWorth || !this.plan.offered(link, feed, from, to)) return
    this.note(feed)
    this.pump(link)
  }

  /** Events from `from` up to and without `to` have been passed over, because nobody has them or what comes after is wanted first. */
  opened(feed: Feed, from: number, to: number): void {
    this.note(feed)
    for (const link of this.links.neighbours.values()) {
      const peerNext = link.feeds.get(feed)?.peerNext ?? 1
      this.offered(link, feed, from, Math.min(to, peerNext))
    }
  }

  /** Events came by catching up in order: who is further may have passed them over. */
  grew(feed: Feed, from: number, to: number, by: LinkState): void {
    if (this.keeps(feed)) this.news.add(feed, from, to, by)
  }

  /** The same as it is said, where a peer has asked for it before. */
  grewFor(link: LinkState, feed: Feed, from: number, to: number): void {
    const lacking = link.feeds.get(feed)?.past?.lacking ?? null
    if (lacking !== null && lacking.from < to && from < lacking.to) this.news.addFor(link, feed, from, to)
  }

  /** Something was taken in as `from` brought it: what is gone of it without a deletion being known is asked of others. */
  took(feed: Feed, { bundle, ids }: Omit<Fetched, 'previous'>, from: LinkState): void {
    if (!this.keeps(feed) || !bundle.events.some(({ gone }) => gone)) return
    const unproven = this.gone.taken(feed, bundle, ids)
    if (unproven.count === 0) return
    // Its deletion may come with what is still on its way.
    this.doubtful.push({ feed, numbers: unproven, from })
    this.review()
  }

  /** What a peer has of some rooms is about to be known, or is. */
  settled(link: LinkState): void {
    const { nowMs } = this.context
    for (const feed of this.gone.feeds()) {
      this.offerUnproven(link, feed, this.gone.worthAsking(feed, link.peerKey, nowMs))
    }
    this.pump(link)
    if (!this.gaps.isEmpty) this.review()
  }

  linkDown(link: LinkState): void {
    const timer = this.waiting.get(link)?.timer ?? null
    if (timer !== null) this.context.timers.cancel(timer)
    this.waiting.delete(link)
    this.news.linkDown(link)
    this.plan.linkDown(link)
    if (!this.gaps.isEmpty) this.review()
    this.pumpAll()
  }

  forget(feed: Feed): void {
    this.plan.forget(feed)
    this.gone.forget(feed)
    this.gaps.forget(feed)
    this.edges.delete(feed)
  }

  /** A part of an answer has come. */
  fetched(link: LinkState, body: ByteReader): void {
    const waiting = this.waiting.get(link)
    const answering = waiting?.answering ?? null
    if (waiting === undefined || answering === null) return this.links.fault(link, 'answered what it was not asked')
    waiting.heardAtMs = this.context.nowMs
    const verdict = answering.read(body, this.feeds)
    const { feed } = answering.ask
    switch (verdict.kind) {
      case 'fault':
        return this.links.fault(link, verdict.what, verdict.isForged ? ByeCode.badSignature : ByeCode.protocolFault)
      case 'end':
        return this.ended(link, verdict.down, verdict.isUseful)
      case 'other':
        this.plan.refused(link, feed)
        return this.owner.forked(link, feed, verdict.bundle, verdict.previous)
      case 'fits':
        if (this.keeps(feed)) this.take(link, feed, verdict)
    }
  }

  private take(link: LinkState, feed: Feed, fetched: Fetched): void {
    const { bundle, previous, ids } = fetched
    const { first, count } = bundle
    const end = first + count
    const missing = feed.held?.missing(Math.max(first, feed.floor), end) ?? []
    const hasGone = bundle.events.some(({ gone }) => gone)
    // What would stand beyond all we hold comes another way; and where no more can be remembered of what is gone, others may have the whole.
    const isTooMuch = feed.held !== null && feed.held.count > GAPS_MAX && feed.held.isApart(first, end)
    if (end > feed.log.next || isTooMuch || (hasGone && missing.length > 0 && !this.gone.hasRoom)) return
    const fresh = this.gone.brought(feed, bundle, ids)
    if (fresh.count > 0) this.feeds.whole(feed, bundle)
    for (const { from, to } of missing) fresh.add(from, to)
    if (fresh.count === 0) return
    for (const { from, to } of fresh.list) this.news.add(feed, from, to, link)
    this.owner.filled(feed, fetched, fresh)
    if (missing.length > 0) this.took(feed, fetched, link)
    if (missing[0]?.from === first) this.checkSeam(link, feed, fetched)
    this.edges.set(feed, { at: first, id: previous })
    if (feed.hasHoles) return
    this.edges.delete(feed)
    this.gaps.closed(feed)
  }

  private ended(link: LinkState, down: number, isUseful: boolean): void {
    const timer = this.waiting.get(link)?.timer ?? null
    if (timer !== null) this.context.timers.cancel(timer)
    this.waiting.delete(link)
    const ask = this.plan.askOf(link)
    if (ask !== null) this.gone.asked(ask.feed, link.peerKey, down, ask.to, this.context.nowMs)
    this.plan.answered(link, down, isUseful)
    // Others first: so each has its turn with a feed that several have.
    this.pumpAll(link)
    this.review()
  }

  private note(feed: Feed): void {
    this.gaps.note(feed)
    this.review()
  }

  private offerUnproven(link: LinkState, feed: Feed, { list }: RangeSet): void {
    if (!this.owner.isShared(link, feed) && !link.feeds.has(feed)) return
    for (const { from, to } of list) this.plan.offered(link, feed, from, to)
  }

  private askOthers(): void {
    const doubtful = this.doubtful
    this.doubtful = []
    for (const { feed, numbers, from } of doubtful) {
      for (const link of this.links.neighbours.values()) if (link !== from) this.offerUnproven(link, feed, numbers)
    }
  }

  private pumpAll(last: LinkState | null = null): void {
    for (const link of this.links.neighbours.values()) if (link !== last) this.pump(link)
    if (last !== null) this.pump(last)
  }

  /** Asks a link for the next piece, if it is its turn. */
  private pump(link: LinkState): void {
    if (this.keeping.lag > LAG_MAX) {
      this.isHeldUp = true
      return
    }
    if (link.phase !== 'open' || this.links.neighbours.get(link.peerKey) !== link) return
    const ask = this.plan.next(link, this.context.nowMs)
    if (ask === null) return
    const waiting: Waiting = { answering: null, askedAtMs: 0, heardAtMs: 0, timer: null }
    this.waiting.set(link, waiting)
    this.withEdge(ask, (edge) => {
      if (this.waiting.get(link) !== waiting) return
      const { nowMs } = this.context
      waiting.answering = new Answering(ask, edge)
      waiting.askedAtMs = nowMs
      waiting.heardAtMs = nowMs
      this.watch(link, waiting, STALL_MS)
      this.ask(link, ask)
    })
  }

  private ask(link: LinkState, { feed, from, to }: Ask<Feed>): void {
    const handle = this.sender.handleOf(link, this.sender.on(link, feed))
    this.links.send(link, FrameType.fetch, (out) => writeFetch(out, { handle, from, to }))
  }

  private watch(link: LinkState, waiting: Waiting, afterMs: number): void {
    waiting.timer = this.context.after(afterMs, () => {
      waiting.timer = null
      const { nowMs } = this.context
      const heardAtMs = link.partialSinceMs === null ? waiting.heardAtMs : nowMs
      const leftMs = Math.min(heardAtMs + STALL_MS, waiting.askedAtMs + ANSWER_MS_MAX) - nowMs
      if (leftMs > 0) return this.watch(link, waiting, leftMs)
      this.plan.stalled(link, this.context.nowMs)
      this.pumpAll()
      this.review()
    })
  }

  /** Finds out what a piece must end with: it was fetched last, is in the window, or in the store. */
  private withEdge({ feed, to }: Ask<Feed>, go: (edge: Edge | null) => void): void {
    const known = this.edges.get(feed)
    if (known?.at === to) return go(known)
    if (feed.held?.has(to) !== true) return go(null)
    const { log } = feed
    const at = log.positionOf(to)
    if (at < log.end && log.at(at).first === to) return go({ at: to, id: log.at(at).previous })
    this.keeping.load(log.key, to, to + 1, 1, 'in-order', ([bundle]) => {
      go(bundle?.first === to ? { at: to, id: bundle.previous } : null)
    })
  }

  /** A hole is filled to its bottom: whether what lies below is of the same history. */
  private checkSeam(link: LinkState, feed: Feed, { bundle: above, previous }: Fetched): void {
    const { first } = above
    if (first <= feed.floor || feed.held?.has(first - 1) !== true) return
    const { log } = feed
    this.keeping.load(log.key, first - 1, first, 1, 'in-order', ([below]) => {
      const bundle = below === undefined ? null : decodeBundle(below.bytes)
      if (below === undefined || bundle === null) return
      const id = chainBundle(bundle, log.key.id, below.previous)[first - 1 - bundle.first]
      if (id !== undefined && !equalBytes(id, previous)) this.owner.forked(link, feed, above, previous)
    })
  }

  /** Looks before long whom else to ask, and whether there is anybody. */
  private review(): void {
    this.reviewing ??= this.context.after(REVIEW_MS, () => {
      this.reviewing = null
      this.askOthers()
      this.pumpAll()
      // Who is doubted is asked again when that is over.
      const isDoubting = this.plan.hasDoubted(this.context.nowMs)
      if (this.gaps.review() || isDoubting) this.review()
    })
  }
}

/** What an author wants to be called he says first of all, so that comes before what he said last but one screen. */
function nameOf({ authorName, held, floor, room }: Feed): Missing {
  const isWanted = authorName === null && room?.peer === null && floor === 1 && held?.has(1) === false
  return { newest: (from, to) => (isWanted && from <= 1 && to > 1 ? FIRST : null) }
}

const FIRST = { from: 1, to: 2 }

function missingOf({ held, floor, log }: Feed): Missing {
  return { newest: (from, to) => held?.newestMissing(Math.max(from, floor), Math.min(to, log.next)) ?? null }
}

function goneOf({ unproven, floor }: Feed): Missing {
  return { newest: (from, to) => unproven?.numbers.newestIn(Math.max(from, floor), to) ?? null }
}
