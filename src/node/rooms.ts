import { toHex, utf8 } from '../base/bytes.ts'
import { HybridClock } from '../base/hlc.ts'
import { LATE } from '../core/history/feed-log.ts'
import { RangeSet } from '../core/history/ranges.ts'
import { isAuthored, readRemoval } from '../wire/amendment.ts'
import { type Bundle, type BundleEvent, chainBundle, decodeBundle } from '../wire/bundle.ts'
import { type AuthoredKind, EventKind, openRoomId } from '../wire/event.ts'
import { EPOCH_BYTES } from '../wire/replication.ts'
import { AheadClocks } from './ahead-clocks.ts'
import type { NodeContext } from './context.ts'
import { Conversations } from './conversations.ts'
import { isMessage } from './deliveries.ts'
import type { Feed } from './feed.ts'
import type { Feeds } from './feeds.ts'
import type { Fetched } from './fetched.ts'
import type { GoneBodies } from './gone-bodies.ts'
import type { HeldFeed, Keeping, KeptEvent } from './keeping.ts'
import type { EventTelling } from './outputs.ts'
import { Overtaking } from './overtaking.ts'
import type { Replication } from './replication.ts'
import { Room } from './room-state.ts'
import { inOrder, nameIn, type Words } from './words.ts'

/** What joining a room shows of what was said before, as far as the window holds it. */
const BACKLOG_EVENTS_MAX = 1_000
/** What arrives while catching up is told in order, after at most this long or this many. */
const HOLD_MS_MAX = 1_000
const HOLD_EVENTS_MAX = 10_000
/** And not again for so long: one who names feed after feed and brings each a little late must not hold a room all the time. */
const HOLD_AGAIN_MS = 30_000
/** How what was fetched says it came: by whoever had it, and its way was forgotten. */
const FETCHED_HOPS = 2
/** Rooms one node is in. */
const ROOMS_MAX = 256

export type SayFault = 'empty' | 'too-long' | 'not-joined' | 'no-such-person'

/** Rooms and conversations: our own feeds in them, and what is told of the others'. */
export class Rooms {
  readonly clock = new HybridClock()
  readonly open = new Map<string, Room>()
  readonly conversations: Conversations
  private readonly byName = new Map<string, Room>()
  private readonly waiting = new Set<Room>()
  private readonly ahead: AheadClocks
  private readonly overtaking: Overtaking
  /** The words of the bundle of ours that is being published; null while none is. */
  private publishing: readonly Words[] | null = null

  constructor(
    private readonly context: NodeContext,
    private readonly feeds: Feeds,
    private readonly replication: () => Replication,
    private readonly keeping: Keeping,
    private readonly gone: GoneBodies,
    private readonly name: () => string,
  ) {
    this.conversations = new Conversations(context)
    this.ahead = new AheadClocks(context, this.clock)
    this.overtaking = new Overtaking(context, feeds, {
      sayAgain: (room, kind, body, ref) => this.say(room, kind, body, ref),
      givenUp: (feed) => replication().givenUp(feed),
    })
  }

  named(name: string): Room | undefined {
    return this.byName.get(name)
  }

  /**
   * Joins; null when it is joined already or there are too many. What the window has of it is told as backlog; `held`: what the store has,
   * which is shown from there.
   */
  join(name: string, held: readonly HeldFeed[]): Room | null {
    if (this.byName.has(name) || this.byName.size >= ROOMS_MAX) return null
    const id = openRoomId(name)
    const room = new Room(name, id, toHex(id), null)
    this.byName.set(name, room)
    this.open.set(room.key, room)
    for (const each of held) this.restoreFeed(each, room)
    const backlog: EventTelling[] = []
    for (const feed of this.feeds.all.values()) {
      if (toHex(feed.log.key.room) !== room.key) continue
      feed.room = room
      if (feed.catching) room.catchingUp++
      if (feed.own) room.own = feed
      this.replay(feed, room, backlog)
      this.replication().receipts.grew(feed)
    }
    backlog.sort(inOrder)
    for (const telling of backlog.slice(-BACKLOG_EVENTS_MAX)) this.ahead.tell(telling)
    return room
  }

