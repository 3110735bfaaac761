import { afterEach, beforeEach, expect, test } from 'bun:test'
import { ASK, bytesOf, DeskRoom, got, type Person } from './desk-room.ts'

/** What comes is taken away, or exchanged for something else, by whoever has a hand on the disk: nothing of that is taken for what was offered. */

const SIZE = 500_000
const CONTENT = bytesOf(SIZE)
const OTHER = bytesOf(SIZE, 9)
let room: DeskRoom
let anna: Person
let ben: Person

beforeEach(async () => {
  room = new DeskRoom()
  anna = await room.person(ASK, 1)
  ben = await room.person(ASK, 2)
  ben.desk.recall()
})
afterEach(() => room.close())

async function offered(path: string, content = path): Promise<void> {
  anna.files.files.set(content, CONTENT)
  await anna.desk.send(path, 'general')
  await ben.until(({ state }) => state === 'asked')
}

/** Does it each time that something has its place to come to, so often. */
function exchangeEach(times: number, by: Uint8Array | null): void {
  let left = times
  ben.told = ({ state, path }) => {
    if (state !== 'receiving' || path === '' || left === 0 || ben.files.isGone(path)) return
    left--
    ben.files.exchange(path, by)
  }
}

test.each([
  ['a file', '/out/x', '/out/x', ''],
  ['a folder', '/out/x', '/out/x/a', '/a'],
])('%s whose part is exchanged begins anew beside that, says so, and comes whole', async (_, path, content, inside) => {
  await offered(path, content)
  exchangeEach(1, OTHER)
  await ben.desk.accept('x')
  const done = await ben.until(({ state }) => state === 'done')
  expect(done.path).toBe('/in/x (2)')
  expect(got(ben, `/in/x (2)${inside}`)).toEqual(CONTENT)
  expect(got(ben, '/in/x.part')).toEqual(OTHER)
  expect([...ben.files.files.keys()].filter((each) => each.startsWith('/in/x/') || each === '/in/x')).toEqual([])
  const told = ben.views.find(({ reason }) => reason !== '')
  expect(told).toMatchObject({ state: 'receiving', trouble: 'disk' })
  expect(told!.reason).toBe(
    'x cannot be finished: what had come of it was taken away, or exchanged for something else, which stays as it is. It begins anew.',
  )
})

test('one whose part is taken away begins anew under its name', async () => {
  await offered('/out/x')
  exchangeEach(1, null)
  await ben.desk.accept('x')
  expect(await ben.until(({ state }) => state === 'done')).toMatchObject({ path: '/in/x' })
  expect(got(ben, '/in/x')).toEqual(CONTENT)
})

test('one whose part is exchanged again and again waits for whoever accepts it once more', async () => {
  await offered('/out/x')
  exchangeEach(4, null)
  await ben.desk.accept('x')
  const asked = await ben.until(({ state, reason }) => state === 'asked' && reason !== '')
  expect(asked.reason).toEndWith('/accept begins it anew.')
  await ben.desk.accept('x')
  await ben.until(({ state }) => state === 'done')
  expect(got(ben, '/in/x')).toEqual(CONTENT)
})

test('one that begins anew is known to a later run before what is beside it is taken away', async () => {
  await offered('/out/x')
  exchangeEach(1, OTHER)
  const settled = Promise.withResolvers<void>()
  ben.files.settled = () => {
    expect(ben.pending.list).toMatchObject([{ isAccepted: true }])
    ben.leave()
    settled.resolve()
  }
  await ben.desk.accept('x')
  await settled.promise
  ben.files.settled = () => {}
  const again = await room.again(ben, 2)
  again.desk.recall()
  await again.desk.goOn()
  const { path } = await again.until(({ state }) => state === 'done')
  expect(got(again, path)).toEqual(CONTENT)
  expect(got(again, '/in/x.part')).toEqual(OTHER)
})

test('one whose part is taken away between two runs is listed by all that follow, and can be accepted again', async () => {
  await offered('/out/x')
  anna.leave()
  const placed = ben.until(({ path }) => path !== '')
  await ben.desk.accept('x')
  const { path } = await placed
  ben.leave()
  ben.files.exchange(path, null)
  const second = await room.again(ben, 2)
  second.desk.recall()
  await second.desk.goOn()
  expect(second.desk.views).toMatchObject([{ name: 'x', state: 'asked', trouble: 'disk' }])
  expect(second.views.at(-1)!.reason).toContain('not there any more')
  second.leave()
  const third = await room.again(second, 2)
  third.desk.recall()
  await third.desk.goOn()
  expect(third.desk.views).toMatchObject([{ name: 'x', state: 'asked' }])
  const annaAgain = await room.again(anna, 1)
  await annaAgain.desk.goOn()
  await third.desk.accept('x')
  await third.until(({ state }) => state === 'done')
  expect(got(third, '/in/x')).toEqual(CONTENT)
})
