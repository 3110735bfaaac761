import { expect, test } from 'bun:test'
import { type Limits, Retention } from '../../../src/app/history/retention.ts'
import { openRoomId } from '../../../src/wire/event.ts'
import { WALL_START_MS } from '../../sim/time.ts'
import { KeptRoom } from './kept-room.ts'
import { Writer } from './written.ts'

const DAY_MS = 86_400_000
const NONE: Limits = { ageMsMax: null, bytesMax: null, totalBytesMax: null }

function filled(limits: Partial<Limits>, messages = 10) {
  const room = new KeptRoom()
  const bob = new Writer(2)
  for (let day = messages; day > 0; day--) room.hear(bob.text(`${day} days old`, { ms: WALL_START_MS - day * DAY_MS }))
  room.settle()
  const retention = new Retention(room.history, room.clock, { ...NONE, ...limits })
  retention.begin()
  const left = () => room.history.read.last(openRoomId('general'), 1_000).map(({ text }) => text)
  return { room, retention, left, bob }
}

test('nothing goes unless that is asked for', () => {
  const { room, left } = filled({})
  const waiting = room.clock.waiting
  room.time.pass(DAY_MS)
  expect(left().length).toBe(10)
  expect(waiting).toBe(0)
})

test('what is older than so many days goes, and what becomes so later', () => {
  const { room, left } = filled({ ageMsMax: 3.5 * DAY_MS })
  room.time.pass(10_000)
  expect(left()).toEqual(['3 days old', '2 days old', '1 days old'])
  room.time.pass(DAY_MS)
  expect(left()).toEqual(['2 days old', '1 days old'])
})

test('the oldest goes beyond so many bytes', () => {
  const { room, left } = filled({})
  const { bytes } = room.history.read.rooms()[0]!
  const second = filled({ bytesMax: Math.floor(bytes / 2) })
  second.room.time.pass(10_000)
  expect(second.left()).toEqual(left().slice(-5))
})

test('a large room shrinks in small steps', () => {
  const { room, left } = filled({ ageMsMax: 1 }, 1_200)
  room.time.pass(250)
  const after = left().length
  expect(after).toBeGreaterThan(0)
  expect(after).toBeLessThan(1_200)
  room.time.pass(2_000)
  expect(left()).toEqual([])
})

test('in memory all rooms together keep to a size', () => {
  const { room, left } = filled({ totalBytesMax: 1_000 })
  room.time.pass(10_000)
  expect(left().length).toBeGreaterThan(0)
  expect(room.history.read.rooms().reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(1_000)
})

test('what comes by catching up and is not to be kept goes before all the rest of it has come', () => {
  const { room, left } = filled({ ageMsMax: 3.5 * DAY_MS }, 2)
  const carol = new Writer(3)
  room.time.pass(60_000)
  room.hear(carol.text('long ago', { ms: WALL_START_MS - 30 * DAY_MS }))
  room.time.pass(3_000)
  expect(left()).toEqual(['2 days old', '1 days old'])
  const { bytes } = room.history.read.rooms()[0]!
  const small = filled({ bytesMax: bytes * 4 }, 2)
  small.room.time.pass(60_000)
  for (let at = 0; at < 100; at++) small.room.hear(carol.text(`word ${at}`, { ms: WALL_START_MS + at }))
  small.room.time.pass(3_000)
  expect(small.left().length).toBeLessThan(12)
})

test('stops when told to', () => {
  const { room, retention, left } = filled({ ageMsMax: 1 })
  retention.stop()
  room.time.pass(DAY_MS)
  expect(left().length).toBe(10)
})
