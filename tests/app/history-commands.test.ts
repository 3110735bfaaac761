import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type JsonObject, readLine, readObject } from '../../src/app/command.ts'
import { COMMANDS } from '../../src/app/commands/table.ts'
import type { MessageView } from '../../src/app/messages.ts'
import { readSubstitution, substituted } from '../../src/app/substitute.ts'
import { ALICE, BOB, CAROL, FakeChat } from './fake-chat.ts'

const NOON_MS = new Date(2026, 4, 1, 12, 30).getTime()
const ID = '3fa9c2'.padEnd(64, '0')

function view(text: string, more: Partial<MessageView> = {}): MessageView {
  const from = more.self === true ? ALICE : BOB
  const rest = { self: false, kind: 'text', order: '1', state: 'whole', reactions: [] } as const
  return { id: ID, room: 'general', from, text, at: NOON_MS, ...rest, ...more }
}

async function run(given: string | JsonObject, chat = new FakeChat()) {
  const command = typeof given === 'string' ? readLine(COMMANDS, given) : readObject(COMMANDS, given)
  if (command === null) throw new Error('a blank line')
  const reply = command.ok ? await command.run(chat) : command
  return { reply, lines: reply.ok ? reply.lines() : [reply.message], asked: chat.asked }
}

describe('/url', () => {
  test('lists the links given last, each once, with who gave it', async () => {
    const chat = new FakeChat()
    chat.admit('general', BOB)
    expect((await run('/url', chat)).lines).toEqual(['No links were given here.'])
    chat.messages.views = [
      view('https://a.example/ and https://b.example/'),
      view('no'),
      view('(https://a.example/)', { self: true }),
    ]
    expect((await run('/url', chat)).lines).toEqual([
      '12:30  Bob    https://b.example/',
      '12:30  Alice  https://a.example/',
    ])
    expect((await run({ do: 'url', limit: 1 }, chat)).reply).toMatchObject({
      data: { links: [{ url: 'https://a.example/', from: ALICE }] },
    })
  })
})

describe('/history', () => {
  test('shows each message on a line with what it is named by, and what became of it', async () => {
    const chat = new FakeChat()
    chat.admit('general', BOB)
    chat.admit('general', CAROL)
    chat.messages.views = [
      view('hello\nthere'),
      view('helo', { state: 'edited', reactions: [{ emoji: '👍', by: [CAROL, BOB] }] }),
      view('', { state: 'deleted' }),
      view('', { state: 'gone' }),
      view('waves', { kind: 'action' }),
      view('twice', { forked: true }),
      view('yes', { answers: { id: ID, from: CAROL, text: 'coming?' } }),
      view('a', { self: true, standing: { state: 'waiting', reached: 0, members: 0 } }),
      view('b', { self: true, standing: { state: 'reached', reached: 1, members: 2 } }),
      view('c', { self: true, standing: { state: 'unsaved', reached: 0, members: 2 } }),
      view('d', { self: true, standing: { state: 'waiting', reached: 0, members: 1 } }),
      view('e', { self: true, standing: { state: 'everyone', reached: 2, members: 2 } }),
    ]
    expect((await run('/history', chat)).lines).toEqual([
      '2026-05-01 12:30 #3fa9c2 <Bob> hello\nthere',
      '2026-05-01 12:30 #3fa9c2 <Bob> helo (edited) [👍 Carol, Bob]',
      '2026-05-01 12:30 #3fa9c2 <Bob> (deleted)',
      '2026-05-01 12:30 #3fa9c2 <Bob> (text missing)',
      '2026-05-01 12:30 #3fa9c2 * Bob waves',
      '2026-05-01 12:30 #3fa9c2 <Bob> twice (one of two histories)',
      '2026-05-01 12:30 #3fa9c2 <Bob> (to Carol: coming?) yes',
      '2026-05-01 12:30 #3fa9c2 <Alice> a (saved here, waiting for somebody to be there)',
      '2026-05-01 12:30 #3fa9c2 <Alice> b (reached 1 of 2 members present)',
      '2026-05-01 12:30 #3fa9c2 <Alice> c (not saved yet)',
      '2026-05-01 12:30 #3fa9c2 <Alice> d (saved here, on its way to 1 member)',
      '2026-05-01 12:30 #3fa9c2 <Alice> e (reached 2 of 2 members present)',
    ])
  })

  test('gives programs the messages, from any room and before any message', async () => {
    const chat = new FakeChat()
    const before = 'beef'.padEnd(64, '0')
    chat.messages.views = [view('hello', { id: before }), view('there')]
    const { reply, asked } = await run({ do: 'history', room: 'general', limit: 1000, before: ID }, chat)
    expect(reply).toMatchObject({
      ok: true,
      to: 'history',
      data: { room: 'general', messages: [{ id: before }], more: false },
    })
    expect(asked).toEqual([`history general 1000 before ${ID}`])
  })

  test.each(['/history 0', '/history 1001', '/history many', '/history -1'])('%s is refused', async (line) => {
    expect((await run(line)).lines[0]).toContain('n must be a whole number from 1 to 1000')
  })

  test('says so where there is nothing', async () => {
    expect((await run('/history')).lines).toEqual(['Nothing is kept of general.'])
  })
})

