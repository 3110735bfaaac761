import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pendingIn } from '../../../src/app/files/pending.ts'
import { ALL, ASK, bytesOf, DeskRoom, got } from './desk-room.ts'

const MEGABYTE = 1024 * 1024
let room: DeskRoom

beforeEach(() => {
  room = new DeskRoom()
})
afterEach(() => room.close())

describe('who offers something', () => {
  test('learns who has it whole, and how much of it was given', async () => {
    const [anna, ben, cleo] = [await room.person(ASK), await room.person(ALL), await room.person(ASK)]
    anna.files.files.set('/out/a', bytesOf(2 * MEGABYTE))
    await anna.desk.send('/out/a', 'general')
    const told = await anna.until(({ taken }) => taken.length > 0)
    expect(told.taken).toEqual([ben.key])
    expect(told.given).toBeGreaterThanOrEqual(2 * MEGABYTE)
    await cleo.desk.accept('a')
    expect((await anna.until(({ taken }) => taken.length === 2)).taken).toEqual([ben.key, cleo.key])
  })

  test('to one person learns that he does not want it; in a room nobody is told', async () => {
    const [anna, ben] = [await room.person(ASK), await room.person(ASK)]
    anna.files.files.set('/out/a', bytesOf(10)).set('/out/b', bytesOf(11))
    await anna.desk.send('/out/a', `@${ben.key}`)
    await anna.desk.send('/out/b', 'general')
    ben.desk.decline('b')
    ben.desk.decline('a')
    const told = await anna.until(({ declined }) => declined.length > 0)
    expect(told).toMatchObject({ name: 'a', declined: [ben.key] })
    expect(anna.desk.views).toMatchObject([{ name: 'a' }, { name: 'b', declined: [] }])
  })

  test('to one person hears that he has taken it after all', async () => {
    const [anna, ben] = [await room.person(ASK), await room.person(ASK)]
    anna.files.files.set('/out/a', bytesOf(10))
    await anna.desk.send('/out/a', `@${ben.key}`)
    ben.desk.decline('a')
    await anna.until(({ declined }) => declined.length > 0)
    await ben.desk.accept('a')
    expect(await anna.until(({ taken }) => taken.length > 0)).toMatchObject({ taken: [ben.key], declined: [] })
  })

  test('to one person hears a no that was said while he was away when he is back', async () => {
    const [anna, ben] = [await room.person(ASK, 1), await room.person(ASK, 2)]
    anna.files.files.set('/out/a', bytesOf(10))
    await anna.desk.send('/out/a', `@${ben.key}`)
    anna.leave()
    ben.desk.decline('a')
    const again = await room.again(anna, 1)
    await again.desk.goOn()
    expect((await again.until(({ declined }) => declined.length > 0)).declined).toEqual([ben.key])
  })

  test('to one person hears a no in the end, though each was away whenever the other was there', async () => {
    const [anna, ben] = [await room.person(ASK, 1), await room.person(ASK, 2)]
    ben.desk.recall()
    anna.files.files.set('/out/a', bytesOf(10))
    await anna.desk.send('/out/a', `@${ben.key}`)
    anna.leave()
    expect(ben.desk.decline('a')).toMatchObject({ ok: true })
    ben.leave()
    const anew = await room.again(anna, 1)
    await anew.desk.goOn()
    const again = await room.again(ben, 2)
    expect(again.desk.recall()).toBe(0)
    await again.desk.goOn()
    expect((await anew.until(({ declined }) => declined.length > 0)).declined).toEqual([ben.key])
    // He may still think better of it.
    expect(again.desk.views).toMatchObject([{ name: 'a', state: 'declined' }])
    expect(await again.desk.accept('a')).toMatchObject({ ok: true })
    await again.until(({ state }) => state === 'done')
    again.leave()
    expect(again.pending.list).toEqual([])
  })

  test('of several at once has them all hashed first, and offers none where one cannot be read', async () => {
    const [anna, ben] = [await room.person(ASK), await room.person(ASK)]
    anna.files.files.set('/out/a', bytesOf(10)).set('/out/b', bytesOf(11))
    expect(await anna.desk.sendAll(['/out/a', '/out/nothing'], 'general')).toMatchObject([{ ok: false }])
    expect(ben.desk.views).toEqual([])
    expect(await anna.desk.sendAll(['/out/a', '/out/b'], 'general')).toMatchObject([{ ok: true }, { ok: true }])
    expect(ben.desk.views).toMatchObject([{ name: 'a' }, { name: 'b' }])
  })
})

