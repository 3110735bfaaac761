import { ByteReader, type ByteWriter } from '../base/bytes.ts'
import type { Broadcast } from '../core/gossip/broadcast.ts'
import { LATE } from '../core/history/feed-log.ts'
import { RangeSet } from '../core/history/ranges.ts'
import type { Bundle } from '../wire/bundle.ts'
import { FrameType } from '../wire/frame.ts'
import { FEED_HANDLES_MAX } from '../wire/limits.ts'
import type { Holding } from '../wire/reconcile-holding.ts'
import { type FeedFrame, readFeed, readHave } from '../wire/replication.ts'
import { Announcements } from './announcements.ts'
import { Backfilling } from './backfilling.ts'
import { CatchUp } from './catch-up.ts'
import type { NodeContext } from './context.ts'
import type { Feed } from './feed.ts'
import { FeedSender } from './feed-sender.ts'
import type { Feeds } from './feeds.ts'
import { Fellows } from './fellows.ts'
import { FetchSender, noteLacking } from './fetch-sender.ts'
import type { Fetched } from './fetched.ts'
import { Forks } from './forks.ts'
import type { GoneBodies } from './gone-bodies.ts'
import { HandedOn } from './handed-on.ts'
import type { HeldForks, Keeping } from './keeping.ts'
import { type LinkFeed, type LinkState, pastOf } from './link-state.ts'
import type { Links } from './links.ts'
import { Receipts } from './receipts.ts'
import { Receiving, type Way } from './receiving.ts'
import { type OpenRoom, Reconciling } from './reconciling.ts'
import { Requests } from './requests.ts'
import type { Room } from './room-state.ts'
import { TreeSide } from './tree-side.ts'
import { isTalk, type Words } from './words.ts'

/** By then a peer has said what it has of the rooms it is in, or will not. */
const SETTLED_MS_MAX = 10_000
/** How our own words come. */
const OURS: Way = { hops: 0, isLate: false }

export interface ReplicationOwner {
  /** The open rooms we are in, by their ids in hexadecimal. */
  readonly open: ReadonlyMap<string, Room>
  /** A feed has been opened by a peer's naming it. */
  feedNamed(feed: Feed): void
  /** Events that are new here, in order; each exactly once. Answers them in the clear, as far as they can be read; null in a room we are not in. */
  fresh(feed: Feed, bundle: Bundle, ids: readonly Uint8Array[], hops: number): readonly (Words | null)[] | null
  /** Something of what was missing of a feed that is kept has come: to be kept, and told as far as it is `fresh`. */
  filled(feed: Feed, fetched: Fetched, fresh: RangeSet): void
  /** So many events of a feed are held by nobody we are linked to; 0: what was missing has come. */
  gap(feed: Feed, missing: number): void
  /** Began or ended to catch up with a feed. */
  catching(feed: Feed, busy: boolean): void
  /** Something of another history than the one that came first: to be kept and told beside it, once each. They part at number `since`. */
  forked(feed: Feed, fetched: Fetched, since: number): void
  /** Somebody has more of a feed of ours than we do (`isProven`: signed by us; else as they say). */
  overtaken(feed: Feed, isProven: boolean): void
}

/**
 * Replicates feeds over links. A link keeps a cursor into each log instead of a queue of copies; who is behind asks one neighbour
 * (`source`) and takes the live stream from all that push. What is out of order is dropped, because the source brings it again.
 */
export class Replication {
  readonly handedOn: HandedOn
  readonly receipts: Receipts
  readonly fellows: Fellows
  /** When words were last said here, heard or passed on while they were new: on the monotonic clock. */
  talkedAtMs = Number.NEGATIVE_INFINITY
  private readonly sender: FeedSender
  private readonly catchUp: CatchUp
  private readonly announcements: Announcements
  private readonly reconciling: Reconciling
  private readonly backfilling: Backfilling
  private readonly fetchSender: FetchSender
  private readonly receiving: Receiving
  private readonly requests: Requests
  private readonly tree: TreeSide
  private readonly forks: Forks

