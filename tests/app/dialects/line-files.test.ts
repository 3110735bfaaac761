import { afterEach, describe, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { HELD_BYTES_MAX, LineFiles } from '../../../src/app/dialects/line-files.ts'
import { utf8 } from '../../../src/base/bytes.ts'
import type { AcceptPolicy } from '../../../src/core/transfer/offers.ts'
import { VirtualClock } from '../../sim/time.ts'
import { World } from '../../sim/world.ts'

let ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends) end()
  ends = []
})

const ASK: AcceptPolicy = { mode: 'ask', bytesMax: null }
const ALL: AcceptPolicy = { mode: 'all', bytesMax: null }

function setUp(policy: AcceptPolicy) {
  const folder = mkdtempSync(join(tmpdir(), 'hearsay-line-files-'))
  const world = new World(1)
  const ignored = new Set<string>()
  const [offered, announced, told]: [string[], string[], string[]] = [[], [], []]
  const files = new LineFiles({
    ...{ policy, folder, clock: new VirtualClock(world.time), room: 'general' },
    personOf: (link) => ({ id: `line:${link}`, name: 'Lou (line)' }),
    isIgnored: (id) => ignored.has(id),
    async offer(path) {
      offered.push(path)
      return null
    },
    announce: (link, name, size, fate) => announced.push(`${link} ${name} ${size} ${fate}`),
    emit: ({ number, state, name, from }) => told.push(`${number} ${state} ${name} ${from.name}`),
    log: () => {},
  })
  ends.push(() => {
    files.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  const begin = (link: number, name: string, size: number) =>
    files.hear({ kind: 'file', link, state: 'begins', name, size })
  const send = (link: number, name: string, parts: readonly string[], whole = true): void => {
    begin(
      link,
      name,
      parts.reduce((sum, part) => sum + part.length, whole ? 0 : 1),
    )
    for (const part of parts) files.hear({ kind: 'file', link, state: 'bytes', bytes: utf8(part) })
    files.hear({ kind: 'file', link, state: 'ends', whole })
  }
  return { world, folder, files, ignored, offered, announced, told, begin, send }
}

describe('files that line peers send', () => {
  test('are asked about; nothing of them is on the disk before the answer, and then it is whole and offered', () => {
    const { folder, files, offered, announced, told, send } = setUp(ASK)
    send(1, '../a.txt', ['one ', 'two'])
    expect([announced, told]).toEqual([['1 a.txt 7 asked'], ['1001 offered a.txt Lou (line)']])
    expect([readdirSync(folder), offered]).toEqual([[], []])
    expect(files.accept('7')).toBe(null)
    expect(files.accept('line:7')).toBe(null)
    expect(files.accept('')).toMatchObject({ ok: true, file: { number: 1001, state: 'done' } })
    expect(offered.map((path) => basename(path))).toEqual(['a.txt'])
    expect(readFileSync(join(folder, 'a.txt'), 'utf8')).toBe('one two')
    expect(told.slice(1)).toEqual(['1001 accepted a.txt Lou (line)', '1001 done a.txt Lou (line)'])
  })

  test('of somebody who is ignored are not taken, whatever else would be, and others hear that', () => {
    const { folder, files, ignored, offered, announced, told, send } = setUp(ALL)
    ignored.add('line:1')
    send(1, 'a.txt', ['one'])
    send(2, 'b.txt', ['two'])
    expect(announced).toEqual(['1 a.txt 3 refused', '2 b.txt 3 taken'])
    expect(told.every((each) => each.includes('b.txt'))).toBe(true)
    expect([readdirSync(folder), offered.length, files.list().length]).toEqual([['b.txt'], 1, 1])
  })

  test('of somebody who is ignored by now are not meant by an answer, until they are heard again', () => {
    const { files, ignored, begin } = setUp(ASK)
    begin(1, 'a.txt', 6)
    ignored.add('line:1')
    expect([files.accept(''), files.accept('a.txt'), files.decline('1001')]).toEqual([null, null, null])
    ignored.clear()
    expect(files.accept('')).toMatchObject({ ok: true, file: { name: 'a.txt', state: 'accepted' } })
  })

  test('are answered by the id that programs are told', () => {
    const { files, begin } = setUp(ASK)
    begin(1, 'a.txt', 6)
    begin(2, 'b.txt', 6)
    expect(files.accept('line:1002')).toMatchObject({ ok: true, file: { name: 'b.txt', state: 'accepted' } })
    expect(files.decline('line:1001')).toMatchObject({ ok: true, file: { name: 'a.txt', state: 'declined' } })
  })

  test('may be answered while they come; declined or not answered, they leave nothing behind', () => {
    const { world, folder, files, offered, begin, send } = setUp(ASK)
    const part = (bytes: string) => files.hear({ kind: 'file', link: 1, state: 'bytes', bytes: utf8(bytes) })
    begin(1, 'a.txt', 6)
    part('one')
    expect(files.accept('a.txt')).toMatchObject({ ok: true, file: { state: 'accepted', done: 3 } })
    part('two')
    files.hear({ kind: 'file', link: 1, state: 'ends', whole: true })
    expect(readFileSync(join(folder, 'a.txt'), 'utf8')).toBe('onetwo')
    send(1, 'b.txt', ['x'])
    expect(files.decline('b.txt')).toMatchObject({ ok: true, file: { state: 'declined' } })
    send(1, 'c.txt', ['x'])
    world.pass(600_000)
    expect(files.accept('c.txt')).toBe(null)
    expect(files.list().map(({ name, state }) => `${name} ${state}`)).toEqual([
      'a.txt done',
      'b.txt declined',
      'c.txt declined',
    ])
    expect([readdirSync(folder), offered.length]).toEqual([['a.txt'], 1])
  })

  test('are taken at once where that is set, each under a name of its own', () => {
    const { folder, offered, announced, send } = setUp(ALL)
    send(1, 'a.txt', ['one'])
    send(2, 'a.txt', ['two'])
    expect(announced).toEqual(['1 a.txt 3 taken', '2 a.txt 3 taken'])
    expect(offered.map((path) => readFileSync(path, 'utf8'))).toEqual(['one', 'two'])
    expect(readdirSync(folder).sort()).toEqual(['a (2).txt', 'a.txt'])
  })

  test('that break off are not kept, whether or not they were taken', () => {
    for (const policy of [ASK, ALL]) {
      const { folder, files, offered, send } = setUp(policy)
      send(1, 'a.txt', ['one'], false)
      expect([offered, files.accept('a.txt'), readdirSync(folder)]).toEqual([[], null, []])
    }
  })

  test('are let go by where none are taken, where one is too large to be held, and where they are too many', () => {
    const none = setUp({ mode: 'none', bytesMax: null })
    none.send(1, 'a.txt', ['one'])
    expect([none.announced, none.offered]).toEqual([['1 a.txt 3 refused'], []])
    const few = setUp(ASK)
    few.begin(1, 'large', HELD_BYTES_MAX + 1)
    for (const link of [2, 3, 4]) few.begin(link, `${link}`, HELD_BYTES_MAX)
    expect(few.announced.map((each) => each.split(' ').at(-1))).toEqual(['refused', 'asked', 'asked', 'refused'])
    expect(existsSync(join(few.folder, 'large'))).toBe(false)
  })
})
