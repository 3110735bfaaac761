import { describe, expect, test } from 'bun:test'
import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import { COMMANDS } from '../../src/app/commands/table.ts'
import { runPrompt } from '../../src/ui/prompt/prompt.ts'
import { readPromptLine } from '../../src/ui/prompt/read.ts'
import { ALICE, BOB, FakeChat } from '../app/fake-chat.ts'
import { Collector, inputOf, signalSource } from './streams.ts'
import { ENTRY } from './terminal-process.ts'

/** Noon, wherever this runs. */
const NOON_MS = new Date(2026, 4, 1, 12, 0).getTime()

function start(input = new PassThrough(), chat = new FakeChat()) {
  const output = new Collector()
  const signals = signalSource()
  let nowMs = 0
  const options = { chat, input, output, signals, env: {}, nowMs: () => nowMs, wallMs: () => NOON_MS }
  return { chat, input, output, signals, over: runPrompt(options), at: (ms: number) => (nowMs = ms) }
}

async function session(...lines: string[]) {
  const { input, output, over, chat } = start(inputOf(...lines))
  input.end()
  expect(await over).toBe(0)
  return { lines: output.lines, asked: chat.asked }
}

describe('the bare words of the prompt', () => {
  test('are commands without a slash', async () => {
    const { asked } = await session(
      'connect b.example 1',
      'send hello there',
      'room dev',
      'SEND again',
      'peers',
      'exit',
    )
    expect(asked).toEqual(['connect b.example:1', 'text (here) hello there', 'join dev', 'text (here) again'])
  })

  test('send says the rest of the line, with a slash in front too', async () => {
    expect((await session('send /join dev', 'send  room')).asked).toEqual(['text (here) /join dev', 'text (here) room'])
  })

  test('are not alone: every slash command works, and two slashes say one', async () => {
    const { asked } = await session('/join dev', '/me waves', '//etc', '  /leave')
    expect(asked).toEqual(['join dev', 'action (here) waves', 'text (here) /etc', 'leave dev'])
  })

  test('has no keys to tell of where lines come from no terminal', async () => {
    const { lines } = await session('/keys')
    expect(lines).toEqual(['There are no keys here: this is no terminal, and lines are read as they come.'])
  })

  test('that are unknown get one line that names help, and are not said', async () => {
    const { lines, asked } = await session('hello everybody', 'conect a 1', 'join dev', 'send', '/jion', 'exit')
    expect(lines).toEqual([
      'hello: no such command; to say something, send <message>; help lists them',
      'conect: no such command; did you mean connect? help lists them',
      'join: here it is written /join; help lists the commands',
      'send: it needs a message. Usage: send <message>',
      '/jion: no such command; did you mean /join? /help lists them',
    ])
    expect(asked).toEqual([])
  })

  test('stand at the end of help', async () => {
    const { lines } = await session('help')
    expect(lines[0]).toBe('Talking')
    expect(lines.at(-1)).toStartWith('Without a slash: connect')
    expect((await session('help join')).lines[0]).toBe('/join <room>')
  })

  test('make nothing throw, whatever the line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (line) => {
        const command = readPromptLine(COMMANDS, line)
        expect(command === null).toBe(line.trim() === '')
        if (command !== null && !command.ok) expect(command.message.length).toBeLessThan(400)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('the prompt through pipes', () => {
  test('prints no prompt, no colours, and lines that can be searched', async () => {
    const { chat, input, output, over } = start()
    chat.emit({
      event: 'ready',
      version: '1',
      id: chat.id,
      name: 'Alice',
      tcp: { host: '::1', port: 80 },
      udp: { host: '::1', port: 81 },
    })
    chat.admit('general', BOB)
    chat.hear(BOB, 'hi\nthere', { at: NOON_MS })
    chat.hear(BOB, 'waves', { kind: 'action', at: NOON_MS })
    chat.hear(BOB, 'between us', { room: `@${BOB.id}`, at: NOON_MS })
    chat.hear(BOB, 'old', { at: NOON_MS - 86_400_000 })
    chat.emit({ event: 'gap', room: 'general', from: BOB, missing: 2 })
    chat.emit({ event: 'gap', room: 'general', from: BOB, missing: 0 })
    chat.emit({
      event: 'peer',
      state: 'up',
      ...BOB,
      address: '127.0.0.1:9',
      via: 'accepted',
      dialled: false,
      dialect: 'native',
      verified: true,
    })
    const found = { event: 'peer', state: 'up', ...BOB, dialect: 'native', verified: true, via: 'network' } as const
    chat.emit({ ...found, address: '127.0.0.1:9', dialled: false })
    chat.emit({ ...found, address: '127.0.0.1:9', dialled: true })
    chat.emit({
      event: 'peer',
      state: 'down',
      ...BOB,
      address: '127.0.0.1:9',
      via: 'accepted',
      dialled: false,
      dialect: 'native',
      verified: true,
      reason: 'it left',
    })
    chat.emit({ event: 'member', room: 'general', state: 'renamed', id: BOB.id, name: 'Robert', was: 'Bob', hops: 1 })
    chat.emit({ event: 'error', code: 'x', message: 'Something failed.' })
    chat.emit({ event: 'notice', code: 'x', message: 'Something happened.' })
    const tracker = { event: 'tracker', address: 't.example:1', given: 't.example:1' } as const
    chat.emit({ ...tracker, state: 'serving', by: ALICE })
    chat.emit({ ...tracker, state: 'following', by: BOB })
    chat.emit({ ...tracker, state: 'electing' })
    // Whoever takes over says so in the room.
    chat.emit({ ...tracker, state: 'following', by: BOB, elected: true })
    input.end()
    expect(await over).toBe(0)
    expect(output.lines).toEqual([
      '12:00 -!- hearsay 1: you are Alice#alic, reachable at [::1]:80; help lists the commands',
      '12:00 -!- Bob joined general',
      '12:00 [general] <Bob> hi',
      '      there',
      '12:00 [general] * Bob waves',
      '12:00 [@Bob] <Bob> between us',
      '2026-04-30 12:00 [general] <Bob> old',
      '12:00 -!- 2 messages of Bob in general: missing, nobody connected has it',
      '12:00 -!- what was missing of Bob in general has come',
      '12:00 -!- Bob connected from 127.0.0.1:9',
      '12:00 -!- Bob connected from 127.0.0.1:9, found through others',
      '12:00 -!- connected to Bob at 127.0.0.1:9, found through others',
      '12:00 -!- Bob at 127.0.0.1:9 is gone: it left',
      '12:00 -!- Bob is Robert#bob2 now',
      '12:00 -!- Something failed.',
      '12:00 -!- Something happened.',
      '12:00 -!- nobody was there, so you are the tracker t.example:1',
      '12:00 -!- on the list of the tracker t.example:1',
      '12:00 -!- the tracker t.example:1 is gone; those who used it choose another',
    ])
  })

  test('lets no control character of others through, wherever it is', async () => {
    const { chat, input, output, over } = start()
    const steer = '\u001b[2J\u009b5A\u0007\u202e\r'
    const evil = { id: `x${steer}`, name: `Eve${steer}` }
    chat.hear(evil, `a${steer}\n12:00 [general] <Bob> forged`, { room: `r${steer}` })
    chat.emit({ event: 'member', room: `r${steer}`, state: 'renamed', ...evil, was: steer, hops: 1 })
    chat.emit({
      event: 'peer',
      state: 'down',
      ...evil,
      address: steer,
      via: 'dialled',
      dialled: true,
      dialect: 'native',
      verified: true,
      reason: steer,
    })
    chat.emit({ event: 'error', code: 'x', message: steer })
    chat.admit('general', evil)
    input.end('/users\n/msg \u001b[31mx y\n')
    await over
    expect(output.text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
    expect(output.lines.filter((line) => line.startsWith('12:00 [general] <Bob>'))).toEqual([])
  })

  test('tells two people apart who call themselves the same', async () => {
    const { chat, input, output, over } = start()
    chat.hear(BOB, 'I am Bob', { at: NOON_MS })
    chat.hear({ id: 'other2'.padEnd(52, 'o'), name: 'bob' }, 'so am I', { at: NOON_MS })
    chat.hear(BOB, 'no', { at: NOON_MS })
    input.end()
    await over
    expect(output.lines).toEqual([
      '12:00 [general] <Bob> I am Bob',
      '12:00 [general] <bob#othe> so am I',
      '12:00 [general] <Bob#bob2> no',
    ])
  })

  test('ends with the input, after the chat has closed and what was asked is answered', async () => {
    const { chat, input, output, over } = start(inputOf('connect slow.example 1'))
    input.end('send last words')
    expect(await over).toBe(0)
    expect(chat.closed).toBe(1)
    expect(chat.asked.at(-1)).toBe('text (here) last words')
    expect(output.lines[0]).toBe('Connecting to slow.example:1 …')
    expect(output.text).toContain('<Alice> last words')
    expect(output.text).toContain('connected to Bob at slow.example:1')
  })

  test('leaves with 130 on an interrupt, and at once on the second', async () => {
    const { signals, over, chat } = start()
    signals.send('SIGINT')
    expect(await over).toBe(130)
    expect(chat.closed).toBe(1)
    const stuck = new FakeChat()
    stuck.flushed = new Promise(() => {})
    const second = start(new PassThrough(), stuck)
    second.signals.send('SIGINT')
    second.at(500)
    second.signals.send('SIGINT')
    expect(await second.over).toBe(130)
  })

  test('works in a process of its own', async () => {
    const child = Bun.spawn([process.execPath, ENTRY], { stdin: 'pipe', stdout: 'pipe', stderr: 'pipe' })
    child.stdin.write('send grü')
    child.stdin.write('ße\r\n/rooms\r\nsend last, without an end of line')
    child.stdin.end()
    const [text, errors, status] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
    expect(status).toBe(0)
    expect(errors).toBe('')
    expect(text).toContain('[general] <Alice> grüße\n')
    expect(text).toContain('*  general  1 person\n')
    expect(text).toEndWith('[general] <Alice> last, without an end of line\n')
  })
})
