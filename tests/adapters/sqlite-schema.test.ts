import { Database } from 'bun:sqlite'
import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '../../src/adapters/sqlite-open.ts'
import { MIGRATIONS, type Migration } from '../../src/adapters/sqlite-schema.ts'
import { GENERAL, textsOf, Writer } from '../ports/store-writer.ts'
import { opened } from './sqlite-processes.ts'

const folder = mkdtempSync(join(tmpdir(), 'hearsay-schema-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A file that a program with the first schema wrote (`saved-history-entry.ts` says what is in it). */
function saved(name: string): string {
  const path = join(folder, name)
  writeFileSync(path, Bun.gunzipSync(readFileSync(join(import.meta.dir, 'history-1.db.gz'))))
  return path
}

const versionOf = (path: string): unknown => {
  const db = new Database(path, { readonly: true })
  try {
    return db.query<{ user_version: number }, []>('PRAGMA user_version').get()?.user_version
  } finally {
    db.close()
  }
}

const SECOND: Migration = [
  `ALTER TABLE rooms ADD COLUMN topic TEXT NOT NULL DEFAULT 'anything'`,
  'CREATE TABLE pins (message INTEGER PRIMARY KEY) STRICT',
  'INSERT INTO pins SELECT id FROM messages WHERE state = 1',
]

describe('a history of an older version', () => {
  test('has everything it had, and goes on', () => {
    const path = saved('old.db')
    const store = opened(path)
    expect(store.setAside).toBeNull()
    expect(store.check()).toBe(true)
    const shown = store.last(GENERAL, 10).map(({ name, state, text }) => [name, state, text])
    expect(shown).toEqual([
      ['ann', 'whole', 'the first thing said'],
      ['ann', 'edited', 'amended'],
      ['ann', 'deleted', ''],
      ['bob', 'whole', 'an answer'],
    ])
    const [, second, , answer] = store.last(GENERAL, 10)
    expect(second!.reactions).toEqual([{ emoji: '👍', authors: [new Writer(2).feed.author] }])
    expect(answer!.reply!.to).toMatchObject({ text: 'the first thing said' })
    expect(store.feeds().map(({ own, ranges }) => [own, ranges])).toEqual([
      [true, [{ from: 1, to: 7 }]],
      [
        false,
        [
          { from: 1, to: 4 },
          { from: 5, to: 6 },
        ],
      ],
    ])
    expect(store.rooms()[0]).toMatchObject({ messages: 4, settings: { name: 'general', bytesMax: 1_000_000 } })
    expect(textsOf(store.search({ words: 'amended', limit: 5 }).map((hit) => hit.message))).toEqual(['amended'])
    expect(store.unread(GENERAL, new Writer(1).feed.author, [])).toEqual({ count: 1, mentions: 0 })
    expect(store.commit([new Writer(3).say('new')])).toMatchObject({ ok: true })
    store.close()
    expect(versionOf(path)).toBe(MIGRATIONS.length)
  })

  test('is brought to the next version at its first opening, once, and is not opened by the former any more', () => {
    const path = saved('next.db')
    const migrations = [...MIGRATIONS, SECOND]
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
    const path = saved('failing.db')
    const failing: Migration = [...SECOND, 'INSERT INTO nowhere VALUES (1)']
    expect(openStore(path, { migrations: [...MIGRATIONS, failing] })).toMatchObject({ ok: false, code: 'failed' })
    expect(versionOf(path)).toBe(MIGRATIONS.length)
    const store = opened(path)
    expect(store.last(GENERAL, 10).length).toBe(4)
    store.close()
  })
})
