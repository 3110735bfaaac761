import { describe, expect, test } from 'bun:test'
import type { Which } from '../../../src/app/messages.ts'
import { encodeBase32 } from '../../../src/base/base32.ts'
import { identityOf } from '../../node/bench.ts'
import { WALL_START_MS } from '../../sim/time.ts'
import { KeptRoom } from './kept-room.ts'
import { hexOf, Writer } from './written.ts'

/** We and Bob have said something by turns: a1 b1 a2 b2. */
function talked() {
  const room = new KeptRoom()
  const bob = new Writer(2)
  room.hear(bob.called('Bob'), room.we.called('Alice'))
  const at = (ms: number) => ({ ms: WALL_START_MS + ms })
  const said = [room.we.text('a1', at(0)), bob.text('b1', at(1)), room.we.text('a2', at(2)), bob.text('b2', at(3))]
  room.hear(...said)
  room.settle()
  return { room, bob, said, desk: room.side.messages }
}

describe('which message is meant', () => {
  const find = (which: Which, whose: 'anyone' | 'own' = 'anyone') => {
    const found = talked().desk.find(which, whose)
    return found.ok ? found.message.text : found.code
  }

  test('the last, or counted back from it', () => {
    expect(find(null)).toBe('b2')
    expect(find('#1')).toBe('b2')
    expect(find('2')).toBe('a2')
    expect(find('#4')).toBe('a1')
    expect(find('#5')).toBe('no-such-message')
    expect(find('#0')).toBe('no-such-message')
  })

  test('of our own, where only those will do', () => {
    expect(find(null, 'own')).toBe('a2')
    expect(find('#2', 'own')).toBe('a1')
    expect(find('#3', 'own')).toBe('no-such-message')
  })

  test('by its id or the beginning of it, upper or lower case', () => {
    const id = hexOf(talked().said[1]!)
    for (const which of [id, `#${id}`, id.slice(0, 6), `#${id.slice(0, 8).toUpperCase()}`])
      expect(find(which)).toBe('b1')
    expect(find(id, 'own')).toBe('not-yours')
    expect(find(id.slice(0, 6), 'own')).toBe('not-yours')
    expect(find('f'.repeat(64))).toBe('no-such-message')
    expect(find('zzzz')).toBe('bad-message')
  })

  test('not one that was taken back', async () => {
    const { desk, said } = talked()
    await desk.remove(null)
    expect(desk.find(null, 'own')).toMatchObject({ message: { text: 'a1' } })
    expect(desk.find(hexOf(said[2]!), 'anyone')).toMatchObject({ ok: false, code: 'no-such-message' })
  })

  test('none, where one is in no room', () => {
    const { room, desk, said } = talked()
    room.current = null
    expect(desk.find(null, 'anyone')).toMatchObject({ code: 'no-room' })
    expect(desk.find(hexOf(said[0]!), 'anyone')).toMatchObject({ ok: true })
  })
})

describe('what is done with it', () => {
  test('an edit changes the last of our own, and answers what it was', async () => {
    const { room, desk, said } = talked()
    expect(await desk.edit(null, 'a2!')).toEqual({ ok: true, id: hexOf(said[2]!), room: 'general', was: 'a2' })
    expect(room.events.at(-1)).toMatchObject({ event: 'edit', id: hexOf(said[2]!), text: 'a2!', self: true })
    expect(desk.find(null, 'own')).toMatchObject({ message: { text: 'a2!', state: 'edited' } })
  })

  test('never somebody else’s', async () => {
    const { desk, said } = talked()
    expect(await desk.edit(hexOf(said[1]!), 'x')).toMatchObject({ code: 'not-yours' })
    expect(await desk.remove(hexOf(said[1]!))).toMatchObject({ code: 'not-yours' })
  })

  test('says why a text cannot be one', async () => {
    const { desk } = talked()
    expect(await desk.edit(null, '')).toMatchObject({ code: 'empty' })
    expect(await desk.edit(null, 'x'.repeat(16_384))).toMatchObject({ code: 'too-long' })
    expect(await desk.reply('#1', '')).toMatchObject({ code: 'empty' })
  })

  test('a reply is a message that carries what it answers', async () => {
    const { room, desk, said } = talked()
    const done = await desk.reply('#1', 'really?')
    expect(done).toMatchObject({ ok: true, room: 'general', was: 'b2' })
    const answers = { id: hexOf(said[3]!), from: { name: 'Bob' }, text: 'b2' }
    expect(room.events.at(-1)).toMatchObject({ event: 'message', text: 'really?', answers })
    expect(desk.find(null, 'anyone')).toMatchObject({ message: { text: 'really?', answers } })
  })

  test('a reaction is switched on and off, or set', async () => {
    const { desk, said } = talked()
    const by = { emoji: '👍', by: [{ id: encodeBase32(identityOf(1).signing.publicKey), name: 'Alice' }] }
    expect(await desk.react(null, '👍', null)).toMatchObject({ id: hexOf(said[3]!), on: true })
    expect(desk.find(null, 'anyone')).toMatchObject({ message: { reactions: [by] } })
    expect(await desk.react(null, '👍', null)).toMatchObject({ on: false })
    expect(await desk.react(null, '👍', false)).toMatchObject({ on: false })
    expect(await desk.react(null, '👍', true)).toMatchObject({ on: true })
    expect(await desk.react(null, 'x'.repeat(33), true)).toMatchObject({ code: 'bad-emoji' })
    expect(await desk.react(null, '\u200b', true)).toMatchObject({ code: 'bad-emoji' })
  })
})

