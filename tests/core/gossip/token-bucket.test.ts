import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { LeakyMeter, TokenBucket } from '../../../src/core/gossip/token-bucket.ts'

const takenAt = (bucket: TokenBucket, nowMs: number): number => {
  let taken = 0
  while (bucket.take(nowMs)) taken++
  return taken
}

describe('a token bucket', () => {
  test('gives what it holds at once, then one for every so many milliseconds', () => {
    const bucket = new TokenBucket(3, 100)
    expect(takenAt(bucket, 0)).toBe(3)
    expect(takenAt(bucket, 99)).toBe(0)
    expect(takenAt(bucket, 100)).toBe(1)
    expect(takenAt(bucket, 350)).toBe(2)
    // A half is kept.
    expect(takenAt(bucket, 400)).toBe(1)
  })

  test('never holds more than it may, however long nobody asks', () => {
    const bucket = new TokenBucket(3, 100)
    expect(takenAt(bucket, 0)).toBe(3)
    expect(takenAt(bucket, 1e9)).toBe(3)
  })

  test('says how long to wait, and then there is one', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 5_000 }),
        fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 30 }),
        (capacity, refillMs, pausesMs) => {
          const bucket = new TokenBucket(capacity, refillMs)
          let nowMs = 0
          for (const pauseMs of pausesMs) {
            nowMs += pauseMs
            const waitMs = bucket.waitMs(nowMs)
            expect(Number.isInteger(waitMs)).toBe(true)
            expect(waitMs).toBeLessThanOrEqual(refillMs + 1)
            expect(bucket.take(nowMs)).toBe(waitMs === 0)
            nowMs += waitMs
            if (waitMs > 0) expect(bucket.take(nowMs)).toBe(true)
          }
        },
      ),
    )
  })

  test('gives nothing for time that runs backwards', () => {
    const bucket = new TokenBucket(1, 100)
    expect(takenAt(bucket, 1_000)).toBe(1)
    expect(takenAt(bucket, 500)).toBe(0)
    expect(takenAt(bucket, 599)).toBe(0)
  })
})

describe('a leaky meter', () => {
  test('counts what happened of late, and forgets one for every so many milliseconds', () => {
    const meter = new LeakyMeter(10, 100)
    for (let i = 0; i < 4; i++) meter.add(0)
    expect(meter.read(0)).toBe(4)
    expect(meter.read(150)).toBe(2.5)
    expect(meter.read(10_000)).toBe(0)
  })

  test('holds so much at most: a crowd is forgotten as soon as a smaller one', () => {
    const meter = new LeakyMeter(10, 100)
    for (let i = 0; i < 1_000; i++) meter.add(0)
    expect(meter.read(0)).toBe(10)
    expect(meter.read(1_000)).toBe(0)
  })
})
