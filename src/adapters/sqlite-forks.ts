import { equalBytes } from '../base/bytes.ts'
import type { FeedKey } from '../core/history/feed-log.ts'
import { FORK_BYTES_MAX, FORK_EVENTS_MAX } from '../core/history/fork-set.ts'
import type { KeepFork, StoredBundle } from '../ports/store.ts'
import { chainBundle, decodeBundle, NO_EVENT } from '../wire/bundle.ts'
import { withBodies } from '../wire/bundle-gone.ts'
import { BUNDLE_BYTES_MAX } from '../wire/limits.ts'
import { withoutEvent } from './sqlite-bodies.ts'
import type { Projection } from './sqlite-projection.ts'
import type { FeedState, Registry } from './sqlite-registry.ts'
import { blob, integer, type Row, type Rows } from './sqlite-rows.ts'

/** A row as it may be read whatever is in it. */
const COLUMNS = `id, first, next, size, substr(previous, 1, 33) AS previous, substr(last, 1, 33) AS last,
iif(length(bytes) <= ${BUNDLE_BYTES_MAX}, bytes, x'') AS bytes`

/** The bundles of authors who have signed two histories of one feed, but for those that `Bundles` has. */
export class Forks {
  constructor(
    private readonly rows: Rows,
    private readonly registry: Registry,
    private readonly projection: () => Projection,
  ) {}

  keep(op: KeepFork): void {
    const feed = this.registry.findFeed(op.feed)
    const next = op.first + op.count
    // What nothing is known to stand against is no fork.
    if (feed === null || next <= feed.floor) return
    const held = this.ofFeed(feed)
    const same = held.find((row) => equalBytes(blob(row, 'last'), op.lastId))
    if (same !== undefined) return this.refill(feed, same, op)
    const events = held.reduce((sum, row) => sum + integer(row, 'next') - integer(row, 'first'), 0)
    const bytes = held.reduce((sum, row) => sum + integer(row, 'size'), 0)
    if (events + op.count > FORK_EVENTS_MAX || bytes + op.bytes.length > FORK_BYTES_MAX) return
    this.insert(feed, op, next)
    feed.forked = Math.min(feed.forked ?? op.since, op.since)
    this.registry.changed(feed)
    for (const event of op.events) this.projection().tell(feed, event)
  }

  /** Takes the body of an event out of whichever bundle has it. */
  forgetBody(feed: FeedState, number: number, event: Uint8Array): void {
    if (feed.forked === null) return
    for (const row of this.ofFeed(feed)) {
      if (integer(row, 'first') > number || integer(row, 'next') <= number) continue
      const bytes = withoutEvent(row, feed, number, event)
      if (bytes === 'as it is') continue
      this.rows.hasErased = true
      if (bytes === null) this.remove(feed, row)
      else this.replace(feed, row, bytes)
    }
  }

  /** The feed's own history has come to have this one. */
  yield(feed: FeedState, lastId: Uint8Array): void {
    if (feed.forked === null) return
    for (const row of this.ofFeed(feed)) if (equalBytes(blob(row, 'last'), lastId)) this.remove(feed, row)
  }

  /** What the feed's own history no longer reaches back to goes, with what it told; all of it where nothing is left of that. */
  prune(feed: FeedState): void {
    if (feed.forked === null) return
    for (const row of this.ofFeed(feed)) {
      if (integer(row, 'next') > feed.floor && feed.held.count > 0) continue
      const bundle = decodeBundle(blob(row, 'bytes'))
      const ids = bundle === null ? [] : chainBundle(bundle, feed.key.id, blob(row, 'previous', NO_EVENT.length))
      for (const id of ids) this.projection().drop(id)
      this.rows.hasErased = true
      this.remove(feed, row)
    }
  }

  serve(key: FeedKey): StoredBundle[] {
    const feed = this.registry.findFeed(key)
    if (feed === null || feed.forked === null) return []
    return this.ofFeed(feed).map((row) => ({
      first: integer(row, 'first'),
      count: integer(row, 'next') - integer(row, 'first'),
      previous: blob(row, 'previous', NO_EVENT.length),
      bytes: blob(row, 'bytes'),
    }))
  }

  private ofFeed(feed: FeedState): Row[] {
    return this.rows.all(`SELECT ${COLUMNS} FROM forks WHERE feed = ? ORDER BY first LIMIT ${FORK_EVENTS_MAX}`, feed.id)
  }

  private insert({ id, room }: FeedState, op: KeepFork, next: number): void {
    this.rows.run(
      'INSERT INTO forks (room, feed, first, next, ms, size, previous, last, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      room.id,
      id,
      op.first,
      next,
      op.time.ms,
      op.bytes.length,
      op.previous,
      op.lastId,
      op.bytes,
    )
    room.bundles++
    room.bytes += op.bytes.length
  }

  private refill(feed: FeedState, row: Row, op: KeepFork): void {
    const merged = withBodies(blob(row, 'bytes'), op.bytes)
    if (merged === null) return
    this.replace(feed, row, merged.bytes)
    for (const event of op.events) if (merged.numbers.includes(event.number)) this.projection().tellAgain(feed, event)
  }

  private replace(feed: FeedState, row: Row, bytes: Uint8Array): void {
    this.rows.run('UPDATE forks SET bytes = ?, size = ? WHERE id = ?', bytes, bytes.length, integer(row, 'id'))
    feed.room.bytes += bytes.length - integer(row, 'size')
    this.registry.roomChanged(feed.room)
  }

  private remove(feed: FeedState, row: Row): void {
    this.rows.run('DELETE FROM forks WHERE id = ?', integer(row, 'id'))
    feed.room.bundles--
    feed.room.bytes -= integer(row, 'size')
    this.registry.roomChanged(feed.room)
  }
}
