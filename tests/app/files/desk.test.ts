import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { pathText } from '../../../src/core/transfer/folder.ts'
import { encodeFileOffer } from '../../../src/wire/file-offer.ts'
import { encodeCallBack } from '../../../src/wire/holding.ts'
import { PassingKind } from '../../../src/wire/passing.ts'
import { ALL, ASK, bytesOf, DeskRoom, got, type Person } from './desk-room.ts'

const MEGABYTE = 1024 * 1024
let room: DeskRoom

beforeEach(() => {
  room = new DeskRoom()
})
afterEach(() => room.close())

describe('a file offered in a room', () => {
  test('is asked about, accepted, and then the same', async () => {
    const [anna, ben] = [await room.person(ASK), await room.person(ASK)]
    anna.files.files.set('/out/photo.jpg', bytesOf(3 * MEGABYTE))
    expect(await anna.desk.send('/out/photo.jpg', 'general')).toMatchObject({
      ok: true,
      view: { state: 'giving', number: 1 },
    })
    expect(ben.desk.views).toMatchObject([{ state: 'asked', name: 'photo.jpg', size: 3 * MEGABYTE, from: anna.key }])
    expect(await ben.desk.accept('photo.jpg')).toMatchObject({ ok: true })
    const done = await ben.until(({ state }) => state === 'done')
    expect(done.path).toBe('/in/photo.jpg')
    expect(got(ben, done.path)).toEqual(bytesOf(3 * MEGABYTE))
  })

  test('is taken without a question where that is set, and not at all where that is', async () => {
    const anna = await room.person(ASK)
    const [ben, cleo] = [await room.person(ALL), await room.person({ mode: 'none', bytesMax: null })]
    anna.files.files.set('/out/a', bytesOf(1000))
    await anna.desk.send('/out/a', 'general')
    await ben.until(({ state }) => state === 'done')
    expect(got(ben, '/in/a')).toEqual(bytesOf(1000))
    expect(cleo.desk.views).toMatchObject([{ state: 'declined' }])
  })

  test('outlives its sender: who has finished gives it to the others', async () => {
    const [anna, ben, cleo] = [await room.person(ASK), await room.person(ALL), await room.person(ASK)]
    anna.files.files.set('/out/a', bytesOf(2 * MEGABYTE))
    await anna.desk.send('/out/a', 'general')
    await ben.until(({ state }) => state === 'done')
    anna.leave()
    await cleo.desk.accept('1')
    const done = await cleo.until(({ state }) => state === 'done')
    expect(got(cleo, done.path)).toEqual(bytesOf(2 * MEGABYTE))
  })

  test('by somebody whom nobody can dial comes all the same: he is asked to dial', async () => {
    const [anna, ben] = [await room.person(ASK), await room.person(ALL)]
    anna.isHidden = true
    anna.files.files.set('/out/a', bytesOf(MEGABYTE))
    await anna.desk.send('/out/a', 'general')
    await ben.until(({ state }) => state === 'done')
    expect(got(ben, '/in/a')).toEqual(bytesOf(MEGABYTE))
  })

  test('nobody is dialled because he says so who can want nothing that is here', async () => {
    const [anna, ben] = [await room.person(ASK), await room.person(ASK)]
    const dials: number[] = []
    let wake = (): void => {}
    const open = ({ remotePort }: { remotePort: number }): void => {
      dials.push(remotePort)
      wake()
    }
    const until = (met: () => boolean): Promise<void> =>
      new Promise((resolve) => {
        wake = () => met() && resolve()
        wake()
      })
    const listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {}, open } })
    const asks = (where: string): void => {
      const addresses = [{ host: '127.0.0.1', port: listener.port }]
      const body = encodeCallBack({ to: Uint8Array.fromHex(anna.key), addresses })
      anna.desk.heardPassing(where, ben.key, PassingKind.callBack, body)
    }
    ben.address = { host: '127.0.0.1', port: listener.port }
    asks('general')
    anna.files.files.set('/out/a', bytesOf(10))
    await anna.desk.send('/out/a', 'general')
    asks('another')
    for (let i = 0; i < 20; i++) asks('general')
    await until(() => dials.length > 0)
    // Ours comes after all that were begun before it.
    const ours = await Bun.connect({ hostname: '127.0.0.1', port: listener.port, socket: { data() {} } })
    await until(() => dials.includes(ours.localPort))
    ours.end()
    listener.stop(true)
    expect(dials).toHaveLength(2)
  })

  test('is declined, and asked about no more', async () => {
    const [anna, ben] = [await room.person(ASK), await room.person(ASK)]
    anna.files.files.set('/out/a', bytesOf(10))
    await anna.desk.send('/out/a', 'general')
    expect(ben.desk.decline('a')).toMatchObject({ ok: true, view: { state: 'declined' } })
    expect(ben.desk.decline('a')).toMatchObject({ ok: false, code: 'no-such-file' })
    expect(await ben.desk.accept('b')).toMatchObject({ ok: false, code: 'no-such-file' })
  })

  test('of nothing, by a hash that is not that of nothing, is none', async () => {
    const [anna, ben] = [await room.person(ASK), await room.person(ALL)]
    const offer = { root: new Uint8Array(32), size: 0, manifestBytes: 0, entries: 0, changedMs: 0, name: 'a' }
    ben.desk.heardOffer('ab'.repeat(32), anna.key, 'general', encodeFileOffer(offer)!)
    expect(ben.desk.views).toEqual([])
    anna.files.files.set('/out/empty', bytesOf(0))
    await anna.desk.send('/out/empty', 'general')
    expect(await ben.until(({ state }) => state === 'done')).toMatchObject({ path: '/in/empty', size: 0 })
  })

  test('whose giver sends something else is said to be not what was offered', async () => {
    const [anna, ben] = [await room.person(ASK), await room.person(ASK)]
    anna.files.files.set('/out/a', bytesOf(MEGABYTE))
    const { source } = anna.files
    let isOffered = false
    anna.files.source = async (path) => {
      const found = await source.call(anna.files, path)
      if (!found.ok) return found
      const read: typeof found.read = async (at, length) => {
        return isOffered ? new Uint8Array(length) : await found.read(at, length)
      }
      return { ...found, read }
    }
    await anna.desk.send('/out/a', 'general')
    isOffered = true
    await ben.desk.accept('a')
    const told = await ben.until(({ trouble }) => trouble === 'lying')
    expect(told).toMatchObject({ state: 'receiving', reason: expect.stringContaining('not what was offered') })
    expect(got(ben, '/in/a')).toBeNull()
  })

  test('of two with one name the one that was not answered is meant', async () => {
    const [anna, ben] = [await room.person(ASK), await room.person(ASK)]
    anna.files.files.set('/out/a', bytesOf(10)).set('/else/a', bytesOf(11))
    await anna.desk.send('/out/a', 'general')
    await anna.desk.send('/else/a', 'general')
    ben.desk.decline('2')
    await ben.desk.accept('a')
    expect(await ben.until(({ state }) => state === 'done')).toMatchObject({ number: 1 })
    await ben.desk.accept('a')
    expect(await ben.until(({ number, state }) => number === 2 && state === 'done')).toMatchObject({
      path: '/in/a (2)',
    })
  })

  test('whose name would lead elsewhere stays in the folder', async () => {
    const [anna, ben] = [await room.person(ASK), await room.person(ALL)]
    anna.files.files.set('/out/..\\..\\evil\u202e', bytesOf(10))
    await anna.desk.send('/out/..\\..\\evil\u202e', 'general')
    const done = await ben.until(({ state }) => state === 'done')
    expect(done.path).toBe('/in/.._.._evil')
  })

  test('that changes while it is sent is said to have changed, and nothing of it is taken for whole', async () => {
    const [anna, ben] = [await room.person(ASK), await room.person(ASK)]
    anna.files.files.set('/out/a', bytesOf(MEGABYTE))
    await anna.desk.send('/out/a', 'general')
    anna.files.files.set('/out/a', bytesOf(MEGABYTE, 2))
    await ben.desk.accept('a')
    const told = await ben.until(({ reason }) => reason !== '')
    expect(told.reason).toContain('has been changed')
    expect(anna.desk.views).toMatchObject([{ state: 'failed' }])
    expect(got(ben, '/in/a')).toBeNull()
  })
})