describe('what nobody has answered', () => {
  test('is there in the next run, and can be taken from whoever has it', async () => {
    const [anna, ben] = [await room.person(ASK, 1), await room.person(ASK, 2)]
    anna.files.files.set('/out/a', bytesOf(1000)).set('/out/b', bytesOf(1001))
    await anna.desk.send('/out/a', 'general')
    await anna.desk.send('/out/b', 'general')
    expect(ben.desk.recall()).toBe(0)
    ben.desk.decline('b')
    ben.leave()
    const again = await room.again(ben, 2)
    expect(again.desk.recall()).toBe(1)
    expect(again.desk.views).toMatchObject([{ state: 'asked', name: 'a', size: 1000, from: anna.key }])
    // Nothing was asked again: it was heard once.
    expect(again.views).toEqual([])
    expect(await again.desk.accept('a')).toMatchObject({ ok: true })
    await again.until(({ state }) => state === 'done')
    expect(got(again, '/in/a')).toEqual(bytesOf(1000))
  })

  test('of a folder is listed when it is accepted', async () => {
    const [anna, ben] = [await room.person(ASK, 1), await room.person(ASK, 2)]
    anna.files.files.set('/out/tree/x/y', bytesOf(1000))
    ben.desk.recall()
    await anna.desk.send('/out/tree', 'general')
    ben.leave()
    const again = await room.again(ben, 2)
    expect(again.desk.recall()).toBe(1)
    await again.desk.accept('tree')
    const done = await again.until(({ state }) => state === 'done')
    expect(got(again, `${done.path}/x/y`)).toEqual(bytesOf(1000))
  })

  test('is not asked about by whoever takes nothing', async () => {
    const [anna, ben] = [await room.person(ASK, 1), await room.person(ASK, 2)]
    ben.desk.recall()
    anna.files.files.set('/out/a', bytesOf(1000))
    await anna.desk.send('/out/a', 'general')
    ben.leave()
    expect(ben.pending.list).toHaveLength(1)
    const again = await room.again(ben, 2, { mode: 'none', bytesMax: null })
    expect(again.desk.recall()).toBe(0)
    expect(again.desk.views).toEqual([])
  })

  test('is in a file that says what was offered, when and by whom; a broken one is as good as none', () => {
    const folder = mkdtempSync(join(tmpdir(), 'hearsay-offers-'))
    const path = join(folder, 'offers.json')
    const logged: string[] = []
    const pending = () => pendingIn(path, (message) => logged.push(message))
    const offer = {
      ...{ root: new Uint8Array(32).fill(7), size: 5, manifestBytes: 0, entries: 0, changedMs: 3 },
      name: 'photo.jpg',
    }
    const offers = Array.from({ length: 200 }, (_, i) => ({
      ...{
        id: i.toString(16).padStart(64, '0'),
        from: 'ab'.repeat(32),
        room: 'general',
        atMs: i,
        offer,
        isAccepted: i % 2 === 0,
      },
    }))
    expect(pending().load()).toEqual([])
    pending().save(offers)
    expect(pending().load()).toEqual(offers)
    const unanswered = offers.map((each) => ({ ...each, isAccepted: false }))
    pending().save(unanswered)
    expect(pending().load()).toEqual(unanswered.slice(-128))
    const refused = offers.map((each) => ({ ...each, isAccepted: false, isRefused: true }))
    pending().save([...unanswered, ...refused.map((each, i) => ({ ...each, id: offers[i]!.id.replace(/^00/, 'ff') }))])
    expect(
      pending()
        .load()
        .map(({ isRefused = false }) => isRefused),
    ).toEqual([...Array<boolean>(128).fill(false), ...Array<boolean>(64).fill(true)])
    writeFileSync(path, '[{"id":"../../etc"}]')
    expect(pending().load()).toEqual([])
    expect(logged).toMatchObject([expect.stringContaining('cannot be read')])
    rmSync(folder, { recursive: true })
  })
})

describe('a file that failed on the way', () => {
  test('goes on from what has come when it is accepted again, under the same name', async () => {
    const [anna, ben] = [await room.person(ASK, 1), await room.person(ASK, 2)]
    anna.files.files.set('/out/a', bytesOf(3 * MEGABYTE))
    await anna.desk.send('/out/a', 'general')
    await ben.desk.accept('a')
    ben.files.roomBytes = 2 * MEGABYTE
    await ben.until(({ trouble }) => trouble === 'full')
    ben.leave()
    const again = await room.again(ben, 2)
    // Too little for all of it, and enough for what is missing.
    again.files.roomBytes = 1.5 * MEGABYTE
    await anna.desk.send('/out/a', 'general')
    await again.desk.accept('a')
    const begun = await again.until(({ state }) => state === 'receiving')
    const done = await again.until(({ state }) => state === 'done')
    expect(done.path).toBe('/in/a')
    expect(begun.id).toBe(done.id)
    expect(got(again, '/in/a')).toEqual(bytesOf(3 * MEGABYTE))
    again.leave()
    expect(await again.files.unfinished('/in')).toEqual([])
  })
})
