import type { Timer } from '../base/timers.ts'
import type { Broadcast } from '../core/gossip/broadcast.ts'
import { FrameType } from '../wire/frame.ts'
import { writeWant } from '../wire/replication.ts'
import type { NodeContext } from './context.ts'
import type { Feed } from './feed.ts'
import type { FeedSender } from './feed-sender.ts'
import { isAhead, type LinkFeed, type LinkState } from './link-state.ts'
import type { Links } from './links.ts'

/** A source that brings nothing for so long is given up for another. */
const SOURCE_STALL_MS = 500
/** So long what a neighbour has announced may take to come by another way (the prototype's figure; a guess that held). */
const HAVE_STALL_MS = 120
/** A source that brought nothing is not asked again for a second, then two, up to this. */
const DOUBT_MS_MAX = 64_000
/** A link that took another's place in a feed's tree and then did not push is not believed its hops for twice this, then twice that. */
const FALL_MS = 1_000
/** When everybody who says to have more has brought nothing so often, we are no longer "catching up". */
const STRIKES_MAX = 3

/** How often in a row a stall is forgiven while a record is on its way: ten seconds, the time 64 KiB take at 6 KB a second. */
const ARRIVING_MAX = 20

/**
 * Who is further behind than this begins with the newest, and has what lies between fetched from there down: in order, so many short messages
 * (90 KB) take a second on a thin line, and after that a person waits for what is being said now. Only toward who keeps the feed, though: what
 * comes through one who passes it on stands there for a while only, and what was passed over might be had from nobody afterwards.
 */
const BEHIND_MAX = 256
/** So much of a feed's end comes first: with two who talk it fills a screen. */
const TAIL_EVENTS = 64

export interface CatchUpOwner {
  /** Began or ended to catch up with a feed. */
  changed(feed: Feed, busy: boolean): void
  /** Whether what is passed over of a feed is fetched later. */
  keeps(feed: Feed): boolean
  /** Whether a peer is known to be in the feed's room, and so to keep it. */
  isIn(link: LinkState, feed: Feed): boolean
}

/** A feed being watched. */
interface Watched {
  readonly timer: Timer<() => void>
  /** How far the feed was when the timer was set. */
  readonly next: number
  /** Stalls forgiven since it last moved. */
  readonly arriving: number
}

/**
 * Whom to ask for what is missing of a feed. One neighbour at a time is its source; when it stalls, goes, or has no more while
 * somebody else has, another is asked. What others push meanwhile is taken where it fits. How far a neighbour says it has a feed is only
 * a claim: one that is asked and brings nothing is doubted, longer each time, so a lie costs the others half a second.
 */
export class CatchUp {
  private readonly behind = new Map<Feed, Watched>()

  constructor(
    private readonly context: NodeContext,
    private readonly links: Links,
    private readonly sender: FeedSender,
    private readonly broadcast: Broadcast,
    private readonly owner: CatchUpOwner,
  ) {}

  linkDown(link: LinkState): void {
    for (const feed of [...this.behind.keys()]) if (feed.source === link) this.seekSource(feed, link)
  }

  /** More is known of the rooms that a peer is in. */
  settled(link: LinkState): void {
    for (const feed of [...this.behind.keys()]) {
      const on = link.feeds.get(feed)
      if (on !== undefined && feed.source !== null) this.offered(link, on)
    }
  }

  /** Finds who to catch up from: furthest ahead among those that hold the next event, another than `not` if there is one. */
  seekSource(feed: Feed, not: LinkState | null): void {
    let best: LinkFeed | null = null
    let bestLink: LinkState | null = null
    // Nobody but ourselves can have more of what we write ourselves.
    if (feed.own) return
    for (const link of this.links.neighbours.values()) {
      const on = link.feeds.get(feed)
      if (on === undefined || !this.believed(on)) continue
      const isFirst = best === null || bestLink === null || bestLink === not
      if (!isFirst && (link === not || this.rank(link, on) <= this.rank(bestLink!, best!))) continue
      best = on
      bestLink = link
    }
    feed.source = bestLink
    if (best === null || bestLink === null) return this.pause(feed)
    if (!feed.catching) {
      feed.catching = true
      this.owner.changed(feed, true)
    }
    feed.skipTo = this.skips(bestLink, best) ? best.peerNext - TAIL_EVENTS : null
    this.want(bestLink, best, feed.skipTo ?? feed.log.next, feed.skipTo !== null)
    this.watch(feed)
  }

  /** Whether somebody else is believed to have the next event. */
  hasOther(feed: Feed, link: LinkState): boolean {
    return this.someoneAhead(feed, link)
  }

  /** A link has come to be known to be ahead: asks somebody where nobody is asked yet, or where it is all asked for in order and need not be. */
  offered(link: LinkState, on: LinkFeed): void {
    const { feed } = on
    if (feed.source === null || (feed.skipTo === null && this.believed(on) && this.skips(link, on)))
      this.seekSource(feed, null)
  }

  private skips(link: LinkState, { feed, peerNext }: LinkFeed): boolean {
    return peerNext - feed.log.next > BEHIND_MAX && this.owner.keeps(feed) && this.owner.isIn(link, feed)
  }

  /** Being so far ahead that the end is asked for first counts before holding the next event, and that before being far ahead. */
  private rank(link: LinkState, on: LinkFeed): number {
    const isOrdered = on.peerBase <= on.feed.log.next
    return (this.skips(link, on) ? 2 ** 51 : isOrdered ? 2 ** 50 : 0) + on.peerNext
  }

