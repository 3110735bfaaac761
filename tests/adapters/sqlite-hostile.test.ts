import { Database } from 'bun:sqlite'
import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '../../src/adapters/sqlite-open.ts'
import { Rows } from '../../src/adapters/sqlite-rows.ts'
import { MIGRATIONS, migrate } from '../../src/adapters/sqlite-schema.ts'
import { SqliteStore, type Surroundings } from '../../src/adapters/sqlite-store.ts'
import { type Rng, seededRng } from '../../src/base/rng.ts'
import type { Store, StoreFault, StoreOperation } from '../../src/ports/store.ts'
import { asFork, DEV, GENERAL, idOf, message, Writer } from '../ports/store-writer.ts'

const SEED = Number(process.env['HEARSAY_SEED'] ?? Date.now() % 1_000_000)
const ROUNDS = 60
const ALONE: Surroundings = { fault: () => {}, suspect: () => {}, hasRoom: () => true, closed: () => {} }

const folder = mkdtempSync(join(tmpdir(), 'hearsay-hostile-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Something in every table. */
function story(): StoreOperation[] {
  const [ann, bob, dev] = [new Writer(1), new Writer(2), new Writer(2, DEV)]
  const other = ann.fork()
  const said = Array.from({ length: 40 }, (_, i) => ann.say(`message ${i} about 天气`))
  const target = idOf(said[3]!)
  const place = { time: said[9]!.time, author: ann.feed.author, number: said[9]!.first, id: idOf(said[9]!) }
  return [
    ann.call('ann'),
    ...said,
    bob.bundle({ tells: message('yes', target, 'bob') }),
    ann.bundle({ tells: { what: 'edit', target, text: 'edited' } }),
    ann.bundle({ tells: { what: 'delete', target: idOf(said[4]!) } }),
    bob.bundle({ tells: { what: 'reaction', target, emoji: '👍', on: true } }),
    dev.bundle({ tells: { what: 'edit', target: new Uint8Array(32).fill(5), text: 'waits' } }),
    asFork(other.say('another message 0')),
    asFork(other.bundle({ tells: { what: 'edit', target, text: 'edited elsewhere' } }), 1),
    { what: 'read', room: GENERAL, upTo: place },
    bob.say('late', { ms: said[2]!.time.ms, counter: 0 }),
    {
      what: 'room',
      room: DEV,
      settings: { name: 'dev', peer: null, joined: true, ageMsMax: null, bytesMax: null },
    },
  ]
}

/** Asks for everything and says something of every kind; answers the faults that came of it. */
function useAll(store: Store): (StoreFault | null)[] {
  const [ann, bob] = [new Writer(1), new Writer(2)]
  const [first] = store.last(GENERAL, 100)
  for (const { key } of store.feeds()) {
    store.bundles(key, 1, 2 ** 48, 1e9, true)
    store.forks(key)
  }
  for (const { room, readTo } of store.rooms()) {
    store.unread(room, ann.feed.author, ['ann', 'Zoë'])
    if (readTo !== null) store.page(room, 'before', readTo, 50)
    for (const _ of store.export(room));
  }
  if (first !== undefined) {
    store.around(first.id, 10)
    store.page(GENERAL, 'after', first, 10)
  }
  store.search({ words: 'message 天', from: [ann.feed.author], room: GENERAL, limit: 10 })
  store.search({ words: 'mess', limit: 10 })
  store.authorsNamed('ann')
  const again = new Writer(1, GENERAL, 3)
  const said = again.say('hello')
  const batches: StoreOperation[][] = [
    story(),
    [said, again.bundle({ tells: { what: 'delete', target: idOf(said) } })],
    [{ what: 'forget', feed: ann.feed, number: 5 }],
    [bob.bundle({ tells: { what: 'edit', target: idOf(said), text: 'x' } })],
    [{ what: 'drop', room: GENERAL, beforeMs: 2 ** 48, bytesMax: 0 }],
  ]
  return batches.map((batch) => {
    const outcome = store.commit(batch)
    return outcome.ok ? null : outcome
  })
}

function withSeed(run: (random: Rng) => void): void {
  try {
    run(seededRng(SEED))
  } catch (error) {
    console.error(`the series of HEARSAY_SEED=${SEED}`)
    throw error
  }
}

describe('a file made by somebody else', () => {
  test(`with bytes changed anywhere is read or set aside, and never breaks the program (${ROUNDS} files)`, () => {
    const path = join(folder, 'model.db')
    const store = openStore(path)
    if ('ok' in store) throw new Error(store.message)
    expect(store.commit(story())).toMatchObject({ ok: true })
    store.close()
    const model = readFileSync(path)
    withSeed((random) => {
      for (let round = 0; round < ROUNDS; round++) {
        const bytes = new Uint8Array(model)
        const changes = 1 + random.below(30)
        for (let i = 0; i < changes; i++) bytes[random.below(bytes.length)] = random.below(256)
        const harmed = join(folder, `${round}.db`)
        writeFileSync(harmed, bytes.subarray(0, round % 5 === 0 ? random.below(bytes.length) : bytes.length))
        const opened = openStore(harmed)
        if ('ok' in opened) expect(['newer', 'damaged', 'failed']).toContain(opened.code)
        else {
          useAll(opened)
          opened.close()
        }
      }
    })
  }, 30_000)

  test('with the right tables and wrong values in them is told of as damaged, or read past', () => {
    const tables = [
      'rooms',
      'authors',
      'feeds',
      'ranges',
      'bundles',
      'profiles',
      'messages',
      'edits',
      'reactions',
      'waiting',
      'forks',
    ]
    const values = [
      `'text'`,
      `x'00ff'`,
      '-1',
      '9e99',
      'NULL',
      '9223372036854775807',
      `cast(x'ff' AS TEXT)`,
      `zeroblob(100000)`,
    ]
    let faults = 0
    withSeed((random) => {
      for (let round = 0; round < ROUNDS; round++) {
        const rows = lenient(story())
        const table = tables[round % tables.length]!
        const columns = rows.all(`SELECT name FROM pragma_table_info('${table}') WHERE name <> 'id'`)
        for (let i = 0; i < 2; i++) {
          const column = columns[random.below(columns.length)]!['name']
          const value = values[random.below(values.length)]!
          rows.db.exec(`UPDATE OR IGNORE ${table} SET ${column} = ${value} WHERE rowid_of % ${1 + random.below(3)} = 0`)
        }
        const told: StoreFault[] = []
        const store = new SqliteStore(rows, 'lenient', null, { ...ALONE, fault: (fault) => told.push(fault) })
        const outcomes = useAll(store)
        for (const fault of [...told, ...outcomes]) {
          if (fault === null) continue
          faults++
          expect(['damaged', 'failed']).toContain(fault.code)
        }
        store.close()
      }
    })
    expect(faults).toBeGreaterThan(0)
  })

  test('whose index is broken gets a new one from the messages: when it is opened, or when it shows', () => {
    const path = join(folder, 'index.db')
    const store = openStore(path)
    if ('ok' in store) throw new Error(store.message)
    expect(store.commit(story())).toMatchObject({ ok: true })
    store.close()
    breakIndex(path)
    const found = (of: Store): number[] => ['message', 'edited'].map((words) => of.search({ words, limit: 100 }).length)
    const again = openStore(path)
    if ('ok' in again) throw new Error(again.message)
    expect(again.setAside).toBeNull()
    expect(again.check()).toBe(true)
    expect(found(again)).toEqual([39, 1])
    again.close()
    breakIndex(path)
    // As a file is found that is too large to be looked through.
    const large = new SqliteStore(new Rows(new Database(path)), path, null, { ...ALONE, fault: throwFault })
    expect(large.check()).toBe(false)
    expect(found(large)).toEqual([39, 1])
    expect(large.check()).toBe(true)
    large.close()
    breakIndex(path)
    const holding = new SqliteStore(new Rows(new Database(path)), path, null, { ...ALONE, fault: throwFault })
    expect(holding.hold([new Writer(9).say('message held')])).toMatchObject({ ok: true })
    expect(found(holding)).toEqual([40, 1])
    holding.letGo()
    expect(found(holding)).toEqual([39, 1])
    holding.close()
    breakIndex(path)
    const third = new SqliteStore(new Rows(new Database(path)), path, null, { ...ALONE, fault: throwFault })
    expect(third.commit([{ what: 'drop', room: GENERAL, beforeMs: 2 ** 48, bytesMax: 0 }])).toMatchObject({ ok: true })
    expect(found(third)).toEqual([0, 0])
    third.close()
  })
})

function throwFault(fault: StoreFault): void {
  throw new Error(fault.message, { cause: fault.cause })
}

/** Writes over the beginning of each piece of the index, where it says how long it is. */
function breakIndex(path: string): void {
  const db = new Database(path)
  const blocks = db.query<{ block: Uint8Array }, []>('SELECT block FROM search_data WHERE id > 10').all()
  db.close()
  const bytes = readFileSync(path)
  let broken = 0
  for (const { block } of blocks) {
    const at = bytes.indexOf(block.subarray(0, 200))
    if (at < 0) continue
    bytes.fill(0xff, at, at + 4)
    broken++
  }
  expect(broken).toBeGreaterThan(0)
  writeFileSync(path, bytes)
}

/** The same tables in memory, but with columns that take anything, as a file can have them on any page. */
function lenient(batch: readonly StoreOperation[]): Rows {
  const strict = new Rows(new Database(':memory:'))
  migrate(strict, 0, MIGRATIONS)
  const filled = new SqliteStore(strict, 'strict', null, ALONE)
  expect(filled.commit(batch)).toMatchObject({ ok: true })
  const loose = MIGRATIONS.map(({ statements }) => ({ statements: statements.map(loosened) }))
  const rows = new Rows(new Database(':memory:'))
  migrate(rows, 0, loose)
  const names = strict.all(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'search%'`)
  for (const { name } of names) {
    for (const row of strict.all(`SELECT * FROM ${name}`)) {
      const columns = Object.keys(row)
      const marks = columns.map(() => '?').join(', ')
      const given = columns.map((column) => row[column] as string | number | Uint8Array | null)
      rows.run(`INSERT INTO ${name} (${columns.join(', ')}) VALUES (${marks})`, ...given)
    }
  }
  filled.close()
  return rows
}

/** No types, no rules; and a column to choose rows by, whatever their key is. */
function loosened(statement: string): string {
  return statement
    .replace(/ STRICT.*$/s, '')
    .replace(/ NOT NULL/g, '')
    .replace(/ REFERENCES \w+/g, '')
    .replace(/(?<!PRIMARY KEY|\()\b(INTEGER|TEXT|BLOB)\b(?! PRIMARY)/g, '')
    .replace(/^(CREATE TABLE \w+ \()(.*)\)$/s, (_, head: string, inner: string) => {
      const constraint = /,\s*(PRIMARY KEY|UNIQUE) \([^)]*\)$/s.exec(inner)
      const columns = constraint === null ? inner : inner.slice(0, constraint.index)
      return `${head}${columns}, rowid_of DEFAULT 0${constraint?.[0] ?? ''})`
    })
}
