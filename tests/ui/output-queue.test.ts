import { expect, test } from 'bun:test'
import { OutputQueue } from '../../src/ui/output-queue.ts'
import { Collector } from './streams.ts'

test('past 64 MiB unread, what nobody can be made to wait with is dropped, counted and said, and the rest kept', async () => {
  const output = new Collector()
  output.hold()
  const queue = new OutputQueue(output, { lostLine: (count) => `lost ${count}`, gone() {}, room() {} })
  const large = 'x'.repeat(1024 * 1024)
  for (let count = 0; count < 80; count++) queue.push(large, true)
  queue.push('kept', false)
  output.release()
  await output.until((text) => text.includes('lost'))
  queue.push('later', true)
  await queue.finish(false)
  const lines = output.lines
  const lost = Number(lines.find((line) => line.startsWith('lost'))?.slice(5))
  expect(lines.filter((line) => line === large).length).toBe(80 - lost)
  expect(lost).toBeGreaterThan(10)
  expect(lines.slice(-3)).toEqual(['kept', `lost ${lost}`, 'later'])
})

test('whoever is told that it is full is told when there is room', async () => {
  const output = new Collector()
  output.hold()
  const room = Promise.withResolvers<void>()
  const queue = new OutputQueue(output, { lostLine: () => '', gone() {}, room: () => room.resolve() })
  for (let count = 0; count < 2000; count++) queue.push('x'.repeat(1000), false)
  expect(queue.isFull).toBe(true)
  output.release()
  await room.promise
  expect(queue.isFull).toBe(false)
  await queue.finish(false)
})

test('a reader that does not read keeps a process that was told to go only for two seconds', async () => {
  const output = new Collector()
  output.hold()
  const queue = new OutputQueue(output, { lostLine: () => '', gone() {}, room() {} })
  queue.push('x'.repeat(100_000), false)
  const before = performance.now()
  await queue.finish(true)
  expect(performance.now() - before).toBeLessThan(4000)
})

test('an output that breaks while the last of it is waited for ends the wait, though it calls nobody back', async () => {
  const output = new Collector()
  let gone = 0
  const queue = new OutputQueue(output, { lostLine: () => '', gone: () => void gone++, room() {} })
  const write = output.write.bind(output)
  const asked = Promise.withResolvers<void>()
  output.write = (chunk: unknown, ...rest: unknown[]) => {
    if (chunk !== '') return Reflect.apply(write, output, [chunk, ...rest])
    asked.resolve()
    return true
  }
  queue.push('last', false)
  const finished = queue.finish(false)
  await asked.promise
  output.emit('error', new Error('EPIPE'))
  await finished
  expect([output.text, gone]).toEqual(['last\n', 1])
})
