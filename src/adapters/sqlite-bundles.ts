import type { FeedKey } from '../core/history/feed-log.ts'
import type { DropOld, FeedHeld, ForgetBody, KeepBundle, StoredBundle } from '../ports/store.ts'
import { NO_EVENT } from '../wire/bundle.ts'
import { BUNDLE_BYTES_MAX, BUNDLE_EVENTS_MAX } from '../wire/limits.ts'
import { BUNDLE_COLUMNS, BundleRows, storedOf } from './sqlite-bundle-rows.ts'
import type { Forks } from './sqlite-forks.ts'
import type { Projection } from './sqlite-projection.ts'
import {
  type FeedState,
  RANGES_PER_FEED_MAX,
  type Registry,
  readFeedRow,
  readKey,
  readRange,
  touch,
} from './sqlite-registry.ts'
import { BrokenRow, blob, integer, type Row, type Rows } from './sqlite-rows.ts'

/** Bundles dropped in one commit: some 80 ms in a large history, most of it to take the words out of the index at once. */
const DROP_MAX = 200
/** Answers to one request for bundles, and the most it may ask for at once. */
const SERVED_MAX = 1_024
const SERVED_BYTES_MAX = 4 * 1024 * 1024
/** Feeds answered at once: what a node can know, twice over. */
const FEEDS_MAX = 131_072
/** Messages without a body that are told of at a time: what a node remembers of them. */
const GONE_MAX = 16_384
/** Pages given back to the file system after a drop, 4 KiB each. */
const PAGES_FREED_MAX = 2_000

/** The bundles as they were signed, and the numbers held of each feed. */
export class Bundles {
  private readonly table: BundleRows

  constructor(
    private readonly rows: Rows,
    private readonly registry: Registry,
    private readonly forks: Forks,
    private readonly projection: () => Projection,
  ) {
    this.table = new BundleRows('bundles', rows, registry, projection)
  }

  keep(op: KeepBundle): void {
    const feed = this.registry.feed(op.feed, op.own)
    const next = op.first + op.count
    if (op.own && !feed.own) {
      feed.own = true
      this.registry.changed(feed)
    }
    if (next <= feed.floor) return
    if (feed.held.covers(op.first, next)) return this.refill(feed, op)
    if (feed.held.count >= RANGES_PER_FEED_MAX && feed.held.isApart(op.first, next)) return
    this.insert(feed, op)
    this.forks.yield(feed, op.lastId)
    const { from, to } = feed.held.add(op.first, next)!
    touch(feed, from, to)
    if (next > feed.next) {
      feed.next = next
      feed.tip = op.lastId.slice()
    }
    this.registry.changed(feed)
    for (const event of op.events) this.projection().tell(feed, event)
  }

  forget(op: ForgetBody): void {
    const feed = this.registry.findFeed(op.feed)
    if (feed !== null) this.forgetBody(feed, op.number, null)
  }

  /** `event`: the id of the one that is meant; null where it is the one of this history, whatever others there are. */
  forgetBody(feed: FeedState, number: number, event: Uint8Array | null): void {
    // Its numbers still count as held, so it is not fetched again.
    const meant = feed.forked === null ? null : event
    for (const row of this.around(feed, number, number + 1)) this.table.forgetBody(feed, row, number, meant)
    if (event !== null) this.forks.forgetBody(feed, number, event)
  }

  /** Answers whether there is more to drop. */
  drop(op: DropOld): boolean {
    const room = this.registry.findRoom(op.room)
    if (room === null) return false
    const pruned = new Set<FeedState>()
    let left = DROP_MAX
    let oldest = this.oldest(room.id)
    for (; oldest !== null && left > 0; oldest = this.oldest(room.id)) {
      if (integer(oldest, 'ms') >= op.beforeMs && room.bytes <= op.bytesMax) break
      const feed = this.registry.feedOfRow(integer(oldest, 'feed'))
      // What a feed said before goes too, whatever its clock said then: so what is left of a feed is one piece.
      const prefix = this.rows.all(
        `SELECT ${BUNDLE_COLUMNS} FROM bundles WHERE feed = ? AND first <= ? ORDER BY first LIMIT ?`,
        feed.id,
        integer(oldest, 'first'),
        left,
      )
      // An index that names what is not there would name it for ever.
      if (prefix.length === 0) throw new BrokenRow('first')
      for (const row of prefix) this.dropBundle(feed, row)
      left -= prefix.length
      pruned.add(feed)
    }
    for (const feed of pruned) this.prune(feed)
    if (pruned.size > 0) this.rows.all(`PRAGMA incremental_vacuum(${PAGES_FREED_MAX})`)
    return oldest !== null && (integer(oldest, 'ms') < op.beforeMs || room.bytes > op.bytesMax)
  }

