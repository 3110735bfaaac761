import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { Reaching } from '../../../src/app/files/reaching.ts'
import { Seeking, type Sought } from '../../../src/app/files/seeking.ts'
import { toHex } from '../../../src/base/bytes.ts'
import { seededRng } from '../../../src/base/rng.ts'
import { encodeFileOffer } from '../../../src/wire/file-offer.ts'
import { contentTag, encodeSeek, readHolding, TAGS_MAX } from '../../../src/wire/holding.ts'
import { PassingKind } from '../../../src/wire/passing.ts'
import { ASK, bytesOf, DeskRoom, type Person } from './desk-room.ts'

let room: DeskRoom

beforeEach(() => {
  room = new DeskRoom()
})
afterEach(() => room.close())

/** One whose run is for a single transfer. */
async function onceBy(person: Person, seed: number): Promise<Person> {
  person.leave()
  return await room.again(person, seed, ASK, true)
}

/** Offers so many small files. */
async function sendMany(anna: Person, count: number): Promise<void> {
  const paths = Array.from({ length: count }, (_, i) => `/out/f${i}`)
  for (const [i, path] of paths.entries()) anna.files.files.set(path, bytesOf(100, i + 1))
  await anna.desk.sendAll(paths, 'general')
}

describe('a run for one transfer', () => {
  test('takes a hundred files of one person, those that are too many at a time one after the other', async () => {
    const anna = await room.person(ASK, 1)
    const ben = await onceBy(await room.person(ASK, 2), 2)
    await sendMany(anna, 100)
    expect(ben.desk.views.map(({ state }) => state)).toEqual(Array.from({ length: 100 }, () => 'asked'))
    const accepted = await Promise.all(ben.desk.views.map(({ number }) => ben.desk.accept(String(number))))
    expect(accepted.filter(({ ok }) => !ok)).toEqual([])
    for (let i = 0; i < 100; i++) await ben.until(({ name, state }) => name === `f${i}` && state === 'done')
    for (let i = 0; i < 100; i++) expect(ben.files.files.get(`/in/f${i}`)).toEqual(bytesOf(100, i + 1))
  })

  test('answers whoever sent a hundred files for each of them, though it keeps few of them open', async () => {
    const anna = await room.person(ASK, 1)
    const ben = await onceBy(await room.person(ASK, 2), 2)
    await sendMany(anna, 100)
    for (const { number } of ben.desk.views) await ben.desk.accept(String(number))
    for (let i = 0; i < 100; i++) await ben.until(({ name, state }) => name === `f${i}` && state === 'done')
    // What was told when they came was not heard.
    const again = await onceBy(anna, 1)
    await again.desk.goOn()
    for (let i = 0; i < 100; i++) await again.until(({ name, taken }) => name === `f${i}` && taken.length === 1)
  })

  test('tells of each that there is no room for', async () => {
    const ben = await onceBy(await room.person(ASK, 2), 2)
    const from = 'ab'.repeat(32)
    for (let i = 0; i < 4_100; i++) {
      const offer = { root: seededRng(i).bytes(32), size: 9, manifestBytes: 0, entries: 0, changedMs: 0, name: `${i}` }
      ben.desk.heardOffer(toHex(seededRng(10_000 + i).bytes(32)), from, 'general', encodeFileOffer(offer)!, 5_000 + i)
    }
    expect(ben.desk.views).toHaveLength(4_096)
    const crowded = ben.views.filter(({ trouble }) => trouble === 'crowded')
    expect(crowded.map(({ name, state, atMs }) => [name, state, atMs])).toEqual(
      [4096, 4097, 4098, 4099].map((i) => [String(i), 'failed', 5_000 + i]),
    )
  })
})

test('whoever asks about more than one question holds is answered about all of it, and not again at once', () => {
  const contents: Sought[] = Array.from({ length: 40 }, (_, i) => ({
    ...{ root: seededRng(i).bytes(32), room: 'general', whole: true, wants: false },
  }))
  const answers: number[] = []
  const talk = {
    ...room.talkOf({ key: 'ben' } as Person),
    ownAddresses: () => [],
    pass: (_: string, __: number, body: Uint8Array) => {
      answers.push(readHolding(body)?.entries.length ?? 0)
    },
  }
  const seeking = new Seeking(
    talk,
    () => contents,
    new Reaching(talk, () => undefined as never),
    () => {},
  )
  const ask = (nowMs: number): void => {
    for (let i = 0; i < 40; i += TAGS_MAX) {
      const tags = contents.slice(i, i + TAGS_MAX).map(({ root }) => contentTag(root))
      seeking.heard('general', 'anna', PassingKind.seek, encodeSeek(tags), nowMs)
    }
  }
  ask(1_000)
  expect(answers).toEqual([16, 16, 8])
  ask(2_900)
  expect(answers).toHaveLength(3)
  ask(3_000)
  expect(answers).toHaveLength(6)
})
