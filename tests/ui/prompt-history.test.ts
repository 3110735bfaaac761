import { describe, expect, test } from 'bun:test'
import { PassThrough } from 'node:stream'
import type { MessageView } from '../../src/app/messages.ts'
import { runPrompt } from '../../src/ui/prompt/prompt.ts'
import { ALICE, BOB, CAROL, FakeChat } from '../app/fake-chat.ts'
import { Collector, signalSource } from './streams.ts'

const NOON_MS = new Date(2026, 4, 1, 12, 0).getTime()
const ID = '3fa9c2'.padEnd(64, '0')
const STEER = '\u001b[2J\u009b5A\u0007\u202e\r'

function start() {
  const chat = new FakeChat()
  const input = new PassThrough()
  const output = new Collector()
  const options = { chat, input, output, signals: signalSource(), env: {}, nowMs: () => 0, wallMs: () => NOON_MS }
  const over = runPrompt(options)
  const end = async (...lines: string[]) => {
    input.end(lines.map((line) => `${line}\n`).join(''))
    await over
    return output.lines
  }
  return { chat, end }
}

function view(text: string, more: Partial<MessageView> = {}): MessageView {
  const rest = { self: false, kind: 'text', order: '1', state: 'whole', reactions: [], room: 'general' } as const
  return { id: ID, from: BOB, text, at: NOON_MS, ...rest, ...more }
}

describe('the prompt shows what is done with messages', () => {
  const about = { id: ID, room: 'general', from: BOB, at: NOON_MS, self: false } as const

  test('edits, deletions, reactions and replies', async () => {
    const { chat, end } = start()
    chat.admit('general', BOB)
    const said = { event: 'message', ...about, kind: 'text', hops: 1, order: '1' } as const
    chat.emit({ ...said, text: 'helo' })
    chat.emit({ event: 'edit', ...about, text: 'hello\nthere' })
    chat.emit({ event: 'reaction', ...about, from: CAROL, emoji: '👍', on: true })
    chat.emit({ event: 'reaction', ...about, from: CAROL, emoji: '👍', on: false })
    chat.emit({ event: 'reaction', ...about, id: 'ffff00ff', from: CAROL, emoji: '!', on: true })
    chat.emit({ ...said, id: 'x', from: CAROL, text: 'yes', answers: { id: ID, from: BOB, text: 'x'.repeat(60) } })
    chat.emit({ ...said, id: 'y', from: CAROL, text: 'no', answers: { id: ID } })
    chat.emit({ ...said, id: 'z', text: 'late', edited: true })
    chat.emit({ ...said, id: 'w', text: 'twice', forked: true })
    chat.emit({ event: 'delete', ...about })
    chat.emit({ event: 'edit', ...about, from: ALICE, self: true, text: 'mine' })
    chat.emit({ event: 'delete', ...about, from: ALICE, self: true })
    expect((await end()).slice(1)).toEqual([
      '12:00 [general] <Bob> helo',
      '12:00 -!- [general] Bob edited #3fa9c2: hello',
      '      there',
      '12:00 -!- [general] Carol: 👍 for #3fa9c2 (hello there)',
      '12:00 -!- [general] Carol: no 👍 any more for #3fa9c2 (hello there)',
      '12:00 -!- [general] Carol: ! for #ffff00',
      `12:00 -!- Carol answers #3fa9c2 of Bob: ${'x'.repeat(40)}…`,
      '12:00 [general] <Carol> yes',
      '12:00 -!- Carol answers #3fa9c2',
      '12:00 [general] <Carol> no',
      '12:00 [general] <Bob> late (edited)',
      '12:00 [general] <Bob> twice (one of two histories)',
      '12:00 -!- [general] Bob took back #3fa9c2',
      '12:00 -!- [general] You edited #3fa9c2: mine',
    ])
  })

  test('with nothing in it that steers a terminal', async () => {
    const { chat, end } = start()
    const evil = { ...about, id: STEER, room: STEER, from: { id: `e${STEER}`, name: STEER } }
    chat.emit({ event: 'edit', ...evil, text: `a${STEER}` })
    chat.emit({ event: 'delete', ...evil })
    chat.emit({ event: 'reaction', ...evil, emoji: STEER, on: true })
    const answers = { id: STEER, from: evil.from, text: STEER }
    chat.emit({ event: 'message', ...evil, text: STEER, kind: 'text', hops: 1, order: '1', answers })
    chat.messages.before = {
      messages: [view(STEER, { from: evil.from, answers, reactions: [{ emoji: STEER, by: [evil.from] }] })],
      firstUnread: null,
    }
    chat.join('dev')
    expect((await end()).join('\n')).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
  })
})

describe('coming into a room', () => {
  test('shows what was said before, and where the new begins', async () => {
    const { chat, end } = start()
    chat.messages.before = {
      messages: [
        view('old', { id: 'a', at: NOON_MS - 86_400_000 }),
        view('', { id: 'b', state: 'deleted' }),
        view('', { id: 'c', state: 'gone' }),
        view('new', { id: 'd', state: 'edited', reactions: [{ emoji: '👍', by: [CAROL, BOB] }] }),
      ],
      firstUnread: 'd',
    }
    chat.messages.notRead.set('dev', { count: 7, mentions: 0 })
    const lines = await end('/join dev')
    expect(lines).toEqual([
      '--- earlier in dev ---',
      '2026-04-30 12:00 [general] <Bob> old',
      '12:00 [general] <Bob> (its text is missing)',
      '--- 7 not read yet; /history 7 shows them ---',
      '12:00 [general] <Bob> new (edited)',
      '      👍 Carol, Bob',
      '--- now ---',
      'You are in dev now (1 person).',
    ])
  })

  test('shows it once, and again after leaving; a conversation when one turns to it', async () => {
    const { chat, end } = start()
    chat.messages.before = { messages: [view('old')], firstUnread: null }
    const lines = await end(
      '/join dev',
      '/join general',
      '/join dev',
      '/leave dev',
      '/join dev',
      '/join @Bob',
      '/join @Bob',
    )
    expect(lines.filter((line) => line.startsWith('--- earlier'))).toEqual([
      '--- earlier in dev ---',
      '--- earlier in dev ---',
      '--- earlier in @Bob ---',
    ])
  })

  test('what was shown counts as read once something is typed there, and not before', async () => {
    const { chat, end } = start()
    chat.hear(BOB, 'hi')
    chat.hear(BOB, 'hi', { room: 'dev' })
    expect(chat.messages.readRooms).toEqual([])
    await end('/peers', '/peers')
    expect(chat.messages.readRooms).toEqual(['general'])
  })
})

describe('s/old/new/ alone on a line', () => {
  test('changes what was said last, and is not said where it does not fit', async () => {
    const { chat, end } = start()
    chat.messages.views = [view('teh cat', { from: ALICE, self: true })]
    const lines = await end('s/teh/the/', 's/dog/bird/')
    expect(chat.asked).toEqual([`edit ${ID} the cat`])
    expect(lines).toEqual(['s/old/new/: what you said last does not have that; send says it'])
  })
})
