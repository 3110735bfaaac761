import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { RecurringStalls, STALL_MS_MAX } from '../../../src/core/voice/stalls.ts'

const PACKETS_A_SECOND = 50

/** Seconds of packets that come in time, but for one in so many seconds that is late, and those that wait behind it. */
function talk(stalls: RecurringStalls, seconds: number, everyS: number, heightMs: number): RecurringStalls {
  for (let i = 0; i < seconds * PACKETS_A_SECOND; i++) {
    const behind = i % (everyS * PACKETS_A_SECOND)
    stalls.heard(Math.max(0, heightMs - behind * 20))
  }
  return stalls
}

describe('stalls', () => {
  test('that recur are covered, but for the few milliseconds that make no difference', () => {
    const { delayMs } = talk(new RecurringStalls(), 30, 5, 60)
    expect(delayMs).toBeGreaterThanOrEqual(54)
    expect(delayMs).toBeLessThanOrEqual(62)
  })

  test('alone are nothing to wait for', () => {
    expect(talk(new RecurringStalls(), 30, 60, 70).delayMs).toBe(0)
  })

  test('are forgotten a minute or two after the last, little by little', () => {
    const stalls = talk(new RecurringStalls(), 60, 5, 60)
    let before = stalls.delayMs
    for (let i = 0; i < 120 * PACKETS_A_SECOND; i++) {
      stalls.heard(0)
      expect(stalls.delayMs).toBeLessThanOrEqual(before)
      before = stalls.delayMs
    }
    expect(before).toBe(0)
  })

  test('too long to be waited for, and jitter of less than half a frame, ask for nothing', () => {
    expect(talk(new RecurringStalls(), 60, 2, 150).delayMs).toBe(0)
    expect(talk(new RecurringStalls(), 60, 1, 9).delayMs).toBe(0)
  })

  test('of whatever heights ask for no more than the highest that counts', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 500, noNaN: true }), { maxLength: 400 }), (latenesses) => {
        const stalls = new RecurringStalls()
        for (const lateness of latenesses) stalls.heard(lateness)
        const counted = latenesses.filter((lateness) => lateness < STALL_MS_MAX)
        expect(stalls.delayMs).toBeLessThanOrEqual(Math.max(0, ...counted) + 2)
      }),
    )
  })
})
