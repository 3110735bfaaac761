import { Database } from 'bun:sqlite'
import { toHex, utf8 } from '../base/bytes.ts'
import { sha256 } from '../crypto/hash.ts'
import { Rows } from './sqlite-rows.ts'

/** 'hsay': how a history is told from any other database. */
export const APPLICATION_ID = 0x68736179

/** One step of the schema; the version it leads to is its place in the list, from 1. */
export interface Migration {
  readonly statements: readonly string[]
  /** What people see is to be made again from the bundles: what it is made of, or how, has changed. */
  readonly rebuilds?: boolean
}

/**
 * What the tables are for, where their names do not say it:
 *
 * - `bundles` is the truth, and everything below it can be made again from it (but for what we said in conversations: that is sealed,
 *   and we cannot open it again). `ranges` are the numbers held of each feed, `feeds.floor` is what was dropped on purpose.
 * - `messages.id` is made from the time (`sqlite-projection.ts`), so that what is near in time is near on the disk, however late
 *   it came. `rank` is the first 48 bits of the author's key: the order of the room without 32 bytes more in its index.
 * - `profiles` hold by what name an author goes from an event on: a name that arrives late still names what was said under it.
 * - `waiting` are edits, deletions and reactions whose message has not come yet.
 * - `edits` name the events whose bodies must go when the message is deleted.
 * - `forks` are bundles like the others, of authors who have signed two histories of one feed: what conflicts with what `bundles` has.
 *   `feeds.forked` is the first number that two events have; what is said from there on is shown as such.
 * - `search` has no content of its own: `text` is given to it folded and divided (`sqlite-words.ts`), `tags` are room and author, so
 *   that a search in one room or by one author does not read the others' messages. Deleted words go at once, not when segments are merged.
 */
