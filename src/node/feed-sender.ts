import type { ByteWriter } from '../base/bytes.ts'
import { type HeldBundle, LATE } from '../core/history/feed-log.ts'
import { beginFrame, endFrame, FrameType } from '../wire/frame.ts'
import { FEED_HANDLES_MAX, FRAME_HEADER_BYTES } from '../wire/limits.ts'
import { BUNDLE_LATE, BUNDLE_WITH_PREVIOUS, writeFeed, writeGap } from '../wire/replication.ts'
import { ARCHIVE_HOPS, ArchiveSender } from './archive-sender.ts'
import type { NodeContext } from './context.ts'
import type { Feed } from './feed.ts'
import type { Keeping, LoadedBundle } from './keeping.ts'
import { LinkFeeds } from './link-feeds.ts'
import type { LinkFeed, LinkState } from './link-state.ts'
import type { Links } from './links.ts'

/** A feed frame: header, handle, author, room, epoch and two numbers. */
const FEED_FRAME_BYTES_MAX = FRAME_HEADER_BYTES + 3 + 32 + 32 + 8 + 14
const GAP_FRAME_BYTES_MAX = FRAME_HEADER_BYTES + 10
/** What was here for so long is late where it goes, though that is the first we send of it: longer than live talk ever waits on a line that carries it. */
const LATE_MS = 10_000
const BUNDLE_HEAD_BYTES_MAX = FRAME_HEADER_BYTES + 1 + 3 + 32

/** The sending side of replication: a cursor into each log for each link, and records filled straight from the logs. */
export class FeedSender {
  /** Bounds what `on` makes and what peers name. */
  readonly places: LinkFeeds
  private readonly archive: ArchiveSender

  constructor(
    private readonly context: NodeContext,
    private readonly links: Links,
    keeping: Keeping,
  ) {
    this.places = new LinkFeeds(context, links)
    this.archive = new ArchiveSender(keeping, {
      bundle: (link, on, held, record, roomMax) => this.writeStored(link, on, held, record, roomMax),
      gap: (record, on, to) => this.writeGap(record, on, to),
      ready: (link, on) => this.markReady(link, on),
    })
  }

  /** Where a link stands with a feed, from the beginning if nothing has been said of it. */
  on(link: LinkState, feed: Feed): LinkFeed {
    let on = link.feeds.get(feed)
    if (on === undefined) {
      this.places.grow()
      on = {
        feed,
        handle: 0,
        cursor: null,
        peerBase: 1,
        peerNext: 1,
        isTold: false,
        sentNext: 1,
        chained: 0,
        full: false,
        askedFull: false,
        strikes: 0,
        doubtedUntilMs: 0,
        falls: 0,
        hopsDoubtedUntilMs: 0,
        queued: false,
        archive: null,
        past: null,
      }
      link.feeds.set(feed, on)
    }
    return on
  }

  /** There may be something to push. */
  markReady(link: LinkState, on: LinkFeed): void {
    if (!on.queued) {
      on.queued = true
      link.ready.push(on)
    }
    this.context.dirty.add(link)
  }

  /** Our handle for the feed on this link, naming it first if need be. With none left the link is ended. */
  handleOf(link: LinkState, on: LinkFeed): number {
    if (on.handle === 0) {
      if (link.handles >= FEED_HANDLES_MAX) this.links.wornOut(link)
      on.handle = ++link.handles
      const { base, log } = on.feed
      const named = { handle: on.handle, ...log.key, base, next: log.next }
      this.links.send(link, FrameType.feed, (out) => writeFeed(out, named))
    }
    return on.handle
  }

  /** Puts feeds' names and bundles into a record until it is full or nothing is left; takes turns between feeds. */
  fill(link: LinkState, record: ByteWriter, roomMax: number): void {
    while (link.announce.length > 0) {
      if (record.length + FEED_FRAME_BYTES_MAX > roomMax) return
      const feed = link.announce.pop()!
      if (feed.forgotten) continue
      const on = this.on(link, feed)
      if (on.handle === 0 && link.handles < FEED_HANDLES_MAX) this.nameFeed(link, on, record)
    }
    while (link.ready.length > 0) {
      const on = link.ready[0]!
      if (!this.fillFeed(link, on, record, roomMax)) {
        link.ready.push(link.ready.shift()!)
        return
      }
      on.queued = false
      link.ready.shift()
    }
  }

