import { Database } from 'bun:sqlite'
import { afterAll, describe, expect, test } from 'bun:test'
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storeFault } from '../../src/adapters/sqlite-fault.ts'
import { kept } from '../ports/store.compliance.ts'
import { GENERAL, textsOf, Writer } from '../ports/store-writer.ts'
import { opened } from './sqlite-processes.ts'

/** A file that cannot be used is put out of the way as it was found, to the byte. */

const root = mkdtempSync(join(tmpdir(), 'hearsay-aside-'))
let folders = 0
afterAll(() => rmSync(root, { recursive: true }))
const folder = (): string => mkdtempSync(join(root, `${++folders}-`))

/** A history whose last message is in its log alone, as a program that was killed leaves it. */
function killed(): string {
  const [from, to] = [folder(), folder()]
  const path = join(from, 'history.db')
  const ann = new Writer(1)
  const begun = opened(path)
  kept(begun, ...Array.from({ length: 100 }, (_, i) => ann.say(`message ${i}`)))
  begun.close()
  const store = opened(path)
  kept(store, ann.say('in the log'))
  for (const suffix of ['', '-wal']) copyFileSync(`${path}${suffix}`, join(to, `history.db${suffix}`))
  store.close()
  return join(to, 'history.db')
}

function overwritten(path: string): void {
  const bytes = readFileSync(path)
  bytes.fill(0xa5, 4096 * 9, 4096 * 12)
  writeFileSync(path, bytes)
}

describe('a damaged file', () => {
  test('goes as it was found, with what was left in its log', () => {
    const path = killed()
    overwritten(path)
    const [file, log] = [readFileSync(path), readFileSync(`${path}-wal`)]
    const store = opened(path)
    const aside = store.setAside!
    expect(aside.reason).toBe('damaged')
    expect(readFileSync(aside.path)).toEqual(file)
    expect(readFileSync(`${aside.path}-wal`)).toEqual(log)
    store.close()
    expect(readdirSync(join(path, '..')).sort()).toEqual([
      'history.db',
      aside.path.slice(-('history.db.damaged-'.length + 24)),
      `${aside.path.slice(-('history.db.damaged-'.length + 24))}-wal`,
    ])
  })

  test('that has no log yet, as a copy has none, is not given one before', () => {
    const path = killed()
    const db = new Database(path)
    db.exec('PRAGMA journal_mode = DELETE')
    db.close()
    overwritten(path)
    const file = readFileSync(path)
    const store = opened(path)
    expect(readFileSync(store.setAside!.path)).toEqual(file)
    store.close()
  })

  test('whose pages lead round is read once, and what is saved of it counted once', () => {
    const path = join(folder(), 'history.db')
    const store = opened(path)
    const ann = new Writer(1)
    kept(store, ...Array.from({ length: 400 }, (_, i) => ann.say(`message ${i}`)))
    store.close()
    const db = new Database(path, { readonly: true })
    const { page } = db
      .query<{ page: number }, []>(`SELECT rootpage AS page FROM sqlite_schema WHERE name = 'bundles'`)
      .get()!
    db.close()
    // The last child of the table's root page becomes its first one.
    const bytes = readFileSync(path)
    const root = (page - 1) * 4096
    expect(bytes[root]).toBe(5)
    const firstCell = root + bytes.readUInt16BE(root + 12)
    bytes.writeUInt32BE(bytes.readUInt32BE(firstCell), root + 8)
    writeFileSync(path, bytes)
    const again = opened(path)
    const { saved } = again.setAside!
    expect(saved).toBeGreaterThan(100)
    expect(saved).toBe(again.last(GENERAL, 1_000).length)
    again.close()
  })

  test('of an older version is not brought to the next one before that', () => {
    const path = join(folder(), 'history.db')
    writeFileSync(path, Bun.gunzipSync(readFileSync(join(import.meta.dir, 'history-1.db.gz'))))
    const db = new Database(path)
    db.exec('CREATE TRIGGER t AFTER INSERT ON messages BEGIN DELETE FROM bundles; END')
    db.close()
    const before = readFileSync(path)
    const store = opened(path)
    expect(store.setAside).toMatchObject({ reason: 'damaged', saved: 10 })
    expect(readFileSync(store.setAside!.path)).toEqual(before)
    store.close()
  })

  test('of somebody else with a log goes with it', () => {
    const [from, path] = [join(folder(), 'recipes.db'), join(folder(), 'history.db')]
    const db = new Database(from)
    db.exec('PRAGMA journal_mode = WAL; CREATE TABLE recipes (name); INSERT INTO recipes VALUES (1)')
    for (const suffix of ['', '-wal']) copyFileSync(`${from}${suffix}`, `${path}${suffix}`)
    db.close()
    const [file, log] = [readFileSync(path), readFileSync(`${path}-wal`)]
    const store = opened(path)
    const aside = store.setAside!.path
    expect([readFileSync(aside), readFileSync(`${aside}-wal`)]).toEqual([file, log])
    store.close()
  })
})