  /** A conversation goes on where the store left it. */
  restore(peer: Uint8Array, held: readonly HeldFeed[]): void {
    const room = this.conversations.with(peer)
    if (room === null) return
    for (const each of held) {
      const feed = this.restoreFeed(each, room)
      if (feed?.own === true) room.own = feed
    }
  }

  private restoreFeed(held: HeldFeed, room: Room): Feed | null {
    const feed = this.feeds.restore(held)
    if (feed === null) return null
    feed.room = room
    for (const { number, id } of held.unproven ?? []) this.gone.add(feed, number, id)
    this.replication().restored(feed, held.forks ?? null)
    return feed
  }

  leave(name: string): Room | null {
    const room = this.byName.get(name)
    if (room === undefined) return null
    this.flushRoom(room)
    this.release(room)
    this.ahead.left(name)
    this.byName.delete(name)
    this.open.delete(room.key)
    for (const feed of this.feeds.all.values()) if (feed.room === room) feed.room = null
    return room
  }

  /** Puts something said in line; `flush` seals it. */
  say(room: Room, kind: AuthoredKind, body: Uint8Array, ref: number): SayFault | null {
    if (!isAuthored(kind, body)) return body.length === 0 ? 'empty' : 'too-long'
    const feed = this.ownFeed(room)
    const sealed = room.peer !== null
    if (!sealed && room.toldName !== this.name()) {
      room.toldName = this.name()
      this.add(room, EventKind.profile, utf8(room.toldName), null)
    }
    if (sealed) {
      const said = { kind, name: this.name(), body }
      this.add(room, EventKind.sealed, this.conversations.seal(room, feed.log.key.id, said), ref)
      room.plain.push({ kind, body, name: this.name() })
    } else this.add(room, kind, body, ref)
    return null
  }

  get hasWaiting(): boolean {
    return this.waiting.size > 0
  }

  /** Seals what was said since the last call: one signature for each room, whatever the burst. */
  flush(): void {
    for (const room of this.waiting) this.flushRoom(room)
  }

  /** A feed became known: it may belong to a room we are in, or be addressed to us. */
  feedNamed(feed: Feed): void {
    if (feed.room !== null) return
    const key = toHex(feed.log.key.room)
    feed.room = this.open.get(key) ?? this.conversations.find(key, feed.log.key.author, feed.authorKey)
  }

  fresh(feed: Feed, bundle: Bundle, ids: readonly Uint8Array[], hops: number): readonly (Words | null)[] | null {
    const room = feed.room
    if (room === null) return null
    const words = this.publishing ?? bundle.events.map((event) => this.wordsOf(feed, room, event))
    const { previous, heardAtMs } = feed.log.at(feed.log.end - 1)
    if (this.publishing === null) this.keep(feed, bundle, ids, previous, words)
    for (let i = 0; i < bundle.count; i++) {
      const telling = this.read(feed, room, bundle.events[i]!, words[i]!, bundle.first + i, ids[i]!, hops)
      if (telling !== null) this.tell(room, feed, heardAtMs === LATE ? { ...telling, backlog: true } : telling)
    }
    this.replication().receipts.grew(feed)
    return words
  }

  /** Tells it, or holds it for a moment to be told in order. */
  private tell(room: Room, feed: Feed, telling: EventTelling): void {
    // What of its feed was held before comes before it.
    if (room.holding && !isUnnamed(feed)) this.mayRelease(room)
    if (!room.holding || (room.catchingUp === 0 && !isUnnamed(feed))) this.show(feed, telling)
    else if (room.held.push({ telling, feed }) >= HOLD_EVENTS_MAX) this.release(room)
  }

  /** What was said before what we have has come: kept, and told as far as it is `fresh` and was not told before. */
  filled(feed: Feed, { bundle, previous, ids }: Fetched, fresh: RangeSet, forkedSince?: number): void {
    const room = feed.room
    if (room === null) return
    const words = bundle.events.map((event) => this.wordsOf(feed, room, event))
    this.keep(feed, bundle, ids, previous, words, undefined, forkedSince)
    this.replication().receipts.grew(feed)
    let name: string | null = null
    for (let i = 0; i < bundle.count; i++) {
      const number = bundle.first + i
      if (!fresh.has(number)) continue
      const telling = this.read(feed, room, bundle.events[i]!, words[i]!, number, ids[i]!, FETCHED_HOPS)
      if (room.peer === null && words[i]?.kind === EventKind.profile) name = nameIn(words[i]!.body) ?? name
      if (telling === null || feed.lost?.has(number) === true) continue
      this.tell(room, feed, { ...telling, name: words[i]!.name ?? name ?? telling.name, backlog: true })
    }
    if (bundle.first === 1) this.mayRelease(room)
  }

