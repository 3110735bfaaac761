import { afterEach, beforeEach, expect, test } from 'bun:test'
import { encodeFileOffer } from '../../../src/wire/file-offer.ts'
import { ALL, ASK, bytesOf, DeskRoom, got, type Person } from './desk-room.ts'

/** An offer that its author takes back. */

const MEGABYTE = 1024 * 1024
let room: DeskRoom

beforeEach(() => {
  room = new DeskRoom()
})
afterEach(() => room.close())

async function offered(giver: Person, name: string, size: number, where = 'general'): Promise<string> {
  giver.files.files.set(`/out/${name}`, bytesOf(size))
  const sent = await giver.desk.send(`/out/${name}`, where)
  if (!sent.ok) throw new Error(sent.message)
  return sent.view.id
}

/** What somebody has begun to take and has no room for is taken back: a part of it is here. */
async function takenBackHalfway(giver: Person, taker: Person, roomBytes = 3.2 * MEGABYTE): Promise<void> {
  taker.files.roomBytes = roomBytes
  await offered(giver, 'a', 3 * MEGABYTE)
  await taker.until(({ path }) => path !== '')
  taker.files.roomBytes = MEGABYTE
  await taker.until(({ trouble }) => trouble === 'full')
  await giver.desk.cancel('a')
}

test('everybody who was asked hears of it, and /accept says what to do', async () => {
  const [anna, ben, cleo] = [await room.person(ASK), await room.person(ASK), await room.person(ASK)]
  await offered(anna, 'a', MEGABYTE)
  expect(await anna.desk.cancel('a')).toMatchObject({ ok: true, view: { state: 'withdrawn', reason: '' } })
  for (const each of [ben, cleo]) {
    expect(each.desk.views).toMatchObject([{ state: 'withdrawn', trouble: 'withdrawn', from: anna.key }])
    const refused = await each.desk.accept('a')
    expect(refused).toMatchObject({ ok: false, code: 'withdrawn', message: expect.stringContaining('ask for it') })
  }
})

test('what is on its way ends, stays in part, and goes on from there when it is offered again', async () => {
  const [anna, ben] = [await room.person(ASK, 1), await room.person(ALL, 2)]
  await takenBackHalfway(anna, ben)
  expect(ben.desk.views).toMatchObject([{ state: 'withdrawn', reason: expect.stringContaining('kept as a.part') }])
  expect(await ben.files.unfinished('/in')).toEqual(['a'])
  // A later run does not wait for what is not to come.
  ben.leave()
  const again = await room.again(ben, 2)
  await again.desk.goOn()
  expect(again.desk.views).toEqual([])
  again.files.roomBytes = 2.9 * MEGABYTE
  await offered(anna, 'a', 3 * MEGABYTE)
  await again.until(({ state }) => state === 'done')
  expect(got(again, '/in/a')).toEqual(bytesOf(3 * MEGABYTE))
})

test('offered again and gone on with, it goes on in the next run as well', async () => {
  const [anna, ben] = [await room.person(ASK, 1), await room.person(ALL, 2)]
  ben.desk.recall()
  await takenBackHalfway(anna, ben, 4 * MEGABYTE)
  await offered(anna, 'a', 3 * MEGABYTE)
  ben.files.roomBytes = MEGABYTE / 2
  await ben.until(({ number, trouble }) => number === 2 && trouble === 'full')
  ben.leave()
  const again = await room.again(ben, 2, ASK)
  expect(again.desk.recall()).toBe(0)
  again.files.roomBytes = 3 * MEGABYTE
  await again.desk.goOn()
  await again.until(({ state }) => state === 'done')
  expect(got(again, '/in/a')).toEqual(bytesOf(3 * MEGABYTE))
})

test('who has it keeps it, and gives it to nobody any more', async () => {
  const [anna, ben, cleo] = [await room.person(ASK), await room.person(ALL), await room.person(ASK)]
  await offered(anna, 'a', MEGABYTE)
  await ben.until(({ state }) => state === 'done')
  await anna.desk.cancel('a')
  expect(ben.desk.views).toMatchObject([{ state: 'done', path: '/in/a' }])
  expect(got(ben, '/in/a')).toEqual(bytesOf(MEGABYTE))
  expect(await cleo.desk.accept('a')).toMatchObject({ ok: false, code: 'withdrawn' })
})

test('a folder that somebody has and that is taken back is listed and taken when it is offered again', async () => {
  const [anna, ben] = [await room.person(ASK), await room.person(ASK)]
  for (const name of ['one', 'two']) anna.files.files.set(`/out/folder/${name}`, bytesOf(MEGABYTE))
  for (const number of [1, 2]) {
    expect(await anna.desk.send('/out/folder', 'general')).toMatchObject({ ok: true })
    const listed = await ben.until((view) => view.number === number && view.state === 'asked')
    expect(listed.listing).toEqual(['one', 'two'])
    expect(await ben.desk.accept(String(number))).toMatchObject({ ok: true })
    await ben.until((view) => view.number === number && view.state === 'done')
    expect(await anna.desk.cancel('folder')).toMatchObject({ ok: true })
  }
})

test('who has it by another offer as well goes on giving it', async () => {
  const [anna, ben, cleo] = [await room.person(ASK), await room.person(ALL), await room.person(ASK)]
  await offered(anna, 'a', MEGABYTE)
  await ben.until(({ state }) => state === 'done')
  expect(await ben.desk.send('/in/a', 'general')).toMatchObject({ ok: true })
  await anna.desk.cancel('a')
  anna.leave()
  const [, second] = cleo.desk.views
  await cleo.desk.accept(String(second!.number))
  await cleo.until(({ state }) => state === 'done')
  expect(got(cleo, '/in/a')).toEqual(bytesOf(MEGABYTE))
})

