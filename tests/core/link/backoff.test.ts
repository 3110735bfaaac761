import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  BACKOFF_FIRST_MS,
  BACKOFF_MAX_MS,
  BACKOFF_SOON_ATTEMPTS,
  BACKOFF_SOON_MS,
  backoffMs,
} from '../../../src/core/link/backoff.ts'

const MIDDLE = 0.5

describe('pauses between dials', () => {
  test('begin at a quarter of a second and never shrink, up to about a minute', () => {
    let last = 0
    for (let failures = 0; failures < 200; failures++) {
      const pause = backoffMs(failures, MIDDLE)
      expect(pause).toBeGreaterThanOrEqual(last)
      last = pause
    }
    expect(backoffMs(0, MIDDLE)).toBe(BACKOFF_FIRST_MS)
    expect(backoffMs(1, MIDDLE)).toBe(BACKOFF_FIRST_MS)
    expect(last).toBe(BACKOFF_MAX_MS)
  })

  test('a program that is started anew within half a minute is found within two seconds and some', () => {
    let elapsedMs = 0
    for (let failures = 1; elapsedMs < 30_000; failures++) {
      const pause = backoffMs(failures, 1)
      expect(pause).toBeLessThan(BACKOFF_SOON_MS * 1.2 + 1)
      elapsedMs += pause
      expect(failures).toBeLessThanOrEqual(BACKOFF_SOON_ATTEMPTS + 1)
    }
  })

  test('differ by a fifth either way, so that many who lost one peer do not come back at once', () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (failures, random) => {
        const pause = backoffMs(failures, random)
        const middle = backoffMs(failures, MIDDLE)
        expect(pause).toBeGreaterThanOrEqual(middle * 0.8 - 1e-6)
        expect(pause).toBeLessThanOrEqual(middle * 1.2 + 1e-6)
      }),
    )
  })
})
