import { toHex } from '../base/bytes.ts'
import type { FeedKey } from '../core/history/feed-log.ts'
import { RangeSet } from '../core/history/ranges.ts'
import type { Place } from '../core/room/timeline.ts'
import { NO_EVENT } from '../wire/bundle.ts'
import { feedIdOf } from '../wire/event.ts'
import { AUTHOR_BYTES, EPOCH_BYTES, ROOM_ID_BYTES } from '../wire/replication.ts'
import { BrokenRow, blob, integer, maybeInteger, type Row, type Rows } from './sqlite-rows.ts'

/** A room, an author, a feed as the tables have them, with what a batch changed and `flush` writes. */
export interface RoomState {
  readonly id: number
  readonly key: Uint8Array
  bundles: number
  bytes: number
  messages: number
  read: Place | null
}

export interface AuthorState {
  readonly id: number
  readonly key: Uint8Array
  readonly rank: number
  /** Amendments whose message has not come. */
  waiting: number
}

export interface FeedState {
  readonly id: number
  readonly key: FeedKey
  readonly room: RoomState
  readonly author: AuthorState
  own: boolean
  next: number
  tip: Uint8Array
  floor: number
  /** The first number that two events have; null where none is known to. */
  forked: number | null
  readonly held: RangeSet
  /** Where `held` was changed since it was last written. */
  readonly touched: RangeSet
}

/** Feeds remembered between batches, some 1 KB each. */
const FEEDS_REMEMBERED_MAX = 8_192
/**
 * Ranges one feed may be held in. Holes come from peers who bring what is asked for out of order, or who have holes themselves; an author
 * whose events only ever come with holes between them is not worth a row for each.
 */
export const RANGES_PER_FEED_MAX = 1_024

export class Registry {
  private readonly rooms = new Map<string, RoomState>()
  private readonly authors = new Map<string, AuthorState>()
  private readonly feeds = new Map<string, FeedState>()
  private readonly feedsByRow = new Map<number, FeedState>()
  private readonly changedRooms = new Set<RoomState>()
  private readonly changedAuthors = new Set<AuthorState>()
  private readonly changedFeeds = new Set<FeedState>()

  constructor(private readonly rows: Rows) {}

  /** After a batch that came to nothing, what is remembered of it is wrong. */
  forget(): void {
    for (const map of [this.rooms, this.authors, this.feeds, this.feedsByRow]) map.clear()
    for (const set of [this.changedRooms, this.changedAuthors, this.changedFeeds]) set.clear()
  }

  /** Between batches: keeps what is remembered within its bound. */
  trim(): void {
    if (this.feeds.size + this.rooms.size + this.authors.size > FEEDS_REMEMBERED_MAX) this.forget()
  }

  changed(feed: FeedState): void {
    this.changedFeeds.add(feed)
    this.changedRooms.add(feed.room)
  }

  roomChanged(room: RoomState): void {
    this.changedRooms.add(room)
  }

  authorChanged(author: AuthorState): void {
    this.changedAuthors.add(author)
  }

  findRoom(key: Uint8Array): RoomState | null {
    const hex = toHex(key)
    const known = this.rooms.get(hex)
    if (known !== undefined) return known
    const row = this.rows.one('SELECT * FROM rooms WHERE key = ?', key)
    if (row === null) return null
    const room: RoomState = {
      id: integer(row, 'id'),
      key: key.slice(),
      bundles: integer(row, 'bundles'),
      bytes: integer(row, 'bytes'),
      messages: integer(row, 'messages'),
      read: readPlace(row),
    }
    this.rooms.set(hex, room)
    return room
  }

  room(key: Uint8Array): RoomState {
    const known = this.findRoom(key)
    if (known !== null) return known
    const id = this.rows.insert('INSERT INTO rooms (key) VALUES (?)', key)
    const room: RoomState = { id, key: key.slice(), bundles: 0, bytes: 0, messages: 0, read: null }
    this.rooms.set(toHex(key), room)
    return room
  }

  findAuthor(key: Uint8Array): AuthorState | null {
    const hex = toHex(key)
    const known = this.authors.get(hex)
    if (known !== undefined) return known
    const row = this.rows.one('SELECT id, waiting FROM authors WHERE key = ?', key)
    if (row === null) return null
    const author = { id: integer(row, 'id'), key: key.slice(), rank: rankOf(key), waiting: integer(row, 'waiting') }
    this.authors.set(hex, author)
    return author
  }

  author(key: Uint8Array): AuthorState {
    const known = this.findAuthor(key)
    if (known !== null) return known
    const id = this.rows.insert('INSERT INTO authors (key) VALUES (?)', key)
    const author: AuthorState = { id, key: key.slice(), rank: rankOf(key), waiting: 0 }
    this.authors.set(toHex(key), author)
    return author
  }

  findFeed(key: FeedKey): FeedState | null {
    const hex = toHex(key.id)
    const known = this.feeds.get(hex)
    if (known !== undefined) return known
    const room = this.findRoom(key.room)
    const author = this.findAuthor(key.author)
    if (room === null || author === null) return null
    const row = this.rows.one(
      'SELECT * FROM feeds WHERE author = ? AND room = ? AND epoch = ?',
      author.id,
      room.id,
      key.epoch,
    )
    if (row === null) return null
    const id = integer(row, 'id')
    const held = new RangeSet(this.rangesOf(id))
    const feed: FeedState = { id, key: copyKey(key), room, author, ...readFeedRow(row), held, touched: new RangeSet() }
    this.feeds.set(hex, feed)
    this.feedsByRow.set(id, feed)
    return feed
  }

