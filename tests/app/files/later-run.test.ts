import { afterEach, beforeEach, expect, test } from 'bun:test'
import { Keeping } from '../../../src/app/files/keeping.ts'
import type { PendingOffer } from '../../../src/app/files/pending.ts'
import { WaitingList } from '../../../src/app/files/waiting-list.ts'
import { toHex } from '../../../src/base/bytes.ts'
import { seededRng } from '../../../src/base/rng.ts'
import { encodeFileOffer } from '../../../src/wire/file-offer.ts'
import { MemoryFiles } from '../../ports/memory-files.ts'
import { ALL, ASK, DeskRoom, Person } from './desk-room.ts'

/** What a run leaves to the next one, however it ends. */

const MANY = 60
const ANNA = 'aa'.repeat(32)
let room: DeskRoom

beforeEach(() => {
  room = new DeskRoom()
})
afterEach(() => room.close())

const states = (person: Person) => person.desk.views.map(({ state }) => state)

function noted(i: number, from = ANNA) {
  const root = seededRng(i).bytes(32)
  const body = encodeFileOffer({ root, size: 1000, manifestBytes: 0, entries: 0, changedMs: 0, name: `file ${i}` })!
  return { id: toHex(seededRng(10_000 + i).bytes(32)), from, room: 'general', body, atMs: i }
}

function hear(person: Person, i: number, by = ANNA): void {
  const { id, from, room, body } = noted(i, by)
  person.desk.heardOffer(id, from, room, body)
}

/** One who has accepted many that wait for room. */
async function waitsForMany(): Promise<Person> {
  const ben = await room.person(ALL, 2)
  ben.desk.recall()
  ben.files.roomBytes = 0
  for (let i = 0; i < MANY; i++) hear(ben, i)
  ben.leave()
  return ben
}

test('all that was accepted and waits goes on in the next run, more than one person may leave unanswered', async () => {
  const again = await room.again(await waitsForMany(), 2, ASK)
  expect(again.desk.recall()).toBe(0)
  await again.desk.goOn()
  expect(states(again)).toEqual(Array(MANY).fill('receiving'))
  again.leave()
  expect(again.pending.list.filter(({ isAccepted }) => isAccepted)).toHaveLength(MANY)
})

test('a run for one transfer leaves to later ones what an earlier one accepted', async () => {
  const once = await room.again(await waitsForMany(), 2, ASK, true)
  once.desk.recall()
  for (let i = MANY; i < MANY + 40; i++) hear(once, i)
  expect(once.desk.decline('file 59')).toMatchObject({ ok: true })
  once.leave()
  const kept = once.pending.list
  expect(kept.filter(({ isAccepted }) => isAccepted).map(({ offer }) => offer.name)).toEqual(
    Array.from({ length: MANY - 1 }, (_, i) => `file ${i}`),
  )
})

test('what was heard or accepted just before a run is killed is there in the next one', async () => {
  let written: (list: PendingOffer[]) => void = () => {}
  const pending = {
    get list(): PendingOffer[] {
      return []
    },
    set list(list: PendingOffer[]) {
      written(list)
    },
  }
  const writes = () => new Promise<PendingOffer[]>((resolve) => (written = resolve))
  const ben = new Person(room, 2, ASK, new MemoryFiles(), { list: [] }, pending)
  room.people.add(ben)
  ben.desk.recall()
  ben.files.roomBytes = 0
  // The round has just written: it does not again for a second.
  await writes()
  const [heardAtMs, heard] = [performance.now(), writes()]
  hear(ben, 1)
  expect(await heard).toMatchObject([{ offer: { name: 'file 1' }, isAccepted: false }])
  const accepted = writes()
  await ben.desk.accept('1')
  expect(await accepted).toMatchObject([{ offer: { name: 'file 1' }, isAccepted: true }])
  expect(performance.now() - heardAtMs).toBeLessThan(800)
})

