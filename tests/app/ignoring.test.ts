import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Outcome } from '../../src/app/chat.ts'
import type { AppEvent } from '../../src/app/events.ts'
import { IGNORED_MAX, IgnoreList } from '../../src/app/ignore-list.ts'
import { Ignoring } from '../../src/app/ignoring.ts'
import { People } from '../../src/app/people.ts'
import { encodeBase32 } from '../../src/base/base32.ts'
import { EventKind } from '../../src/wire/event.ts'
import { encodeRelayed } from '../../src/wire/relayed.ts'
import { identityOf } from '../node/bench.ts'
import { WALL_START_MS } from '../sim/time.ts'
import { KeptRoom } from './history/kept-room.ts'
import { hexOf, Writer } from './history/written.ts'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'hearsay-ignored-'))
})
afterAll(() => rmSync(root, { recursive: true }))

const keyOf = (number: number) => identityOf(number).signing.publicKey
const idOf = (number: number) => encodeBase32(keyOf(number))

function listAt(folder: string | null, isWritten = true) {
  const logged: string[] = []
  const list = new IgnoreList({ folder, isWritten, log: (code) => void logged.push(code) })
  const people = new People()
  people.meet(keyOf(1), 'Alice')
  people.meet(keyOf(2), 'Bob')
  people.meet(keyOf(3), 'Carol')
  return { ignoring: new Ignoring(list, people, idOf(1)), people, logged, list }
}

function done<T extends object>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(outcome.message)
  return outcome
}

describe('who is ignored', () => {
  test('is so after the next start, by who they are, whatever they are called by then', () => {
    const folder = join(root, 'kept')
    const before = listAt(folder)
    expect(before.ignoring.add('Bob')).toEqual({ ok: true, person: { id: idOf(2), name: 'Bob' } })
    const after = listAt(folder)
    after.people.meet(keyOf(2), 'Bobby')
    after.people.meet(keyOf(4), 'Bob')
    expect(after.ignoring.has(idOf(2))).toBe(true)
    expect(after.ignoring.has(idOf(4))).toBe(false)
    expect(after.ignoring.list()).toEqual([{ id: idOf(2), name: 'Bob' }])
    expect(after.ignoring.remove('Bobby')).toMatchObject({ ok: true, person: { id: idOf(2) } })
    expect(listAt(folder).ignoring.list()).toEqual([])
  })

  test('can be heard again by the name of then, also where nobody has seen them since', () => {
    const folder = join(root, 'gone')
    listAt(folder).ignoring.add('Carol')
    const list = new IgnoreList({ folder, isWritten: true, log() {} })
    const alone = new Ignoring(list, new People(), idOf(1))
    expect(alone.remove('carol')).toMatchObject({ ok: true, person: { id: idOf(3) } })
  })

  test('is written by two who run side by side without loss', () => {
    const folder = join(root, 'two')
    const [one, other] = [listAt(folder), listAt(folder)]
    one.ignoring.add('Bob')
    other.ignoring.add('Carol')
    expect(listAt(folder).ignoring.list().length).toBe(2)
  })

  test('is nobody of whom there is no trace, not oneself, and not more than there is room for', () => {
    const { ignoring, people } = listAt(null)
    expect(ignoring.add('Nobody')).toMatchObject({ ok: false, code: 'no-such-peer' })
    expect(ignoring.add('Alice')).toMatchObject({ ok: false, code: 'self' })
    expect(ignoring.remove('Bob')).toMatchObject({ ok: false, code: 'not-ignored' })
    for (let index = 0; index < IGNORED_MAX; index++) {
      people.meet(
        new Uint8Array(32)
          .fill(1)
          .with(0, index & 255)
          .with(1, index >> 8),
        `Somebody ${index}`,
      )
      expect(ignoring.add(`Somebody ${index}`).ok).toBe(true)
    }
    expect(ignoring.add('Bob')).toMatchObject({ ok: false, code: 'too-many' })
    expect(ignoring.add('Somebody 7').ok).toBe(true)
  })

  test('is so for this run only, as the answer says, where the file cannot be written', () => {
    const folder = mkdtempSync(join(root, 'folder-'))
    const { ignoring, list } = listAt(folder)
    expect(list.notice).toBeNull()
    mkdirSync(join(folder, 'ignored.json'))
    const { notice } = done(ignoring.add('Bob'))
    expect(notice).toContain('ignored.json cannot be read: it is not a file.')
    expect(notice).toContain('for this run only: see to it that it can be read, and do it again.')
    expect(ignoring.has(idOf(2))).toBe(true)
    expect(listAt(folder).list.notice).toContain('Whom it names you hear.')
    rmdirSync(join(folder, 'ignored.json'))
    expect(done(ignoring.add('Carol')).notice).toBeUndefined()
    expect(listAt(folder).ignoring.list().length).toBe(2)

    const blocked = join(root, 'blocked')
    writeFileSync(blocked, '')
    expect(done(listAt(blocked).ignoring.add('Bob')).notice).toContain('cannot be written: ')
  })

  test('and what is not understood is said at the start, and kept beside the one that is begun anew', () => {
    const folder = mkdtempSync(join(root, 'garbage-'))
    writeFileSync(join(folder, 'ignored.json'), '{"people": [ oops')
    expect(listAt(folder, false).list.notice).toContain('is not understood')
    const { ignoring, list } = listAt(folder)
    expect(list.notice).toMatch(/ignored\.json is not understood, .*moved to .*ignored\.json\.damaged-[^ ]+ as it is/)
    expect(done(ignoring.add('Bob')).notice).toBeUndefined()
    const [aside, ...others] = readdirSync(folder).filter((name) => name.includes('damaged'))
    expect(others).toEqual([])
    expect(readFileSync(join(folder, aside!), 'utf8')).toBe('{"people": [ oops')
    expect(listAt(folder)).toMatchObject({ list: { notice: null }, logged: [] })
  })

  test('is not written where nothing is kept, and a file that is not understood does no harm', () => {
    const folder = join(root, 'forgetful')
    listAt(folder, false).ignoring.add('Bob')
    expect(existsSync(join(folder, 'ignored.json'))).toBe(false)
    const broken = mkdtempSync(join(root, 'broken-'))
    const path = join(broken, 'ignored.json')
    for (const text of [
      '',
      '[]',
      'null',
      '{"people":[{"id":7}]}',
      '{"people":[null]}',
      '{"people":{}}',
      'x'.repeat(300_000),
    ]) {
      writeFileSync(path, text)
      const { ignoring, logged } = listAt(broken)
      expect(ignoring.list()).toEqual([])
      expect(logged).toContain('ignore-list')
    }
    listAt(broken).ignoring.add('Bob')
    expect(JSON.parse(readFileSync(join(broken, 'ignored.json'), 'utf8'))).toEqual({
      people: [{ id: idOf(2), name: 'Bob' }],
    })
  })

  test('may be somebody with an older program, by the name that ends in the network', () => {
    const { ignoring } = listAt(null)
    ignoring.add('ann (mesh)')
    expect(ignoring.has('mesh:ann')).toBe(true)
    expect(ignoring.keys()).toEqual([])
    expect(ignoring.remove('ann (mesh)')).toMatchObject({ ok: true })
  })
})