  constructor(
    private readonly context: NodeContext,
    private readonly links: Links,
    private readonly feeds: Feeds,
    private readonly broadcast: Broadcast,
    keeping: Keeping,
    gone: GoneBodies,
    private readonly owner: ReplicationOwner,
  ) {
    this.sender = new FeedSender(context, links, keeping)
    this.fetchSender = new FetchSender(context, links, keeping)
    this.announcements = new Announcements(context, links, this.sender)
    this.reconciling = new Reconciling(context, links, {
      rooms: () => this.openRooms(),
      announce: (link, feeds) => this.announce(link, feeds),
      differs: (link, feed, theirs) => this.compared(link, feed, theirs),
      settled: (link) => {
        this.catchUp.settled(link)
        this.backfilling.settled(link)
        this.fellows.settled(link)
      },
      named: (link, room, author, epoch, theirs) => this.onNamed(link, { room, author, epoch }, theirs),
    })
    this.handedOn = new HandedOn(links, this.reconciling)
    this.receipts = new Receipts(context, links, feeds, keeping, this.sender)
    this.forks = new Forks(context, links, feeds, keeping, this.sender, {
      theirs: (link, handle) => this.theirs(link, handle),
      forked: (feed, fetched, since) => owner.forked(feed, fetched, since),
      strayed: (link, feed) => feed.source === link && this.catchUp.seekSource(feed, link),
      ahead: (feed) => feed.source === null && this.catchUp.expect(feed),
      overtaken: (feed, isProven) => owner.overtaken(feed, isProven),
    })
    this.backfilling = new Backfilling(context, links, feeds, keeping, this.sender, gone, {
      filled: (feed, fetched, fresh) => {
        owner.filled(feed, fetched, this.forks.untold(feed, fetched, fresh))
        this.forks.grew(feed, fetched.bundle)
      },
      gap: (feed, missing) => {
        owner.gap(feed, missing)
        this.fellows.wake()
      },
      forked: (link, feed, bundle, previous) => this.forks.found(link, feed, bundle, previous),
      isSettled: (link, feed) => this.isSettled(link, feed),
      isShared: (link, { room }) => room !== null && this.reconciling.isShared(link, room.key),
    })
    this.catchUp = new CatchUp(context, links, this.sender, broadcast, {
      changed: (feed, busy) => owner.catching(feed, busy),
      keeps: (feed) => this.backfilling.keeps(feed),
      isIn: (link, feed) => this.isIn(link, feed),
    })
    this.fellows = new Fellows(context, links, {
      open: owner.open,
      isKeeping: keeping.isKeeping,
      isSettled: (link, room) => this.isSettled(link, { room }),
      isIn: (link, room) => this.isIn(link, { room }),
      lacking: () => new Set(this.backfilling.lacking.flatMap(({ room }) => room ?? [])),
      stuck: () => this.backfilling.stuck,
    })
    this.tree = new TreeSide(context, links, broadcast, this.sender, this.announcements, this.catchUp)
    const theirs = (link: LinkState, handle: number): LinkFeed | null => this.theirs(link, handle)
    this.receiving = new Receiving(links, feeds, this.catchUp, this.backfilling, gone, {
      theirs,
      placed: (link, feed, hops, duplicate) => this.tree.placed(link, feed, hops, duplicate),
      append: (feed, bundle, previous, ids, way, from) => this.append(feed, bundle, previous, ids, way, from),
      gap: (feed, missing) => owner.gap(feed, missing),
      forked: (link, feed, bundle, previous) => this.forks.found(link, feed, bundle, previous),
      isStray: (link, on, peek, given, bytes) => this.forks.pushed(link, on, peek, given, bytes),
    })
    const { sender, fetchSender, tree, catchUp, backfilling } = this
    this.requests = new Requests(links, { sender, fetchSender, broadcast, tree, catchUp, backfilling, theirs })
  }

  fill(link: LinkState, record: ByteWriter, roomMax: number): void {
    this.reconciling.fill(link, record)
    this.fetchSender.fillFirst(link, record, roomMax)
    this.sender.fill(link, record, roomMax)
    this.fetchSender.fill(link, record, roomMax)
  }

  linkUp(link: LinkState): void {
    this.broadcast.linkUp(link.id)
    // What is of rooms that both are in is compared as a whole.
    const apart = [...this.feeds.all.values()].filter((feed) => feed.room === null || feed.room.name === null)
    this.announce(link, apart)
    this.reconciling.linkUp(link)
    this.receipts.linkUp(link)
    this.fellows.wake()
  }

  /** A room was joined, and what the store has of it is known. */
  joined(room: Room): void {
    const feeds = [...this.feeds.all.values()].filter((feed) => feed.room === room)
    this.backfilling.noticed(feeds)
    for (const feed of feeds) this.forks.joined(feed)
    this.reconciling.joined(room.key)
    this.fellows.wake()
  }