test('nobody else can take it back, nor its author elsewhere', async () => {
  const [anna, ben, cleo] = [await room.person(ASK), await room.person(ASK), await room.person(ASK)]
  const id = await offered(anna, 'a', MEGABYTE)
  ben.desk.heardWithdrawal(id, cleo.key, 'general')
  ben.desk.heardWithdrawal(id, anna.key, 'another')
  ben.desk.heardWithdrawal(id, anna.key, `@${anna.key}`)
  expect(ben.desk.views).toMatchObject([{ state: 'asked' }])
})

test('heard before the offer it is about, it counts as well', async () => {
  const [anna, ben] = [await room.person(ASK), await room.person(ALL)]
  const id = 'ab'.repeat(32)
  const offer = { root: new Uint8Array(32), size: 5, manifestBytes: 0, entries: 0, changedMs: 0, name: 'a' }
  ben.desk.heardWithdrawal(id, anna.key, 'general')
  ben.desk.heardOffer(id, anna.key, 'general', encodeFileOffer(offer)!)
  expect(ben.desk.views).toEqual([])
  ben.desk.heardOffer(id, anna.key, 'another', encodeFileOffer(offer)!)
  expect(ben.desk.views).toHaveLength(1)
})

test('one that cannot be given any more can still be taken back; nobody takes his own', async () => {
  const [anna, ben] = [await room.person(ASK), await room.person(ASK)]
  await offered(anna, 'a', MEGABYTE)
  anna.files.files.set('/out/a', bytesOf(MEGABYTE, 2))
  await ben.desk.accept('a')
  await anna.until(({ state }) => state === 'failed')
  expect(await anna.desk.accept('a')).toMatchObject({ ok: false, code: 'no-such-file' })
  expect(await anna.desk.cancel('a')).toMatchObject({ ok: true, view: { state: 'withdrawn' } })
  expect(ben.desk.views).toMatchObject([{ state: 'withdrawn' }])
})

test('where the others cannot be told it stays offered, and is taken back once they can, after a restart as well', async () => {
  const [before, ben, cleo] = [await room.person(ASK, 1), await room.person(ASK, 2), await room.person(ASK, 3)]
  await offered(before, 'a', MEGABYTE)
  before.notJoined = 'general'
  const refused = {
    ok: false,
    message: 'Join general first, so that the others hear it: /join general, then /cancel 1.',
  }
  expect(await before.desk.cancel('a')).toMatchObject(refused)
  expect(before.desk.views).toMatchObject([{ state: 'giving', reason: '' }])
  before.leave()
  const anna = await room.again(before, 1)
  anna.notJoined = 'general'
  await anna.desk.goOn()
  expect(await anna.desk.cancel('a')).toMatchObject(refused)
  await ben.desk.accept('a')
  await ben.until(({ state }) => state === 'done')
  anna.notJoined = null
  expect(await anna.desk.cancel('1')).toMatchObject({ ok: true, view: { state: 'withdrawn' } })
  expect(cleo.desk.views).toMatchObject([{ state: 'withdrawn' }])
  expect(anna.shares.list).toEqual([])
})

test('between two people it is taken back whatever room is not joined', async () => {
  const [anna, ben] = [await room.person(ASK), await room.person(ASK)]
  await offered(anna, 'a', MEGABYTE, `@${ben.key}`)
  anna.notJoined = 'general'
  expect(await anna.desk.cancel('a')).toMatchObject({ ok: true, view: { state: 'withdrawn' } })
  expect(ben.desk.views).toMatchObject([{ state: 'withdrawn' }])
})

test('known from an earlier run to be taken back, it is not heard when it comes again', async () => {
  const [anna, ben, cleo] = [await room.person(ASK, 1), await room.person(ASK, 2), await room.person(ALL, 3)]
  const id = await offered(anna, 'a', 10, `@${ben.key}`)
  await anna.desk.cancel('a')
  const offer = { root: new Uint8Array(32), size: 5, manifestBytes: 0, entries: 0, changedMs: 0, name: 'a' }
  cleo.desk.heardOffer(id, anna.key, 'general', encodeFileOffer(offer)!)
  expect(cleo.desk.views).toEqual([])
})

test('taken back while what came of it before is looked for, that stays', async () => {
  const [anna, ben] = [await room.person(ASK, 1), await room.person(ALL, 2)]
  await takenBackHalfway(anna, ben)
  let left: (result: undefined) => void = () => {}
  const isLeft = new Promise<undefined>((resolve) => {
    left = resolve
  })
  const { resume } = ben.files
  ben.files.resume = async (...asked) => {
    const target = await resume.apply(ben.files, asked)
    await anna.desk.cancel('2')
    if (!target.ok) return target
    const [close, discard] = [target.close.bind(target), target.discard.bind(target)]
    target.close = () => {
      close()
      left(undefined)
    }
    target.discard = async () => {
      await discard()
      left(undefined)
    }
    return target
  }
  const id = await offered(anna, 'a', 3 * MEGABYTE)
  await ben.until((view) => view.id === id && view.state === 'withdrawn')
  await isLeft
  expect(await ben.files.unfinished('/in')).toEqual(['a'])
})
