import { expect, test } from 'bun:test'
import { LeftOut } from '../../../src/app/files/left-out.ts'
import { toHex } from '../../../src/base/bytes.ts'
import { seededRng } from '../../../src/base/rng.ts'
import { encodeFileOffer } from '../../../src/wire/file-offer.ts'
import { VirtualClock, VirtualTime } from '../../sim/time.ts'
import { ASK, DeskRoom } from './desk-room.ts'

test('offers that are not listed are told of together, soon, and then once a minute for as long as there are more', () => {
  const time = new VirtualTime()
  const told: unknown[] = []
  const leftOut = new LeftOut(new VirtualClock(time), (...news) => told.push([time.nowMs, ...news]))
  for (let i = 0; i < 968; i++) leftOut.add('anna')
  time.pass(10_000)
  expect(told).toEqual([[1_000, 968, 'anna', true]])
  leftOut.add('anna')
  leftOut.add('carl')
  leftOut.add('carl')
  time.pass(600_000)
  expect(told.slice(1)).toEqual([[61_000, 3, 'carl', false]])
  leftOut.add('anna')
  leftOut.stop()
  time.pass(600_000)
  expect(told.length).toBe(2)
})

test('of a crowd all are counted, and one of them is named', () => {
  const time = new VirtualTime()
  const told: unknown[] = []
  const leftOut = new LeftOut(new VirtualClock(time), (...news) => told.push(news))
  for (let i = 0; i < 1_000; i++) leftOut.add(`${i}`)
  leftOut.add('7')
  time.pass(10_000)
  expect(told).toEqual([[1_001, '7', false]])
})

test('somebody offers more than is asked about at a time: it is said how many are not listed, and nothing of those that are', async () => {
  const room = new DeskRoom()
  const ben = await room.person(ASK)
  const from = 'ab'.repeat(32)
  const hear = (i: number): void => {
    const offer = { root: seededRng(i).bytes(32), size: 1000, manifestBytes: 0, entries: 0, changedMs: 0, name: `${i}` }
    ben.desk.heardOffer(toHex(seededRng(10_000 + i).bytes(32)), from, 'general', encodeFileOffer(offer)!)
  }
  for (let i = 0; i < 40; i++) hear(i)
  // Heard of once more.
  hear(0)
  expect(await ben.hasLeftOut()).toEqual([8, from, true])
  expect(ben.desk.views).toHaveLength(32)
  room.close()
})
