import { afterEach, beforeEach, expect, test } from 'bun:test'
import { ALL, ASK, bytesOf, DeskRoom, got, type Person } from './desk-room.ts'

/** Too little room on the disk before a file begins: it waits, says how much is missing, and begins by itself. */

const MEGABYTE = 1024 * 1024
let room: DeskRoom

beforeEach(() => {
  room = new DeskRoom()
})
afterEach(() => room.close())

async function offered(giver: Person, name: string, size: number, seed = 1): Promise<void> {
  giver.files.files.set(`/out/${name}`, bytesOf(size, seed))
  expect(await giver.desk.send(`/out/${name}`, 'general')).toMatchObject({ ok: true })
}

test('it says how much is missing, waits, and begins by itself when there is room', async () => {
  const [anna, ben] = [await room.person(ASK), await room.person(ALL)]
  ben.files.roomBytes = MEGABYTE
  await offered(anna, 'a', 3 * MEGABYTE)
  const waiting = await ben.until(({ trouble }) => trouble === 'full')
  expect(waiting).toMatchObject({ state: 'receiving', done: 0, path: '' })
  expect(waiting.reason).toMatch(/^It needs 2\.2 MB more than are free in \/in\. It goes on when there is room\.$/)
  expect(await ben.files.unfinished('/in')).toEqual([])
  ben.files.roomBytes = 10 * MEGABYTE
  await ben.until(({ state }) => state === 'done')
  expect(got(ben, '/in/a')).toEqual(bytesOf(3 * MEGABYTE))
})

test('several that wait begin one after the other where there is room for one', async () => {
  const [anna, ben] = [await room.person(ASK), await room.person(ALL)]
  ben.files.roomBytes = 0
  for (let i = 1; i <= 3; i++) await offered(anna, `${i}`, 2 * MEGABYTE, i)
  for (let i = 1; i <= 3; i++) await ben.until(({ name, trouble }) => name === `${i}` && trouble === 'full')
  for (let i = 1; i <= 3; i++) {
    ben.files.roomBytes = 3 * MEGABYTE
    await ben.until(({ name, state }) => name === `${i}` && state === 'done')
    expect(got(ben, `/in/${i}`)).toEqual(bytesOf(2 * MEGABYTE, i))
  }
  // None was begun that then found the disk full.
  expect(ben.views.filter(({ reason }) => reason.includes('disk is full'))).toEqual([])
})

test('one that will never fit holds nobody else up, and is cancelled', async () => {
  const [anna, ben] = [await room.person(ASK), await room.person(ALL)]
  ben.files.roomBytes = 4 * MEGABYTE
  for (let i = 0; i < 20; i++) await offered(anna, `large ${i}`, 5 * MEGABYTE + i, i + 1)
  await offered(anna, 'small', 1000)
  await ben.until(({ name, state }) => name === 'small' && state === 'done')
  expect(ben.desk.views.filter(({ state, trouble }) => state === 'receiving' && trouble === 'full')).toHaveLength(20)
  expect(await ben.desk.cancel('large 7')).toMatchObject({ ok: true, view: { state: 'cancelled' } })
  expect(ben.desk.decline('large 8')).toMatchObject({ ok: true, view: { state: 'declined' } })
  ben.files.roomBytes = 1000 * MEGABYTE
  for (let i = 0; i < 20; i++) {
    if (i !== 7 && i !== 8) await ben.until(({ name, state }) => name === `large ${i}` && state === 'done')
  }
  expect([got(ben, '/in/large 7'), got(ben, '/in/large 8')]).toEqual([null, null])
})

test('a folder waits as well, after it was listed', async () => {
  const [anna, ben] = [await room.person(ASK), await room.person(ASK)]
  anna.files.files.set('/out/tree/x', bytesOf(MEGABYTE))
  await anna.desk.send('/out/tree', 'general')
  await ben.until(({ state }) => state === 'asked')
  ben.files.roomBytes = 1000
  await ben.desk.accept('tree')
  await ben.until(({ trouble }) => trouble === 'full')
  ben.files.roomBytes = 2 * MEGABYTE
  const done = await ben.until(({ state }) => state === 'done')
  expect(got(ben, `${done.path}/x`)).toEqual(bytesOf(MEGABYTE))
})

test('a restart goes on waiting for what was accepted, and asks nothing again', async () => {
  const [anna, ben] = [await room.person(ASK, 1), await room.person(ASK, 2)]
  ben.desk.recall()
  ben.files.roomBytes = MEGABYTE
  await offered(anna, 'a', 3 * MEGABYTE)
  await ben.desk.accept('a')
  await ben.until(({ trouble }) => trouble === 'full')
  ben.leave()
  const again = await room.again(ben, 2)
  expect(again.desk.recall()).toBe(0)
  await again.desk.goOn()
  await again.until(({ trouble }) => trouble === 'full')
  again.files.roomBytes = 4 * MEGABYTE
  await again.until(({ state }) => state === 'done')
  expect(got(again, '/in/a')).toEqual(bytesOf(3 * MEGABYTE))
})

test.each([
  ['a file', '/out/a'],
  ['a folder', '/out/a/x'],
])('%s that finds the disk full midway says at once how much is missing, in the next run too', async (_, content) => {
  const [anna, ben] = [await room.person(ASK, 1), await room.person(ASK, 2)]
  ben.desk.recall()
  anna.files.files.set(content, bytesOf(3 * MEGABYTE))
  await anna.desk.send('/out/a', 'general')
  await ben.until(({ state }) => state === 'asked')
  // Somebody else fills it as soon as it has its place.
  ben.told = ({ path, state }) => {
    if (path !== '' && state === 'receiving') ben.files.roomBytes = Math.min(ben.files.roomBytes, MEGABYTE)
  }
  await ben.desk.accept('a')
  const figure = /^The disk is full: 2\.\d MB are missing\. It goes on when there is room\.$/
  expect((await ben.until(({ reason }) => reason !== '')).reason).toMatch(figure)
  ben.leave()
  const again = await room.again(ben, 2)
  again.desk.recall()
  await again.desk.goOn()
  expect((await again.until(({ trouble }) => trouble === 'full')).reason).toMatch(figure)
  again.files.roomBytes = 10 * MEGABYTE
  await again.until(({ state }) => state === 'done')
  expect(got(again, content.replace('/out', '/in'))).toEqual(bytesOf(3 * MEGABYTE))
})