const VERSION_1: Migration = {
  statements: [
    `CREATE TABLE rooms (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, name TEXT NOT NULL DEFAULT '', peer BLOB,
joined INTEGER NOT NULL DEFAULT 0, age_ms INTEGER, bytes_max INTEGER, bundles INTEGER NOT NULL DEFAULT 0,
bytes INTEGER NOT NULL DEFAULT 0, messages INTEGER NOT NULL DEFAULT 0,
read_ms INTEGER, read_counter INTEGER, read_author BLOB, read_number INTEGER, read_event BLOB) STRICT`,
    `CREATE TABLE authors (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, waiting INTEGER NOT NULL DEFAULT 0) STRICT`,
    `CREATE TABLE feeds (id INTEGER PRIMARY KEY, author INTEGER NOT NULL REFERENCES authors, room INTEGER NOT NULL REFERENCES rooms,
epoch BLOB NOT NULL, own INTEGER NOT NULL, next INTEGER NOT NULL DEFAULT 1, tip BLOB NOT NULL, floor INTEGER NOT NULL DEFAULT 1,
UNIQUE (author, room, epoch)) STRICT`,
    'CREATE INDEX feeds_of_room ON feeds (room)',
    `CREATE TABLE ranges (feed INTEGER NOT NULL REFERENCES feeds, first INTEGER NOT NULL, next INTEGER NOT NULL,
PRIMARY KEY (feed, first)) STRICT, WITHOUT ROWID`,
    `CREATE TABLE bundles (id INTEGER PRIMARY KEY, room INTEGER NOT NULL, feed INTEGER NOT NULL REFERENCES feeds,
first INTEGER NOT NULL, next INTEGER NOT NULL, ms INTEGER NOT NULL, size INTEGER NOT NULL, previous BLOB NOT NULL,
bytes BLOB NOT NULL) STRICT`,
    'CREATE UNIQUE INDEX bundles_of_feed ON bundles (feed, first)',
    'CREATE INDEX bundles_by_age ON bundles (room, ms, size)',
    `CREATE TABLE profiles (feed INTEGER NOT NULL REFERENCES feeds, number INTEGER NOT NULL, name TEXT NOT NULL,
PRIMARY KEY (feed, number)) STRICT, WITHOUT ROWID`,
    'CREATE INDEX profiles_by_name ON profiles (name COLLATE NOCASE)',
    `CREATE TABLE messages (id INTEGER PRIMARY KEY, room INTEGER NOT NULL, feed INTEGER NOT NULL REFERENCES feeds,
number INTEGER NOT NULL, ms INTEGER NOT NULL, counter INTEGER NOT NULL, rank INTEGER NOT NULL, event BLOB NOT NULL,
kind INTEGER NOT NULL, state INTEGER NOT NULL, text TEXT NOT NULL, late INTEGER NOT NULL, reacted INTEGER NOT NULL DEFAULT 0, answers BLOB,
edit_ms INTEGER, edit_counter INTEGER, edit_number INTEGER, edit_event BLOB) STRICT`,
    'CREATE INDEX messages_in_order ON messages (room, ms, counter, rank, number)',
    'CREATE INDEX messages_by_event ON messages (substr(event, 1, 8))',
    'CREATE INDEX messages_late ON messages (room, ms) WHERE late = 1',
    `CREATE TABLE edits (message INTEGER NOT NULL, feed INTEGER NOT NULL, number INTEGER NOT NULL,
PRIMARY KEY (message, feed, number)) STRICT, WITHOUT ROWID`,
    `CREATE TABLE reactions (message INTEGER NOT NULL, author INTEGER NOT NULL,
emoji TEXT NOT NULL, chosen INTEGER NOT NULL, ms INTEGER NOT NULL, counter INTEGER NOT NULL, number INTEGER NOT NULL, event BLOB NOT NULL,
PRIMARY KEY (message, author, emoji)) STRICT, WITHOUT ROWID`,
    `CREATE TABLE waiting (id INTEGER PRIMARY KEY, target BLOB NOT NULL, author INTEGER NOT NULL, feed INTEGER NOT NULL,
number INTEGER NOT NULL, ms INTEGER NOT NULL, counter INTEGER NOT NULL, event BLOB NOT NULL, what INTEGER NOT NULL,
chosen INTEGER NOT NULL, text TEXT NOT NULL) STRICT`,
    'CREATE INDEX waiting_for ON waiting (target)',
    'CREATE INDEX waiting_of ON waiting (author, ms, counter, number)',
    `CREATE VIRTUAL TABLE search USING fts5(text, tags, content='', tokenize="unicode61 remove_diacritics 0 categories 'L* N* Co M*'")`,
    `INSERT INTO search(search, rank) VALUES ('secure-delete', 1)`,
  ],
}

/**
 * Forks. The second side may have other edits at the same numbers, so these are told apart by their ids, which those from before lack. And
 * whether a message that has not come was taken back is asked for each of its edits. Bodies that are gone without having been deleted are
 * looked up at each start, to be asked of others.
 */
const VERSION_2: Migration = {
  statements: [
    'ALTER TABLE feeds ADD COLUMN forked INTEGER',
    `CREATE TABLE forks (id INTEGER PRIMARY KEY, room INTEGER NOT NULL, feed INTEGER NOT NULL REFERENCES feeds,
first INTEGER NOT NULL, next INTEGER NOT NULL, ms INTEGER NOT NULL, size INTEGER NOT NULL, previous BLOB NOT NULL,
last BLOB NOT NULL, bytes BLOB NOT NULL) STRICT`,
    'CREATE UNIQUE INDEX forks_of_feed ON forks (feed, first, last)',
    'CREATE INDEX forks_by_age ON forks (room, ms, size)',
    'ALTER TABLE edits RENAME TO edits_1',
    `CREATE TABLE edits (message INTEGER NOT NULL, feed INTEGER NOT NULL, number INTEGER NOT NULL, event BLOB NOT NULL,
PRIMARY KEY (message, feed, number, event)) STRICT, WITHOUT ROWID`,
    `INSERT INTO edits (message, feed, number, event) SELECT message, feed, number, x'' FROM edits_1`,
    'DROP TABLE edits_1',
    'DROP INDEX waiting_for',
    'CREATE INDEX waiting_for ON waiting (target, author, what)',
    'CREATE INDEX messages_gone ON messages (feed, number) WHERE state = 2',
  ],
}

