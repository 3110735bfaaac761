import { Database } from 'bun:sqlite'
import { afterAll, describe, expect, test } from 'bun:test'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { openStore } from '../../src/adapters/sqlite-open.ts'
import { MIGRATIONS } from '../../src/adapters/sqlite-schema.ts'
import type { Told } from '../../src/core/room/told.ts'
import type { Store } from '../../src/ports/store.ts'
import { kept } from '../ports/store.compliance.ts'
import { asFork, GENERAL, idOf, message, START_MS, textsOf, Writer } from '../ports/store-writer.ts'
import { opened, StoreProcess } from './sqlite-processes.ts'

const root = mkdtempSync(join(tmpdir(), 'hearsay-open-'))
let folders = 0
afterAll(() => rmSync(root, { recursive: true }))

/** A path in a folder of its own that is not there yet. */
const fresh = (): string => join(root, `${++folders}`, 'history.db')

/** A history with so many messages, closed again. */
function written(count = 50): string {
  const path = fresh()
  const store = opened(path)
  const ann = new Writer(1)
  kept(store, ...Array.from({ length: count }, (_, i) => ann.say(`message ${i}`)))
  store.close()
  return path
}

describe('a history that is begun', () => {
  test('is its owner’s alone, in a folder of the owner’s alone, and closed it is one file', () => {
    const path = fresh()
    const store = opened(path)
    kept(store, new Writer(1).say('hello'))
    const modes = ['', '-wal', '.pid'].map((suffix) => statSync(`${path}${suffix}`).mode & 0o777)
    expect(modes).toEqual([0o600, 0o600, 0o600])
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700)
    store.close()
    expect(readdirSync(dirname(path))).toEqual(['history.db'])
    const again = opened(path)
    expect(textsOf(again.last(GENERAL, 5))).toEqual(['hello'])
    expect(again.check()).toBe(true)
    again.close()
  })

  test('in memory is on no disk', () => {
    const before = readdirSync('.')
    const store = opened(':memory:')
    kept(store, new Writer(1).say('hello'))
    expect(readdirSync('.')).toEqual(before)
    store.close()
  })
})

describe('what was deleted', () => {
  const SECRET = 'xylophone'
  /** Whether any file of the history holds a part of the word: the index does not write out what begins like the word before. */
  const holds = (path: string, word = SECRET): boolean => {
    const parts = Array.from({ length: word.length - 4 }, (_, at) => word.slice(at, at + 5))
    return readdirSync(dirname(path)).some((name) => {
      const bytes = readFileSync(join(dirname(path), name))
      return parts.some((part) => bytes.includes(part))
    })
  }
  /** Among other words, before and after. */
  function begun(): { path: string; store: Store; ann: Writer } {
    const path = fresh()
    const store = opened(path)
    const ann = new Writer(1)
    kept(store, ...Array.from({ length: 100 }, (_, i) => ann.say(`other words ${i} xyl xyz ax`)))
    return { path, store, ann }
  }
  const more = (store: Store, ann: Writer) => kept(store, ...Array.from({ length: 100 }, () => ann.say('later words')))
  const about = (target: Uint8Array, text: string): Told => ({ what: 'edit', target, text })
  const deletion = (target: Uint8Array): Told => ({ what: 'delete', target })

  test('is in no corner of any file as soon as that is committed, with all it was edited to', () => {
    const { path, store, ann } = begun()
    const [said, reply] = [ann.say(`${SECRET} among words`), new Writer(2).bundle({ tells: message(`${SECRET} yes`) })]
    kept(store, said, reply)
    for (const at of [1, 2, 3]) {
      kept(store, ann.bundle({ tells: about(idOf(said), `${SECRET} edited ${at}`) }))
      more(store, ann)
    }
    kept(store, ann.bundle({ tells: about(idOf(said), 'and now a quixotic one') }))
    expect([holds(path), holds(path, 'quixotic')]).toEqual([true, true])
    kept(store, ann.bundle({ tells: deletion(idOf(said)) }))
    expect(holds(path, 'quixotic')).toBe(false)
    kept(store, new Writer(2, GENERAL, 2).bundle({ tells: deletion(idOf(reply)) }))
    expect(holds(path)).toBe(false)
    expect(holds(path, 'other words')).toBe(true)
    store.close()
    expect(holds(path)).toBe(false)
  })

  test('leaves no trace where its deletion came first, or with it', () => {
    for (const order of [
      [0, 1, 2, 3],
      [3, 2, 1, 0],
      [3, 0, 1, 2],
      [1, 3, 2, 0],
      [2, 3, 1],
    ]) {
      const { path, store, ann } = begun()
      const said = ann.say(`${SECRET} among words`)
      const edits = [1, 2].map((at) => ann.bundle({ tells: about(idOf(said), `${SECRET} edited ${at}`) }))
      const ops = [said, ...edits, ann.bundle({ tells: deletion(idOf(said)) })]
      for (const at of order) kept(store, ops[at]!)
      expect(holds(path)).toBe(false)
      store.close()
      expect(holds(path)).toBe(false)
      const together = begun()
      kept(together.store, ...order.map((at) => ops[at]!))
      expect(holds(together.path)).toBe(false)
      together.store.close()
    }
  })

  test('of a second history goes like any other', () => {
    const { path, store, ann } = begun()
    const other = ann.fork()
    ann.say('in its place')
    const said = other.say(`${SECRET} in another life`)
    kept(store, asFork(said, 101), asFork(other.bundle({ tells: about(idOf(said), `${SECRET} edited`) }), 101))
    expect(holds(path)).toBe(true)
    kept(store, new Writer(1, GENERAL, 2).bundle({ tells: deletion(idOf(said)) }))
    expect(holds(path)).toBe(false)
    store.close()
  })

  test('comes back neither with a copy from somebody else nor when all is made again', () => {
    const { path, store, ann } = begun()
    const said = ann.bundle({ tells: message(`${SECRET} among words`) }, { tells: message('and this') })
    kept(store, said, ann.bundle({ tells: deletion(said.events[0]!.id) }), said)
    expect(holds(path)).toBe(false)
    store.close()
    const again = opened(path, { migrations: [...MIGRATIONS, { statements: [], rebuilds: true }] })
    expect(again.message(said.events[0]!.id)!.state).toBe('deleted')
    expect(holds(path)).toBe(false)
    again.close()
  })

  test('and what is too old to be kept is nowhere any more either', () => {
    const { path, store, ann } = begun()
    kept(store, ann.say(`${SECRET} long ago`))
    kept(store, ann.say('lately', { ms: START_MS + 1e9, counter: 0 }))
    kept(store, { what: 'drop', room: GENERAL, beforeMs: START_MS + 1e8, bytesMax: 1e9 })
    expect(textsOf(store.last(GENERAL, 9))).toEqual(['lately'])
    expect(holds(path)).toBe(false)
    store.close()
  })

  test('and left in the log by a program that was killed goes when it is opened again', async () => {
    const path = fresh()
    const killed = await StoreProcess.start('delete', path)
    await killed.kill()
    expect(existsSync(`${path}-wal`)).toBe(true)
    opened(path).close()
    expect(holds(path)).toBe(false)
  })
})

