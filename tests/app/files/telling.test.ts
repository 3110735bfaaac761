import { expect, test } from 'bun:test'
import type { Job } from '../../../src/app/files/job.ts'
import { Jobs, TOLD_EVERY_MS } from '../../../src/app/files/jobs.ts'
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

test('of many files at once each is told of in its turn, and of all together no more often than of one', () => {
  const time = new VirtualTime()
  const clock = new VirtualClock(time)
  const toldAtMs: number[] = []
  const ids: string[] = []
  const jobs = new Jobs(ASK, clock, ({ id, state }) => {
    if (state !== 'receiving' || clock.nowMs() === fromMs) return
    toldAtMs.push(clock.nowMs())
    ids.push(id)
  })
  const fromMs = clock.nowMs()
  const all = ['ab', 'ac', 'ad', 'ae'].map((id) => jobs.offered({ ...ENTRY, id }, OFFER)!.job)
  for (const [at, job] of all.entries()) {
    jobs.set(job, 'receiving')
    // The first goes a hundred times as fast as the last.
    for (let ms = 1; ms <= 10_000; ms += [1, 5, 20, 100][at]!) clock.timer(fromMs + ms, () => jobs.moved(job))
  }
  time.pass(11_000)
  for (const from of toldAtMs) expect(toldAtMs.filter((ms) => ms >= from && ms <= from + 1_000).length).toBeLessThan(11)
  for (const { entry } of all) expect(ids.filter((id) => id === entry.id).length).toBeGreaterThan(20)
})

test('what ends while others move is told at once, and not as moving after that', () => {
  const time = new VirtualTime()
  const clock = new VirtualClock(time)
  const told: string[] = []
  const jobs = new Jobs(ASK, clock, ({ id, state }) => told.push(`${id} ${state}`))
  const [first, second] = ['ab', 'ac'].map((id) => jobs.offered({ ...ENTRY, id }, OFFER)!.job) as [Job, Job]
  for (const job of [first, second]) jobs.set(job, 'receiving')
  time.pass(TOLD_EVERY_MS)
  jobs.moved(first)
  jobs.moved(second)
  jobs.set(second, 'done')
  time.pass(TOLD_EVERY_MS)
  jobs.moved(first)
  expect(told).toEqual(['ab receiving', 'ac receiving', 'ab receiving', 'ac done', 'ab receiving'])
})

test('what came last, before nothing came any more, is told soon, and once', () => {
  const time = new VirtualTime()
  const clock = new VirtualClock(time)
  const toldAtMs: number[] = []
  const jobs = new Jobs(ASK, clock, () => toldAtMs.push(clock.nowMs()))
  const { job } = jobs.offered(ENTRY, OFFER)!
  const fromMs = clock.nowMs()
  jobs.set(job, 'receiving')
  for (const ms of [200, 250]) clock.timer(fromMs + ms, () => jobs.moved(job))
  for (const ms of [1_000, 2_000]) clock.timer(fromMs + ms, () => jobs.catchUp())
  time.pass(3_000)
  expect(toldAtMs.map((ms) => ms - fromMs)).toEqual([0, 200, 1_000])
})
