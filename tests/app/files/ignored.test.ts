import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { seededRng } from '../../../src/base/rng.ts'
import { ASK, DeskRoom, type Person } from './desk-room.ts'

/** Offers of those who are ignored. */

let room: DeskRoom
beforeEach(() => {
  room = new DeskRoom()
})
afterEach(() => room.close())

const bytesOf = (size: number, seed = 1) => seededRng(seed).bytes(size)
const got = (person: Person, path: string) => person.files.files.get(path) ?? null

async function offered(giver: Person, name: string, seed = 1): Promise<void> {
  giver.files.files.set(`/out/${name}`, bytesOf(1_000, seed))
  expect(await giver.desk.send(`/out/${name}`, 'general')).toMatchObject({ ok: true })
}

describe('what was offered before its author was ignored', () => {
  test('is not what an answer without a name means, nor with one', async () => {
    const [anna, ben] = [await room.person(ASK), await room.person(ASK)]
    await offered(anna, 'a')
    ben.ignored.add(anna.key)
    for (const text of ['', 'a', '1', '#1', ben.desk.views[0]!.id]) {
      expect(await ben.desk.accept(text)).toMatchObject({ ok: false, code: 'no-such-file' })
      expect(ben.desk.decline(text)).toMatchObject({ ok: false, code: 'no-such-file' })
      expect(await ben.desk.cancel(text)).toMatchObject({ ok: false, code: 'no-such-file' })
    }
    ben.ignored.clear()
    expect(await ben.desk.accept('')).toMatchObject({ ok: true })
    await ben.until(({ state }) => state === 'done')
  })

  test('does not stand in the way of the one that is shown, though both are called the same', async () => {
    const [anna, ben, cleo] = [await room.person(ASK), await room.person(ASK), await room.person(ASK)]
    await offered(cleo, 'a', 3)
    await offered(anna, 'a', 1)
    ben.ignored.add(anna.key)
    expect(await ben.desk.accept('a')).toMatchObject({ ok: true, view: { from: cleo.key } })
    await ben.until(({ state }) => state === 'done')
    await offered(cleo, 'b', 4)
    expect(await ben.desk.accept('')).toMatchObject({ ok: true, view: { from: cleo.key, name: 'b' } })
    await ben.until(({ state, name }) => state === 'done' && name === 'b')
    expect(got(ben, '/in/a')).toEqual(bytesOf(1_000, 3))
  })
})