  /** What an author has signed beside the history that came first: kept and told like what comes late. */
  forked(feed: Feed, fetched: Fetched, since: number): void {
    const { first, count } = fetched.bundle
    this.filled(feed, fetched, new RangeSet([{ from: first, to: first + count }]), since)
  }

  /** Somebody has more of a feed of ours than we do. */
  overtaken(feed: Feed, isProven: boolean): void {
    this.overtaking.overtaken(feed, isProven)
  }

  /** So many events of a feed are to be had from nobody. */
  gap(feed: Feed, missing: number): void {
    const room = feed.room?.name ?? null
    if (room === null) return
    const { author } = feed.log.key
    this.context.emit({ kind: 'gap', room, author, name: feed.authorName ?? '', missing })
  }

  catching(feed: Feed, busy: boolean): void {
    const room = feed.room
    if (room === null) return
    room.catchingUp += busy ? 1 : -1
    if (room.catchingUp <= 0) {
      room.catchingUp = 0
      this.mayRelease(room)
    } else if (busy && room.catchingUp === 1 && this.context.nowMs >= room.mayHoldAtMs) {
      room.holding = true
      room.mayHoldAtMs = this.context.nowMs + HOLD_AGAIN_MS
      // However long it goes on: one who never brings what he says he has must not keep a room from being heard.
      this.context.after(HOLD_MS_MAX, () => this.release(room))
    }
  }

  /** Caught up: what is told by whom it is not known yet waits for that, but no longer than all the rest would. */
  private mayRelease(room: Room): void {
    if (room.catchingUp > 0 || !room.holding) return
    const unnamed = room.held.filter(({ feed }) => isUnnamed(feed))
    room.held = room.held.filter(({ feed }) => !isUnnamed(feed))
    this.release(room)
    room.held = unnamed
    room.holding = unnamed.length > 0
  }

  private release(room: Room): void {
    room.holding = false
    if (room.held.length === 0) return
    const held = room.held.sort((a, b) => inOrder(a.telling, b.telling))
    room.held = []
    for (const { telling, feed } of held) {
      this.show(feed, telling.name === '' ? { ...telling, name: feed.authorName ?? '' } : telling)
    }
  }

  private show(feed: Feed, telling: EventTelling): void {
    if (feed.own && isMessage(telling.eventKind)) this.replication().receipts.deliveries.said(feed, telling)
    this.ahead.tell(telling)
  }

  private ownFeed(room: Room): Feed {
    if (room.own !== null) return room.own
    const author = this.context.identity.signing.publicKey
    const feed = this.feeds.open(author, room.id, this.context.randomBytes(EPOCH_BYTES), null)!
    feed.room = room
    room.own = feed
    return feed
  }

  private add(room: Room, kind: number, body: Uint8Array, ref: number | null): void {
    const time = this.clock.tick(this.context.wallMs)
    if (!room.builder.add(kind, time, body)) {
      this.flushRoom(room)
      room.builder.add(kind, time, body)
    }
    room.refs.push(ref)
    this.waiting.add(room)
  }

  /** Seals what waits. It is told, and sets out, when it is safe. */
  private flushRoom(room: Room): void {
    this.waiting.delete(room)
    if (room.builder.count === 0) return
    const feed = room.own!
    const { key } = feed.log
    const { refs, plain } = room
    room.refs = []
    room.plain = []
    const writing = feed.writing!
    const next = writing.unsafe?.next ?? feed.log.next
    const previous = writing.unsafe?.tip ?? feed.log.tip!
    const { bundle, ids } = room.builder.seal(next, key.id, previous, this.context.identity.signing)
    const unsafe = { next: bundle.first + bundle.count, tip: ids[ids.length - 1]! }
    writing.unsafe = unsafe
    const words = bundle.events.map((event, i) => (room.peer === null ? { ...event, name: null } : plain[i]!))
    this.keep(feed, bundle, ids, previous, words, () => {
      if (writing.unsafe === unsafe) writing.unsafe = null
      this.publishing = words
      this.replication().publish(feed, bundle, ids)
      this.publishing = null
      for (let i = 0; i < refs.length; i++) {
        const ref = refs[i]!
        if (ref !== null) this.context.emit({ kind: 'said', ref, id: ids[i]! })
      }
      this.overtaking.published(feed)
    })
  }

