import type { ByteReader } from '../base/bytes.ts'
import type { Timer } from '../base/timers.ts'
import type { PartHolders } from '../core/gossip/holders.ts'
import { FrameType } from '../wire/frame.ts'
import { RECEIPT_SPAN_MAX, type ReceiptEntry, readReceipts, writeReceipts } from '../wire/receipts.ts'
import type { NodeContext } from './context.ts'
import { Deliveries } from './deliveries.ts'
import type { Feed } from './feed.ts'
import type { FeedSender } from './feed-sender.ts'
import type { Feeds } from './feeds.ts'
import type { Keeping } from './keeping.ts'
import type { LinkState } from './link-state.ts'
import type { Links } from './links.ts'
import { memberTag, readerTag } from './member-tags.ts'
import { OwnHolding } from './own-holding.ts'
import type { PresenceWatcher } from './presence.ts'
import { ReceiptLink } from './receipt-link.ts'
import { ReceiptRoutes } from './receipt-routes.ts'
import type { Room } from './room-state.ts'

/**
 * Receipts are gathered so long. A message is known to be everywhere after as many of these as it took links. Measured with 30 nodes: at one message a
 * second two frames of 14 bytes a delivery (66 bytes with their records), at 200 a second 0.7 % of all bytes, 3 % where eight take turns.
 */
const GATHER_MS = 150
/** Feeds that are told of; those quiet longest give way, and are told of again when something comes. */
const COURSES_MAX = 4_096
/** What was told so recently over a link that is lost, or given up for another, is told again: a silent link is found out after 40 seconds. */
const RETOLD_MS = 120_000
/** Feeds told of at a time: ten thousand that are caught up with take some seconds. */
const TOLD_AT_ONCE = 256
/** A reader of a direct message answers at random within this, so that a relay cannot tell it from those it passes receipts on for. */
const READER_MS_MAX = 1_500

/** Where a feed's receipts go. */
interface Course {
  readonly own: OwnHolding
  /** By which we tell that we hold it; null before we have. */
  tag: string | null
  /** The link that has been told all there was to tell; 0 for none. */
  toldTo: number
  /** We say nothing of our own before this. */
  quietUntilMs: number
}

/**
 * Tells authors who has what they said. Each node tells one neighbour, that is nearer the author, what it holds of a feed if it is in the
 * feed's room, together with what the others told it; relays only pass on. Members are told of one by one, so that nothing counts twice when ways
 * change; what is lost with a link is told again over the next way there is.
 */
export class Receipts implements PresenceWatcher {
  readonly deliveries: Deliveries
  readonly routes: ReceiptRoutes
  private readonly told = new Map<LinkState, ReceiptLink>()
  /** Neighbours by their tags. */
  private readonly byTag = new Map<string, LinkState>()
  /** What was told of last is at the end. */
  private readonly courses = new Map<Feed, Course>()
  private readonly byAuthor = new Map<string, Set<Feed>>()
  /** There may be something to tell of these. */
  private readonly waiting = new Set<Feed>()
  private timer: Timer<() => void> | null = null

  constructor(
    private readonly context: NodeContext,
    private readonly links: Links,
    private readonly feeds: Feeds,
    private readonly keeping: Keeping,
    private readonly sender: FeedSender,
  ) {
    this.routes = new ReceiptRoutes(context, links)
    this.deliveries = new Deliveries(context, keeping)
  }

  linkUp(link: LinkState): void {
    this.told.set(link, new ReceiptLink())
    this.byTag.set(memberTag(link.peerKey), link)
    for (const feed of this.courses.keys()) this.wait(feed)
    // An author who was away has to be told anew.
    for (const feed of this.feeds.all.values()) {
      if (feed.authorKey === link.peerKey) this.grew(feed)
    }
  }

  linkDown(link: LinkState): void {
    this.told.delete(link)
    const tag = memberTag(link.peerKey)
    if (this.byTag.get(tag) === link) this.byTag.delete(tag)
    for (const [feed, { toldTo }] of this.courses) if (toldTo === link.id) this.wait(feed)
  }

  /** There is more of a feed, or it is of a room that we have just joined. */
  grew(feed: Feed): void {
    if (feed.room === null || !feed.isFilled || feed.authorKey === this.context.ownKey) return
    if (feed.room.peer !== null && !this.links.neighbours.has(feed.authorKey)) this.keepQuiet(feed)
    this.wait(feed)
  }

  membersChanged(room: Room): void {
    this.deliveries.membersChanged(room)
  }

  heard(authorKey: string, through: string): void {
    if (!this.routes.heard(authorKey, through)) return
    for (const feed of this.byAuthor.get(authorKey) ?? []) this.wait(feed)
  }

  /** Takes a frame of receipts; false: it is another one. */
  frame(link: LinkState, type: number, body: ByteReader): boolean {
    if (type !== FrameType.receipts) return false
    this.received(link, body)
    return true
  }

