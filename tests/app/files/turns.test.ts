import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { toHex } from '../../../src/base/bytes.ts'
import { seededRng } from '../../../src/base/rng.ts'
import { RECEIVING_MAX } from '../../../src/core/transfer/offers.ts'
import { encodeFileOffer } from '../../../src/wire/file-offer.ts'
import { ALL, ASK, bytesOf, DeskRoom, got, type Person } from './desk-room.ts'

const MEGABYTE = 1024 * 1024
let room: DeskRoom

beforeEach(() => {
  room = new DeskRoom()
})
afterEach(() => room.close())

const states = (person: Person) => person.desk.views.map(({ state }) => state)

describe('in one breath', () => {
  test('accepted and cancelled is cancelled, and nothing is left of it', async () => {
    const [anna, ben] = [await room.person(ASK), await room.person(ASK)]
    anna.files.files.set('/out/a', bytesOf(3 * MEGABYTE))
    await anna.desk.send('/out/a', 'general')
    await Promise.all([ben.desk.accept('a'), ben.desk.cancel('a')])
    expect(states(ben)).toEqual(['cancelled'])
    expect(await ben.files.unfinished('/in')).toEqual([])
  })

  test('cancelled and accepted, time and again, comes as it is', async () => {
    const [anna, ben] = [await room.person(ASK), await room.person(ASK)]
    const bytes = new Uint8Array(96 * MEGABYTE)
    const block = bytesOf(65_537)
    for (let at = 0; at < bytes.length; at += block.length) bytes.set(block.subarray(0, bytes.length - at), at)
    anna.files.files.set('/out/a', bytes)
    await anna.desk.send('/out/a', 'general')
    for (let i = 0; i < 10; i++) {
      ben.views.length = 0
      const begun = ben.desk.accept('a')
      // The first word of how far it is comes after a tenth of a second: it is far from whole then.
      await ben.until(({ done }) => i % 2 === 0 || done > 0)
      const again = i % 3 === 0
      await Promise.all([begun, ben.desk.cancel('a'), again ? ben.desk.accept('a') : null])
      if (again) expect(await ben.desk.cancel('a')).toMatchObject({ ok: true })
      expect(states(ben)).toEqual(['cancelled'])
    }
    await ben.desk.accept('a')
    const done = await ben.until(({ state }) => state === 'done')
    expect(Buffer.compare(got(ben, done.path)!, bytes)).toBe(0)
    ben.leave()
    expect(await ben.files.unfinished('/in')).toEqual([])
  })
})

describe('one content that is offered twice', () => {
  test('goes on when one of the offers is declined or cancelled', async () => {
    const [anna, ben] = [await room.person(ASK), await room.person(ASK)]
    anna.files.files.set('/out/a', bytesOf(6 * MEGABYTE)).set('/out/b', bytesOf(6 * MEGABYTE))
    for (const path of ['/out/a', '/out/b', '/out/a']) await anna.desk.send(path, 'general')
    await ben.desk.accept('1')
    ben.desk.decline('2')
    await ben.desk.cancel('3')
    const done = await ben.until(({ state }) => state === 'done')
    expect(got(ben, done.path)).toEqual(bytesOf(6 * MEGABYTE))
    expect(states(ben)).toEqual(['done', 'declined', 'cancelled'])
  })

  test('as a folder is listed for both offers, and comes by either', async () => {
    const [anna, ben] = [await room.person(ASK), await room.person(ASK)]
    anna.files.files.set('/out/tree/x', bytesOf(MEGABYTE))
    for (const number of [1, 2, 3]) {
      await anna.desk.send('/out/tree', 'general')
      const asked = await ben.until((view) => view.state === 'asked' && view.number === number)
      expect(asked.listing).toEqual(['x'])
    }
    ben.desk.decline('1')
    await ben.desk.accept('3')
    const done = await ben.until(({ state }) => state === 'done')
    expect(got(ben, `${done.path}/x`)).toEqual(bytesOf(MEGABYTE))
    expect(states(ben)).toEqual(['declined', 'asked', 'done'])
  })

  test('to two people is given to both, and still when another of the offers is taken back', async () => {
    const [anna, ben, cleo, dora] = [
      await room.person(ASK),
      await room.person(ASK),
      await room.person(ASK),
      await room.person(ASK),
    ]
    anna.files.files.set('/out/a', bytesOf(MEGABYTE))
    for (const { key } of [ben!, cleo!, dora!]) await anna.desk.send('/out/a', `@${key}`)
    await ben.desk.accept('a')
    await ben.until(({ state }) => state === 'done')
    await anna.desk.cancel('3')
    await cleo.desk.accept('a')
    const done = await cleo.until(({ state }) => state === 'done')
    expect(got(cleo!, done.path)).toEqual(bytesOf(MEGABYTE))
  })
})

describe('taken without a question', () => {
  test('so many come at a time, the others in their turn', async () => {
    const [anna, ben] = [await room.person(ASK), await room.person(ALL)]
    const count = 3 * RECEIVING_MAX
    let most = 0
    for (let i = 0; i < count; i++) anna.files.files.set(`/out/${i}`, bytesOf(100_000, i))
    for (let i = 0; i < count; i++) {
      await anna.desk.send(`/out/${i}`, 'general')
      most = Math.max(most, (await ben.files.unfinished('/in')).length)
    }
    for (let i = 0; i < count; i++) {
      const done = await ben.until(({ state, name }) => state === 'done' && name === String(i))
      expect(got(ben, done.path)).toEqual(bytesOf(100_000, i))
    }
    expect(most).toBeGreaterThan(0)
    expect(most).toBeLessThanOrEqual(RECEIVING_MAX)
  })
})

describe('folders that nobody has asked for', () => {
  test('are listed in so much memory, whoever offers them; others when they are accepted', async () => {
    const [anna, ben] = [await room.person(ASK), await room.person(ASK)]
    const offer = (i: number, from: string, size: number): void => {
      const root = seededRng(i).bytes(32)
      const [manifestBytes, entries] = [8 * MEGABYTE, 1]
      const body = encodeFileOffer({ root, size, manifestBytes, entries, changedMs: 0, name: `folder ${i}` })!
      ben.desk.heardOffer(toHex(seededRng(1000 + i).bytes(32)), from, 'general', body)
    }
    for (let i = 0; i < 30; i++) offer(i, i % 2 === 0 ? anna.key : 'ee'.repeat(32), 9 * MEGABYTE)
    offer(30, 'dd'.repeat(32), 2 ** 44)
    expect(states(ben).filter((state) => state === 'listing')).toHaveLength(2)
    for (let i = 31; i < 400; i++) offer(i, toHex(seededRng(i).bytes(32)), 9 * MEGABYTE)
    expect(states(ben).filter((state) => state === 'listing')).toHaveLength(7)
    expect(states(ben).filter((state) => state === 'asked').length).toBeGreaterThan(300)
    for (const name of ['0', '1', '30', '31']) ben.desk.decline(`folder ${name}`)
    anna.files.files.set('/out/tree/x', bytesOf(10))
    await anna.desk.send('/out/tree', 'general')
    expect((await ben.until(({ state, name }) => state === 'asked' && name === 'tree')).listing).toEqual(['x'])
  })
})