describe('a folder', () => {
  test('is listed before anybody is asked, and then taken whole', async () => {
    const [anna, ben] = [await room.person(ASK), await room.person(ASK)]
    for (let i = 0; i < 300; i++) anna.files.files.set(`/out/tree/d${i % 7}/${i}`, bytesOf(i * 11, i))
    await anna.desk.send('/out/tree', 'general')
    const asked = await ben.until(({ state }) => state === 'asked')
    expect(asked.files).toBe(300)
    expect(asked.listing[0]).toBe('d0/0')
    expect(got(ben, '/in/tree/d1/1')).toBeNull()
    await ben.desk.accept('')
    const done = await ben.until(({ state }) => state === 'done')
    for (let i = 0; i < 300; i++) expect(got(ben, `${done.path}/d${i % 7}/${i}`)).toEqual(bytesOf(i * 11, i))
  })
})

describe('how large a folder is', () => {
  test('is what its files are, to who offers it, who is asked and who takes it, and as much of it comes', async () => {
    const [anna, ben] = [await room.person(ASK), await room.person(ASK)]
    for (const name of ['a', 'b']) anna.files.files.set(`/out/two/${name}`, bytesOf(2))
    expect(await anna.desk.send('/out/two', 'general')).toMatchObject({ view: { size: 4, done: 4 } })
    expect(await ben.until(({ state }) => state === 'asked')).toMatchObject({ size: 4 })
    await ben.desk.accept('')
    expect(await ben.until(({ state }) => state === 'done')).toMatchObject({ size: 4, done: 4 })
    expect(ben.desk.views).toMatchObject([{ size: 4, done: 4 }])
    for (const { done } of [...anna.views, ...ben.views]) expect(done).toBeWithin(0, 5)
  })

  test('is nothing where nothing is in its files', async () => {
    const [anna, ben] = [await room.person(ASK), await room.person(ASK)]
    anna.files.files.set('/out/none/a', bytesOf(0))
    await anna.desk.send('/out/none', 'general')
    await ben.until(({ state }) => state === 'asked')
    await ben.desk.accept('')
    expect(await ben.until(({ state }) => state === 'done')).toMatchObject({ size: 0, done: 0 })
    for (const { size, done } of [...anna.views, ...ben.views]) expect([size, done]).toEqual([0, 0])
  })
})