describe('reading back', () => {
  const texts = (answer: object) =>
    'messages' in answer ? (answer.messages as { text: string }[]).map(({ text }) => text) : []

  test('the newest, or what stands before a message', () => {
    const { desk, said } = talked()
    const last = desk.history(null, 3, null)
    expect(texts(last)).toEqual(['b1', 'a2', 'b2'])
    expect(last).toMatchObject({ room: 'general', more: true })
    const before = desk.history(null, 3, hexOf(said[2]!))
    expect(texts(before)).toEqual(['a1', 'b1'])
    expect(before).toMatchObject({ more: false })
    expect(desk.history('nowhere', 3, null)).toMatchObject({ ok: true, messages: [] })
  })

  test('what stands after a message', () => {
    const { desk, said } = talked()
    const next = desk.following(hexOf(said[0]!), 2)
    expect(texts(next)).toEqual(['b1', 'a2'])
    expect(next).toMatchObject({ room: 'general', more: true })
    expect(desk.following(hexOf(said[1]!), 2)).toMatchObject({
      messages: [{ text: 'a2' }, { text: 'b2' }],
      more: false,
    })
    expect(desk.following(hexOf(said[3]!), 2)).toMatchObject({ ok: true, messages: [], more: false })
    expect(desk.following('f'.repeat(64), 2)).toMatchObject({ ok: false, code: 'no-such-message' })
  })

  test('no more at once than one answer should hold', () => {
    const { room, bob, desk } = talked()
    for (let i = 0; i < 80; i++) room.hear(bob.text(`${i} ${'x'.repeat(16_000)}`))
    const history = desk.history(null, 1_000, null)
    if (!history.ok) throw new Error(history.message)
    expect(history.messages.length).toBe(65)
    expect(history.messages.at(-1)?.text).toStartWith('79 ')
    expect(history.more).toBe(true)
    const before = desk.history(null, 1_000, history.messages[0]!.id)
    expect(before).toMatchObject({ ok: true, more: false })
    expect(before.ok && before.messages.length).toBe(19)
  })

  test('an old name stands where it was used, and does not take the place of the new one', () => {
    const { room, bob, desk } = talked()
    room.hear(bob.called('Robert'), bob.text('b3', { name: 'Robert' }))
    room.settle()
    const history = desk.history(null, 10, null)
    const names = history.ok ? history.messages.map(({ from }) => from.name) : []
    expect(new Set(names)).toEqual(new Set(['Alice', 'Bob', 'Robert']))
    expect(room.people.meet(identityOf(2).signing.publicKey, '').name).toBe('Robert')
  })

  test('by words, author, room and time', () => {
    const { desk } = talked()
    const asked = { words: 'b2', from: null, room: null, before: null, limit: 10 }
    const hits = (more: Partial<typeof asked> | { from: string } | { room: string } | { before: number }) => {
      const found = desk.search({ ...asked, ...more })
      return found.ok ? found.hits.map(({ message }) => `${message.room} ${message.text}`) : found.code
    }
    expect(hits({})).toEqual(['general b2'])
    expect(hits({ from: 'bob' })).toEqual(['general b2'])
    expect(hits({ from: 'Alice' })).toEqual([])
    expect(hits({ from: 'Nobody' })).toBe('no-such-peer')
    expect(hits({ room: 'dev' })).toEqual([])
    expect(hits({ before: 5 })).toEqual([])
  })

  test('what a clock far ahead has stamped is nowhere to be seen before its time, and takes nothing that is said until then for read', () => {
    const { room, bob, desk } = talked()
    const carol = new Writer(3)
    const HOUR_MS = 3_600_000
    room.hear(carol.text('hello Alice, from the future', { ms: WALL_START_MS + HOUR_MS }))
    room.settle()
    const texts = () => {
      const found = desk.history(null, 20, null)
      return found.ok ? found.messages.map(({ text }) => text) : []
    }
    expect(texts()).toEqual(['a1', 'b1', 'a2', 'b2'])
    expect(desk.find('#1', 'anyone')).toMatchObject({ message: { text: 'b2' } })
    expect(desk.earlier('general', 20).messages.length).toBe(4)
    expect(desk.search({ words: 'future', from: null, room: null, before: null, limit: 10 })).toMatchObject({
      hits: [],
    })
    expect(desk.unread('general')).toEqual({ count: 2, mentions: 0 })
    desk.markRead(null)
    room.hear(bob.text('next', { ms: WALL_START_MS + 1_000 }))
    expect(desk.unread('general')).toEqual({ count: 1, mentions: 0 })
    room.time.pass(HOUR_MS)
    expect(texts()).toEqual(['a1', 'b1', 'a2', 'b2', 'next', 'hello Alice, from the future'])
    expect(desk.unread('general')).toEqual({ count: 2, mentions: 1 })
  })

  test('our own words stay to be seen when our clock is set back, and others can be unread after them', () => {
    const { room, bob, desk } = talked()
    room.clock.skewMs = -3_600_000
    expect(desk.find('#1', 'own')).toMatchObject({ message: { text: 'a2' } })
    const found = desk.history(null, 20, null)
    expect(found.ok && found.messages.map(({ text }) => text)).toEqual(['a1', 'a2'])
    desk.markRead(null)
    room.hear(bob.text('now', { ms: WALL_START_MS - 3_600_000 }))
    expect(desk.unread('general').count).toBe(1)
  })

  test('what was read stays read, and what comes then is new', () => {
    const { room, bob, desk } = talked()
    expect(desk.unread('general')).toEqual({ count: 2, mentions: 0 })
    expect(desk.earlier('general', 20).firstUnread).toBeNull()
    expect(desk.markRead(null)).toEqual({ ok: true, room: 'general' })
    expect(desk.unread('general').count).toBe(0)
    const next = bob.text('hello Alice', { ms: WALL_START_MS + 1_000 })
    room.hear(next)
    expect(desk.unread('general')).toEqual({ count: 1, mentions: 1 })
    const earlier = desk.earlier('general', 2)
    expect(earlier.firstUnread).toBe(hexOf(next))
    expect(earlier.messages.length).toBe(2)
    expect(desk.markRead('nowhere')).toEqual({ ok: true, room: 'nowhere' })
  })

  test('how far a message of ours has come is told where it is known', () => {
    const { room, desk } = talked()
    expect(desk.find(null, 'own')).not.toHaveProperty('message.standing')
    room.reach = { saved: true, reached: 0, members: 0 }
    expect(desk.find(null, 'own')).toMatchObject({ message: { standing: { state: 'waiting' } } })
    room.reach = { saved: true, reached: 1, members: 2 }
    expect(desk.find(null, 'own')).toMatchObject({
      message: { standing: { state: 'reached', reached: 1, members: 2 } },
    })
    room.reach = { saved: true, reached: 2, members: 2 }
    expect(desk.find(null, 'own')).toMatchObject({ message: { standing: { state: 'everyone' } } })
    room.reach = { saved: false, reached: 0, members: 2 }
    expect(desk.find(null, 'own')).toMatchObject({ message: { standing: { state: 'unsaved' } } })
    expect(desk.find(null, 'anyone')).not.toHaveProperty('message.standing')
  })

  test('how far it came is remembered, and never becomes less', () => {
    const { room, desk, said } = talked()
    const standing = () => {
      const found = desk.find(null, 'own')
      return found.ok ? found.message.standing : found.code
    }
    const last = said[2]!.id
    const told = { kind: 'delivery', room: 'general', peer: null, id: last } as const
    room.side.delivered({ ...told, state: 'waiting', reached: 0, of: 0 })
    room.side.delivered({ ...told, state: 'reached', reached: 2, of: 3 })
    // It is written with whatever is committed next.
    expect(standing()).toBeUndefined()
    room.hear(room.we.called('Alice'))
    room.settle()
    expect(standing()).toEqual({ state: 'reached', reached: 2, members: 3 })
    room.reach = { saved: true, reached: 1, members: 1 }
    expect(standing()).toEqual({ state: 'reached', reached: 2, members: 3 })
    room.reach = { saved: true, reached: 2, members: 2 }
    expect(standing()).toEqual({ state: 'everyone', reached: 2, members: 2 })
    // What was shown once is noted too.
    room.reach = { saved: true, reached: 4, members: 5 }
    expect(standing()).toMatchObject({ reached: 4 })
    room.reach = null
    room.time.pass(30_000)
    expect(standing()).toEqual({ state: 'reached', reached: 4, members: 5 })
  })
})