  private received(link: LinkState, body: ByteReader): void {
    const told = this.told.get(link)
    const frame = readReceipts(body)
    if (frame === null) return this.links.fault(link, 'sent broken receipts')
    if (told === undefined) return
    if (!told.name(frame)) return this.links.fault(link, 'told of members that it had not named')
    let members = 1 + frame.tags.length
    for (const { runs } of frame.entries) for (const { from, to } of runs) members += to - from
    if (!this.links.admits(link, link.budget.receipts, members)) return
    for (const entry of frame.entries) {
      const feed = link.theirs.get(entry.handle)
      if (feed !== undefined && !feed.forgotten) this.learn(link, told, feed, entry)
    }
  }

  private learn(link: LinkState, told: ReceiptLink, feed: Feed, entry: ReceiptEntry): void {
    if (feed.own) {
      // Who is linked with us tells us himself.
      const isHeard = (tag: string): boolean => (this.byTag.get(tag) ?? link) === link
      const tags = told.members(entry).filter(isHeard)
      this.deliveries.learn(feed, tags, entry.next - entry.span, entry.next)
    } else if (feed.authorKey !== this.context.ownKey && told.learn(feed, entry, this.context.nowMs)) this.wait(feed)
  }

  private wait(feed: Feed): void {
    this.waiting.add(feed)
    this.timer ??= this.context.after(GATHER_MS, () => this.tell())
  }

  private keepQuiet(feed: Feed): void {
    const { nowMs, rng } = this.context
    const course = this.course(feed)
    if (course.quietUntilMs <= nowMs) course.quietUntilMs = nowMs + rng.float() * READER_MS_MAX
  }

  /** Tells what has been gathered. */
  private tell(): void {
    this.timer = null
    const feeds = this.takeWaiting()
    const news = new Map<LinkState, (PartHolders & { readonly handle: number })[]>()
    for (const feed of feeds) {
      const course = this.course(feed)
      this.look(feed, course)
      const target = this.routes.toward(feed)
      if (target === null) continue
      const parts = this.take(feed, course, target)
      if (parts.length === 0) continue
      const handle = this.sender.handleOf(target, this.sender.on(target, feed))
      const toTarget = news.get(target) ?? []
      news.set(target, toTarget)
      for (const part of parts) toTarget.push({ ...part, handle })
    }
    for (const [target, parts] of news) {
      for (const frame of this.told.get(target)?.frames(parts) ?? []) {
        this.links.send(target, FrameType.receipts, (out) => writeReceipts(out, frame))
      }
    }
  }

  private takeWaiting(): Feed[] {
    const taken: Feed[] = []
    for (const feed of this.waiting) {
      if (taken.length === TOLD_AT_ONCE) {
        this.wait(feed)
        break
      }
      this.waiting.delete(feed)
      if (feed.forgotten) this.drop(feed)
      else taken.push(feed)
    }
    return taken
  }

  /** What we hold ourselves, if we are in the room. */
  private look(feed: Feed, course: Course): void {
    const { room } = feed
    if (room === null) return
    if (course.quietUntilMs > this.context.nowMs) return this.wait(feed)
    course.tag ??= room.peer === null ? memberTag(this.context.ownKey) : readerTag(this.context, room.peer, feed)
    if (course.tag !== null && !course.own.look(course.tag, this.context.nowMs)) this.wait(feed)
  }

  private take(feed: Feed, course: Course, target: LinkState): PartHolders[] {
    if (course.toldTo !== target.id) {
      // An author who has been away knows of nothing.
      const isAuthor = target.peerKey === feed.authorKey
      const sinceMs = isAuthor ? Number.NEGATIVE_INFINITY : this.context.nowMs - RETOLD_MS
      course.toldTo = target.id
      course.own.tellAgain(sinceMs)
      for (const [link, told] of this.told) if (link !== target) told.of(feed)?.tellAgain(sinceMs)
    }
    const parts = course.own.takeUntold()
    for (const [link, told] of this.told) {
      const holders = link === target ? undefined : told.of(feed)
      if (holders?.hasUntold) parts.push(...holders.takeUntold(RECEIPT_SPAN_MAX))
    }
    return parts
  }

  private course(feed: Feed): Course {
    const known = this.courses.get(feed)
    const course = known ?? { own: new OwnHolding(feed, this.keeping), tag: null, toldTo: 0, quietUntilMs: 0 }
    this.courses.delete(feed)
    this.courses.set(feed, course)
    if (known !== undefined) return known
    if (this.courses.size > COURSES_MAX) this.drop(this.courses.keys().next().value!)
    const ofAuthor = this.byAuthor.get(feed.authorKey) ?? new Set()
    this.byAuthor.set(feed.authorKey, ofAuthor.add(feed))
    return course
  }

  private drop(feed: Feed): void {
    this.courses.delete(feed)
    const ofAuthor = this.byAuthor.get(feed.authorKey)
    if (ofAuthor?.delete(feed) === true && ofAuthor.size === 0) this.byAuthor.delete(feed.authorKey)
  }
}