describe('a history that somebody has', () => {
  test('is told of with the process, and free once that is gone, however it went', async () => {
    const path = written()
    const other = await StoreProcess.start('hold', path)
    const fault = openStore(path)
    expect(fault).toMatchObject({ ok: false, code: 'held', pid: other.pid })
    expect('ok' in fault && fault.message).toContain(`process ${other.pid}`)
    await other.kill()
    const store = opened(path)
    expect(store.last(GENERAL, 100).length).toBe(50)
    store.close()
  })

  test('is had once by this process too, and trying does not take it away', () => {
    const path = written()
    const first = opened(path)
    expect(openStore(path)).toMatchObject({ code: 'held', pid: process.pid })
    expect(openStore(path)).toMatchObject({ code: 'held' })
    kept(first, new Writer(2).say('still here'))
    first.close()
    opened(path).close()
  })
})

describe('a file that is no history', () => {
  const aside = (path: string, reason: string): string => {
    const moved = readdirSync(dirname(path)).filter((name) => name.startsWith(`${basename(path)}.${reason}-`))
    expect(moved.length).toBe(1)
    return join(dirname(path), moved[0]!)
  }

  test('is set aside as it is, and a new one begun', () => {
    const text = fresh()
    mkdirSync(dirname(text))
    writeFileSync(text, 'Dear diary, '.repeat(1_000))
    const foreign = fresh()
    mkdirSync(dirname(foreign))
    const db = new Database(foreign)
    db.exec('CREATE TABLE recipes (name); INSERT INTO recipes VALUES (1)')
    db.close()
    const reason = 'foreign'
    for (const path of [text, foreign]) {
      const before = readFileSync(path)
      const store = opened(path)
      expect(store.setAside).toMatchObject({ reason, path: aside(path, reason) })
      expect(store.setAside!.message).toContain(store.setAside!.path)
      expect(readFileSync(store.setAside!.path)).toEqual(before)
      kept(store, new Writer(1).say('hello'))
      store.close()
      const again = opened(path)
      expect(again.setAside).toBeNull()
      expect(again.last(GENERAL, 5).length).toBe(1)
      again.close()
    }
  })

  test('nor one with a page overwritten, or cut off, or with a trigger of somebody else’s', () => {
    const harms: ((path: string) => void)[] = [
      (path) => {
        const bytes = readFileSync(path)
        bytes.fill(0xa5, 4096 * 9, 4096 * 12)
        writeFileSync(path, bytes)
      },
      (path) => truncateSync(path, 4096 * 8),
      (path) => {
        const db = new Database(path)
        db.exec(`CREATE TRIGGER t AFTER INSERT ON messages BEGIN DELETE FROM bundles; END`)
        db.close()
      },
      (path) => {
        const db = new Database(path)
        db.exec('DROP INDEX messages_by_event')
        db.close()
      },
    ]
    for (const harm of harms) {
      const path = written(400)
      harm(path)
      const store = opened(path)
      expect(store.setAside).toMatchObject({ reason: 'damaged', path: aside(path, 'damaged') })
      expect(store.check()).toBe(true)
      store.close()
    }
  })

  test('damage in a large file shows when it is met, and with distrust before; from then on it is looked for', () => {
    const path = fresh()
    const store = opened(path)
    const ann = new Writer(1, GENERAL, 1, true)
    const text = 'x'.repeat(16_000)
    for (let i = 0; i < 11; i++) kept(store, ...Array.from({ length: 100 }, () => ann.say(text)))
    store.close()
    const bytes = readFileSync(path)
    expect(bytes.length).toBeGreaterThan(32 * 1024 * 1024)
    for (let at = 4096 * 300; at < bytes.length - 4096 * 300; at += 4096) bytes.fill(0xa5, at, at + 64)
    writeFileSync(path, bytes)
    const codes: string[] = []
    const damaged = opened(path, { onFault: ({ code }) => codes.push(code) })
    for (const chunk of damaged.export(GENERAL)) expect(chunk.length).toBeGreaterThan(0)
    expect(codes).toContain('damaged')
    expect(damaged.check()).toBe(false)
    const outcome = damaged.commit([{ what: 'drop', room: GENERAL, beforeMs: 2 ** 48, bytesMax: 0 }])
    expect(outcome).toMatchObject({ ok: false, code: 'damaged' })
    damaged.close()
    // It is remembered, and only for this file.
    const next = opened(path)
    expect(next.setAside).toMatchObject({ reason: 'damaged' })
    next.close()
    const again = opened(path)
    expect(again.setAside).toBeNull()
    again.close()
    const other = fresh()
    mkdirSync(dirname(other))
    writeFileSync(other, bytes)
    const distrusting = opened(other, { distrust: true })
    expect(distrusting.setAside).toMatchObject({ reason: 'damaged' })
    distrusting.close()
    expect(readdirSync(dirname(path)).filter((name) => name.endsWith('.suspect'))).toEqual([])
  })

  test('nor is what a newer version wrote ours to touch', () => {
    const path = written()
    const db = new Database(path)
    db.exec('PRAGMA user_version = 99')
    db.close()
    const before = readFileSync(path)
    const fault = openStore(path)
    expect(fault).toMatchObject({ ok: false, code: 'newer' })
    expect('ok' in fault && fault.message).toContain('version 99')
    expect(readFileSync(path)).toEqual(before)
  })

  test('and where no file can be, that is told', () => {
    const path = fresh()
    mkdirSync(path, { recursive: true })
    expect(openStore(path)).toMatchObject({ ok: false, code: 'denied' })
    expect(openStore(join(written(), 'below', 'history.db'))).toMatchObject({ ok: false, code: 'denied' })
    expect(readdirSync(path)).toEqual([])
  })
})

