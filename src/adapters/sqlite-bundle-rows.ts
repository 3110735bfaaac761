import { equalBytes } from '../base/bytes.ts'
import type { KeepBundle, KeepFork, StoredBundle } from '../ports/store.ts'
import { chainBundle, decodeBundle, NO_EVENT } from '../wire/bundle.ts'
import { withBodies } from '../wire/bundle-gone.ts'
import { BUNDLE_BYTES_MAX } from '../wire/limits.ts'
import { withoutEvent } from './sqlite-bodies.ts'
import type { Projection } from './sqlite-projection.ts'
import type { FeedState, Registry } from './sqlite-registry.ts'
import { blob, integer, type Row, type Rows } from './sqlite-rows.ts'

/** `previous` and `bytes` as they may be read whatever is in them. */
export const BUNDLE_BYTES = `substr(previous, 1, 33) AS previous, iif(length(bytes) <= ${BUNDLE_BYTES_MAX}, bytes, x'') AS bytes`

/** What is read of a row of either table. */
export const BUNDLE_COLUMNS = `id, first, next, size, ${BUNDLE_BYTES}`

/** The rows of one of the two tables that hold bundles, with the sums that their rooms keep of both. */
export class BundleRows {
  constructor(
    private readonly table: 'bundles' | 'forks',
    private readonly rows: Rows,
    private readonly registry: Registry,
    private readonly projection: () => Projection,
  ) {}

  insert({ id, room }: FeedState, op: KeepBundle | KeepFork): void {
    const { first, count, time, bytes, previous, lastId } = op
    const values = [room.id, id, first, first + count, time.ms, bytes.length, previous, bytes]
    if (this.table === 'bundles') {
      this.rows.run(
        'INSERT INTO bundles (room, feed, first, next, ms, size, previous, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        ...values,
      )
    } else {
      this.rows.run(
        'INSERT INTO forks (room, feed, first, next, ms, size, previous, bytes, last) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
        ...values,
        lastId,
      )
    }
    room.bundles++
    room.bytes += bytes.length
    this.registry.roomChanged(room)
  }

  /** The same bundle again: where a body is missing in ours without having been deleted, theirs may bring it. */
  refill(feed: FeedState, row: Row, op: KeepBundle | KeepFork): void {
    const merged = withBodies(blob(row, 'bytes'), op.bytes)
    if (merged === null || !equalBytes(idsOf(feed, row).at(-1) ?? NO_EVENT, op.lastId)) return
    this.replace(feed, row, merged.bytes)
    for (const event of op.events) if (merged.numbers.includes(event.number)) this.projection().tellAgain(feed, event)
  }

  /** Takes the body of an event out; `event` as of `withoutEvent`. The whole bundle goes where that cannot be done. */
  forgetBody(feed: FeedState, row: Row, number: number, event: Uint8Array | null): void {
    const bytes = withoutEvent(row, feed, number, event)
    if (bytes === 'as it is') return
    this.rows.hasErased = true
    if (bytes === null) this.remove(feed, row)
    else this.replace(feed, row, bytes)
  }

  /** A bundle goes with everything it told. A broken one tells no ids: its messages stay until the file is refused. */
  drop(feed: FeedState, row: Row): void {
    for (const id of idsOf(feed, row)) this.projection().drop(id)
    this.rows.hasErased = true
    this.remove(feed, row)
  }

  /** What it told stays. */
  remove(feed: FeedState, row: Row): void {
    this.rows.run(`DELETE FROM ${this.table} WHERE id = ?`, integer(row, 'id'))
    feed.room.bundles--
    feed.room.bytes -= integer(row, 'size')
    this.registry.roomChanged(feed.room)
  }

  private replace(feed: FeedState, row: Row, bytes: Uint8Array): void {
    this.rows.run(`UPDATE ${this.table} SET bytes = ?, size = ? WHERE id = ?`, bytes, bytes.length, integer(row, 'id'))
    feed.room.bytes += bytes.length - integer(row, 'size')
    this.registry.roomChanged(feed.room)
  }
}

/** Of the events of a stored bundle; none where it is broken. */
function idsOf(feed: FeedState, row: Row): readonly Uint8Array[] {
  const bundle = decodeBundle(blob(row, 'bytes'))
  return bundle === null ? [] : chainBundle(bundle, feed.key.id, blob(row, 'previous', NO_EVENT.length))
}

export function storedOf(row: Row): StoredBundle {
  const first = integer(row, 'first')
  const count = integer(row, 'next') - first
  return { first, count, previous: blob(row, 'previous', NO_EVENT.length), bytes: blob(row, 'bytes') }
}