describe('of what is told', () => {
  const from = { id: idOf(2), name: 'Bob' }
  const self = { id: idOf(1), name: 'Alice' }
  const said = { event: 'message', id: '1', room: 'general', text: 'hi', at: 0, self: false, kind: 'text' } as const
  const message: AppEvent = { ...said, from, hops: 1, order: '1' }
  const about = { id: '1', room: 'general', from, at: 0, self: false }
  const offer: AppEvent = {
    ...{ event: 'file', id: 'f', number: 1, state: 'offered', room: 'general', from, self: false },
    ...{ name: 'a', size: 1, done: 0, bytesPerSecond: 0, holders: 1 },
  }

  const theirs: readonly (readonly [string, AppEvent])[] = [
    ['words', message],
    ['direct messages', { ...message, room: `@${from.id}` }],
    ['edits', { event: 'edit', ...about, text: 'ho' }],
    ['reactions', { event: 'reaction', ...about, emoji: '👍', on: true }],
    ['offers', offer],
    ['offers taken back', { ...offer, state: 'withdrawn' }],
    ['comings', { event: 'member', room: 'general', state: 'joined', hops: 1, ...from }],
    ['gaps', { event: 'gap', room: 'general', from, missing: 2 }],
  ]
  test.each(theirs)('their %s are left out, and there again when they are heard again', (_, event) => {
    const { ignoring } = listAt(null)
    expect(ignoring.shown(event)).toBe(event)
    ignoring.add('Bob')
    expect(ignoring.shown(event)).toBeNull()
    ignoring.remove('Bob')
    expect(ignoring.shown(event)).toBe(event)
  })

  test('others are heard, without the words that they answer, and a file on its way goes on', () => {
    const { ignoring } = listAt(null)
    ignoring.add('Bob')
    const carol = { id: idOf(3), name: 'Carol' }
    expect(ignoring.shown({ ...message, from: carol })).toMatchObject({ text: 'hi' })
    const answer = { ...message, from: self, self: true, answers: { id: '0', from, text: 'insult' } }
    expect(ignoring.shown(answer)).toEqual({ ...answer, answers: { id: '0', from } })
    expect(ignoring.shown({ ...offer, state: 'progress' })).not.toBeNull()
    expect(ignoring.shown({ ...offer, state: 'withdrawn', done: 1 })).not.toBeNull()
  })
})