test('what has come, and was to be heard when a run was killed, is heard by the next one, and taken where that is set', async () => {
  const ben = await room.person(ALL, 2)
  ben.desk.recall()
  ben.desk.note([noted(1), noted(2)])
  const { body, ...about } = noted(1)
  ben.desk.heardOffer(about.id, about.from, about.room, body, about.atMs)
  const left = ben.pending.list
  expect(left.map(({ offer, isUnheard }) => [offer.name, isUnheard])).toEqual([
    ['file 1', true],
    ['file 2', true],
  ])
  ben.leave()
  expect(ben.pending.list.map(({ offer, isUnheard }) => [offer.name, isUnheard ?? false])).toEqual([
    ['file 1', false],
    ['file 2', true],
  ])
  ben.pending.list = left
  const again = await room.again(ben, 2)
  again.desk.recall()
  expect(again.desk.views).toMatchObject([
    { name: 'file 1', state: 'receiving', atMs: 1 },
    { name: 'file 2', state: 'receiving', atMs: 2 },
  ])
  expect(new Set(again.views.map(({ name }) => name)).size).toBe(2)
})

test('what has come and is never told of is not heard by a later run, nor is what is said in a flood written each time', async () => {
  let nowMs = 0
  const saved: number[] = []
  const clock = { wallMs: () => 0, nowMs: () => nowMs, defer() {}, timer: () => () => {} }
  const list = new WaitingList(clock, { load: () => [], save: (offers) => saved.push(offers.length) > 0 })
  list.note([noted(1)])
  list.save([])
  nowMs = 10_000
  list.note(Array.from({ length: 1_000 }, (_, i) => noted(10 + i)))
  list.save([])
  nowMs = 20_000
  list.save([])
  expect(saved).toEqual([1, 127, 0])
  const writes: string[] = []
  const keeping = new Keeping(clock, () => writes.push('written'))
  for (let i = 0; i < 1_000; i++) keeping.ahead()
  expect(writes).toHaveLength(16)
  keeping.now()
  keeping.ahead()
  expect(writes).toHaveLength(18)
})

test('what an earlier run gave stays noted while it is read again, whatever is sent meanwhile', async () => {
  const before = await room.person(ASK, 1)
  for (const name of ['a', 'b', 'c']) before.files.files.set(`/out/${name}`, seededRng(name.charCodeAt(0)).bytes(10))
  await before.desk.send('/out/a', 'general')
  await before.desk.send('/out/b', 'general')
  before.leave()
  const anna = await room.again(before, 1)
  const paths = () => anna.shares.list.map(({ path }) => path)
  await anna.desk.send('/out/c', 'general')
  expect(paths()).toEqual(['/out/a', '/out/b', '/out/c'])
  const { source } = anna.files
  let reads = 0
  anna.files.source = async (path) => {
    if (++reads > 1) return await new Promise<never>(() => {})
    return await source.call(anna.files, path)
  }
  void anna.desk.goOn()
  while (reads < 2) await new Promise((resolve) => setImmediate(resolve))
  anna.files.source = source
  await anna.desk.send('/out/c', '@ben')
  expect(paths().sort()).toEqual(['/out/a', '/out/b', '/out/c', '/out/c'])
})

test('a flood of changes is written a few times, and then as often as the round comes', () => {
  let nowMs = 0
  const timers: { readonly atMs: number; readonly fire: () => void }[] = []
  const clock = {
    wallMs: () => nowMs,
    nowMs: () => nowMs,
    defer() {},
    timer(atMs: number, fire: () => void) {
      timers.push({ atMs, fire })
      return () => {
        timers.length = 0
      }
    },
  }
  const writtenAtMs: number[] = []
  const keeping = new Keeping(clock, () => writtenAtMs.push(nowMs))
  for (; nowMs < 3_000; nowMs++) {
    keeping.soon()
    if (nowMs % 1_000 === 999) keeping.now()
    else if (timers.some(({ atMs }) => atMs <= nowMs)) timers.pop()!.fire()
  }
  expect(writtenAtMs).toHaveLength(3 * 5)
  expect(writtenAtMs[0]).toBe(10)
  expect(writtenAtMs.at(-1)).toBe(2_999)
})