/** How far messages of ours have come: null is not known, as of all that were said before. */
const VERSION_3: Migration = {
  statements: ['ALTER TABLE messages ADD COLUMN reached INTEGER', 'ALTER TABLE messages ADD COLUMN members INTEGER'],
}

/**
 * What several nodes passed on from another network is one message: `relayed` finds it by its origin, `copies` by the other events that say it.
 */
const VERSION_4: Migration = {
  statements: [
    `CREATE TABLE relayed (room INTEGER NOT NULL, origin BLOB NOT NULL, message INTEGER NOT NULL,
PRIMARY KEY (room, origin)) STRICT, WITHOUT ROWID`,
    'CREATE INDEX relayed_as ON relayed (message)',
    'CREATE TABLE copies (event BLOB PRIMARY KEY, message INTEGER NOT NULL) STRICT, WITHOUT ROWID',
    'CREATE INDEX copies_of ON copies (message)',
  ],
}

export const MIGRATIONS: readonly Migration[] = [VERSION_1, VERSION_2, VERSION_3, VERSION_4]

/**
 * Brings a database from whatever version it has to the newest, in one transaction. `rebuild` is called in it where what people see is to be
 * made again.
 */
export function migrate(
  rows: Rows,
  version: number,
  migrations: readonly Migration[],
  rebuild: () => void = () => {},
): void {
  if (version >= migrations.length) return
  const missing = migrations.slice(version)
  rows.db.exec('BEGIN IMMEDIATE')
  for (const { statements } of missing) for (const statement of statements) rows.db.exec(statement)
  if (version > 0 && missing.some(({ rebuilds }) => rebuilds === true)) rebuild()
  rows.db.exec(`PRAGMA application_id = ${APPLICATION_ID}`)
  rows.db.exec(`PRAGMA user_version = ${migrations.length}`)
  rows.db.exec('COMMIT')
}

/** What `digestOf` answers for what `MIGRATIONS` make; making them to see takes 2 ms at each start. */
const DIGEST = '35a35fbff61381a8085dd554a0308d8c29684d80a05dbe288d881c3d5ca00702'

/** Whether everything in a database of that version is as the migrations make it: no trigger, view or index of somebody else's. */
export function hasSchema(rows: Rows, migrations: readonly Migration[], version = migrations.length): boolean {
  const isNewest = migrations === MIGRATIONS && version === migrations.length
  return digestOf(rows) === (isNewest ? DIGEST : digestMadeBy(migrations.slice(0, version)))
}

/** Of a new database that has gone through all migrations. */
export function digestMadeBy(migrations: readonly Migration[]): string {
  const model = new Rows(new Database(':memory:'))
  try {
    migrate(model, 0, migrations)
    return digestOf(model)
  } finally {
    model.close()
  }
}

function digestOf(rows: Rows): string {
  return toHex(sha256(utf8(JSON.stringify(schemaOf(rows)))))
}

/** More than any version has; another's may have millions. */
const SCHEMA_ENTRIES_MAX = 1000

function schemaOf(rows: Rows): unknown[] {
  const entries = rows.all(
    'SELECT type, name, tbl_name, substr(sql, 1, 10000) AS sql FROM sqlite_schema ORDER BY name LIMIT ?',
    SCHEMA_ENTRIES_MAX,
  )
  // The text of the index's inner tables is that of the SQLite that made them, perhaps an older one.
  return entries.map(({ type, name, tbl_name, sql }) => [type, name, tbl_name, /^search_/.test(`${name}`) ? '' : sql])
}
