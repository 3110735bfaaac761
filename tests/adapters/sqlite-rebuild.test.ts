import { Database } from 'bun:sqlite'
import { afterAll, describe, expect, test } from 'bun:test'
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import fc from 'fast-check'
import { MIGRATIONS, type Migration } from '../../src/adapters/sqlite-schema.ts'
import type { Told } from '../../src/core/room/told.ts'
import type { KeepBundle, Store, StoreOperation } from '../../src/ports/store.ts'
import { kept } from '../ports/store.compliance.ts'
import { asFork, DEV, GENERAL, idOf, message, START_MS, textsOf, Writer } from '../ports/store-writer.ts'
import { opened } from './sqlite-processes.ts'

const folder = mkdtempSync(join(tmpdir(), 'hearsay-rebuild-'))
let files = 0
afterAll(() => rmSync(folder, { recursive: true }))
const fresh = (): string => join(folder, `${++files}`, 'history.db')

/** Changes nothing, and has everything made again. */
const REBUILDING: Migration = { statements: [], rebuilds: true }
const me = new Writer(0).feed.author

/** All that can be asked. */
function everything(store: Store) {
  return {
    rooms: store.rooms(),
    feeds: store.feeds(),
    bundles: store.feeds().map(({ key }) => [store.bundles(key, 1, 1e9, 1e9), store.forks(key)]),
    messages: store.rooms().map(({ room }) => [...store.export(room)].flat()),
    unread: store.rooms().map(({ room }) => store.unread(room, me, ['word'])),
    found: ['word', 'name'].map((words) => ids(store.search({ words, limit: 100 }).map((hit) => hit.message))),
    named: ['name 1', 'name 2', 'peer'].map((name) => store.authorsNamed(name)),
  }
}

function ids(messages: readonly { id: Uint8Array }[]): string[] {
  return messages.map(({ id }) => id.toHex()).sort()
}

const step = fc.record({
  author: fc.nat(2),
  room: fc.constantFrom(GENERAL, GENERAL, DEV),
  isFork: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
  what: fc.constantFrom('said', 'said', 'said', 'gone', 'edit', 'edit', 'delete', 'on', 'off', 'name', 'answer'),
  target: fc.nat(100),
  ms: fc.nat(3),
})
const story = fc.array(step, { minLength: 4, maxLength: 40 }).chain((steps) =>
  fc.record({
    steps: fc.constant(steps),
    order: fc.shuffledSubarray(
      steps.map((_, i) => i),
      { minLength: steps.length },
    ),
    readAt: fc.nat(40),
    /** So many of the first are too old in the end; null for none. */
    dropped: fc.option(fc.nat(20), { freq: 3 }),
  }),
)

/** What a story has stored, in its order. */
function operations({ steps, order, readAt, dropped }: typeof story extends fc.Arbitrary<infer T> ? T : never) {
  const said: KeepBundle[] = []
  const sides = new Map<string, { main: Writer; other: Writer }>()
  const ops = steps.map((each, i): StoreOperation => {
    const key = `${each.author} ${each.room.toHex()}`
    const main = sides.get(key)?.main ?? new Writer(each.author, each.room, 1, true)
    const side = sides.get(key) ?? { main, other: main.fork() }
    sides.set(key, side)
    const tells = tellsOf(each.what, said[each.target % Math.max(1, said.length)]?.lastId ?? new Uint8Array(32), i)
    // What was said about a message is not dropped before it, unless its author's clock was wrong.
    const time = { ms: START_MS + (dropped === null ? each.ms : i), counter: i }
    const isFork = each.isFork && dropped === null
    const op = (isFork ? side.other : side.main).bundle({ tells, time })
    if (tells.what === 'message') said.push(op)
    return isFork ? asFork(op, 1) : { ...op, own: each.author === 0 }
  })
  const arriving = order.map((at) => ops[at]!)
  const read = said[readAt % Math.max(1, said.length)]
  if (read !== undefined) {
    const upTo = { time: read.time, author: read.feed.author, number: read.first, id: read.lastId }
    arriving.splice(readAt % arriving.length, 0, { what: 'read', room: read.feed.room, upTo })
  }
  if (dropped !== null) arriving.push({ what: 'drop', room: GENERAL, beforeMs: START_MS + dropped, bytesMax: 1e9 })
  return arriving
}

function tellsOf(what: string, target: Uint8Array, i: number): Told {
  if (what === 'said' || what === 'gone') return message(what === 'gone' ? null : `word ${i}`)
  if (what === 'answer') return message(`word ${i}`, target)
  if (what === 'name') return { what: 'profile', name: `name ${i % 3}` }
  if (what === 'edit') return { what, target, text: `word ${i}` }
  return what === 'delete' ? { what, target } : { what: 'reaction', target, emoji: '👍', on: what === 'on' }
}

