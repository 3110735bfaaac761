import { Database } from 'bun:sqlite'
import { existsSync, rmSync } from 'node:fs'
import { toHex } from '../base/bytes.ts'
import type { FeedKey } from '../core/history/feed-log.ts'
import { verifiedBundle } from '../core/history/verified.ts'
import { toldBy } from '../core/room/told.ts'
import { type Verifier, verifier } from '../crypto/sign.ts'
import type { KeepBundle, KeepFork, Store, StoreOperation } from '../ports/store.ts'
import { NO_EVENT } from '../wire/bundle.ts'
import { AUTHOR_BYTES, ROOM_ID_BYTES } from '../wire/replication.ts'
import { BUNDLE_BYTES } from './sqlite-bundle-rows.ts'
import { storeFault } from './sqlite-fault.ts'
import { readKey, readPlace } from './sqlite-registry.ts'
import { BrokenRow, blob, integer, maybeBlob, maybeInteger, type Row, Rows, text } from './sqlite-rows.ts'

/** Reading and checking goes on for so long, some 200,000 bundles; the newest come from the others, as all of them would. */
const SALVAGE_MS_MAX = 20_000
const CHUNK = 200
/** Where a page cannot be read, what lies beyond it may be: twice as far each time, beyond any number there is. */
const SKIPS_MAX = 50

interface Source {
  readonly key: FeedKey
  /** People see what is said there; a conversation's events are sealed. */
  readonly isOpen: boolean
  readonly forkedSince: number | null
  readonly check: Verifier | null
}

/**
 * Takes over from a damaged history what can be read of it and verifies; answers how many bundles. What we wrote ourselves
 * comes in as any other's: some of it may be missing, and no number may be used twice. Conversations come sealed, and are not shown.
 */
export function salvage(path: string, store: Store): number {
  let rows: Rows | null = null
  const hadLog = existsSync(`${path}-wal`)
  try {
    rows = new Rows(new Database(path, { readonly: true }))
    return takeOver(rows, store)
  } catch (error) {
    if (storeFault(error, path) === null) throw error
    return 0
  } finally {
    rows?.close()
    // What reading it has left beside it.
    rmSync(`${path}-shm`, { force: true })
    if (!hadLog) rmSync(`${path}-wal`, { force: true })
  }
}

function takeOver(rows: Rows, store: Store): number {
  const untilMs = performance.now() + SALVAGE_MS_MAX
  const rooms = rows.all('SELECT * FROM rooms LIMIT 10000')
  commit(
    store,
    rooms.flatMap((row) => whereSound(() => settingsOf(row))),
  )
  takeBundles(rows, store, untilMs)
  // Last, so that what was read does not seem to come late.
  commit(
    store,
    rooms.flatMap((row) => whereSound(() => markOf(row))),
  )
  return store.rooms().reduce((sum, { bundles }) => sum + bundles, 0)
}

function takeBundles(rows: Rows, store: Store, untilMs: number): void {
  const sources = sourcesOf(rows)
  for (const table of ['bundles', 'forks'] as const) {
    for (const chunk of readable(rows, table)) {
      const ops = chunk.flatMap((row) => whereSound(() => operationOf(sources, table, row)))
      if (!commit(store, ops) || performance.now() > untilMs) return
    }
  }
}

function commit(store: Store, ops: readonly StoreOperation[]): boolean {
  return ops.length === 0 || store.commit(ops).ok
}

function settingsOf(row: Row): StoreOperation[] {
  const room = blob(row, 'key', ROOM_ID_BYTES)
  const peer = maybeBlob(row, 'peer', AUTHOR_BYTES)
  const joined = integer(row, 'joined') === 1
  const [ageMsMax, bytesMax] = [maybeInteger(row, 'age_ms'), maybeInteger(row, 'bytes_max')]
  const settings = { name: text(row, 'name'), peer, joined, ageMsMax, bytesMax }
  return [{ what: 'room', room, settings }]
}

function markOf(row: Row): StoreOperation[] {
  const upTo = readPlace(row)
  return upTo === null ? [] : [{ what: 'read', room: blob(row, 'key', ROOM_ID_BYTES), upTo }]
}

function sourcesOf(rows: Rows): ReadonlyMap<number, Source> {
  const sources = new Map<number, Source>()
  const checks = new Map<string, Verifier | null>()
  const found = rows.all(
    `SELECT f.*, a.key AS author, r.key AS room, r.peer IS NULL AS open FROM feeds f JOIN authors a ON a.id = f.author
    JOIN rooms r ON r.id = f.room LIMIT 131072`,
  )
  for (const row of found)
    whereSound(() => {
      const key = readKey(row)
      const author = toHex(key.author)
      if (!checks.has(author)) checks.set(author, verifier(key.author))
      // It is not there in a history of before there were forks.
      const forkedSince = row['forked'] === undefined ? null : maybeInteger(row, 'forked')
      const isOpen = integer(row, 'open') === 1
      sources.set(integer(row, 'id'), { key, isOpen, forkedSince, check: checks.get(author)! })
      return []
    })
  return sources
}

function* readable(rows: Rows, table: 'bundles' | 'forks'): Generator<Row[]> {
  let after = 0
  let oneByOne = 0
  for (let skips = 0; skips < SKIPS_MAX; ) {
    const limit = oneByOne > 0 ? 1 : CHUNK
    try {
      const chunk = rows.all(
        `SELECT id, feed, ${BUNDLE_BYTES}
        FROM ${table} WHERE id > ? ORDER BY id LIMIT ?`,
        after,
        limit,
      )
      if (chunk.length === 0) return
      // A tree that leads round would be read for ever.
      const ids = [after, ...chunk.map((row) => integer(row, 'id'))]
      if (ids.some((id, i) => i > 0 && id <= ids[i - 1]!)) throw new BrokenRow('id')
      after = ids.at(-1)!
      oneByOne = Math.max(0, oneByOne - 1)
      skips = 0
      yield chunk
    } catch (error) {
      if (storeFault(error, '') === null) throw error
      if (limit === 1) after += 2 ** skips++
      oneByOne = CHUNK
    }
  }
}

/** A row that does not hold what it should is passed over. */
function whereSound<T>(read: () => T[]): T[] {
  try {
    return read()
  } catch (error) {
    if (error instanceof BrokenRow) return []
    throw error
  }
}

function operationOf(
  sources: ReadonlyMap<number, Source>,
  table: 'bundles' | 'forks',
  row: Row,
): (KeepBundle | KeepFork)[] {
  const source = sources.get(integer(row, 'feed'))
  if (source?.check == null) return []
  const { key: feed, isOpen, forkedSince, check } = source
  const previous = blob(row, 'previous', NO_EVENT.length)
  const bytes = blob(row, 'bytes')
  const verified = verifiedBundle(feed, previous, bytes, check)
  if (verified === null) return []
  const { bundle, ids, lastId } = verified
  const { first, count } = bundle
  const { time } = bundle.events.at(-1)!
  const kept = { feed, first, count, previous, lastId, time, bytes, events: isOpen ? toldBy(bundle, ids) : [] }
  if (table === 'bundles') return [{ what: 'keep', own: false, ...kept }]
  return [{ what: 'fork', since: forkedSince ?? first, ...kept }]
}