  /** True when the feed has nothing more for this link; false when the record is full. */
  private fillFeed(link: LinkState, on: LinkFeed, record: ByteWriter, roomMax: number): boolean {
    const log = on.feed.log
    if (on.feed.forgotten || (on.handle === 0 && link.handles >= FEED_HANDLES_MAX)) return true
    while (on.cursor !== null && on.cursor < log.end) {
      if (record.length + FEED_FRAME_BYTES_MAX + GAP_FRAME_BYTES_MAX > roomMax) return false
      if (on.handle === 0) this.nameFeed(link, on, record)
      if (on.cursor < log.start) {
        const step = this.archive.step(link, on, record, roomMax)
        if (step !== 'on') return step === 'wait'
        continue
      }
      const held = log.at(on.cursor)
      const end = held.first + held.count
      if (on.peerNext < end) {
        // What is asked for again and again is sent again so often; then only what is new.
        if (end <= on.sentNext && !link.budget.repeats.take(this.context.nowMs, held.bytes.length)) {
          on.cursor = log.positionOf(on.sentNext)
          continue
        }
        // Where the window begins the store may go on.
        const isHole = on.feed.held === null || on.feed.base >= held.first
        if (isHole && log.beginsAt(on.cursor)) this.writeGap(record, on, held.first)
        if (record.length + BUNDLE_HEAD_BYTES_MAX + held.bytes.length > roomMax) return false
        this.writeBundle(record, on, held)
      }
      on.cursor++
    }
    return true
  }

  /** The peer says anew how far it is. */
  restart(link: LinkState, on: LinkFeed): void {
    this.archive.reset(link, on)
  }

  /** False where it does not fit. */
  private writeStored(link: LinkState, on: LinkFeed, held: LoadedBundle, record: ByteWriter, roomMax: number): boolean {
    const end = held.first + held.count
    if (record.length + BUNDLE_HEAD_BYTES_MAX + GAP_FRAME_BYTES_MAX + held.bytes.length > roomMax) return false
    if (end <= on.sentNext && !link.budget.repeats.take(this.context.nowMs, held.bytes.length)) on.peerNext = end
    else this.writeBundle(record, on, { ...held, hops: ARCHIVE_HOPS, from: 0, heardAtMs: LATE })
    return true
  }

  /** Tells that nothing is held here between what the peer has and event `to`. */
  private writeGap(record: ByteWriter, on: LinkFeed, to: number): void {
    if (on.peerNext < to) writeFrame(record, FrameType.gap, (out) => writeGap(out, { handle: on.handle, to }))
  }

  private writeBundle(record: ByteWriter, on: LinkFeed, held: HeldBundle): void {
    const withPrevious = on.full || on.chained !== held.first
    const at = beginFrame(record, FrameType.bundle)
    const isLate = this.context.nowMs - held.heardAtMs > LATE_MS
    const flags = (withPrevious ? BUNDLE_WITH_PREVIOUS : 0) | (isLate ? BUNDLE_LATE : 0)
    record.u8(held.hops | flags).varint(on.handle)
    if (withPrevious) record.bytes(held.previous)
    record.bytes(held.bytes)
    endFrame(record, at)
    on.full = false
    on.chained = held.first + held.count
    on.peerNext = on.chained
    if (on.sentNext < on.chained) on.sentNext = on.chained
  }

  private nameFeed(link: LinkState, on: LinkFeed, record: ByteWriter): void {
    on.handle = ++link.handles
    const { log, base } = on.feed
    const { key } = log
    // What is about to be pushed need not be asked for: only what lies before the cursor is announced.
    const position = Math.max(on.cursor ?? log.end, log.start)
    const pushed = position < log.end ? log.at(position).first : log.next
    writeFrame(record, FrameType.feed, (out) => writeFeed(out, { handle: on.handle, ...key, base, next: pushed }))
  }
}

function writeFrame(record: ByteWriter, type: number, write: (out: ByteWriter) => void): void {
  const at = beginFrame(record, type)
  write(record)
  endFrame(record, at)
}