describe('a file that is a link to another', () => {
  test('is that one, with its log and everything else beside it', () => {
    const real = killed()
    const link = join(folder(), 'history.db')
    symlinkSync(real, link)
    const store = opened(link)
    expect(textsOf(store.last(GENERAL, 1))).toEqual(['in the log'])
    expect(existsSync(`${real}.pid`)).toBe(true)
    store.close()
    expect(readdirSync(join(link, '..'))).toEqual(['history.db'])
    expect(readdirSync(join(real, '..'))).toEqual(['history.db'])
  })

  test('and damaged, goes from where it is, and the link leads to the new one', () => {
    const real = killed()
    overwritten(real)
    const file = readFileSync(real)
    const link = join(folder(), 'history.db')
    symlinkSync(real, link)
    const store = opened(link)
    expect(store.setAside!.path).toStartWith(`${real}.damaged-`)
    expect(readFileSync(store.setAside!.path)).toEqual(file)
    kept(store, new Writer(2).say('anew'))
    store.close()
    const again = opened(link)
    expect(textsOf(again.last(GENERAL, 1))).toEqual(['anew'])
    again.close()
  })
})

test('a file that may not be written is told of as such, whichever way that shows', () => {
  for (const code of ['SQLITE_READONLY', 'SQLITE_CANTOPEN', 'SQLITE_IOERR_LOCK', 'EACCES', 'ENOENT']) {
    const fault = storeFault(Object.assign(new Error('as asked'), { code }), '/somewhere/history.db')
    expect(fault).toMatchObject({ code: 'denied', message: expect.stringContaining('check its path and its rights') })
  }
})

test('nothing is looked for, made or taken away for a history in memory', () => {
  const beside = ['-wal', '.suspect', '.pid', '.room'].map((suffix) => join(root, `:memory:${suffix}`))
  for (const path of beside) writeFileSync(path, 'somebody else’s')
  const before = process.cwd()
  process.chdir(root)
  try {
    const store = opened(':memory:')
    kept(store, new Writer(1).say('hello'))
    expect(store.hasRoom()).toBe(true)
    store.close()
  } finally {
    process.chdir(before)
  }
  expect(beside.map((path) => readFileSync(path, 'utf8'))).toEqual(beside.map(() => 'somebody else’s'))
})

describe('what is held and not written', () => {
  test('is in no file, however much it is', () => {
    const path = join(folder(), 'history.db')
    const store = opened(path)
    const ann = new Writer(1, GENERAL, 1, true)
    kept(store, ann.say('written'))
    const state = () => ['', '-wal'].map((suffix) => Bun.hash(readFileSync(`${path}${suffix}`)))
    const before = [state(), readdirSync(join(path, '..'))]
    // More than the cache has room for.
    for (let i = 0; i < 10; i++) {
      const many = Array.from({ length: 100 }, () => ann.say('x'.repeat(16_000)))
      expect(store.hold(many)).toMatchObject({ ok: true })
    }
    expect(store.last(GENERAL, 1_000).length).toBe(1_000)
    expect([state(), readdirSync(join(path, '..'))]).toEqual(before)
    store.letGo()
    expect(textsOf(store.last(GENERAL, 1_000))).toEqual(['written'])
    kept(store, ann.say('goes on'))
    expect(store.check()).toBe(true)
    expect(store.hold([ann.say('never written')])).toMatchObject({ ok: true })
    store.close()
    const again = opened(path)
    expect(textsOf(again.last(GENERAL, 1_000))).toEqual(['written', 'goes on'])
    again.close()
  })

  test('nor is there anything left of trying whether it could be', () => {
    const path = join(folder(), 'history.db')
    writeFileSync(`${path}.room`, 'left by a program that was killed')
    const store = opened(path)
    expect(readdirSync(join(path, '..')).sort()).toEqual(['history.db', 'history.db-wal', 'history.db.pid'])
    expect(store.hasRoom()).toBe(true)
    expect(readdirSync(join(path, '..')).sort()).toEqual(['history.db', 'history.db-wal', 'history.db.pid'])
    store.close()
  })
})
