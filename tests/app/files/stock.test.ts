import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { takenIn } from '../../../src/app/files/taken.ts'
import { ALL, ASK, bytesOf, DeskRoom, got, type Person } from './desk-room.ts'

/** What was taken in an earlier run, and is given on in this one. */

const MEGABYTE = 1024 * 1024
let room: DeskRoom

beforeEach(() => {
  room = new DeskRoom()
})
afterEach(() => room.close())

/** Anna has offered it, Ben has it, Cleo has been asked; Ben has been started again, and Anna is gone. */
async function handedOn(where = 'general'): Promise<{ anna: Person; ben: Person; cleo: Person }> {
  const anna = await room.person(ASK, 1)
  const before = await room.person(ALL, 2)
  const cleo = await room.person(ASK, 3)
  anna.files.files.set('/out/a', bytesOf(2 * MEGABYTE))
  await anna.desk.send('/out/a', where === 'general' ? where : `@${before.key}`)
  await before.until(({ state }) => state === 'done')
  before.leave()
  const ben = await room.again(before, 2, ASK)
  await ben.desk.goOn()
  return { anna, ben, cleo }
}

test('is given to who asks for it when its sender is gone, and read no sooner', async () => {
  const { anna, ben, cleo } = await handedOn()
  anna.leave()
  const { source } = ben.files
  const read: string[] = []
  ben.files.source = (path) => {
    read.push(path)
    return source.call(ben.files, path)
  }
  expect(ben.desk.views).toEqual([])
  expect(read).toEqual([])
  await cleo.desk.accept('a')
  await cleo.until(({ state }) => state === 'done')
  expect(got(cleo, '/in/a')).toEqual(bytesOf(2 * MEGABYTE))
  expect(read).toEqual(['/in/a'])
})

test('is not given where it has been changed, nor in the run after', async () => {
  const { anna, ben, cleo } = await handedOn()
  ben.files.files.set('/in/a', bytesOf(2 * MEGABYTE, 2))
  anna.leave()
  await cleo.desk.accept('a')
  await ben.hasLogged('/in/a is not given on any more')
  expect(ben.taken.list).toEqual([])
  expect(cleo.desk.views).toMatchObject([{ state: 'receiving', done: 0 }])
})

test('is given no more when its offer is taken back by its author, and by nobody else', async () => {
  const { anna, ben, cleo } = await handedOn()
  const [{ id = '' } = {}] = ben.taken.list
  ben.desk.heardWithdrawal(id, cleo.key, 'general')
  expect(ben.taken.list).toHaveLength(1)
  ben.desk.heardWithdrawal(id, anna.key, 'general')
  expect(ben.taken.list).toEqual([])
})

test('is given by an offer of one’s own as well, which another’s withdrawal does not end', async () => {
  const { anna, ben, cleo } = await handedOn()
  const [{ id = '' } = {}] = ben.taken.list
  const dora = await room.person(ASK, 4)
  anna.leave()
  await cleo.desk.accept('a')
  await cleo.until(({ state }) => state === 'done')
  cleo.leave()
  await ben.desk.send('/in/a', 'general')
  ben.desk.heardWithdrawal(id, anna.key, 'general')
  expect(ben.taken.list).toEqual([])
  await dora.desk.accept('a')
  await dora.until(({ state }) => state === 'done')
  expect(ben.desk.views).toMatchObject([{ state: 'giving' }])
})

test('is given on when an offer of one’s own is taken back', async () => {
  const { anna, ben, cleo } = await handedOn()
  const dora = await room.person(ASK, 4)
  const sent = await ben.desk.send('/in/a', `@${dora.key}`)
  expect(sent).toMatchObject({ ok: true })
  anna.leave()
  await cleo.desk.accept('a')
  await cleo.until(({ state }) => state === 'done')
  cleo.leave()
  await ben.desk.cancel('a')
  const emil = await room.person(ASK, 5)
  const offer = room.offers[0]!
  emil.desk.heardOffer(offer.id, offer.from, offer.room, offer.body)
  await emil.desk.accept('a')
  await emil.until(({ state }) => state === 'done')
  expect(got(emil, '/in/a')).toEqual(bytesOf(2 * MEGABYTE))
})

test('taken by two offers is given on by the one that stands, in this run and the next', async () => {
  const anna = await room.person(ASK, 1)
  const ben = await room.person(ALL, 2)
  anna.files.files.set('/out/a', bytesOf(2 * MEGABYTE))
  await anna.desk.send('/out/a', 'general')
  await ben.until(({ number, state }) => number === 1 && state === 'done')
  await anna.desk.send('/out/a', 'general')
  await ben.until(({ number, state }) => number === 2 && state === 'done')
  const [first] = room.offers
  await anna.desk.cancel('2')
  anna.leave()
  expect(ben.taken.list.map(({ id }) => id)).toEqual([first!.id])
  const take = async (seed: number): Promise<void> => {
    const person = await room.person(ALL, seed)
    person.desk.heardOffer(first!.id, first!.from, first!.room, first!.body)
    await person.until(({ state }) => state === 'done')
    expect(got(person, '/in/a')).toEqual(bytesOf(2 * MEGABYTE))
    person.leave()
  }
  await take(3)
  ben.leave()
  await (await room.again(ben, 2)).desk.goOn()
  await take(4)
})

test('between two people is nobody else’s, and is not noted', async () => {
  const { ben } = await handedOn('alone')
  expect(ben.taken.list).toEqual([])
})

test('is in a file of so many; a broken one is as good as none', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hearsay-taken-'))
  const path = join(folder, 'taken.json')
  const logged: string[] = []
  const file = () => takenIn(path, (message) => logged.push(message))
  const hash = (i: number) => i.toString(16).padStart(64, '0')
  const taken = Array.from({ length: 100 }, (_, i) => ({
    ...{ id: hash(i), from: hash(7), room: 'general', root: hash(i), path: `/in/${i}`, size: i, changedMs: i * 2 },
  }))
  expect(file().load()).toEqual([])
  file().save(taken)
  expect(file().load()).toEqual(taken.slice(-64))
  writeFileSync(path, '[{"id":"../../etc"}]')
  expect(file().load()).toEqual([])
  expect(logged).toMatchObject([expect.stringContaining('cannot be read')])
  rmSync(folder, { recursive: true })
})
