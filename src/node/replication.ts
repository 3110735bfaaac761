import { ByteReader, type ByteWriter, equalBytes } from '../base/bytes.ts'
import type { Broadcast } from '../core/gossip/broadcast.ts'
import { type Bundle, decodeBundle, peekBundle } from '../wire/bundle.ts'
import { FrameType } from '../wire/frame.ts'
import { ByeCode } from '../wire/hello.ts'
import { FEED_HANDLES_MAX, HOPS_MAX } from '../wire/limits.ts'
import {
  BUNDLE_HOPS_MASK,
  BUNDLE_WITH_PREVIOUS,
  type FeedFrame,
  readFeed,
  readGap,
  readHandle,
  readHave,
  readWant,
} from '../wire/replication.ts'
import { Announcements } from './announcements.ts'
import { CatchUp } from './catch-up.ts'
import type { NodeContext } from './context.ts'
import type { Feed } from './feed.ts'
import { FeedSender } from './feed-sender.ts'
import type { Feeds } from './feeds.ts'
import type { Keeping } from './keeping.ts'
import type { LinkFeed, LinkState } from './link-state.ts'
import type { Links } from './links.ts'
import { type OpenRoom, Reconciling } from './reconciling.ts'
import type { Room } from './room-state.ts'

/** A feed that was heard of so recently is asked for at once when its link goes. */
const ORPHAN_ACTIVE_MS = 10_000

export interface ReplicationOwner {
  /** The open rooms we are in. */
  rooms(): Iterable<Room>
  /** A feed has been opened by a peer's naming it. */
  named(feed: Feed): void
  /** Events that are new here, in order; each exactly once. */
  fresh(feed: Feed, bundle: Bundle, ids: readonly Uint8Array[], hops: number): void
  /** `missing` events before number `to` are held by nobody we are linked to. */
  gap(feed: Feed, missing: number): void
  /** Began or ended to catch up with a feed. */
  catching(feed: Feed, busy: boolean): void
}

/**
 * Replicates feeds over links. A link keeps a cursor into each log instead of a queue of copies; who is behind asks one neighbour
 * (`source`) and takes the live stream from all that push. What is out of order is dropped, because the source brings it again.
 */
export class Replication {
  private readonly sender: FeedSender
  private readonly catchUp: CatchUp
  private readonly announcements: Announcements
  private readonly reconciling: Reconciling

  constructor(
    private readonly context: NodeContext,
    private readonly links: Links,
    private readonly feeds: Feeds,
    private readonly broadcast: Broadcast,
    keeping: Keeping,
    private readonly owner: ReplicationOwner,
  ) {
    this.sender = new FeedSender(context, links, keeping)
    this.announcements = new Announcements(context, links, this.sender)
    this.reconciling = new Reconciling(context, links, {
      rooms: () => this.openRooms(),
      announce: (link, feeds) => this.announce(link, feeds),
      differs: (link, feed, theirs) => this.told(link, feed, theirs.base, theirs.next),
      named: (link, room, author, epoch, theirs) => this.onNamed(link, { room, author, epoch, ...theirs }),
    })
    this.catchUp = new CatchUp(context, links, this.sender, broadcast, (feed, busy) => owner.catching(feed, busy))
  }

  fill(link: LinkState, record: ByteWriter, roomMax: number): void {
    this.reconciling.fill(link, record)
    this.sender.fill(link, record, roomMax)
  }

  linkUp(link: LinkState): void {
    this.broadcast.linkUp(link.id)
    // What is of rooms that both are in is compared as a whole.
    this.announce(
      link,
      [...this.feeds.all.values()].filter((feed) => feed.room === null || feed.room.name === null),
    )
    this.reconciling.linkUp(link)
  }

  /** A room was joined, and what the store has of it is known. */
  joined(room: Room): void {
    this.reconciling.joined(room.key)
  }