  /** As the store has it. */
  restored(feed: Feed, forks: HeldForks | null): void {
    this.forks.restored(feed, forks)
  }

  /** A feed of ours is not written any more: what others have of it is to be fetched. */
  givenUp(feed: Feed): void {
    this.backfilling.noticed([feed])
    this.catchUp.seekSource(feed, null)
  }

  private announce(link: LinkState, feeds: readonly Feed[]): void {
    this.forks.announced(link, feeds)
    const filled = feeds.filter((feed) => feed.isFilled)
    for (const feed of filled) this.sender.on(link, feed).cursor ??= feed.log.end
    if (filled.length === 0) return
    link.announce = [...link.announce, ...filled]
    this.context.dirty.add(link)
  }

  private openRooms(): Map<string, OpenRoom> {
    const rooms = new Map<string, { id: Uint8Array; feeds: Feed[] }>()
    for (const { key, id } of this.owner.open.values()) rooms.set(key, { id, feeds: [] })
    for (const feed of this.feeds.all.values()) if (feed.room !== null) rooms.get(feed.room.key)?.feeds.push(feed)
    return rooms
  }

  /** The peer holds something of a feed of which we hold nothing. */
  private onNamed(link: LinkState, named: Pick<FeedFrame, 'author' | 'room' | 'epoch'>, theirs: Holding): void {
    const feed = this.feeds.open(named.author, named.room, named.epoch, link)
    if (feed === null) return
    this.owner.feedNamed(feed)
    this.compared(link, feed, theirs)
  }

  /** What a peer has of a feed, exactly. */
  private compared(link: LinkState, feed: Feed, theirs: Holding): void {
    const { base, next, gaps } = theirs
    this.forks.compared(link, feed, theirs)
    const ahead = gaps.find(({ from, to }) => from <= feed.log.next && to > feed.log.next)
    const on = this.told(link, feed, ahead?.to ?? base, next)
    if (base === 1) pastOf(on).wholeTo = gaps[0]?.from ?? next
    for (const { from, to } of gaps) if (to > feed.log.next) noteLacking(on, from, to)
    for (const { from, to } of new RangeSet(gaps).missing(base, next)) this.backfilling.offered(link, feed, from, to)
  }

  /** How far a peer says that it has a feed. */
  private told(link: LinkState, feed: Feed, base: number, next: number): LinkFeed {
    const on = this.sender.on(link, feed)
    on.peerBase = base
    on.peerNext = Math.max(on.peerNext, next)
    on.isTold = true
    // Behind us, it will ask one of its neighbours; what is new from now on is pushed either way.
    on.cursor ??= feed.log.end
    if (next > feed.log.next && feed.own) this.owner.overtaken(feed, false)
    if (next > feed.log.next) this.catchUp.offered(link, on)
    return on
  }

  /** Whether a peer is known to be in a feed's room: it keeps what is said there. */
  private isIn(link: LinkState, { room }: Pick<Feed, 'room'>): boolean {
    if (room === null) return false
    return room.peer === null ? this.reconciling.isIn(link, room.key) : link.peerKey === room.peer.key
  }

  /** Whether all is known that a peer is going to say of what it has of a feed. */
  private isSettled(link: LinkState, { room }: Pick<Feed, 'room'>): boolean {
    if (room === null || room.peer !== null || this.context.nowMs - link.neighbourAtMs > SETTLED_MS_MAX) return true
    return this.reconciling.isSettled(link, room.key)
  }

  linkDown(link: LinkState): void {
    this.announcements.linkDown(link)
    this.reconciling.linkDown(link)
    this.fetchSender.linkDown(link)
    this.forks.linkDown(link)
    this.backfilling.linkDown(link)
    this.catchUp.linkDown(link)
    this.feeds.linkDown(link, this.links.neighbours.values())
    for (const key of this.broadcast.linkDown(link.id)) this.tree.orphaned(this.feeds.all.get(key), link)
    this.receipts.linkDown(link)
    this.fellows.linkDown()
  }

  frame(link: LinkState, type: number, bytes: Uint8Array, start: number, end: number): void {
    const body = new ByteReader(bytes, start, end)
    switch (type) {
      case FrameType.bundle:
        return this.receiving.bundle(link, body)
      case FrameType.feed:
        return this.onFeed(link, body)
      case FrameType.have:
        return this.onHave(link, body)
      case FrameType.reconcile:
        return this.reconciling.received(link, body)
      case FrameType.fork:
        return this.forks.frame(link, body)
      case FrameType.fetched:
        return this.backfilling.fetched(link, body)
      default:
        return this.requests.frame(link, type, body)
    }
  }

