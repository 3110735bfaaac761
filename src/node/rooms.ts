import { compareBytes, toHex, utf8 } from '../base/bytes.ts'
import { CLOCK_AHEAD_MAX_MS, compareHlc, HybridClock } from '../base/hlc.ts'
import { decodeUtf8 } from '../base/text.ts'
import { isAuthored } from '../wire/amendment.ts'
import { type Bundle, type BundleEvent, chainBundle, decodeBundle } from '../wire/bundle.ts'
import { type AuthoredKind, EventKind, openRoomId } from '../wire/event.ts'
import { NAME_BYTES_MAX } from '../wire/limits.ts'
import { EPOCH_BYTES } from '../wire/replication.ts'
import type { NodeContext } from './context.ts'
import { Conversations } from './conversations.ts'
import type { Feed } from './feed.ts'
import type { Feeds } from './feeds.ts'
import type { HeldFeed, Keeping, KeptEvent } from './keeping.ts'
import type { EventTelling } from './outputs.ts'
import type { Replication } from './replication.ts'
import { Room } from './room-state.ts'

/** What joining a room shows of what was said before, as far as the window holds it. */
const BACKLOG_EVENTS_MAX = 1_000
/** What arrives while catching up is told in order, after at most this long or this many. */
const HOLD_MS_MAX = 1_000
const HOLD_EVENTS_MAX = 10_000
/** And not again for so long: one who names feed after feed and brings each a little late must not hold a room all the time. */
const HOLD_AGAIN_MS = 30_000
/** Events from clocks far ahead that wait for their time. */
const AHEAD_EVENTS_MAX = 256
const AHEAD_CHECK_MS = 30_000
/** Authors whose clock was reported, each once: identities cost nothing, so a flood of them is not. */
const AHEAD_TOLD_MAX = 16
/** Rooms one node is in. */
const ROOMS_MAX = 256

/** An event in the clear. */
interface Words {
  readonly kind: number
  readonly body: Uint8Array
  /** As a direct message itself tells it; null elsewhere. */
  readonly name: string | null
}

export type SayFault = 'empty' | 'too-long' | 'not-joined' | 'no-such-person'

/** Rooms and conversations: our own feeds in them, and what is told of the others'. */
export class Rooms {
  readonly clock = new HybridClock()
  readonly open = new Map<string, Room>()
  readonly conversations: Conversations
  private readonly byName = new Map<string, Room>()
  private readonly waiting = new Set<Room>()
  private ahead: EventTelling[] = []
  /** The words of the bundle of ours that is being published; null while none is. */
  private publishing: readonly Words[] | null = null
  private readonly aheadTold = new Set<string>()

  constructor(
    private readonly context: NodeContext,
    private readonly feeds: Feeds,
    private readonly replication: () => Replication,
    private readonly keeping: Keeping,
    private readonly name: () => string,
  ) {
    this.conversations = new Conversations(context)
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
    for (const each of held) this.feeds.restore(each)
    const backlog: EventTelling[] = []
    for (const feed of this.feeds.all.values()) {
      if (toHex(feed.log.key.room) !== room.key) continue
      feed.room = room
      if (feed.catching) room.catchingUp++
      if (feed.own) room.own = feed
      this.replay(feed, room, backlog)
    }
    backlog.sort(inOrder)
    for (const telling of backlog.slice(-BACKLOG_EVENTS_MAX)) this.tell(telling)
    return room
  }

  /** A conversation goes on where the store left it. */
  restore(peer: Uint8Array, held: readonly HeldFeed[]): void {
    const room = this.conversations.with(peer)
    if (room === null) return
    for (const each of held) {
      const feed = this.feeds.restore(each)
      if (feed === null) continue
      feed.room = room
      if (feed.own) room.own = feed
    }
  }

  leave(name: string): Room | null {
    const room = this.byName.get(name)
    if (room === undefined) return null
    this.flushRoom(room)
    this.release(room)
    this.ahead = this.ahead.filter((telling) => telling.room !== name)
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

  fresh(feed: Feed, bundle: Bundle, ids: readonly Uint8Array[], hops: number): void {
    const room = feed.room
    if (room === null) return
    const words = this.publishing ?? bundle.events.map((event) => this.wordsOf(feed, room, event))
    if (this.publishing === null) this.keep(feed, bundle, ids, feed.log.at(feed.log.end - 1).previous, words)
    for (let i = 0; i < bundle.count; i++) {
      const telling = this.read(feed, room, bundle.events[i]!, words[i]!, bundle.first + i, ids[i]!, hops)
      if (telling === null) continue
      if (!room.holding) this.tell(telling)
      else if (room.held.push(telling) >= HOLD_EVENTS_MAX) this.release(room)
    }
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
      this.release(room)
    } else if (busy && room.catchingUp === 1 && this.context.nowMs >= room.mayHoldAtMs) {
      room.holding = true
      room.mayHoldAtMs = this.context.nowMs + HOLD_AGAIN_MS
      // However long it goes on: one who never brings what he says he has must not keep a room from being heard.
      this.context.after(HOLD_MS_MAX, () => this.release(room))
    }
  }

