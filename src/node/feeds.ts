import { toHex } from '../base/bytes.ts'
import { type FeedKey, FeedLog } from '../core/history/feed-log.ts'
import { Window } from '../core/history/window.ts'
import { type Verifier, verifier } from '../crypto/sign.ts'
import type { Bundle } from '../wire/bundle.ts'
import { withBodies } from '../wire/bundle-gone.ts'
import { feedIdOf } from '../wire/event.ts'
import type { NodeContext } from './context.ts'
import { Feed } from './feed.ts'
import type { HeldFeed } from './keeping.ts'
import type { LinkState } from './link-state.ts'

/** Feeds known at once, some 1 KB each when empty. */
export const FEEDS_MAX = 65_536
/** Feeds that one link may have named and that hold nothing yet: naming is free, so it is bounded apart. */
export const EMPTY_FEEDS_PER_LINK_MAX = 16_384
const VERIFIERS_MAX = 16_384
/** How many feeds make room at once when the table is full, and how soon it is tried again where there were fewer. */
const FORGET_BATCH = FEEDS_MAX / 16
const FORGET_PAUSE_MS = 10_000

/** All feeds the node knows, its own included, and the window of bundles they hold. */
export class Feeds {
  readonly all = new Map<string, Feed>()
  /** Those we write ourselves. */
  readonly own = new Set<Feed>()
  readonly window: Window
  private readonly verifiers = new Map<string, Verifier | null>()
  private fullUntilMs = 0

  constructor(
    private readonly context: NodeContext,
    private readonly makeVerifier: (key: Uint8Array) => Verifier | null = verifier,
    windowBytesMax?: number,
    private readonly forgotten: (feed: Feed) => void = () => {},
  ) {
    this.window = new Window(windowBytesMax)
  }

  /** The author's key made ready for checking; null when it is no key. Kept, because making it ready costs as much as a check. */
  verifierOf(author: Uint8Array, authorKey: string): Verifier | null {
    const known = this.verifiers.get(authorKey)
    if (known !== undefined) return known
    if (this.verifiers.size >= VERIFIERS_MAX) this.verifiers.delete(this.verifiers.keys().next().value!)
    const made = this.makeVerifier(author)
    this.verifiers.set(authorKey, made)
    return made
  }

  /**
   * The feed, made if it was not known; null when a limit or an impossible author says no. `link` null: our own, which
   * no limit refuses, because they are as few as the rooms we speak in.
   */
  open(author: Uint8Array, room: Uint8Array, epoch: Uint8Array, link: LinkState | null): Feed | null {
    const id = feedIdOf(author, room, epoch)
    const key = toHex(id)
    const known = this.all.get(key)
    if (known !== undefined) return known
    if (link !== null && (link.emptyFeeds >= EMPTY_FEEDS_PER_LINK_MAX || !this.hasRoom())) return null
    const authorKey = toHex(author)
    const check = this.verifierOf(author, authorKey)
    if (check === null) return null
    const feedKey: FeedKey = { author, room, epoch, id }
    const feed = new Feed(new FeedLog(feedKey, check), key, authorKey, link === null, this.context.nowMs, link)
    if (link === null) this.own.add(feed)
    else link.emptyFeeds++
    this.all.set(key, feed)
    return feed
  }

  /**
   * A feed as the store has it. Where it is known already and the window goes on from there, it does; else what the window held is
   * fetched again. Null for an impossible author.
   */
  restore({ key: feedKey, own, next, tip, ranges, floor = 1 }: HeldFeed): Feed | null {
    const key = toHex(feedKey.id)
    const known = this.all.get(key)
    if (known !== undefined && known.log.base <= next && known.log.next >= next) {
      for (const { from, to } of ranges) known.hold(from, to)
      known.floor = floor
      return known
    }
    if (known !== undefined) this.forget(known)
    const authorKey = toHex(feedKey.author)
    const check = this.verifierOf(feedKey.author, authorKey)
    if (check === null) return null
    const feed = new Feed(new FeedLog(feedKey, check), key, authorKey, own, this.context.nowMs, null)
    feed.log.restore(next, tip)
    for (const { from, to } of ranges) feed.hold(from, to)
    feed.floor = floor
    if (own) this.own.add(feed)
    if (feed.writing !== null) feed.writing.isResumed = true
    this.all.set(key, feed)
    return feed
  }

  /** The feed holds something now: it no longer counts against the link that named it. */
  filled(feed: Feed): void {
    if (feed.broughtBy === null) return
    feed.broughtBy.emptyFeeds--
    feed.broughtBy = null
  }

  /** What is below its floor was dropped on purpose. */
  dropped({ key, floor = 1 }: HeldFeed): void {
    const feed = this.all.get(toHex(key.id))
    if (feed === undefined || floor <= feed.floor) return
    feed.floor = floor
    feed.held?.remove(0, floor)
  }

  /** A bundle came whole of which the window may hold one without some of its bodies. */
  whole({ log }: Feed, { first, bytes }: Bundle): void {
    const at = log.positionOf(first)
    const merged = at < log.end ? withBodies(log.at(at).bytes, bytes) : null
    if (merged !== null) this.window.grew(log.replace(at, merged.bytes))
  }

  /** Feeds that a link named and never filled go with it, unless another link has named them too. */
  linkDown(link: LinkState, others: Iterable<LinkState>): void {
    if (link.emptyFeeds === 0) return
    const left = [...others]
    for (const feed of this.all.values()) {
      if (feed.broughtBy !== link) continue
      const heir = left.find((other) => other.feeds.has(feed) && other.emptyFeeds < EMPTY_FEEDS_PER_LINK_MAX)
      if (heir === undefined) this.forget(feed)
      else {
        link.emptyFeeds--
        heir.emptyFeeds++
        feed.broughtBy = heir
      }
    }
  }

  /** Makes room where there is none: of the feeds that nobody here has heard anything of, the quietest are forgotten. */
  private hasRoom(): boolean {
    if (this.all.size < FEEDS_MAX) return true
    const { nowMs } = this.context
    // Looking through the whole table for each name that a flood brings would be the flood's real harm.
    if (nowMs < this.fullUntilMs) return false
    const unheard = [...this.all.values()].filter((feed) => !feed.own && (feed.room === null || feed.log.next === 1))
    unheard.sort((a, b) => a.activeAtMs - b.activeAtMs)
    for (const feed of unheard.slice(0, FORGET_BATCH)) this.forget(feed)
    if (unheard.length < FORGET_BATCH) this.fullUntilMs = nowMs + FORGET_PAUSE_MS
    return this.all.size < FEEDS_MAX
  }

  private forget(feed: Feed): void {
    this.filled(feed)
    feed.forgotten = true
    this.all.delete(feed.key)
    this.window.forget(feed.log)
    this.forgotten(feed)
  }
}
