import { describe, expect, test } from 'bun:test'
import { PassThrough, Writable } from 'node:stream'
import fc from 'fast-check'
import { COMMANDS } from '../../src/app/commands/table.ts'
import { runJson } from '../../src/ui/json/json.ts'
import { readAsked } from '../../src/ui/json/read.ts'
import { BOB, FakeChat, MALLORY } from '../app/fake-chat.ts'
import { Collector, inputOf, signalSource } from './streams.ts'

function start(input = new PassThrough(), chat = new FakeChat()) {
  const output = new Collector()
  const signals = signalSource()
  let nowMs = 0
  const over = runJson({ chat, input, output, signals, nowMs: () => nowMs })
  return { chat, input, output, signals, over, at: (ms: number) => (nowMs = ms) }
}

/** Runs the lines to the end of input and gives what was printed. */
async function session(...lines: string[]) {
  const { input, output, over, chat } = start(inputOf(...lines))
  input.end()
  expect(await over).toBe(0)
  return { events: output.events, chat }
}

describe('JSON mode answers', () => {
  test('a command with a reply that carries its ref, string or number', async () => {
    const { events } = await session('{"do":"say","text":"a","ref":"7"}', '{"do":"rooms","ref":7.5}', '{"do":"room"}')
    const replies = events.filter(({ event }) => event === 'reply')
    expect(replies).toContainEqual({ event: 'reply', to: 'say', ok: true, id: 'm1', room: 'general', ref: '7' })
    expect(replies).toContainEqual({
      event: 'reply',
      to: 'rooms',
      ok: true,
      rooms: [{ room: 'general', current: true, users: 1, unread: 0, mentions: 0 }],
      ref: 7.5,
    })
    expect(replies).toContainEqual({ event: 'reply', to: 'room', ok: true, room: 'general' })
  })

  test('a refused command with what to do about it, and its ref', async () => {
    const { events } = await session('{"do":"say","text":5,"ref":1}', '/jion')
    expect(events).toEqual([
      { event: 'reply', to: 'say', ok: false, code: 'bad-argument', message: 'say: "text" must be a string.', ref: 1 },
      expect.objectContaining({ event: 'reply', to: 'jion', ok: false, code: 'unknown-command' }),
    ])
  })

  test('a ref that could not come back as it was with a refusal, and does nothing', async () => {
    const long = 'x'.repeat(257)
    for (const ref of ['[1]', '{}', 'true', `"${long}"`, '9007199254740993', '1e999']) {
      const { events, chat } = await session(`{"do":"say","text":"a","ref":${ref}}`)
      expect(events).toEqual([
        {
          event: 'reply',
          to: 'say',
          ok: false,
          code: 'bad-argument',
          message: '"ref" must be a string of at most 256 characters, or a number.',
        },
      ])
      expect(chat.asked).toEqual([])
    }
  })

  test('a ref with control characters in it to the letter, though escaped', async () => {
    const { input, output, over } = start(inputOf('{"do":"room","ref":"\\u001b[31m\\u202e"}'))
    input.end()
    await over
    expect(output.events).toMatchObject([{ ref: '\u001b[31m\u202e' }])
    expect(output.text).not.toContain('\u001b')
  })

  test('a line that only looks like JSON with an error, and does not say it', async () => {
    for (const line of ['{"do":"say"', '{', '{"do":"say","text":"a"} and more', '{'.repeat(60_000)]) {
      const { events, chat } = await session(line)
      expect(events).toEqual([expect.objectContaining({ event: 'error', code: 'bad-json' })])
      expect(chat.asked).toEqual([])
    }
  })

  test('lines as a user types them: bare text, slash commands, two slashes', async () => {
    const { chat } = await session('hi', '', '/join dev', '//x', '[1]', '42')
    expect(chat.asked).toEqual(['text (here) hi', 'join dev', 'text (here) /x', 'text (here) [1]', 'text (here) 42'])
  })

  test('a line that is too long or not UTF-8 with an error, and reads on', async () => {
    const input = new PassThrough()
    input.write(`${'x'.repeat(100_000)}\n`)
    input.write(Uint8Array.of(0xff, 0x0a))
    input.end('hi\n')
    const { output, over, chat } = start(input)
    await over
    expect(output.events.map(({ code }) => code).slice(0, 2)).toEqual(['line-too-long', 'line-not-utf8'])
    expect(chat.asked).toEqual(['text (here) hi'])
  })

  test('whatever line it is, without throwing', () => {
    const lines = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc.string().map((rest) => `{${rest}`),
    )
    fc.assert(
      fc.property(lines, (line) => {
        expect(['command', 'error', 'nothing']).toContain(readAsked(COMMANDS, line).kind)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('JSON mode keeps order', () => {
  test('of what is said, while a slow connect is under way', async () => {
    const { chat, input, output, over } = start()
    input.write('/connect slow.example:1\n')
    for (let count = 1; count <= 500; count++) input.write(`{"do":"say","text":"${count}","ref":${count}}\n`)
    await output.until((text) => text.includes('"ref":500}'))
    const refs = output.events.filter(({ to }) => to === 'say').map(({ ref }) => ref)
    expect(refs).toEqual(Array.from({ length: 500 }, (_, index) => index + 1))
    expect(chat.asked.slice(1)).toEqual(Array.from({ length: 500 }, (_, index) => `text (here) ${index + 1}`))
    expect(output.text).not.toContain('"to":"connect"')
    chat.answerSlowly()
    await output.until((text) => text.includes('"to":"connect"'))
    input.end()
    expect(await over).toBe(0)
  })

  test('and answers a say only once it is safe', async () => {
    const chat = new FakeChat()
    let makeSafe = () => {}
    chat.safe = new Promise((resolve) => (makeSafe = resolve))
    const { input, output, over } = start(new PassThrough(), chat)
    input.write('hi\n/room\n')
    await output.until((text) => text.includes('"to":"room"'))
    expect(output.text).not.toContain('"to":"say"')
    makeSafe()
    await output.until((text) => text.includes('"to":"say"'))
    input.end()
    await over
  })
})

describe('JSON mode prints', () => {
  test('every event as one clean line', async () => {
    const { chat, input, output, over } = start()
    const steer = '\u001b[2J\u0007\u202e'
    chat.emit({
      event: 'ready',
      version: '1',
      id: chat.id,
      name: 'Alice',
      tcp: { host: '::1', port: 1 },
      udp: { host: '::1', port: 2 },
    })
    chat.hear({ ...MALLORY, name: `Mal${steer}\nlory` }, `one${steer}\ntwo\u2028three`)
    chat.emit({ event: 'member', room: 'general', state: 'renamed', id: BOB.id, name: 'B', was: `B${steer}`, hops: 1 })
    input.end()
    await over
    const [ready, message, member] = output.events
    expect(output.lines.length).toBe(3)
    expect(output.text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202e]/)
    expect(ready).toMatchObject({ event: 'ready', tcp: { host: '::1', port: 1 } })
    expect(message).toMatchObject({
      text: 'one\ntwo\nthree',
      from: { id: MALLORY.id, name: 'Mal lory' },
      self: false,
      hops: 1,
    })
    expect(member).toMatchObject({ was: 'B' })
  })

  test('in one write what comes at once', async () => {
    const { chat, input, output, over } = start()
    const writes: number[] = []
    const write = output._write.bind(output)
    output._write = (chunk, encoding, done) => {
      writes.push(chunk.length)
      write(chunk, encoding, done)
    }
    for (let count = 0; count < 500; count++) chat.hear(BOB, 'hi')
    input.end()
    await over
    expect(output.lines.length).toBe(500)
    expect(writes.filter((length) => length > 0).length).toBe(1)
  })
})

describe('a slow reader of JSON mode', () => {
  test('makes it read no more commands, and loses no line', async () => {
    const input = new PassThrough()
    const chat = new FakeChat()
    const output = new Collector()
    output.hold()
    const over = runJson({ chat, input, output, signals: signalSource() })
    const total = 20_000
    let written = 0
    let stalled = () => {}
    const stall = new Promise<void>((resolve) => (stalled = resolve))
    const feed = async () => {
      while (written < total) {
        const room = input.write(`{"do":"say","text":"${'x'.repeat(200)}","ref":${written++}}\n`)
        if (room) continue
        // The stream takes no more: either it is read in this turn of the loop, or it is not being read.
        for (let turn = 0; turn < 50 && input.writableNeedDrain; turn++)
          await new Promise((resolve) => setImmediate(resolve))
        if (!input.writableNeedDrain) continue
        stalled()
        await new Promise((resolve) => input.once('drain', resolve))
      }
      input.end()
    }
    const fed = feed()
    await stall
    const askedWhileHeld = chat.asked.length
    expect(askedWhileHeld).toBeLessThan(total / 2)
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(chat.asked.length).toBe(askedWhileHeld)
    output.release()
    await fed
    expect(await over).toBe(0)
    const refs = output.events.filter(({ event }) => event === 'reply').map(({ ref }) => ref)
    expect(refs).toEqual(Array.from({ length: total }, (_, index) => index))
  })

  test('that has gone ends it quietly, with the chat closed', async () => {
    const output = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('gone'), { code: 'EPIPE' })),
    })
    const chat = new FakeChat()
    const over = runJson({ chat, input: new PassThrough(), output, signals: signalSource() })
    chat.hear(BOB, 'hi')
    expect(await over).toBe(0)
    expect(chat.closed).toBe(1)
    expect(chat.heardBy).toBe(0)
  })
})

describe('JSON mode ends', () => {
  test('with the end of input, after the chat has closed and what was asked is answered', async () => {
    const { chat, input, output, over } = start(inputOf('{"do":"connect","address":"slow.example:1","ref":1}'))
    input.end()
    expect(await over).toBe(0)
    expect(chat.closed).toBe(1)
    expect(output.events.at(-1)).toMatchObject({ event: 'reply', to: 'connect', ok: true, ref: 1 })
  })

  test('with /quit, and does nothing that stands after it', async () => {
    const { chat, over, output } = start(inputOf('/quit', 'too late'))
    expect(await over).toBe(0)
    expect(chat.asked).toEqual([])
    expect(output.events).toEqual([{ event: 'reply', to: 'quit', ok: true }])
  })

  test('in order with SIGTERM and SIGHUP', async () => {
    for (const signal of ['SIGTERM', 'SIGHUP']) {
      const { chat, signals, over } = start()
      signals.send(signal)
      expect(await over).toBe(0)
      expect(chat.closed).toBe(1)
    }
  })

  test('in order with an interrupt, and says so by its status', async () => {
    const { chat, signals, over } = start()
    signals.send('SIGINT')
    expect(await over).toBe(130)
    expect(chat.closed).toBe(1)
  })

  test('at once with a second interrupt, whatever the chat still waits for', async () => {
    const chat = new FakeChat()
    chat.flushed = new Promise(() => {})
    const { signals, over, at } = start(new PassThrough(), chat)
    signals.send('SIGINT')
    at(900)
    signals.send('SIGINT')
    expect(await over).toBe(130)
  })
})