describe('/search', () => {
  test('shows where, when and by whom the words were said', async () => {
    const chat = new FakeChat()
    chat.messages.hits = [{ message: view('a red hat'), excerpt: '…red hat', marks: [{ from: 1, to: 4 }] }]
    expect((await run('/search red', chat)).lines).toEqual(['2026-05-01 12:30 #3fa9c2 [general] <Bob> …red hat'])
    expect((await run('/search blue')).lines).toEqual(['Nothing was found. A word is found by its beginning too.'])
  })

  test('ends with the newest, beside what is typed; programs get that one first', async () => {
    const chat = new FakeChat()
    chat.messages.hits = ['newest', 'older', 'oldest'].map((excerpt) => ({
      message: view(excerpt),
      excerpt,
      marks: [],
    }))
    const { lines } = await run('/search e', chat)
    expect(lines.map((line) => line.split(' ').at(-1))).toEqual(['oldest', 'older', 'newest'])
    expect(chat.messages.hits[0]?.excerpt).toBe('newest')
  })

  test('takes a day as it begins where we are, and a time', async () => {
    const day = new Date(2026, 4, 31).getTime()
    expect((await run('/search hat before:2026-05-31')).asked).toEqual([
      `search hat from null in null before ${day} 10`,
    ])
    const typed = { do: 'search', words: 'hat', before: '2026-05-31 12:00', limit: 3 }
    const noon = new Date(2026, 4, 31, 12).getTime()
    expect((await run(typed)).asked).toEqual([`search hat from null in null before ${noon} 3`])
    expect((await run({ ...typed, before: 5 })).asked).toEqual(['search hat from null in null before 5 3'])
  })

  test('takes from a program what narrows it among the words as well, and fields of its own before that', async () => {
    const day = new Date(2026, 4, 31).getTime()
    const words = 'hat from:Bob in:#dev before:2026-05-31'
    const all = `search hat from Bob in dev before ${day} 10`
    expect((await run({ do: 'search', words })).asked).toEqual([all])
    expect((await run(`/search ${words}`)).asked).toEqual([all])
    const fields = { from: 'Ann', room: 'general', before: 7, limit: 2 }
    expect((await run({ do: 'search', words, ...fields })).asked).toEqual(['search hat from Ann in general before 7 2'])
    expect((await run({ do: 'search', words: '"in:dev"' })).asked).toEqual([
      'search "in:dev" from null in null before null 10',
    ])
    expect((await run({ do: 'search', words: 'in:dev' })).lines[0]).toContain('it needs words to look for')
    const search = COMMANDS.commands.find(({ name }) => name === 'search')
    expect(search!.args.map(({ name }) => name)).toEqual(['words', 'from', 'room', 'before', 'limit'])
    expect(search!.usage).toBe('/search <words>')
  })

  test.each(['2026-02-31', 'yesterday', '2026-13-01', '31.5.2026', '2026-05-31T99:00'])(
    '%s is no date',
    async (date) => {
      expect((await run(`/search hat before:${date}`)).lines[0]).toContain('is no date: write it as in 2026-05-31')
    },
  )

  test('needs words, and says which field is wrong', async () => {
    expect((await run('/search from:Bob')).lines[0]).toContain('it needs words to look for')
    for (const words of ['', ' ', 'from:Bob'])
      expect((await run({ do: 'search', words })).lines).toEqual(['search: it needs words to look for in "words".'])
    expect((await run({ do: 'search', words: 1 })).lines).toEqual(['search: "words" must be a string.'])
    expect((await run({ do: 'search', words: 'a', limit: 0 })).lines[0]).toContain('"limit" must be')
    expect((await run({ do: 'search', words: 'a', before: [] })).lines[0]).toContain('"before" must be')
  })
})

test('/read says of a room that one is not in that nothing of it is left to read, unless something is', async () => {
  const chat = new FakeChat()
  const { reply } = await run('/read zz', chat)
  const message = 'You are not in zz, and nothing of it is left to read. /rooms lists what is joined.'
  expect([reply, chat.messages.readRooms]).toEqual([{ ok: false, to: 'read', code: 'not-joined', message }, []])
  chat.messages.notRead.set('zz', { count: 2, mentions: 0 })
  expect((await run('/read zz', chat)).lines).toEqual(['Everything in zz counts as read.'])
  expect((await run('/read general', chat)).lines).toEqual(['Everything in general counts as read.'])
})