  want(link: LinkState, on: LinkFeed, from: number, full: boolean): void {
    const handle = this.sender.handleOf(link, on)
    this.broadcast.asked(link.id, on.feed.key)
    this.links.send(link, FrameType.want, (out) => writeWant(out, { handle, from, full }))
  }

  /** Every link but `lost` is asked to push the feed: the duplicates that follow prune it to a tree again. */
  askAll(feed: Feed, lost: LinkState): void {
    for (const link of this.links.neighbours.values()) {
      if (link !== lost) this.want(link, this.sender.on(link, feed), feed.log.next, false)
    }
  }

  /** Somebody has more of it, and it is probably on its way: if nothing moves for a moment, ask. */
  expect(feed: Feed): void {
    const waiting = this.behind.get(feed)
    if (feed.own || (waiting !== undefined && waiting.timer.atMs <= this.context.nowMs + HAVE_STALL_MS)) return
    this.watch(feed, HAVE_STALL_MS)
  }

  /** The feed is no longer known. */
  forget(feed: Feed): void {
    this.finish(feed)
  }

  private watch(feed: Feed, stallMs = SOURCE_STALL_MS, arriving = 0): void {
    const waiting = this.behind.get(feed)
    if (waiting !== undefined) this.context.timers.cancel(waiting.timer)
    const timer = this.context.after(stallMs, () => this.stalled(feed))
    this.behind.set(feed, { timer, next: feed.log.next, arriving })
  }

  /** The feed has grown while it had a source. */
  progressed(feed: Feed): void {
    const on = feed.source?.feeds.get(feed)
    if (on !== undefined && feed.log.next < on.peerNext) return
    if (this.someoneAhead(feed)) return this.seekSource(feed, null)
    this.finish(feed)
    this.pause(feed)
  }

  /** Nobody who is ahead of us holds the next event: what is missing is lost to us for now. */
  mayCross(feed: Feed): boolean {
    for (const link of this.links.neighbours.values()) {
      const on = link.feeds.get(feed)
      if (on !== undefined && this.believed(on) && on.peerBase <= feed.log.next) return false
    }
    return true
  }

  /** Brought something that fits: what it says is believed again. */
  brought(on: LinkFeed): void {
    on.strikes = 0
    on.doubtedUntilMs = 0
  }

  private stalled(feed: Feed): void {
    const { next: before, arriving } = this.behind.get(feed) ?? { next: 0, arriving: 0 }
    if (feed.log.next !== before && this.someoneAhead(feed)) return this.watch(feed)
    // On a thin line a record takes longer than that: to ask the only one who has it again would have it sent again.
    const onItsWay = feed.source !== null && feed.source.partialSinceMs !== null
    if (onItsWay && !this.someoneAhead(feed, feed.source) && arriving < ARRIVING_MAX)
      return this.watch(feed, SOURCE_STALL_MS, arriving + 1)
    if (feed.source === null && feed.log.next === before) this.doubtClimber(feed)
    const on = feed.source?.feeds.get(feed)
    if (on !== undefined && feed.log.next === before) {
      on.strikes++
      on.doubtedUntilMs = this.context.nowMs + Math.min(SOURCE_STALL_MS * 2 ** on.strikes, DOUBT_MS_MAX)
    }
    this.seekSource(feed, feed.source)
  }

  /** Who brings a duplicate with few hops is pushed by in place of others; when it then pushes nothing, that was worth nothing. */
  private doubtClimber(feed: Feed): void {
    const on = this.links.all.get(feed.climber)?.feeds.get(feed)
    if (on === undefined) return
    on.falls++
    on.hopsDoubtedUntilMs = this.context.nowMs + Math.min(FALL_MS * 2 ** on.falls, DOUBT_MS_MAX)
  }

  /** Nobody is left to ask: either nothing is missing, or all who say to have it are doubted and asked again later. */
  private pause(feed: Feed): void {
    let againAtMs = Number.POSITIVE_INFINITY
    let strikes = Number.POSITIVE_INFINITY
    for (const link of this.links.neighbours.values()) {
      const on = link.feeds.get(feed)
      if (on === undefined || !isAhead(on)) continue
      againAtMs = Math.min(againAtMs, on.doubtedUntilMs)
      strikes = Math.min(strikes, on.strikes)
    }
    if (strikes >= STRIKES_MAX) this.finish(feed)
    if (againAtMs < Number.POSITIVE_INFINITY) this.watch(feed, againAtMs - this.context.nowMs)
  }

  private someoneAhead(feed: Feed, but: LinkState | null = null): boolean {
    for (const link of this.links.neighbours.values()) {
      const on = link.feeds.get(feed)
      if (link !== but && on !== undefined && this.believed(on)) return true
    }
    return false
  }

  private believed(on: LinkFeed): boolean {
    return isAhead(on) && on.doubtedUntilMs <= this.context.nowMs
  }

  /** Nothing is missing, or nobody has it. */
  private finish(feed: Feed): void {
    const waiting = this.behind.get(feed)
    if (waiting !== undefined) this.context.timers.cancel(waiting.timer)
    this.behind.delete(feed)
    feed.source = null
    if (!feed.catching) return
    feed.catching = false
    this.owner.changed(feed, false)
  }
}
