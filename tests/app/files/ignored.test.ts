import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { ALL, ASK, bytesOf, DeskRoom, got, type Person } from './desk-room.ts'

/** Offers of those who are ignored. */

let room: DeskRoom
beforeEach(() => {
  room = new DeskRoom()
})
afterEach(() => room.close())

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

describe('what is offered while its author is ignored', () => {
  test('is told to nobody and not taken unasked, and can be taken once they are heard again', async () => {
    const [anna, ben] = [await room.person(ASK), await room.person(ALL)]
    ben.ignored.add(anna.key)
    await offered(anna, 'a')
    expect(ben.views).toEqual([])
    expect(ben.desk.views).toMatchObject([{ state: 'asked', name: 'a' }])
    expect(await ben.desk.accept('')).toMatchObject({ ok: false, code: 'no-such-file' })
    ben.ignored.clear()
    expect(await ben.desk.accept('a')).toMatchObject({ ok: true })
    await ben.until(({ state }) => state === 'done')
    expect(got(ben, '/in/a')).toEqual(bytesOf(1_000))
  })

  test('a folder too, of which nothing is looked at before', async () => {
    const [anna, ben] = [await room.person(ASK), await room.person(ASK)]
    ben.ignored.add(anna.key)
    anna.files.files.set('/out/folder/a', bytesOf(1_000))
    expect(await anna.desk.send('/out/folder', 'general')).toMatchObject({ ok: true })
    expect(ben.desk.views).toMatchObject([{ state: 'asked', files: 0 }])
    ben.ignored.clear()
    expect(await ben.desk.accept('folder')).toMatchObject({ ok: true })
    await ben.until(({ state }) => state === 'done')
    expect(got(ben, '/in/folder/a')).toEqual(bytesOf(1_000))
  })

  test('is there in a later run, which takes it as little and does not say that it waits', async () => {
    const [anna, cleo, ben] = [await room.person(ASK, 1), await room.person(ASK, 2), await room.person(ASK, 3)]
    ben.desk.recall()
    ben.ignored.add(anna.key)
    await offered(anna, 'a', 1)
    await offered(cleo, 'b', 2)
    ben.leave()
    const again = await room.again(ben, 3, ALL)
    expect(again.desk.recall()).toBe(1)
    await again.desk.goOn()
    expect(again.desk.views.map(({ name, state }) => [name, state])).toEqual([
      ['a', 'asked'],
      ['b', 'asked'],
    ])
    again.ignored.clear()
    expect(await again.desk.accept('a')).toMatchObject({ ok: true })
    await again.until(({ state }) => state === 'done')
  })

  test('is not more than of anybody else: the latest 32', async () => {
    const [anna, ben] = [await room.person(ASK), await room.person(ASK)]
    ben.ignored.add(anna.key)
    for (let index = 0; index < 40; index++) await offered(anna, `${index}`, index + 1)
    expect(ben.desk.views.map(({ name }) => name)).toEqual(Array.from({ length: 32 }, (_, index) => `${index + 8}`))
  })
})
