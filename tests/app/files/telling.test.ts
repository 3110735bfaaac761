import { expect, test } from 'bun:test'
import { Jobs } from '../../../src/app/files/jobs.ts'
import type { FileOffer } from '../../../src/wire/file-offer.ts'
import { VirtualClock, VirtualTime } from '../../sim/time.ts'
import { ASK } from './desk-room.ts'

const OFFER: FileOffer = { root: new Uint8Array(32), size: 1e9, manifestBytes: 0, entries: 0, changedMs: 0, name: 'a' }
const ENTRY = { id: 'ab', from: 'cd', room: 'general', root: '00', name: 'a', size: 1e9, isFolder: false }
/** How late one line may come to its reader, and the next in time. */
const JITTER_MS = 90

test('how far a file has come is told ten times at most in any second of its reader, from its first step on', () => {
  const time = new VirtualTime()
  const clock = new VirtualClock(time)
  const toldAtMs: number[] = []
  const jobs = new Jobs(ASK, clock, ({ state }) => {
    if (state === 'receiving') toldAtMs.push(clock.nowMs())
  })
  const { job } = jobs.offered(ENTRY, OFFER)!
  const fromMs = clock.nowMs()
  jobs.set(job, 'receiving')
  job.path = '/in/a'
  for (let step = 0; step < 5; step++) jobs.set(job, 'receiving')
  for (let ms = 1; ms <= 10_000; ms++) clock.timer(fromMs + ms, () => jobs.moved(job))
  time.pass(11_000)
  // The first is told as that it was accepted, which is no progress yet.
  const readAtMs = toldAtMs.slice(1).map((ms, i) => ms + (i % 10 === 0 ? JITTER_MS : 0))
  expect(readAtMs.length).toBeGreaterThan(80)
  for (const from of readAtMs) expect(readAtMs.filter((ms) => ms >= from && ms <= from + 1_000).length).toBeLessThan(11)
})
