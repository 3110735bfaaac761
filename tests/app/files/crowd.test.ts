import { afterEach, beforeEach, expect, test } from 'bun:test'
import { toHex } from '../../../src/base/bytes.ts'
import { seededRng } from '../../../src/base/rng.ts'
import { encodeFileOffer } from '../../../src/wire/file-offer.ts'
import { ALL, DeskRoom } from './desk-room.ts'

let room: DeskRoom

beforeEach(() => {
  room = new DeskRoom()
})
afterEach(() => room.close())

test('three who offer hundreds of files to a full disk do not keep a fourth out of the list, and what gives way is told', async () => {
  const ben = await room.person(ALL)
  ben.files.roomBytes = 0
  const hear = (i: number, who: number): void => {
    const root = seededRng(i).bytes(32)
    const body = encodeFileOffer({ root, size: 1000, manifestBytes: 0, entries: 0, changedMs: 0, name: `${i}` })!
    ben.desk.heardOffer(toHex(seededRng(10_000 + i).bytes(32)), toHex(new Uint8Array(32).fill(who)), 'general', body)
  }
  for (let i = 0; i < 600; i++) {
    hear(i, 100 + Math.floor(i / 200))
    // The disk says that it is full.
    if (i % 200 === 0) await ben.until(({ name, trouble }) => name === `${i}` && trouble === 'full')
  }
  hear(600, 200)
  await ben.until(({ name, trouble }) => name === '600' && trouble === 'full')
  expect(ben.desk.views).toHaveLength(512)
  expect(ben.desk.views.at(-1)).toMatchObject({ name: '600', state: 'receiving', trouble: 'full' })
  const gone = ben.views.filter(({ state }) => state === 'failed')
  // The third has no more room than the others.
  expect(gone.length).toBeGreaterThan(50)
  expect(gone[0]).toMatchObject({ reason: expect.stringContaining('Ask for it to be sent again.') })
})
