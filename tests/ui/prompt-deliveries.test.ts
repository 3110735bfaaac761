import { describe, expect, test } from 'bun:test'
import { PassThrough } from 'node:stream'
import type { DeliveryEvent } from '../../src/app/events.ts'
import { runPrompt } from '../../src/ui/prompt/prompt.ts'
import { BOB, FakeChat } from '../app/fake-chat.ts'
import { Collector, signalSource } from './streams.ts'

const NOON_MS = new Date(2026, 4, 1, 12, 0).getTime()

/** The lines that come of what is told of one's own messages. */
async function linesOf(...told: Partial<DeliveryEvent>[]): Promise<string[]> {
  const [chat, input, output] = [new FakeChat(), new PassThrough(), new Collector()]
  chat.admit('general', BOB)
  const over = runPrompt({ chat, input, output, signals: signalSource(), env: {}, wallMs: () => NOON_MS })
  for (const event of told) {
    chat.emit({ event: 'delivery', id: 'a', room: 'general', state: 'waiting', reached: 0, of: 0, ...event })
  }
  input.end()
  expect(await over).toBe(0)
  return output.lines
}

const everyone = (of: number) => ({ state: 'everyone', reached: of, of }) as const

describe('the prompt says of what one said', () => {
  test('nothing, while there is somebody to hear it', async () => {
    expect(await linesOf({ state: 'waiting', of: 3 }, { state: 'reached', reached: 1, of: 3 }, everyone(3))).toEqual([])
  })

  test('once, that what waited for somebody has come to them', async () => {
    const waited = [{ id: 'a' }, { id: 'b' }, { id: 'c' }]
    expect(await linesOf(...waited)).toEqual([])
    const reached = waited.map((message) => ({ ...message, ...everyone(1) }))
    expect(await linesOf(...waited, ...reached)).toEqual([
      '12:00 -!- [general] what you said while nobody was there has reached the one who is there now',
    ])
    const some = { state: 'reached', reached: 1, of: 2 } as const
    expect(await linesOf({ id: 'a' }, { id: 'a', ...some }, { id: 'a', ...everyone(2) })).toEqual([
      '12:00 -!- [general] what you said while nobody was there has reached 1 of the 2 who are there now',
    ])
  })

  test('in each room by itself, and again when there was nobody again', async () => {
    const dev = { room: 'dev', id: 'd' }
    const again = { id: 'e' }
    const lines = await linesOf({}, dev, everyone(1), again, { ...again, ...everyone(2) }, { ...dev, ...everyone(1) })
    expect(lines.map((line) => line.slice('12:00 -!- '.length, '12:00 -!- '.length + 10))).toEqual([
      '[general] ',
      '[general] ',
      '[dev] what',
    ])
  })

  test('that a direct message has arrived, if it had to wait', async () => {
    const direct = { room: `@${BOB.id}` }
    expect(await linesOf({ ...direct, ...everyone(1) })).toEqual([])
    expect(await linesOf({ ...direct, of: 1 }, { ...direct, ...everyone(1) })).toEqual([
      '12:00 -!- [@Bob] what you said has arrived',
    ])
  })
})