  private announce(link: LinkState, feeds: readonly Feed[]): void {
    const filled = feeds.filter((feed) => feed.isFilled)
    for (const feed of filled) this.sender.on(link, feed).cursor ??= feed.log.end
    if (filled.length === 0) return
    link.announce = [...link.announce, ...filled]
    this.context.dirty.add(link)
  }

  private openRooms(): Map<string, OpenRoom> {
    const rooms = new Map<string, { id: Uint8Array; feeds: Feed[] }>()
    for (const { key, id } of this.owner.rooms()) rooms.set(key, { id, feeds: [] })
    for (const feed of this.feeds.all.values()) if (feed.room !== null) rooms.get(feed.room.key)?.feeds.push(feed)
    return rooms
  }

  /** The peer holds something of a feed of which we hold nothing. */
  private onNamed(link: LinkState, named: Omit<FeedFrame, 'handle'>): void {
    const feed = this.feeds.open(named.author, named.room, named.epoch, link)
    if (feed === null) return
    this.owner.named(feed)
    this.told(link, feed, named.base, named.next)
  }

  /** How far a peer says that it has a feed. */
  private told(link: LinkState, feed: Feed, base: number, next: number): LinkFeed {
    const on = this.sender.on(link, feed)
    on.peerBase = base
    on.peerNext = Math.max(on.peerNext, next)
    on.isTold = true
    // Behind us, it will ask one of its neighbours; what is new from now on is pushed either way.
    on.cursor ??= feed.log.end
    if (next > feed.log.next && feed.source === null) this.catchUp.seekSource(feed, null)
    return on
  }

  /** Whether every neighbour has all of these feeds, as far as it was told or has said. */
  isDelivered(feeds: readonly Feed[]): boolean {
    return [...this.links.neighbours.values()].every((link) => feeds.every((feed) => this.hasAll(link, feed)))
  }

  private hasAll(link: LinkState, feed: Feed): boolean {
    const on = link.feeds.get(feed)
    if (on !== undefined && (on.isTold || on.peerNext > 1)) return on.peerNext >= feed.log.next
    return feed.room !== null && feed.activeAtMs < link.neighbourAtMs && this.reconciling.isSettled(link, feed.room.key)
  }

  linkDown(link: LinkState): void {
    this.announcements.linkDown(link)
    this.reconciling.linkDown(link)
    this.catchUp.linkDown(link)
    this.feeds.linkDown(link, this.links.neighbours.values())
    for (const key of this.broadcast.linkDown(link.id)) this.orphaned(this.feeds.all.get(key), link)
  }

  frame(link: LinkState, type: number, bytes: Uint8Array, start: number, end: number): void {
    const body = new ByteReader(bytes, start, end)
    switch (type) {
      case FrameType.bundle:
        return this.onBundle(link, body)
      case FrameType.feed:
        return this.onFeed(link, body)
      case FrameType.have:
        return this.onHave(link, body)
      case FrameType.want:
        return this.onWant(link, body)
      case FrameType.gap:
        return this.onGap(link, body)
      case FrameType.reconcile:
        return this.reconciling.received(link, body)
      case FrameType.lazy:
        return this.onLazy(link, body)
    }
  }

  /** Appends a bundle of our own and sets it on its way. */
  publish(feed: Feed, bundle: Bundle, ids: readonly Uint8Array[]): void {
    this.append(feed, bundle, feed.log.tip!, ids, 0, null)
  }

  /** Bytes that wait in logs for the slowest of the links that are reading: what a publisher must not let grow. */
  lagBundles(feed: Feed): number {
    let most = 0
    for (const link of this.links.neighbours.values()) {
      const on = link.feeds.get(feed)
      if (on?.cursor != null) most = Math.max(most, feed.log.end - on.cursor)
    }
    return most
  }

  /** The feed is no longer known: nothing about it is kept for any link, but for what their handles mean. */
  forgotten(feed: Feed): void {
    this.broadcast.forget(feed.key)
    for (const link of this.links.all.values()) link.feeds.delete(feed)
    this.catchUp.forget(feed)
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
    this.owner.named(again)
    return this.sender.on(link, again)
  }