  private release(room: Room): void {
    room.holding = false
    if (room.held.length === 0) return
    const held = room.held.sort(inOrder)
    room.held = []
    for (const telling of held) this.tell(telling)
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
    const { refs, plain, unsafe } = room
    room.refs = []
    room.plain = []
    const next = unsafe?.next ?? feed.log.next
    const previous = unsafe?.tip ?? feed.log.tip!
    const { bundle, ids } = room.builder.seal(next, key.id, previous, this.context.identity.signing)
    room.unsafe = { next: bundle.first + bundle.count, tip: ids[ids.length - 1]! }
    const words = bundle.events.map((event, i) => (room.peer === null ? { ...event, name: null } : plain[i]!))
    this.keep(feed, bundle, ids, previous, words, () => {
      if (room.unsafe?.next === bundle.first + bundle.count) room.unsafe = null
      this.publishing = words
      this.replication().publish(feed, bundle, ids)
      this.publishing = null
      for (let i = 0; i < refs.length; i++) {
        const ref = refs[i]!
        if (ref !== null) this.context.emit({ kind: 'said', ref, id: ids[i]! })
      }
    })
  }

  private keep(
    feed: Feed,
    bundle: Bundle,
    ids: readonly Uint8Array[],
    previous: Uint8Array,
    words: readonly (Words | null)[],
    then?: () => void,
  ): void {
    if (!this.keeping.isKeeping) return then?.()
    const events: KeptEvent[] = []
    for (let i = 0; i < bundle.count; i++) {
      const each = words[i]!
      if (each === null) continue
      const { kind, body, name } = each
      events.push({ id: ids[i]!, number: bundle.first + i, time: bundle.events[i]!.time, kind, body, name })
    }
    this.keeping.keep(feed, bundle, ids[ids.length - 1]!, previous, events, then)
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
      if (words.body.length <= NAME_BYTES_MAX) feed.authorName = decodeUtf8(words.body) ?? feed.authorName
      return null
    }
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
    }
  }

  private tell(telling: EventTelling): void {
    // Our own words are never held back from us, not even when our clock has just been set back.
    if (this.clock.see(telling.time, this.context.wallMs) || telling.self) return this.context.emit(telling)
    if (this.ahead.length === 0) this.context.after(AHEAD_CHECK_MS, () => this.checkAhead())
    this.ahead.push(telling)
    if (this.ahead.length > AHEAD_EVENTS_MAX) this.dropFurthestAhead()
    const author = toHex(telling.author)
    if (!this.aheadTold.has(author) && this.aheadTold.size < AHEAD_TOLD_MAX) {
      this.aheadTold.add(author)
      const minutes = Math.round((telling.time.ms - this.context.wallMs) / 60_000)
      const who = telling.name === '' ? author.slice(0, 8) : telling.name
      const message = `${who}'s clock is ${minutes} minutes ahead of ours: what they say is held back until its time comes. One of the two clocks should be set.`
      this.context.emit({ kind: 'trouble', code: 'clock-ahead', message, user: true })
    }
  }

  /** A clock that is a year ahead must not keep out those that are some minutes ahead. */
  private dropFurthestAhead(): void {
    let furthest = 0
    this.ahead.forEach((held, at) => {
      if (held.time.ms > this.ahead[furthest]!.time.ms) furthest = at
    })
    this.ahead.splice(furthest, 1)
  }

  private checkAhead(): void {
    const due = (telling: EventTelling) => telling.time.ms - this.context.wallMs <= CLOCK_AHEAD_MAX_MS
    const ready = this.ahead.filter(due)
    this.ahead = this.ahead.filter((telling) => !due(telling))
    for (const telling of ready) this.tell(telling)
    if (this.ahead.length > 0) this.context.after(AHEAD_CHECK_MS, () => this.checkAhead())
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

/** The room's order: clock time, then author, then number. */
function inOrder(a: EventTelling, b: EventTelling): number {
  return compareHlc(a.time, b.time) || compareBytes(a.author, b.author) || a.number - b.number
}