  private keep(
    feed: Feed,
    bundle: Bundle,
    ids: readonly Uint8Array[],
    previous: Uint8Array,
    words: readonly (Words | null)[],
    then?: () => void,
    forkedSince?: number,
  ): void {
    if (!this.keeping.isKeeping) return then?.()
    const events: KeptEvent[] = []
    for (let i = 0; i < bundle.count; i++) {
      const event = bundle.events[i]!
      const { time } = event
      const each = words[i] ?? null
      const kept = { id: ids[i]!, number: bundle.first + i, time }
      if (each !== null) events.push({ ...kept, kind: each.kind, body: each.body, name: each.name })
      else if (event.gone && feed.room?.peer === null)
        events.push({ ...kept, kind: event.kind, body: null, name: null })
    }
    this.keeping.keep(feed, bundle, ids[ids.length - 1]!, previous, events, then, forkedSince)
  }

  /** An event in the clear; null where it cannot be read. */
  private wordsOf(feed: Feed, room: Room, event: BundleEvent): Words | null {
    if (event.gone) return null
    if (room.peer === null) return { kind: event.kind, body: event.body, name: null }
    if (event.kind !== EventKind.sealed || feed.authorKey === this.context.ownKey) return null
    return this.conversations.unseal(room, feed.log.key.id, event.body)
  }

  /** What an event tells a reader, or null when it tells nothing. */
  private read(
    feed: Feed,
    room: Room,
    event: BundleEvent,
    words: Words | null,
    number: number,
    id: Uint8Array,
    hops: number,
  ): EventTelling | null {
    if (words === null) return null
    if (room.peer === null && words.kind === EventKind.profile) {
      // What comes late must not bring a former name back.
      if (number < feed.namedAt) return null
      feed.authorName = nameIn(words.body) ?? feed.authorName
      feed.namedAt = number
      return null
    }
    if (words.kind === EventKind.remove) this.gone.deleted(feed, readRemoval(words.body) ?? id)
    if (!isAuthored(words.kind, words.body)) return null
    return {
      kind: 'event',
      room: room.name,
      peer: room.peer?.id ?? null,
      id,
      author: feed.log.key.author,
      name: words.name ?? feed.authorName ?? '',
      number,
      time: event.time,
      eventKind: words.kind,
      body: words.body,
      hops,
      // A feed of ours from before a restart comes back from others and is still ours.
      self: feed.authorKey === this.context.ownKey,
      backlog: feed.catching,
      ...(feed.forks !== null && number >= feed.forks.since ? { forked: true } : {}),
    }
  }

  /** Reads what the window holds of a feed again, for a room just joined: what the store has is not told again, what it lacks is kept. */
  private replay(feed: Feed, room: Room, into: EventTelling[]): void {
    const { log } = feed
    for (let position = log.start; position < log.end; position++) {
      const held = log.at(position)
      if (feed.held?.has(held.first) === true) continue
      const bundle = decodeBundle(held.bytes)!
      const ids = chainBundle(bundle, log.key.id, held.previous)
      const words = bundle.events.map((event) => this.wordsOf(feed, room, event))
      this.keep(feed, bundle, ids, held.previous, words)
      for (let i = 0; i < bundle.count; i++) {
        const telling = this.read(feed, room, bundle.events[i]!, words[i]!, held.first + i, ids[i]!, held.hops)
        if (telling !== null) into.push({ ...telling, backlog: true })
      }
    }
  }
}

/** Its end is here and not its beginning, where an author says what he is called. */
function isUnnamed({ authorName, held, room, floor }: Feed): boolean {
  return authorName === null && room?.peer === null && floor === 1 && held?.has(1) === false
}
