import { afterEach, beforeEach, expect, test } from 'bun:test'
import { seededRng } from '../../../src/base/rng.ts'
import { ALL, ASK, DeskRoom, type Person } from './desk-room.ts'

/** The same, offered by two people to one who takes all. */

const MEGABYTE = 1024 * 1024
let room: DeskRoom

beforeEach(() => {
  room = new DeskRoom()
})
afterEach(() => room.close())

const bytes = seededRng(1).bytes(3 * MEGABYTE)

/** Anna's is on its way and waits for room, and Dora's has been heard. */
async function twins(): Promise<{ anna: Person; ben: Person; dora: Person }> {
  const [anna, ben, dora] = [await room.person(ASK, 1), await room.person(ALL, 2), await room.person(ASK, 3)]
  ben.desk.recall()
  for (const { files } of [anna, dora]) files.files.set('/out/x', bytes)
  ben.files.roomBytes = 4 * MEGABYTE
  await anna.desk.send('/out/x', `@${ben.key}`)
  await ben.until(({ path }) => path !== '')
  ben.files.roomBytes = MEGABYTE
  await ben.until(({ trouble }) => trouble === 'full')
  await dora.desk.send('/out/x', `@${ben.key}`)
  expect(ben.desk.views).toMatchObject([{ state: 'receiving' }, { state: 'asked', from: dora.key }])
  return { anna, ben, dora }
}

test('when it is here by one, it is here by the other, and both are told', async () => {
  const { anna, ben, dora } = await twins()
  ben.files.roomBytes = 9 * MEGABYTE
  const done = await ben.until(({ number, state }) => number === 2 && state === 'done')
  expect(ben.files.files.get(done.path)).toEqual(bytes)
  expect(ben.desk.views).toMatchObject([{ state: 'done' }, { state: 'done' }])
  expect((await anna.until(({ taken }) => taken.length > 0)).taken).toEqual([ben.key])
  expect((await dora.until(({ taken }) => taken.length > 0)).taken).toEqual([ben.key])
})

test('when one is withdrawn or cancelled midway, the other is taken', async () => {
  for (const end of ['withdrawn', 'cancelled']) {
    const { anna, ben } = await twins()
    if (end === 'withdrawn') await anna.desk.cancel('x')
    else await ben.desk.cancel('1')
    anna.leave()
    ben.files.roomBytes = 9 * MEGABYTE
    const done = await ben.until(({ number, state }) => number === 2 && state === 'done')
    expect(done.path).toBe('/in/x')
    expect(ben.files.files.get('/in/x')).toEqual(bytes)
    expect(ben.desk.views[0]!.state).toBe(end as 'withdrawn')
    ben.leave()
    expect(await ben.files.unfinished('/in')).toEqual([])
    room.close()
  }
})

test('a later run goes on with both', async () => {
  const { ben } = await twins()
  ben.leave()
  const again = await room.again(ben, 2)
  expect(again.desk.recall()).toBe(0)
  again.files.roomBytes = 9 * MEGABYTE
  await again.desk.goOn()
  await again.until(({ from, state }) => from === ben.key || state === 'done')
  const dones = new Set<number>()
  for (const number of [1, 2]) dones.add((await again.until((v) => v.number === number && v.state === 'done')).number)
  expect(dones.size).toBe(2)
  again.leave()
  expect(await again.files.unfinished('/in')).toEqual([])
})

test('one that has come leaves nothing to a later run, though somebody else offers the same and has no answer', async () => {
  const [anna, ben, dora] = [await room.person(ASK, 1), await room.person(ASK, 2), await room.person(ASK, 3)]
  ben.desk.recall()
  for (const { files } of [anna, dora]) files.files.set('/out/x', bytes)
  for (const each of [anna, dora]) await each.desk.send('/out/x', `@${ben.key}`)
  await ben.desk.accept('1')
  await ben.until(({ state }) => state === 'done')
  expect(ben.desk.views).toMatchObject([{ state: 'done' }, { state: 'asked' }])
  ben.leave()
  expect(await ben.files.unfinished('/in')).toEqual([])
  expect(ben.pending.list).toMatchObject([{ from: dora.key, isAccepted: false }])
})