describe('what is done with a message', () => {
  test('a program names it by its id, and says on or off', async () => {
    const chat = new FakeChat()
    chat.messages.views = [view('hello', { self: true })]
    const { reply } = await run({ do: 'react', id: ID, emoji: '👍', on: false }, chat)
    expect(reply).toEqual(
      expect.objectContaining({
        ok: true,
        to: 'react',
        data: { id: ID, room: 'general', was: 'hello', emoji: '👍', on: false },
      }),
    )
    expect(chat.asked).toEqual([`react ${ID} 👍 false`])
    expect((await run({ do: 'react', emoji: '👍', on: 1 })).lines).toEqual(['react: "on" must be true or false.'])
  })

  test('a program may call it as the usage does: nothing else is meant by that than by the field', async () => {
    const asked = async (given: JsonObject) => (await run(given)).asked
    expect(await asked({ do: 'delete', which: '#2' })).toEqual(await asked({ do: 'delete', id: '#2' }))
    expect(await asked({ do: 'delete', which: '#2', id: '#3' })).toEqual(await asked({ do: 'delete', id: '#3' }))
    expect(await asked({ do: 'edit', which: '#2', text: 'b' })).toEqual(
      await asked({ do: 'edit', id: '#2', text: 'b' }),
    )
    expect(await asked({ do: 'history', n: 5 })).toEqual(await asked({ do: 'history', limit: 5 }))
    expect((await run({ do: 'history', n: 5000 })).reply.ok).toBe(false)
  })

  test('/delete says what is taken back, so that a wrong one is noticed', async () => {
    const chat = new FakeChat()
    chat.messages.views = [view(`a\n${'x'.repeat(80)}`, { self: true })]
    expect((await run('/delete', chat)).lines).toEqual([`You took back #3fa9c2: a ${'x'.repeat(58)}…`])
  })

  test('/reply does not take an ordinary word for a message', async () => {
    expect((await run('/reply hello there')).lines[0]).toStartWith('/reply: "hello" is no message: write #3')
  })

  test('an unknown one is said to be', async () => {
    expect((await run({ do: 'edit', id: ID, text: 'x' })).reply).toMatchObject({ ok: false, code: 'no-such-message' })
  })
})

describe('s/old/new/', () => {
  test('changes what one said last', async () => {
    const chat = new FakeChat()
    chat.messages.views = [view('teh cat', { self: true }), view('teh dog')]
    const { reply, asked } = await run('s/teh/the/', chat)
    expect(asked).toEqual([`edit ${ID} the cat`])
    expect(reply).toMatchObject({ ok: true, to: 'edit', data: { id: ID } })
  })

  test('is said as it stands where it does not fit', async () => {
    const chat = new FakeChat()
    chat.messages.views = [view('the cat', { self: true })]
    expect((await run('s/dog/bird/', chat)).asked).toEqual(['text (here) s/dog/bird/'])
    expect((await run('s/dog/bird/')).asked).toEqual(['text (here) s/dog/bird/'])
  })

  test('only where it is the whole line, with all its slashes', () => {
    for (const line of ['s/a/b', 's//b/', 'see s/a/b/', 's/a/b/ ok', 's/a/b/x', 's|a|b|', 's/a/b/c/', 's/a\n/b/']) {
      expect(readSubstitution(line)).toBeNull()
    }
    expect(readSubstitution('s/a\\/b/c\\\\/g')).toEqual({ old: 'a/b', replacement: 'c\\', all: true })
  })

  test('takes both sides literally', () => {
    const replace = (text: string, line: string) => substituted(text, readSubstitution(line)!)
    expect(replace('a.b.c', 's/./-/')).toBe('a-b.c')
    expect(replace('a.b.c', 's/./-/g')).toBe('a-b-c')
    expect(replace('aXb', 's/X/$&$1/')).toBe('a$&$1b')
    expect(replace('abc', 's/b//')).toBe('ac')
    expect(replace('abc', 's/x/y/')).toBeNull()
  })

  test('what is escaped comes back', () => {
    const part = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !text.includes('\n'))
    const escaped = (text: string) => text.replace(/[/\\]/g, '\\$&')
    fc.assert(
      fc.property(part, part, (old, replacement) => {
        const line = `s/${escaped(old)}/${escaped(replacement)}/`
        expect(readSubstitution(line)).toEqual({ old, replacement, all: false })
      }),
    )
  })
})

test('/rooms tells what is new, and whether it names you', async () => {
  const chat = new FakeChat()
  await run('/join dev', chat)
  chat.messages.notRead.set('general', { count: 3, mentions: 1 })
  chat.messages.notRead.set('dev', { count: 10_000, mentions: 0 })
  expect((await run('/rooms', chat)).lines).toEqual([
    '   general  1 person  3 unread              1 names you',
    '*  dev      1 person  10000 or more unread',
  ])
})
