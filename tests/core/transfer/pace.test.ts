import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Pace } from '../../../src/core/transfer/pace.ts'

const REST_MS_MAX = 20

/** Works as often as it may, each time as long as `workMs` has it; answers how long all of it worked and rested, and the longest rest. */
function work(pace: Pace, workMs: readonly number[], fromMs = 0) {
  let nowMs = fromMs
  let [workedMs, restedMs, longestRestMs] = [0, 0, 0]
  for (const ms of workMs) {
    pace.worked(nowMs, nowMs + ms)
    nowMs += ms
    workedMs += ms
    const restMs = pace.restMs(nowMs)
    nowMs += restMs
    restedMs += restMs
    longestRestMs = Math.max(longestRestMs, restMs)
  }
  return { workedMs, restedMs, longestRestMs }
}

const turns = (count: number, ms: number): number[] => Array.from({ length: count }, () => ms)
const shortTurns = fc.array(fc.double({ min: 0, max: 5, noNaN: true }), { minLength: 100, maxLength: 400 })

describe('a transfer', () => {
  test('never rests while nobody has talked, or not for two seconds', () => {
    expect(work(new Pace(() => Number.NEGATIVE_INFINITY), turns(1_000, 0.7)).restedMs).toBe(0)
    expect(work(new Pace(() => 0), turns(1_000, 0.7), 2_000).restedMs).toBe(0)
  })

  test('rests for two thirds of the time while people talk, and for no less than a timer can keep', () => {
    fc.assert(
      fc.property(shortTurns, (workMs) => {
        const { workedMs, restedMs } = work(new Pace(() => Number.POSITIVE_INFINITY), workMs)
        // Less than a millisecond may be owed in the end.
        expect(Math.abs(restedMs - 2 * workedMs)).toBeLessThan(1.001)
      }),
    )
    const other = new Pace(() => 0)
    other.worked(0, 0.4)
    expect(other.restMs(0.4)).toBe(0)
    other.worked(0.4, 0.8)
    expect(other.restMs(0.8)).toBeCloseTo(1.6)
  })

  test('keeps its third however much is said, and never rests for long', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1_000, noNaN: true }), { minLength: 1, maxLength: 100 }),
        (workMs) => {
          const { workedMs, restedMs, longestRestMs } = work(new Pace(() => Number.POSITIVE_INFINITY), workMs)
          expect(longestRestMs).toBeLessThanOrEqual(REST_MS_MAX)
          expect(restedMs).toBeLessThanOrEqual(2 * workedMs + 0.001)
        },
      ),
    )
  })

  test('that did not rest where it should have owes one rest for it, and no more', () => {
    const pace = new Pace(() => Number.POSITIVE_INFINITY)
    pace.worked(0, 1_000)
    expect(pace.restMs(1_000)).toBe(REST_MS_MAX)
    pace.worked(1_000, 2_000)
    expect(pace.restMs(2_000)).toBe(REST_MS_MAX)
    expect(pace.restMs(2_000 + REST_MS_MAX)).toBe(0)
  })

  test('has rested where it waited for something else', () => {
    const pace = new Pace(() => 1_000)
    pace.worked(1_000, 1_004)
    expect(pace.restMs(1_004)).toBe(8)
    expect(pace.restMs(1_009)).toBe(3)
    expect(pace.restMs(1_012)).toBe(0)
    // What it has rested too long for is not saved up.
    pace.worked(1_100, 1_101)
    expect(pace.restMs(1_101)).toBe(2)
  })

  test('owes nothing any more once the talk is over', () => {
    const pace = new Pace(() => 0)
    pace.worked(1_000, 1_900)
    expect(pace.restMs(1_900)).toBe(REST_MS_MAX)
    pace.worked(2_000, 2_001)
    expect(pace.restMs(2_001)).toBe(0)
  })
})