describe('what people see, made again from the bundles', () => {
  test('is what it was: names, edits, deletions, reactions, answers, forks, and what was read', () => {
    fc.assert(
      fc.property(story, (told) => {
        const path = fresh()
        const store = opened(path)
        kept(store, ...operations(told))
        const before = everything(store)
        store.close()
        const again = opened(path, { migrations: [...MIGRATIONS, REBUILDING] })
        expect(everything(again)).toEqual(before)
        expect(again.check()).toBe(true)
        again.close()
      }),
      { numRuns: 40, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: true },
    )
  }, 60_000)

  test('leaves conversations as they are: what is sealed cannot be read again', () => {
    const path = fresh()
    const store = opened(path)
    const peer = new Writer(5).feed.author
    const settings = { name: '', peer, joined: true, ageMsMax: null, bytesMax: null }
    const ann = new Writer(1, DEV)
    const said = ann.bundle({ tells: message('between us', null, 'peer') })
    const sealed = { ...said, bytes: new Writer(1, DEV).say('sealed').bytes }
    kept(store, { what: 'room', room: DEV, settings }, sealed, new Writer(2).say('in the open'))
    kept(store, new Writer(2, DEV).bundle({ tells: { what: 'reaction', target: idOf(said), emoji: '👍', on: true } }))
    const before = everything(store)
    store.close()
    const again = opened(path, { migrations: [...MIGRATIONS, REBUILDING] })
    expect(everything(again)).toEqual(before)
    expect(textsOf(again.last(DEV, 5))).toEqual(['between us'])
    again.close()
  })

  test('also where nothing of it is there any more', () => {
    const path = fresh()
    const store = opened(path)
    const ann = new Writer(1)
    const said = Array.from({ length: 1_200 }, (_, i) => ann.say(`word ${i}`))
    kept(store, ...said, ann.bundle({ tells: { what: 'delete', target: idOf(said[7]!) } }))
    const before = everything(store)
    store.close()
    const db = new Database(path)
    for (const table of ['messages', 'edits', 'reactions', 'profiles', 'waiting']) db.exec(`DELETE FROM ${table}`)
    db.exec(`INSERT INTO search (search) VALUES ('delete-all')`)
    db.close()
    const again = opened(path, { migrations: [...MIGRATIONS, REBUILDING] })
    expect(everything(again)).toEqual(before)
    again.close()
  })
})

describe('a damaged history', () => {
  /** So many messages, an edit, a second history, a conversation; and bytes of some pages overwritten. */
  function damaged(harm: (bytes: Buffer) => void): { path: string; before: ReturnType<typeof everything> } {
    const path = fresh()
    const store = opened(path)
    const ann = new Writer(1)
    const other = ann.fork()
    const settings = { name: 'general', peer: null, joined: true, ageMsMax: null, bytesMax: 1_000_000 }
    const said = Array.from({ length: 600 }, (_, i) => ann.say(`word ${i}`))
    const upTo = { time: said[500]!.time, author: ann.feed.author, number: 501, id: idOf(said[500]!) }
    kept(store, { what: 'room', room: GENERAL, settings }, ...said, asFork(other.say('word of another')))
    kept(store, ann.bundle({ tells: { what: 'edit', target: idOf(said[3]!), text: 'another word' } }))
    kept(store, { what: 'read', room: GENERAL, upTo }, new Writer(2).call('name 1'))
    const before = everything(store)
    store.close()
    const bytes = readFileSync(path)
    harm(bytes)
    writeFileSync(path, bytes)
    return { path, before }
  }
  const pagesOf = (path: string, table: string): number[] => {
    // Reading would leave something beside it.
    const copy = join(folder, 'copy.db')
    copyFileSync(path, copy)
    const db = new Database(copy, { readonly: true })
    const rows = db.query<{ pageno: number }, [string]>('SELECT pageno FROM dbstat WHERE name = ?').all(table)
    db.close()
    return rows.map(({ pageno }) => pageno)
  }

  test('gives the new one every bundle that can be read and verifies, and with them what people see', () => {
    const { path, before } = damaged(() => {})
    const pages = pagesOf(path, 'messages')
    const bytes = readFileSync(path)
    for (const page of pages.slice(-3)) bytes.fill(0xa5, 4096 * (page - 1), 4096 * (page - 1) + 100)
    writeFileSync(path, bytes)
    const store = opened(path)
    expect(store.setAside).toMatchObject({ reason: 'damaged', saved: 603 })
    expect(store.setAside!.message).toContain('603 signed bundles')
    // But for the counter of its changes, all is as it was found.
    expect(readFileSync(store.setAside!.path).subarray(100)).toEqual(bytes.subarray(100))
    const after = everything(store)
    expect(after.messages).toEqual(before.messages)
    expect(after.rooms).toEqual(before.rooms)
    expect(after.found).toEqual(before.found)
    expect(after.unread).toEqual(before.unread)
    expect(store.check()).toBe(true)
    store.close()
    const beside = readdirSync(dirname(path)).filter((name) => name !== basename(path))
    expect(beside.map((name) => name.replace(/damaged-.*/, 'damaged'))).toEqual(['history.db.damaged'])
  })

  test('gives nothing that its author did not sign, and nothing of ours to go on from', () => {
    const { path } = damaged((bytes) => {
      for (let at = bytes.indexOf('word 77'); at >= 0; at = bytes.indexOf('word 77', at + 1)) bytes.write('lord', at)
    })
    const pages = pagesOf(path, 'bundles')
    const bytes = readFileSync(path)
    const lost = pages.at(-2)!
    bytes.fill(0xa5, 4096 * (lost - 1), 4096 * (lost - 1) + 100)
    writeFileSync(path, bytes)
    const store = opened(path)
    const { saved } = store.setAside!
    expect(saved).toBeGreaterThan(500)
    expect(saved).toBeLessThan(602)
    const texts = textsOf([...store.export(GENERAL)].flat())
    expect(texts.filter((text) => text.includes('lord'))).toEqual([])
    expect(store.feeds().every(({ own }) => !own)).toBe(true)
    store.close()
  })

  test('of which nothing can be read is put aside all the same', () => {
    const { path } = damaged((bytes) => bytes.fill(0xa5, 4096))
    const store = opened(path)
    expect(store.setAside).toMatchObject({ reason: 'damaged', saved: 0 })
    expect(existsSync(store.setAside!.path)).toBe(true)
    expect(store.rooms()).toEqual([])
    store.close()
  })
})