  feeds(roomKey?: Uint8Array): FeedHeld[] {
    const room = roomKey === undefined ? null : this.registry.findRoom(roomKey)
    if (room === null && roomKey !== undefined) return []
    const where = room === null ? '' : 'WHERE f.room = ?1'
    const values = room === null ? [] : [room.id]
    const ranges = new Map<number, { from: number; to: number }[]>()
    const held = this.rows.all(
      `SELECT g.* FROM ranges g JOIN feeds f ON f.id = g.feed ${where} ORDER BY g.feed, g.first LIMIT 1000000`,
      ...values,
    )
    for (const row of held) {
      const feed = integer(row, 'feed')
      const list = ranges.get(feed)
      if (list === undefined) ranges.set(feed, [readRange(row)])
      else if (list.length < RANGES_PER_FEED_MAX) list.push(readRange(row))
    }
    const rows = this.rows.all(
      `SELECT f.id, f.own, f.next, f.tip, f.floor, f.forked, f.epoch, a.key AS author, r.key AS room FROM feeds f JOIN authors a ON a.id = f.author
      JOIN rooms r ON r.id = f.room ${where} LIMIT ${FEEDS_MAX}`,
      ...values,
    )
    const gone = this.gone(where, values)
    return rows.map((row) => {
      const { forked: forkedSince, ...feed } = readFeedRow(row)
      const id = integer(row, 'id')
      return {
        key: readKey(row),
        ...feed,
        forkedSince,
        ranges: ranges.get(id) ?? [],
        unproven: gone.get(id) ?? [],
      }
    })
  }

  /** By feed: what is gone without a deletion. Of two histories' it is not known which one's body is asked for. */
  private gone(where: string, values: readonly number[]): Map<number, { number: number; id: Uint8Array }[]> {
    const found = new Map<number, { number: number; id: Uint8Array }[]>()
    const rows = this.rows.all(
      `SELECT f.id AS feed, m.number, substr(m.event, 1, 33) AS event FROM feeds f JOIN messages m ON m.feed = f.id AND m.state = 2
      AND (f.forked IS NULL OR m.number < f.forked) ${where} LIMIT ${GONE_MAX}`,
      ...values,
    )
    for (const row of rows) {
      const feed = integer(row, 'feed')
      const list = found.get(feed) ?? []
      found.set(feed, list)
      list.push({ number: integer(row, 'number'), id: blob(row, 'event', NO_EVENT.length) })
    }
    return found
  }

  serve(key: FeedKey, from: number, to: number, bytesMax: number, newestFirst: boolean): StoredBundle[] {
    const feed = this.registry.findFeed(key)
    if (feed === null || from >= to) return []
    const found = this.rows.all(
      `SELECT id FROM bundles WHERE feed = ? AND first > ? AND first < ? AND next > ?
      ORDER BY first ${newestFirst ? 'DESC' : 'ASC'} LIMIT ?`,
      feed.id,
      from - BUNDLE_EVENTS_MAX,
      to,
      from,
      SERVED_MAX,
    )
    const served: StoredBundle[] = []
    let left = Math.min(bytesMax, SERVED_BYTES_MAX)
    for (const row of found) {
      const bundle = this.read(integer(row, 'id'))
      if (bundle === null) continue
      left -= bundle.bytes.length
      if (left < 0 && served.length > 0) break
      served.push(bundle)
    }
    return served
  }

  private read(id: number): StoredBundle | null {
    const row = this.rows.one(
      `SELECT ${BUNDLE_COLUMNS} FROM bundles WHERE id = ? AND length(bytes) <= ${BUNDLE_BYTES_MAX}`,
      id,
    )
    return row === null ? null : storedOf(row)
  }

  private insert(feed: FeedState, op: KeepBundle): void {
    // One that begins where another does and reaches further: its author has signed the same events again with more.
    for (const row of this.beginning(feed, op.first)) this.table.remove(feed, row)
    this.table.insert(feed, op)
  }

  private refill(feed: FeedState, op: KeepBundle): void {
    for (const row of this.beginning(feed, op.first)) this.table.refill(feed, row, op)
  }

  /** The bundle that begins with a number, if any. */
  private beginning(feed: FeedState, first: number): Row[] {
    return this.rows.all(`SELECT ${BUNDLE_COLUMNS} FROM bundles WHERE feed = ? AND first = ?`, feed.id, first)
  }

  private dropBundle(feed: FeedState, row: Row): void {
    const [first, next] = [integer(row, 'first'), integer(row, 'next')]
    this.table.drop(feed, row)
    feed.floor = Math.max(feed.floor, next)
    this.take(feed, first, next)
    this.registry.changed(feed)
  }

  private take(feed: FeedState, from: number, to: number): void {
    for (const range of feed.held.list) if (range.from < to && range.to > from) touch(feed, range.from, range.to)
    feed.held.remove(from, to)
  }

  /** Below the floor of a feed nothing stays but the name its author went by there. */
  private prune(feed: FeedState): void {
    const { id, floor } = feed
    this.take(feed, 0, floor)
    this.forks.prune(feed)
    this.projection().dropWaiting(feed, floor)
    this.rows.run(
      `DELETE FROM profiles WHERE feed = ?1 AND number < (SELECT max(number) FROM profiles WHERE feed = ?1 AND number <= ?2)`,
      id,
      floor,
    )
  }

  private oldest(room: number): Row | null {
    return this.rows.one('SELECT feed, first, ms FROM bundles WHERE room = ? ORDER BY ms LIMIT 1', room)
  }

  private around(feed: FeedState, from: number, to: number): Row[] {
    return this.rows.all(
      `SELECT ${BUNDLE_COLUMNS} FROM bundles WHERE feed = ? AND first > ? AND first < ? AND next > ?`,
      feed.id,
      from - BUNDLE_EVENTS_MAX,
      to,
      from,
    )
  }
}
