import { expect, test } from 'bun:test'
import { PassThrough } from 'node:stream'
import type { FileEvent } from '../../src/app/events.ts'
import { runPrompt } from '../../src/ui/prompt/prompt.ts'
import { BOB, FakeChat } from '../app/fake-chat.ts'
import { Screen } from './screen.ts'
import { Collector, signalSource } from './streams.ts'

const offer: FileEvent = {
  ...{ event: 'file', id: 'f1', number: 1, state: 'offered', room: 'general', self: false },
  from: { id: BOB.id, name: BOB.name },
  ...{ name: 'photo.jpg', size: 100, done: 0, bytesPerSecond: 0, holders: 1 },
}

test('how far a file has come stands in the prompt of a terminal for as long as it comes', async () => {
  const screen = new Screen(80, 24)
  const output = Object.assign(new Collector(), { isTTY: true, columns: 80, rows: 24 })
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} })
  const chat = new FakeChat()
  const over = runPrompt({ chat, input, output, signals: signalSource(), env: { TERM: 'xterm' }, nowMs: () => 0 })
  chat.emit(offer)
  chat.emit({ ...offer, state: 'progress', done: 42, left: 7 })
  await output.until((text) => text.includes('[↓ photo.jpg 42%, 7 s] > '))
  chat.emit({ ...offer, state: 'done', done: 100, path: '/home/alice/photo.jpg' })
  await output.until((text) => text.includes('is here: /home/alice/photo.jpg'))
  input.end()
  await over
  screen.write(output.text)
  expect(screen.text.filter((line) => line.includes('42%'))).toEqual([])
})
