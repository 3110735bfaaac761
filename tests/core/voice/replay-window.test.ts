import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { REPLAY_WINDOW, ReplayWindow } from '../../../src/core/voice/replay-window.ts'

/** Steps that stay near, that jump about the window's length, and that jump far. */
const steps = fc.array(
  fc.oneof(
    fc.integer({ min: -40, max: 40 }),
    fc.integer({ min: -1_100, max: 1_100 }),
    fc.constantFrom(2 ** 31, -(2 ** 31), 1_023, -1_023, 1_024, -1_024, 2_047, 2_048),
  ),
  { maxLength: 60 },
)

describe('a replay window', () => {
  test('tells old from new as a set of all numbers would, but for those too far behind', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31), steps, (start, steps) => {
        const window = new ReplayWindow()
        const marked = new Set<number>()
        let highest = -1
        let number = start
        for (const step of steps) {
          number = Math.min(2 ** 32 - 1, Math.max(0, number + step))
          const tooOld = highest - number >= REPLAY_WINDOW
          const fresh = !marked.has(number) && !tooOld
          expect(window.isFresh(number)).toBe(fresh)
          if (!fresh) continue
          window.mark(number)
          marked.add(number)
          highest = Math.max(highest, number)
          expect(window.newest).toBe(highest)
          expect(window.isFresh(number)).toBe(false)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('takes every number of a window once, in any order', () => {
    const window = new ReplayWindow()
    window.mark(5_000)
    const behind = Array.from({ length: REPLAY_WINDOW - 1 }, (_, i) => 4_999 - ((i * 7) % (REPLAY_WINDOW - 1)))
    for (const number of behind) {
      expect(window.isFresh(number)).toBe(true)
      window.mark(number)
    }
    expect(behind.some((number) => window.isFresh(number))).toBe(false)
    expect(window.isFresh(5_000 - REPLAY_WINDOW)).toBe(false)
  })

  test('asking moves nothing', () => {
    const window = new ReplayWindow()
    window.mark(10)
    expect(window.isFresh(2 ** 31 + 10)).toBe(true)
    expect(window.newest).toBe(10)
    expect(window.isFresh(11)).toBe(true)
  })
})
