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
  chat.emit({ ...offer, state: 'progress', done: 42, left: 7, bytesPerSecond: 8, holders: 2 })
  await output.until((text) => text.includes('[↓ photo.jpg ███░░░░░ 42%, 8 B/s, 7 s, from 2] > '))
  output.columns = 79
  output.emit('resize')
  await output.until((text) => text.includes('[↓ photo.jpg 42%, 7 s] > '))
  chat.emit({ ...offer, state: 'done', done: 100, path: '/home/alice/photo.jpg' })
  await output.until((text) => text.includes('is here: /home/alice/photo.jpg'))
  input.end()
  await over
  screen.write(output.text)
  expect(screen.text.filter((line) => line.includes('42%'))).toEqual([])
})

test('what one person offers another is offered to them, and not in a room of that name', async () => {
  const output = new Collector()
  const input = new PassThrough()
  const chat = new FakeChat()
  const over = runPrompt({ chat, input, output, signals: signalSource(), env: {}, wallMs: () => 0 })
  chat.emit({ ...offer, room: `@${BOB.id}` })
  await output.until((text) => text.includes('Bob offers you photo.jpg (100 B): /accept 1 or /decline 1'))
  chat.emit({ ...offer, id: 'f2', number: 2 })
  await output.until((text) => text.includes('Bob offers photo.jpg (100 B) in general: /accept 2 or /decline 2'))
  input.end()
  await over
})

test('what is read to be offered is told as it goes on, under no offer yet', async () => {
  const output = Object.assign(new Collector(), { isTTY: true, columns: 100, rows: 24 })
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} })
  const chat = new FakeChat()
  const over = runPrompt({ chat, input, output, signals: signalSource(), env: { TERM: 'xterm' }, nowMs: () => 0 })
  const reading: FileEvent = { ...offer, id: 'reading-1', number: 0, state: 'reading', self: true, holders: 0 }
  chat.emit({ ...reading, done: 34 })
  await output.until((text) => text.includes('[reading photo.jpg ███░░░░░ 34%] > '))
  const { length } = output.text
  chat.emit({ ...reading, done: 100 })
  await output.until((text) => text.slice(length).includes('> '))
  expect(output.text.slice(length)).not.toContain('reading')
  input.end()
  await over
})

test('where no terminal is, a line tells every ten seconds how far it has come', async () => {
  let nowMs = 0
  const output = new Collector()
  const input = new PassThrough()
  const chat = new FakeChat()
  const over = runPrompt({ chat, input, output, signals: signalSource(), env: {}, nowMs: () => nowMs, wallMs: () => 0 })
  chat.emit(offer)
  for (; nowMs < 25_000; nowMs += 100) {
    chat.emit({ ...offer, state: 'progress', done: Math.floor(nowMs / 300), bytesPerSecond: 4, left: 20 })
  }
  chat.emit({ ...offer, state: 'done', done: 100, path: '/home/alice/photo.jpg' })
  input.end()
  await over
  const told = output.text.split('\n').filter((line) => line.includes('%'))
  expect(told.map((line) => line.replace(/^.*-!- /, ''))).toEqual([
    'photo.jpg 33%, 4 B/s, 20 s',
    'photo.jpg 66%, 4 B/s, 20 s',
  ])
})

test('that an offer is taken back, or not wanted, is told once', async () => {
  const output = new Collector()
  const input = new PassThrough()
  const chat = new FakeChat()
  const over = runPrompt({ chat, input, output, signals: signalSource(), env: {}, nowMs: () => 0, wallMs: () => 0 })
  const from = { id: BOB.id, name: BOB.name }
  chat.emit({ ...offer, state: 'withdrawn', trouble: 'withdrawn' })
  chat.emit({ event: 'delete', id: offer.id, room: 'general', from, at: 0, self: false })
  await output.until((text) => text.includes(`${BOB.name} has withdrawn photo.jpg (100 B)`))
  const own: FileEvent = { ...offer, id: 'f2', state: 'offering', self: true, refused: [from] }
  chat.emit(own)
  chat.emit(own)
  await output.until((text) => text.includes(`${BOB.name} does not want your photo.jpg (100 B)`))
  input.end()
  await over
  expect(output.text.split('does not want')).toHaveLength(2)
  expect(output.text).not.toContain('took back')
})

test('below the offer of a folder stand its first paths, and how to see all', async () => {
  const output = new Collector()
  const input = new PassThrough()
  const chat = new FakeChat()
  const over = runPrompt({ chat, input, output, signals: signalSource(), env: {}, nowMs: () => 0, wallMs: () => 0 })
  chat.emit({ ...offer, name: 'few', files: 2, listing: ['a', 'd/\x1b[2Jb'] })
  const listing = Array.from({ length: 200 }, (_, i) => `d/${i}`)
  chat.emit({ ...offer, id: 'f2', number: 2, name: 'many', files: 10_000, listing: ['empty/', ...listing] })
  input.end()
  await over
  const [, few = ''] = output.text.split('few (2 files')
  expect(few.split('\n').slice(1, 3)).toEqual(['      a', '      d/b'])
  const [, many = ''] = output.text.split('many (10000 files')
  expect(
    many
      .split('\n')
      .map((line) => line.trim())
      .slice(1, 7),
  ).toEqual(['empty/', 'd/0', 'd/1', 'd/2', 'd/3', '… and 9996 files more: /files 2 lists all'])
})

test('/files with the number of a folder lists all of it, and how it stands last', async () => {
  const output = new Collector()
  const input = new PassThrough()
  const chat = new FakeChat()
  const { event: _, ...file } = offer
  chat.files.files.push({ ...file, name: 'tree', size: 30_000, files: 10_000 })
  for (let i = 0; i < 10_000; i++) chat.files.inside.push({ path: `d/${i}`, size: 3 })
  chat.files.inside.push({ path: 'empty/', size: 0 })
  const over = runPrompt({ chat, input, output, signals: signalSource(), env: {}, nowMs: () => 0, wallMs: () => 0 })
  input.end('/files 1\n')
  await over
  const lines = output.text.trimEnd().split('\n')
  expect(lines.slice(-10_003, -10_001)).toEqual(['     3 B  d/0', '     3 B  d/1'])
  expect(lines.at(-3)).toBe('       -  empty/')
  expect(lines.at(-2)).toMatch(/^1 {2}tree {2}30\.0 kB {2}Bob.* offered$/)
  expect(lines.at(-1)).toBe('10000 files and 1 empty folder: /accept 1 takes all, /decline 1 does not.')
})

test('a path that is longer than the terminal is wide begins no line of its own', async () => {
  const output = Object.assign(new Collector(), { isTTY: true, columns: 60, rows: 24 })
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} })
  const chat = new FakeChat()
  const { event: _, ...file } = offer
  const path = `${'a'.repeat(40)}${' '.repeat(12)}12:34 [general] <Alice> I never said that`
  chat.files.files.push({ ...file, name: 'tree', files: 1 })
  chat.files.inside.push({ path, size: 3 })
  const over = runPrompt({ chat, input, output, signals: signalSource(), env: { TERM: 'xterm' }, nowMs: () => 0 })
  chat.emit({ ...offer, name: 'tree', files: 1, listing: [path] })
  input.write('/files 1\r')
  await output.until((text) => text.includes('/accept 1 takes all'))
  input.end()
  await over
  const screen = new Screen(60, 24)
  screen.write(output.text)
  const forged = screen.text.filter((line) => line.includes('12:34'))
  expect(forged).toHaveLength(2)
  for (const line of forged) expect(line).toMatch(/^ {6}/)
})