describe('all that is in a folder', () => {
  const inside = async (person: Person, which: string) => {
    const list = await person.desk.paths(which)
    return list.ok ? list.entries.map(pathText) : list.code
  }

  test('can be seen before it is answered, on its way, when it is here, and by who offers it', async () => {
    const [anna, ben] = [await room.person(ASK), await room.person(ASK)]
    const all = Array.from({ length: 10_000 }, (_, i) => `d${i % 7}/${i}`)
    for (const path of all) anna.files.files.set(`/out/tree/${path}`, bytesOf(3))
    await anna.desk.send('/out/tree', 'general')
    await ben.until(({ state }) => state === 'asked')
    expect(new Set((await inside(ben, 'tree')) as string[])).toEqual(new Set(all))
    expect(await inside(anna, '1')).toHaveLength(10_000)
    await ben.desk.accept('')
    await ben.until(({ state }) => state === 'done')
    expect(await inside(ben, '1')).toHaveLength(10_000)
    expect(await inside(ben, 'wood')).toBe('no-such-file')
  }, 20_000)

  test('is fetched when somebody asks who has the offer from an earlier run, and is not taken for it', async () => {
    const [anna, ben] = [await room.person(ASK), await room.person(ASK, 7)]
    anna.files.files.set('/out/tree/x', bytesOf(1000)).set('/out/tree/y', bytesOf(2000))
    ben.desk.recall()
    await anna.desk.send('/out/tree', 'general')
    await ben.until(({ state }) => state === 'asked')
    ben.leave()
    const again = await room.again(ben, 7)
    expect(again.desk.recall()).toBe(1)
    expect(again.desk.views).toMatchObject([{ state: 'asked', files: 0 }])
    expect(await inside(again, 'tree')).toEqual(['x', 'y'])
    expect(again.desk.views).toMatchObject([{ state: 'asked', files: 2 }])
    again.desk.decline('tree')
    expect(await inside(again, 'tree')).toBe('no-list')
  })

  test('too large for a list to be read unasked is said to be', async () => {
    const ben = await room.person(ASK)
    const offer = { root: new Uint8Array(32), size: 2 ** 43, manifestBytes: 100, entries: 1, changedMs: 0, name: 'all' }
    ben.desk.heardOffer('ab'.repeat(32), 'cd'.repeat(32), 'general', encodeFileOffer(offer)!)
    expect(ben.desk.views).toMatchObject([{ state: 'asked' }])
    expect(await ben.desk.paths('all')).toMatchObject({
      code: 'list-too-large',
      message: expect.stringContaining('/accept 1'),
    })
  })
})