describe('a disk that is full', () => {
  test('leaves everything as it was before the batch, and what was refused can be given again', () => {
    const path = written()
    const pages = statSync(path).size / 4096
    const tight = opened(path, { pagesMax: pages + 4 })
    const bob = new Writer(2)
    const batch = Array.from({ length: 200 }, (_, i) => bob.say(`batch ${i}`))
    const small = new Writer(3).say('small')
    for (let i = 0; i < 3; i++) {
      const fault = tight.commit(batch)
      expect(fault).toMatchObject({ ok: false, code: 'full' })
      expect(!fault.ok && fault.message).toContain('make room')
    }
    expect(tight.feeds().length).toBe(1)
    expect(tight.search({ words: 'batch', limit: 5 })).toEqual([])
    kept(tight, small)
    tight.close()
    expect(readFileSync(path).includes('batch')).toBe(false)
    const store = opened(path)
    expect(store.check()).toBe(true)
    kept(store, ...batch)
    expect(store.last(GENERAL, 1_000).length).toBe(251)
    expect(store.search({ words: 'batch', limit: 100 }).length).toBe(100)
    store.close()
  })

  test('at the very beginning is told, and nothing half-made remains', () => {
    const path = fresh()
    expect(openStore(path, { pagesMax: 5 })).toMatchObject({ ok: false, code: 'full' })
    const store = opened(path)
    expect(store.setAside).toBeNull()
    kept(store, new Writer(1).bundle({ tells: message('hello') }))
    store.close()
    expect(existsSync(`${path}-wal`)).toBe(false)
  })
})