  feed(key: FeedKey, own: boolean): FeedState {
    const known = this.findFeed(key)
    if (known !== null) return known
    const room = this.room(key.room)
    const author = this.author(key.author)
    const id = this.rows.insert(
      'INSERT INTO feeds (author, room, epoch, own, tip) VALUES (?, ?, ?, ?, ?)',
      author.id,
      room.id,
      key.epoch,
      own ? 1 : 0,
      NO_EVENT,
    )
    const made = { id, key: copyKey(key), room, author, own, next: 1, tip: NO_EVENT, floor: 1, forked: null }
    const feed: FeedState = { ...made, held: new RangeSet(), touched: new RangeSet() }
    this.feeds.set(toHex(key.id), feed)
    this.feedsByRow.set(id, feed)
    return feed
  }

  /** By the id that other tables know it by, and always have from here. */
  feedOfRow(id: number): FeedState {
    const known = this.feedsByRow.get(id)
    if (known !== undefined) return known
    const row = this.rows.one(
      `SELECT a.key AS author, r.key AS room, f.epoch FROM feeds f JOIN authors a ON a.id = f.author
      JOIN rooms r ON r.id = f.room WHERE f.id = ?`,
      id,
    )
    const feed = row === null ? null : this.findFeed(readKey(row))
    if (feed === null) throw new BrokenRow('feed')
    return feed
  }

  /** Writes what a batch changed. */
  flush(): void {
    for (const room of this.changedRooms) this.writeRoom(room)
    for (const { id, waiting } of this.changedAuthors) {
      this.rows.run('UPDATE authors SET waiting = ? WHERE id = ?', waiting, id)
    }
    for (const feed of this.changedFeeds) this.writeFeed(feed)
    for (const set of [this.changedRooms, this.changedAuthors, this.changedFeeds]) set.clear()
  }

  private writeRoom({ id, bundles, bytes, messages, read }: RoomState): void {
    this.rows.run('UPDATE rooms SET bundles = ?, bytes = ?, messages = ? WHERE id = ?', bundles, bytes, messages, id)
    if (read === null) return
    this.rows.run(
      `UPDATE rooms SET read_ms = ?, read_counter = ?, read_author = ?, read_number = ?, read_event = ? WHERE id = ?`,
      read.time.ms,
      read.time.counter,
      read.author,
      read.number,
      read.id,
      id,
    )
  }

  private writeFeed(feed: FeedState): void {
    this.rows.run(
      'UPDATE feeds SET own = ?, next = ?, tip = ?, floor = ?, forked = ? WHERE id = ?',
      feed.own ? 1 : 0,
      feed.next,
      feed.tip,
      feed.floor,
      feed.forked,
      feed.id,
    )
    for (const { from, to } of feed.touched.list) {
      this.rows.run('DELETE FROM ranges WHERE feed = ? AND first BETWEEN ? AND ?', feed.id, from, to)
      for (const range of feed.held.list) {
        if (range.from < from || range.from > to) continue
        this.rows.run('INSERT INTO ranges (feed, first, next) VALUES (?, ?, ?)', feed.id, range.from, range.to)
      }
    }
    feed.touched.remove(0, Number.MAX_SAFE_INTEGER)
  }

  private rangesOf(feed: number): { from: number; to: number }[] {
    const rows = this.rows.all(
      'SELECT first, next FROM ranges WHERE feed = ? ORDER BY first LIMIT ?',
      feed,
      RANGES_PER_FEED_MAX,
    )
    return rows.map(readRange)
  }
}

/** Marks a change of `held` for writing: `from` and `to` of the range it ended up in, or that something was taken from. */
export function touch(feed: FeedState, from: number, to: number): void {
  feed.touched.add(from, to + 1)
}

export function readRange(row: Row): { from: number; to: number } {
  return { from: integer(row, 'first'), to: integer(row, 'next') }
}

export function readFeedRow(row: Row): Pick<FeedState, 'own' | 'next' | 'tip' | 'floor' | 'forked'> {
  return {
    own: integer(row, 'own') === 1,
    next: integer(row, 'next'),
    tip: blob(row, 'tip', NO_EVENT.length),
    floor: integer(row, 'floor'),
    forked: maybeInteger(row, 'forked'),
  }
}

export function readKey(row: Row): FeedKey {
  const author = blob(row, 'author', AUTHOR_BYTES)
  const room = blob(row, 'room', ROOM_ID_BYTES)
  const epoch = blob(row, 'epoch', EPOCH_BYTES)
  return { author, room, epoch, id: feedIdOf(author, room, epoch) }
}

/** The caller's bytes may be views into something larger. */
function copyKey({ author, room, epoch, id }: FeedKey): FeedKey {
  return { author: author.slice(), room: room.slice(), epoch: epoch.slice(), id: id.slice() }
}

export function readPlace(row: Row): Place | null {
  const ms = maybeInteger(row, 'read_ms')
  if (ms === null) return null
  return {
    time: { ms, counter: integer(row, 'read_counter') },
    author: blob(row, 'read_author', AUTHOR_BYTES),
    number: integer(row, 'read_number'),
    id: blob(row, 'read_event', NO_EVENT.length),
  }
}

/** The first 48 bits of a key: in the order of keys, and a number. */
export function rankOf(key: Uint8Array): number {
  if (key.length < 6) throw new BrokenRow('key')
  let rank = 0
  for (let i = 0; i < 6; i++) rank = rank * 256 + key[i]!
  return rank
}
