import { expect, test } from 'bun:test'
import { PassThrough } from 'node:stream'
import { runPrompt } from '../../src/ui/prompt/prompt.ts'
import { BOB, FakeChat } from '../app/fake-chat.ts'
import { Collector, signalSource } from './streams.ts'

const MINUTE = 60_000

test('who is meant while nobody types is rung for and notified, once in a while, and only at a terminal', async () => {
  const chat = new FakeChat()
  chat.admit('general', BOB)
  const output = Object.assign(new Collector(), { isTTY: true, columns: 80, rows: 24 })
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} })
  let nowMs = 0
  const env = { TERM: 'xterm', TERM_PROGRAM: 'WezTerm' }
  const over = runPrompt({ chat, input, output, signals: signalSource(), env, nowMs: () => nowMs })
  chat.hear(BOB, 'Alice: while you are here')
  await output.until((text) => text.includes('while you are here'))
  expect(output.text).not.toContain('\x07')
  nowMs = MINUTE
  chat.hear(BOB, 'nothing of yours')
  chat.emit({
    ...{ event: 'message', id: 'old', room: 'general', from: BOB, text: 'Alice: old', at: 0, self: false },
    ...{ kind: 'text', hops: 1, order: '0', backlog: true },
  })
  await output.until((text) => text.includes('old'))
  expect(output.text).not.toContain('\x07')
  chat.hear(BOB, 'alice? where are you')
  chat.hear(BOB, 'between us', { room: `@${BOB.id}` })
  await output.until((text) => text.includes('between us'))
  expect(output.text.split('\x07')).toHaveLength(2)
  expect(output.text).toContain('\x1b]9;Bob in general: alice? where are you\x1b\\')
  input.end()
  await over
})

test('programs that read the output are not rung for', async () => {
  const chat = new FakeChat()
  const output = new Collector()
  const input = new PassThrough()
  let nowMs = 0
  const over = runPrompt({ chat, input, output, signals: signalSource(), env: {}, nowMs: () => nowMs })
  nowMs = MINUTE
  chat.hear(BOB, 'Alice!')
  await output.until((text) => text.includes('Alice!'))
  input.end()
  await over
  expect(output.text).not.toContain('\x07')
})
