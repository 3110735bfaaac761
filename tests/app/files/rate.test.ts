import { describe, expect, test } from 'bun:test'
import { Jobs } from '../../../src/app/files/jobs.ts'
import { Rate } from '../../../src/app/files/rate.ts'
import { seededRng } from '../../../src/base/rng.ts'
import { Download } from '../../../src/core/transfer/download.ts'
import { Shape } from '../../../src/core/transfer/shape.ts'
import { LEAF_BYTES } from '../../../src/wire/content.ts'
import type { FileOffer } from '../../../src/wire/file-offer.ts'
import { VirtualClock, VirtualTime } from '../../sim/time.ts'
import { ASK } from './desk-room.ts'

const MB = 1_000_000

/** `megabytes` a second from `fromMs` to `toMs`, marked each tenth of one. Answers how much is done. */
function goes(rate: Rate, done: number, megabytes: number, fromMs: number, toMs: number): number {
  for (let ms = fromMs + 100; ms <= toMs; ms += 100) {
    done += megabytes * 100_000
    rate.mark(done, ms)
  }
  return done
}

describe('how fast it goes', () => {
  test('is what it is from the first second on, however long it has waited', () => {
    const rate = new Rate()
    for (let ms = 0; ms <= 20_000; ms += 500) rate.mark(0, ms)
    const done = goes(rate, 0, 8, 20_000, 21_000)
    expect(rate.perSecond(done, 21_000)).toBeCloseTo(8 * MB)
  })

  test('is told anew after a pause, and of nothing in a pause', () => {
    const rate = new Rate()
    const done = goes(rate, 0, 8, 0, 10_000)
    for (let ms = 10_500; ms <= 20_000; ms += 500) rate.mark(done, ms)
    expect(rate.perSecond(done, 20_000)).toBe(0)
    const more = goes(rate, done, 2, 20_000, 21_000)
    expect(rate.perSecond(more, 21_000)).toBeCloseTo(2 * MB)
  })

  test('is that of the last five seconds, also where it is looked at seldom', () => {
    const rate = new Rate()
    const done = goes(rate, 0, 8, 0, 10_000)
    expect(rate.perSecond(done, 15_001)).toBe(0)
    const slower = goes(rate, done, 2, 10_000, 15_000)
    expect(rate.perSecond(slower, 15_000)).toBeCloseTo(2 * MB)
  })

  test('over a slow link is told from piece to piece', () => {
    const rate = new Rate()
    for (let at = 0; at < 10; at++) rate.mark(at * LEAF_BYTES, at * 2_000)
    expect(rate.perSecond(9 * LEAF_BYTES, 18_000)).toBeCloseTo(LEAF_BYTES / 2)
  })

  test('of what has come is known also where others are told of instead', () => {
    const time = new VirtualTime()
    const clock = new VirtualClock(time)
    const jobs = new Jobs(ASK, clock, () => {})
    const leaves = 1_000
    const offer: FileOffer = {
      ...{ root: new Uint8Array(32), size: leaves * LEAF_BYTES, manifestBytes: 0, entries: 0, changedMs: 0, name: 'a' },
    }
    const { job } = jobs.offered({ ...offer, id: 'ab', from: 'cd', room: 'x', root: '00', isFolder: false }, offer)!
    job.download = new Download(new Shape(offer.size), offer.root, seededRng(1))
    time.pass(20_000)
    jobs.set(job, 'receiving')
    const fromMs = clock.nowMs()
    for (let leaf = 0; leaf < 100; leaf++) {
      // Nothing comes between the first half and the second.
      clock.timer(fromMs + 10 * leaf + (leaf < 50 ? 0 : 8_000), () => {
        job.download!.restore(leaf, 1)
        job.toldAtMs = clock.nowMs()
        jobs.moved(job)
      })
    }
    time.pass(9_000)
    const { bytesPerSecond, leftMs } = jobs.view(job)
    expect(bytesPerSecond / (100 * LEAF_BYTES)).toBeWithin(0.95, 1.05)
    expect(leftMs! / 9_000).toBeWithin(0.95, 1.05)
  })
})
