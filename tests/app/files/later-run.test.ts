import { afterEach, beforeEach, expect, test } from 'bun:test'
import { toHex } from '../../../src/base/bytes.ts'
import { seededRng } from '../../../src/base/rng.ts'
import { encodeFileOffer } from '../../../src/wire/file-offer.ts'
import { ALL, ASK, DeskRoom, type Person } from './desk-room.ts'

/** What a run leaves to the next one, however it ends. */

const MANY = 60
const ANNA = 'aa'.repeat(32)
let room: DeskRoom

beforeEach(() => {
  room = new DeskRoom()
})
afterEach(() => room.close())

const states = (person: Person) => person.desk.views.map(({ state }) => state)

function hear(person: Person, i: number, from = ANNA): void {
  const root = seededRng(i).bytes(32)
  const body = encodeFileOffer({ root, size: 1000, manifestBytes: 0, entries: 0, changedMs: 0, name: `file ${i}` })!
  person.desk.heardOffer(toHex(seededRng(10_000 + i).bytes(32)), from, 'general', body)
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
