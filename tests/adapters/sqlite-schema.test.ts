import { Database } from 'bun:sqlite'
import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '../../src/adapters/sqlite-open.ts'
import { Rows } from '../../src/adapters/sqlite-rows.ts'
import { digestMadeBy, hasSchema, MIGRATIONS, type Migration, migrate } from '../../src/adapters/sqlite-schema.ts'
import { decodeBundle } from '../../src/wire/bundle.ts'
import { asFork, GENERAL, textsOf, Writer } from '../ports/store-writer.ts'
import { opened } from './sqlite-processes.ts'

const folder = mkdtempSync(join(tmpdir(), 'hearsay-schema-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A file that a program with that version of the schema wrote (`saved-history-entry.ts` says what is in it). */
function saved(version: number): string {
  const path = join(folder, `${++files}.db`)
  writeFileSync(path, Bun.gunzipSync(readFileSync(join(import.meta.dir, `history-${version}.db.gz`))))
  return path
}
let files = 0

const versionOf = (path: string): unknown => {
  const db = new Database(path, { readonly: true })
  try {
    return db.query<{ user_version: number }, []>('PRAGMA user_version').get()?.user_version
  } finally {
    db.close()
  }
}

const NEXT: Migration = {
  statements: [
    `ALTER TABLE rooms ADD COLUMN topic TEXT NOT NULL DEFAULT 'anything'`,
    'CREATE TABLE pins (message INTEGER PRIMARY KEY) STRICT',
    'INSERT INTO pins SELECT id FROM messages WHERE state = 1',
  ],
}

describe('a history of an older version', () => {
  test('has everything it had, and goes on', () => {
    for (let version = 1; version <= MIGRATIONS.length; version++) {
      const path = saved(version)
      expect(versionOf(path)).toBe(version)
      const store = opened(path)
      expect(store.setAside).toBeNull()
      expect(store.check()).toBe(true)
      const shown = store.last(GENERAL, 10).filter(({ isForked }) => !isForked)
      expect(shown.map(({ name, state, text }) => [name, state, text])).toEqual([
        ['ann', 'whole', 'the first thing said'],
        ['ann', 'edited', 'amended'],
        ['ann', 'deleted', ''],
        ['bob', 'whole', 'an answer'],
      ])
      const [, second, , answer] = shown
      expect(second!.reactions).toEqual([{ emoji: '👍', authors: [new Writer(2).feed.author] }])
      expect(answer!.reply!.to).toMatchObject({ text: 'the first thing said' })
      const bobs = [
        { from: 1, to: 4 },
        { from: 5, to: 6 },
      ]
      expect(store.feeds().map(({ own, ranges }) => [own, ranges])).toEqual([
        [true, [{ from: 1, to: 7 }]],
        [false, bobs],
      ])
      expect(store.rooms()[0]).toMatchObject({ settings: { name: 'general', bytesMax: 1_000_000 } })
      expect(textsOf(store.search({ words: 'amended', limit: 5 }).map((hit) => hit.message))).toEqual(['amended'])
      expect(store.unread(GENERAL, new Writer(1).feed.author, []).count).toBe(version === 1 ? 1 : 2)
      expect(store.commit([new Writer(3).say('new')])).toMatchObject({ ok: true })
      store.close()
      expect(versionOf(path)).toBe(MIGRATIONS.length)
    }
  })

  test('of before there were forks takes them, and a deletion finds the edits of then', () => {
    const store = opened(saved(1))
    const [, second] = store.last(GENERAL, 10)
    const ann = new Writer(1)
    expect(store.commit([asFork(ann.say('in another life'))])).toMatchObject({ ok: true })
    expect(store.last(GENERAL, 10).filter(({ isForked }) => isForked).length).toBe(4)
    const deletion = new Writer(1, GENERAL, 2).bundle({ tells: { what: 'delete', target: second!.id } })
    expect(store.commit([deletion])).toMatchObject({ ok: true })
    const goneAt = store
      .bundles(ann.feed, 1, 9, 1e6)
      .flatMap(({ first, bytes }) => (decodeBundle(bytes)!.events[0]!.gone ? [first] : []))
    expect(goneAt).toEqual([3, 4, 5])
    store.close()
  })

  test('of the second has both histories of a feed', () => {
    const store = opened(saved(2))
    const { feed } = new Writer(2)
    expect(store.forks(feed).map(({ first }) => first)).toEqual([4])
    expect(store.feeds()[1]!.forkedSince).toBe(4)
    expect(textsOf(store.last(GENERAL, 10).filter(({ isForked }) => isForked))).toEqual(['said in another life'])
    store.close()
  })

  test('of the third knows how far ours have come, also when all is made again, and those from before can', () => {
    const again: Migration[] = [...MIGRATIONS, { statements: [], rebuilds: true }]
    const reachOf = (path: string, migrations: readonly Migration[] = MIGRATIONS) => {
      const store = opened(path, { migrations })
      const [first] = store.last(GENERAL, 10)
      const { reach } = first!
      expect(store.commit([{ what: 'reach', id: first!.id, reached: 1, members: 1 }])).toMatchObject({ ok: true })
      store.close()
      return reach
    }
    const path = saved(3)
    expect(reachOf(path)).toEqual({ reached: 2, members: 3 })
    expect(reachOf(path, again)).toEqual({ reached: 2, members: 3 })
    const old = saved(2)
    expect(reachOf(old)).toBeNull()
    expect(reachOf(old, again)).toEqual({ reached: 1, members: 1 })
  })

  test('is brought to the next version at its first opening, once, and is not opened by the former any more', () => {
    const path = saved(1)
    const migrations = [...MIGRATIONS, NEXT]
    for (let i = 0; i < 2; i++) {
      const store = opened(path, { migrations })
      expect(store.setAside).toBeNull()
      expect(store.last(GENERAL, 10).length).toBe(4)
      store.close()
      expect(versionOf(path)).toBe(MIGRATIONS.length + 1)
    }
    const db = new Database(path, { readonly: true })
    expect(db.query('SELECT count(*) AS pins, (SELECT topic FROM rooms) AS topic FROM pins').get()).toEqual({
      pins: 1,
      topic: 'anything',
    })
    db.close()
    expect(openStore(path)).toMatchObject({ ok: false, code: 'newer' })
  })

  test('is what it was where the change does not succeed', () => {
    const path = saved(1)
    const failing: Migration = { statements: [...NEXT.statements, 'INSERT INTO nowhere VALUES (1)'] }
    expect(openStore(path, { migrations: [...MIGRATIONS, failing] })).toMatchObject({ ok: false, code: 'failed' })
    expect(versionOf(path)).toBe(1)
    const store = opened(path)
    expect(store.last(GENERAL, 10).length).toBe(4)
    store.close()
  })
})

test('what the program takes for its schema is what its migrations make', () => {
  const rows = new Rows(new Database(':memory:'))
  migrate(rows, 0, MIGRATIONS)
  // Where it is not, the digest beside them has to become the second of these.
  expect([hasSchema(rows, MIGRATIONS), digestMadeBy(MIGRATIONS)]).toEqual([true, digestMadeBy([...MIGRATIONS])])
  rows.run('CREATE INDEX somebody_elses ON messages (text)')
  expect(hasSchema(rows, MIGRATIONS)).toBe(false)
  rows.close()
})