describe('to one person', () => {
  test('nobody else hears of it, and nobody else is given it', async () => {
    const [anna, ben, cleo] = [await room.person(ASK), await room.person(ALL), await room.person(ALL)]
    anna.files.files.set('/out/a', bytesOf(1000))
    await anna.desk.send('/out/a', `@${ben.key}`)
    await ben.until(({ state }) => state === 'done')
    expect(cleo.desk.views).toEqual([])
  })
})

describe('what goes wrong', () => {
  test('a disk that fills up on the way stops it, and it goes on when there is room', async () => {
    const [anna, ben] = [await room.person(ASK), await room.person(ASK)]
    anna.files.files.set('/out/a', bytesOf(3 * MEGABYTE))
    await anna.desk.send('/out/a', 'general')
    await ben.desk.accept('a')
    ben.files.roomBytes = 0
    const { reason } = await ben.until(({ trouble, done }) => trouble === 'full' && done < 3 * MEGABYTE)
    expect(reason).toMatch(
      /^a cannot be written: the disk is full\. It goes on when there is room\.$|^It needs|^The disk is full: /,
    )
    expect(ben.views.filter((view) => view.reason.includes('try again'))).toEqual([])
    ben.files.roomBytes = 10 * MEGABYTE
    await ben.until(({ state }) => state === 'done')
    expect(got(ben, '/in/a')).toEqual(bytesOf(3 * MEGABYTE))
  })

  test('what is cancelled leaves nothing behind', async () => {
    const [anna, ben] = [await room.person(ASK), await room.person(ASK)]
    anna.files.files.set('/out/a', bytesOf(MEGABYTE))
    await anna.desk.send('/out/a', 'general')
    await ben.desk.accept('a')
    expect(await ben.desk.cancel('a')).toMatchObject({ ok: true, view: { state: 'cancelled' } })
    expect(await ben.files.unfinished('/in')).toEqual([])
  })
})

describe('a later run', () => {
  test('of the one who takes goes on, and of the one who gives gives again', async () => {
    const [anna, ben] = [await room.person(ASK, 1), await room.person(ASK, 2)]
    anna.files.files.set('/out/a', bytesOf(2 * MEGABYTE))
    await anna.desk.send('/out/a', 'general')
    anna.leave()
    await ben.desk.accept('a')
    expect(await ben.files.unfinished('/in')).toEqual(['a'])
    ben.leave()
    const annaAgain = await room.again(anna, 1)
    const benAgain = await room.again(ben, 2)
    await Promise.all([annaAgain.desk.goOn(), benAgain.desk.goOn()])
    expect(annaAgain.desk.views).toMatchObject([{ state: 'giving', name: 'a' }])
    await benAgain.until(({ state }) => state === 'done')
    expect(got(benAgain, '/in/a')).toEqual(bytesOf(2 * MEGABYTE))
  })
})
