import { toldBy } from '../core/room/told.ts'
import { chainBundle, decodeBundle, NO_EVENT } from '../wire/bundle.ts'
import { BUNDLE_BYTES } from './sqlite-bundle-rows.ts'
import { Machinery } from './sqlite-machinery.ts'
import { BrokenRow, blob, integer, type Row, type Rows } from './sqlite-rows.ts'

/** Bundles read at a time. */
const CHUNK = 500

/** Conversations stay as they are: what we said in them is sealed, and cannot be read again. */
const OPEN_ROOMS = 'SELECT id FROM rooms WHERE peer IS NULL'
const OPEN_MESSAGES = `SELECT id FROM messages WHERE room IN (${OPEN_ROOMS})`
const OPEN_FEEDS = `SELECT id FROM feeds WHERE room IN (${OPEN_ROOMS})`

/**
 * Makes what people see of open rooms again from their bundles, in the caller's transaction: some 20 µs a message. What the bundles do not tell
 * stays: up to where was read, what came late, how far ours have come, and by what name an author went before what was dropped.
 */
export function rebuild(rows: Rows): void {
  const machinery = new Machinery(rows)
  const { index, projection, registry } = machinery
  rows.db.exec(
    'CREATE TEMP TABLE untold (event BLOB NOT NULL, late INTEGER NOT NULL, reached INTEGER, members INTEGER)',
  )
  rows.db.exec(
    `INSERT INTO untold SELECT event, late, reached, members FROM messages WHERE late = 1 OR reached IS NOT NULL`,
  )
  clear(rows)
  index.isPaused = true
  projection.isRebuilding = true
  for (const row of rows.all(OPEN_ROOMS)) {
    for (const table of ['bundles', 'forks'] as const) {
      for (const chunk of chunksOf(rows, table, integer(row, 'id'))) {
        projection.begin()
        for (const bundle of chunk) tellAll(machinery, bundle)
        registry.flush()
        registry.trim()
      }
    }
  }
  index.rebuild()
  rows.db.exec(`UPDATE messages SET late = u.late, reached = u.reached, members = u.members FROM untold u
    WHERE substr(messages.event, 1, 8) = substr(u.event, 1, 8) AND messages.event = u.event`)
  rows.db.exec('DROP TABLE untold')
}

function clear(rows: Rows): void {
  const { db } = rows
  for (const table of ['edits', 'reactions', 'relayed', 'copies'])
    db.exec(`DELETE FROM ${table} WHERE message IN (${OPEN_MESSAGES})`)
  db.exec(`DELETE FROM messages WHERE room IN (${OPEN_ROOMS})`)
  db.exec(`DELETE FROM waiting WHERE feed IN (${OPEN_FEEDS})`)
  db.exec(`DELETE FROM profiles WHERE feed IN (${OPEN_FEEDS})
    AND number >= (SELECT floor FROM feeds WHERE feeds.id = profiles.feed)`)
  db.exec('UPDATE authors SET waiting = (SELECT count(*) FROM waiting WHERE waiting.author = authors.id)')
  db.exec(`UPDATE rooms SET messages = 0 WHERE id IN (${OPEN_ROOMS})`)
}

/** In the order of their times: so that what is said about a message has not long to wait for it. */
function* chunksOf(rows: Rows, table: 'bundles' | 'forks', room: number): Generator<Row[]> {
  for (let after = [-1, 0, 0]; ; ) {
    const chunk = rows.all(
      `SELECT id, feed, ms, size, ${BUNDLE_BYTES}
      FROM ${table} WHERE room = ? AND (ms, size, id) > (?, ?, ?) ORDER BY ms, size, id LIMIT ${CHUNK}`,
      room,
      ...after,
    )
    const last = chunk.at(-1)
    if (last === undefined) return
    yield chunk
    const next = [integer(last, 'ms'), integer(last, 'size'), integer(last, 'id')]
    // An index out of order could lead round for ever.
    const at = next.findIndex((value, i) => value !== after[i])
    if (at < 0 || next[at]! < after[at]!) throw new BrokenRow('ms')
    after = next
  }
}

function tellAll({ registry, projection }: Machinery, row: Row): void {
  const feed = registry.feedOfRow(integer(row, 'feed'))
  const bundle = decodeBundle(blob(row, 'bytes'))
  if (bundle === null) return
  const ids = chainBundle(bundle, feed.key.id, blob(row, 'previous', NO_EVENT.length))
  for (const event of toldBy(bundle, ids)) projection.tell(feed, event)
}