describe('of what was said before', () => {
  /** Alice and Bob by turns, and much of Bob. */
  function talked(floodLines = 30) {
    const room = new KeptRoom()
    const [bob, carol] = [new Writer(2), new Writer(3)]
    const at = (ms: number) => ({ ms: WALL_START_MS + ms })
    room.hear(bob.called('Bob'), carol.called('Carol'), room.we.called('Alice'))
    const first = [carol.text('c1', at(0)), bob.text('insult, Alice', at(1)), carol.text('Alice: c2', at(2))]
    const much = Array.from({ length: floodLines }, (_, index) => bob.text(`flood ${index}`, at(10 + index)))
    room.hear(...first, ...much)
    room.settle()
    expect(room.ignoring.add(idOf(2)).ok).toBe(true)
    return { room, bob, carol, first, much, desk: room.side.messages }
  }
  const texts = (answer: object) =>
    'messages' in answer ? (answer.messages as { text: string }[]).map(({ text }) => text) : []

  test('their words are in no page, though a page held nothing else, in no search, and not unread', () => {
    const { desk, first, room } = talked()
    expect(texts(desk.history(null, 10, null))).toEqual(['c1', 'Alice: c2'])
    expect(texts(desk.history(null, 1, null))).toEqual(['Alice: c2'])
    expect(texts(desk.following(hexOf(first[0]!), 1))).toEqual(['Alice: c2'])
    expect(desk.search({ words: 'insult', from: null, room: null, before: null, limit: 9 })).toMatchObject({ hits: [] })
    expect(desk.unread('general')).toEqual({ count: 2, mentions: 1 })
    expect(desk.earlier('general', 40).messages.length).toBe(2)
    room.ignoring.remove(idOf(2))
    expect(desk.unread('general')).toEqual({ count: 33, mentions: 2 })
    expect(desk.earlier('general', 40).messages.length).toBe(33)
  })

  test('a flood of theirs hides nobody else, neither in pages nor in a search nor from who counts back', async () => {
    const { desk, first } = talked(2_200)
    expect(desk.history(null, 10, null)).toMatchObject({
      messages: [{ text: 'c1' }, { text: 'Alice: c2' }],
      more: false,
    })
    expect(desk.history(null, 1, null)).toMatchObject({ messages: [{ text: 'Alice: c2' }], more: true })
    expect(texts(desk.following(hexOf(first[0]!), 9))).toEqual(['Alice: c2'])
    expect(texts(desk.earlier('general', 40))).toEqual(['c1', 'Alice: c2'])
    expect(await desk.reply('#2', 'yes')).toMatchObject({ ok: true, was: 'c1' })
  })

  test('a search is filled with what others said, where the newest and best are theirs', () => {
    const { desk, carol, room } = talked()
    room.hear(carol.text('a flood of rain, so they say', { ms: WALL_START_MS + 3 }))
    room.settle()
    const asked = { words: 'flood', from: null, room: null, before: null, limit: 3 }
    expect(desk.search(asked)).toMatchObject({ hits: [{ message: { text: 'a flood of rain, so they say' } }] })
  })

  test('what a stranger says is left out, and not what strangers say whom an ignored one passes on', () => {
    const { desk, bob, carol, room } = talked()
    const relayed = (from: Writer, name: string, text: string, nonce: number) =>
      from.give(
        EventKind.relayed,
        encodeRelayed({ kind: EventKind.text, dialect: 'mesh', name, text, origin: new Uint8Array(16).fill(nonce) })!,
      )
    room.hear(relayed(bob, 'ann', 'ann here', 1), relayed(carol, 'eve', 'eve here', 2))
    room.settle()
    expect(texts(desk.history(null, 9, null))).toEqual(['c1', 'Alice: c2', 'eve here', 'ann here'])
    room.ignoring.add('eve (mesh)')
    expect(texts(desk.history(null, 9, null))).toEqual(['c1', 'Alice: c2', 'ann here'])
  })

  test('counting back passes them over, so that nobody reacts to what cannot be seen', async () => {
    const { desk, first } = talked()
    expect(desk.find('#1', 'anyone')).toMatchObject({ message: { text: 'Alice: c2' } })
    expect(await desk.react(null, '👍', null)).toMatchObject({ ok: true, id: hexOf(first[2]!) })
  })

  test('what stands after the mark begins with somebody who is heard', () => {
    const { desk, carol, bob, room } = talked()
    desk.markRead(null)
    const at = (ms: number) => ({ ms: WALL_START_MS + 1_000 + ms })
    const next = [bob.text('again', at(0)), carol.text('c3', at(1))]
    room.hear(...next)
    room.settle()
    expect(desk.earlier('general', 9).firstUnread).toBe(hexOf(next[1]!))
    expect(desk.unread('general')).toEqual({ count: 1, mentions: 0 })
  })
})