  /** What a request is about, as far as its link has any left. */
  private admitted(link: LinkState, handle: number): LinkFeed | null {
    return this.links.admits(link, link.budget.requests) ? this.theirs(link, handle) : null
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
    this.owner.named(feed)
    const on = this.told(link, feed, named.base, named.next)
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
      if (next > on.feed.log.next && on.feed.source === null) this.catchUp.expect(on.feed)
    }
  }

  private onWant(link: LinkState, body: ByteReader): void {
    const want = readWant(body)
    if (want === null) return this.links.fault(link, 'asked for a feed wrongly')
    const on = this.admitted(link, want.handle)
    if (on === null) return
    if (this.broadcast.wanted(link.id, on.feed.key)) this.orphaned(on.feed, link)
    on.cursor = want.from < on.feed.log.base ? -1 : on.feed.log.positionOf(want.from)
    this.sender.restart(link, on)
    on.peerNext = want.from
    on.chained = 0
    on.full = want.full
    this.sender.markReady(link, on)
  }

  private onLazy(link: LinkState, body: ByteReader): void {
    const handle = readHandle(body)
    if (!body.done) return this.links.fault(link, 'asked for less wrongly')
    const on = this.admitted(link, handle)
    // Of a feed of which nothing has been sent there is nothing to silence, and a name costs nothing.
    if (on !== null && on.feed.log.next > 1) this.broadcast.silenced(link.id, on.feed.key)
  }

  /** A copy has found its place in the feed's tree; the link that is worse is told so. */
  private placed(link: LinkState, feed: Feed, hops: number, duplicate: boolean): void {
    const on = duplicate ? link.feeds.get(feed) : undefined
    const isDoubted = on !== undefined && on.hopsDoubtedUntilMs > this.context.nowMs
    const worse = this.broadcast.arrived(link.id, feed.key, isDoubted ? HOPS_MAX : hops, duplicate)
    const told = worse === null ? undefined : this.links.all.get(worse)
    if (told === undefined) return
    if (told !== link) feed.climber = link.id
    const handle = this.sender.handleOf(told, this.sender.on(told, feed))
    this.links.send(told, FrameType.lazy, (out) => out.varint(handle))
  }

  /** The link a feed came by is lost to it: whoever else there is may be the way now. Of quiet feeds a `HAVE` will tell. */
  private orphaned(feed: Feed | undefined, lost: LinkState): void {
    if (feed === undefined || this.context.nowMs - feed.activeAtMs > ORPHAN_ACTIVE_MS) return
    this.catchUp.askAll(feed, lost)
  }

  private onGap(link: LinkState, body: ByteReader): void {
    const gap = readGap(body)
    if (gap === null) return this.links.fault(link, 'reported a gap wrongly')
    const on = this.admitted(link, gap.handle)
    if (on === null || gap.to <= on.feed.log.next) return
    on.peerBase = Math.max(on.peerBase, gap.to)
    if (on.feed.source === link && !this.catchUp.mayCross(on.feed)) this.catchUp.seekSource(on.feed, link)
  }

  private onBundle(link: LinkState, body: ByteReader): void {
    const head = body.u8()
    const on = this.theirs(link, body.varint())
    const given = (head & BUNDLE_WITH_PREVIOUS) !== 0 ? body.take(32) : null
    const bytes = body.take(body.left)
    const peek = body.ok ? peekBundle(bytes) : null
    if (peek === null) return this.links.fault(link, 'sent a broken bundle')
    if (on === null) return
    const feed = on.feed
    const end = peek.first + peek.count
    const hops = Math.min((head & BUNDLE_HOPS_MASK) + 1, HOPS_MAX)
    if (end > on.peerNext) on.peerNext = end
    const duplicate = end <= feed.log.next
    if (duplicate) {
      if (end === feed.log.next) on.chained = end
      return this.placed(link, feed, hops, true)
    }
    if (feed.log.forked && (peek.first < feed.log.next || isOfOtherHistory(feed, peek.first, given))) return
    if (peek.first > feed.log.next && !(given !== null && feed.source === link && this.catchUp.mayCross(feed))) {
      if (feed.source === null) this.catchUp.seekSource(feed, null)
      return
    }
    if (given !== null) on.askedFull = false
    else if (on.askedFull) return
    const bundle = decodeBundle(kept(bytes))
    if (bundle === null) return this.links.fault(link, 'sent a broken bundle')
    // Nobody deletes bodies yet: taking a bundle without them would let any relay silence anybody.
    if (bundle.events.some((event) => event.gone)) return
    this.judge(link, on, bundle, given, hops)
  }

  private judge(link: LinkState, on: LinkFeed, bundle: Bundle, given: Uint8Array | null, hops: number): void {
    const feed = on.feed
    const verdict = feed.log.judge(bundle, given)
    if (verdict.kind === 'fits' && bundle.first >= feed.log.next) {
      on.chained = bundle.first + bundle.count
      this.catchUp.brought(on)
      const missing = bundle.first - feed.log.next
      if (missing > 0) this.owner.gap(feed, missing)
      this.append(feed, bundle, verdict.previous, verdict.ids, hops, link)
    } else if (verdict.kind === 'forged') {
      this.links.fault(link, 'sent an event that its author did not sign', ByeCode.badSignature)
    } else if (verdict.kind === 'unclear') {
      on.askedFull = true
      this.catchUp.want(link, on, Math.min(bundle.first, feed.log.next), true)
    } else if (!feed.log.forked) {
      feed.log.forked = true
      const message = `An author (${feed.authorKey.slice(0, 8)}…) has signed two different histories; the one that came first is shown.`
      this.context.emit({ kind: 'trouble', code: 'fork', message, user: feed.room !== null })
    }
  }

  private append(
    feed: Feed,
    bundle: Bundle,
    previous: Uint8Array,
    ids: readonly Uint8Array[],
    hops: number,
    from: LinkState | null,
  ): void {
    const log = feed.log
    if (log.start === log.end) this.feeds.filled(feed)
    const { first, count, bytes } = bundle
    const cost = log.append({ first, count, bytes, previous, hops, from: from?.id ?? 0 }, ids[ids.length - 1]!)
    this.feeds.window.appended(log, cost)
    feed.activeAtMs = this.context.nowMs
    if (from !== null) this.placed(from, feed, hops, false)
    this.owner.fresh(feed, bundle, ids, hops)
    for (const link of this.links.neighbours.values()) {
      if (link === from) {
        const on = this.sender.on(link, feed)
        if (on.cursor !== null && on.cursor === log.end - 1) on.cursor = log.end
      } else this.offer(link, feed)
    }
    // Also what comes late from one who was given up for it.
    if (feed.source !== null || feed.catching) this.catchUp.progressed(feed)
  }

  private offer(link: LinkState, feed: Feed): void {
    const on = this.sender.on(link, feed)
    if (!this.broadcast.isEager(link.id, feed.key)) {
      // A lazy link's cursor follows the log: it asks from where it is when it wants the feed.
      on.cursor = feed.log.end
      return this.announcements.add(link, feed)
    }
    // Nothing is known of how far it is: it was told of all there was when the link came up.
    on.cursor ??= on.peerNext === 1 ? feed.log.end - 1 : feed.log.positionOf(on.peerNext)
    this.sender.markReady(link, on)
    // An author who wants to leave has to know that his words are in other hands, also where they came by others'.
    if (link.peerKey === feed.authorKey) this.announcements.add(link, feed)
  }
}

/** It does not follow what we hold of its feed: no reason to check a signature again. */
function isOfOtherHistory({ log }: Feed, first: number, given: Uint8Array | null): boolean {
  return given !== null && first === log.next && log.tip !== null && !equalBytes(given, log.tip)
}

/** What may be kept of a bundle: a view into a record that holds little else, or a copy, so that the record can go. */
function kept(bytes: Uint8Array): Uint8Array {
  return bytes.length * 2 < bytes.buffer.byteLength ? bytes.slice() : bytes
}