  /** Appends a bundle of our own and sets it on its way. */
  publish(feed: Feed, bundle: Bundle, ids: readonly Uint8Array[]): void {
    this.append(feed, bundle, feed.log.tip!, ids, OURS, null)
  }

  /** The feed is no longer known: nothing about it is kept for any link, but for what their handles mean. */
  forgotten(feed: Feed): void {
    this.broadcast.forget(feed.key)
    for (const link of this.links.all.values()) link.feeds.delete(feed)
    this.catchUp.forget(feed)
    this.backfilling.forget(feed)
    this.forks.forget(feed)
  }

  private theirs(link: LinkState, handle: number): LinkFeed | null {
    const feed = link.theirs.get(handle)
    if (feed === undefined) return null
    if (!feed.forgotten) return this.sender.on(link, feed)
    // It was forgotten to make room, or with the link that named it first, and is talked of again.
    const { author, room, epoch } = feed.log.key
    const again = this.feeds.open(author, room, epoch, link)
    if (again === null) return null
    link.theirs.set(handle, again)
    this.owner.feedNamed(again)
    return this.sender.on(link, again)
  }

  private onFeed(link: LinkState, body: ByteReader): void {
    // A handle is named once, so nobody who keeps to that can name more.
    if (++link.namings > FEED_HANDLES_MAX) return this.links.flooded(link)
    const named = readFeed(body)
    if (named === null || link.theirs.has(named.handle)) return this.links.fault(link, 'named a feed wrongly')
    const feed = this.feeds.open(named.author, named.room, named.epoch, link)
    if (feed === null) return
    this.sender.places.grow()
    // It may have been this link's name too many.
    if (link.phase !== 'open') return
    link.theirs.set(named.handle, feed)
    this.owner.feedNamed(feed)
    const on = this.told(link, feed, named.base, named.next)
    // It may have some of what comes before its base too.
    this.backfilling.offered(link, feed, 1, named.next)
    if (named.next < feed.log.next && on.handle === 0) this.sender.handleOf(link, on)
  }

  private onHave(link: LinkState, body: ByteReader): void {
    const entries = readHave(body)
    if (entries === null) return this.links.fault(link, 'sent a broken list of what it has')
    if (!this.links.admits(link, link.budget.haves, entries.length)) return
    for (const { handle, next } of entries) {
      const on = this.theirs(link, handle)
      if (on === null) continue
      on.peerNext = Math.max(on.peerNext, next)
      // What is pushed by others is usually on its way already: only a stall makes us ask.
      if (next <= on.feed.log.next) continue
      if (on.feed.own) this.owner.overtaken(on.feed, false)
      if (on.feed.source === null) this.catchUp.expect(on.feed)
    }
  }

  private append(
    feed: Feed,
    bundle: Bundle,
    previous: Uint8Array,
    ids: readonly Uint8Array[],
    { hops, isLate }: Way,
    from: LinkState | null,
  ): void {
    const log = feed.log
    if (log.start === log.end) this.feeds.filled(feed)
    const { first, count, bytes } = bundle
    const heardAtMs = isLate ? LATE : this.context.nowMs
    const held = { first, count, bytes, previous, hops, from: from?.id ?? 0, heardAtMs }
    const cost = log.append(held, ids[ids.length - 1]!)
    this.feeds.window.appended(log, cost)
    feed.activeAtMs = this.context.nowMs
    if (from !== null) this.tree.placed(from, feed, hops, false)
    const words = this.owner.fresh(feed, bundle, ids, hops) ?? bundle.events
    if (!isLate && words.some((each) => each !== null && isTalk(each.kind))) this.talkedAtMs = this.context.nowMs
    this.forks.grew(feed, bundle)
    for (const link of this.links.neighbours.values()) {
      if (link === from) {
        const on = this.sender.on(link, feed)
        if (on.cursor !== null && on.cursor === log.end - 1) on.cursor = log.end
      } else {
        this.tree.offer(link, feed)
        this.backfilling.grewFor(link, feed, first, first + count)
      }
    }
    // Also what comes late from one who was given up for it.
    if (feed.source === null && !feed.catching) return
    if (from !== null) this.backfilling.grew(feed, first, first + count, from)
    this.catchUp.progressed(feed)
  }
}
