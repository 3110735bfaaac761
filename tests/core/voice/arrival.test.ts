import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { seededRng } from '../../../src/base/rng.ts'
import { ArrivalDelays, DELAY_MS_FIRST, DELAY_MS_MAX } from '../../../src/core/voice/arrival.ts'

/** Packets of 20 ms, each so late. */
function after(latenesses: Iterable<number>, delays = new ArrivalDelays(), from = 0): ArrivalDelays {
  let i = from
  for (const lateness of latenesses) {
    delays.heard(1_000 + i * 20 + lateness, i * 20)
    i++
  }
  return delays
}

function* many(count: number, lateness: (i: number) => number): Iterable<number> {
  for (let i = 0; i < count; i++) yield lateness(i)
}

describe('the delay asked for', () => {
  test('is a guess until something is known, then as short as the packets are even', () => {
    const delays = new ArrivalDelays()
    expect(delays.targetMs).toBe(DELAY_MS_FIRST)
    after(
      many(10, () => 0),
      delays,
    )
    expect(delays.targetMs).toBe(DELAY_MS_FIRST)
    after(
      many(200, () => 0),
      delays,
      10,
    )
    expect(delays.targetMs).toBeLessThan(8)
  })

  test('would have caught at least 95 % of recent packets, whatever their way', () => {
    const shapes = fc.record({
      seed: fc.nat(),
      mean: fc.integer({ min: 0, max: 120 }),
      tail: fc.integer({ min: 0, max: 200 }),
    })
    fc.assert(
      fc.property(shapes, ({ seed, mean, tail }) => {
        const rng = seededRng(seed)
        const latenesses = [...many(1_500, () => mean * rng.float() + (rng.float() < 0.1 ? tail * rng.float() : 0))]
        const { targetMs } = after(latenesses)
        const recent = latenesses.slice(-500)
        const least = Math.min(...recent)
        const caught = recent.filter((lateness) => lateness - least <= targetMs).length
        expect(caught / recent.length).toBeGreaterThanOrEqual(0.95)
        expect(targetMs).toBeLessThanOrEqual(Math.max(...latenesses) + 10)
      }),
      { numRuns: 40 },
    )
  })

  test('rises at once when packets come later, and falls slowly when they do not any more', () => {
    const delays = after(many(500, () => 0))
    after(
      many(25, () => 80),
      delays,
      500,
    )
    expect(delays.targetMs).toBeGreaterThanOrEqual(80)
    let before = delays.targetMs
    for (let i = 525; i < 3_000; i++) {
      delays.heard(1_000 + i * 20, i * 20)
      expect(before - delays.targetMs).toBeLessThanOrEqual(2)
      before = delays.targetMs
    }
    expect(before).toBeLessThan(10)
  })

  test('is not raised for seconds by one stall of a third of a second, while little else is known', () => {
    for (const at of [10, 30, 60, 120, 200, 400]) {
      const delays = new ArrivalDelays()
      let most = 0
      for (let i = 0; i < 1_200; i++) {
        const lateness = i < at ? 0 : Math.max(0, 310 - 20 * (i - at))
        delays.heard(1_000 + i * 20 + lateness, i * 20)
        if (i > at + 25) most = Math.max(most, delays.targetMs)
      }
      expect(most, `a stall at packet ${at}`).toBeLessThan(30)
    }
  })

  test('is raised by stalls that come again and again, however long they are', () => {
    expect(after(many(1_000, (i) => Math.max(0, 310 - 20 * (i % 150)))).targetMs).toBeGreaterThan(150)
  })

  test('takes nothing for a rule of the first two seconds’ stalls, when programs start', () => {
    const beginning = many(150, (i) => (i === 5 ? 40 : i === 20 ? 60 : i === 45 ? 70 : 0))
    expect(after(beginning).targetMs).toBeLessThan(30)
  })

  test('is a little longer for one packet in three hundred, and not much longer for one in a hundred', () => {
    expect(after(many(2_000, (i) => (i % 300 === 0 ? 20 : 0))).targetMs).toBeGreaterThanOrEqual(20)
    expect(after(many(2_000, (i) => (i % 100 === 0 ? 150 : 0))).targetMs).toBeLessThan(20)
  })

  test('stays within its bounds, whatever the clocks say', () => {
    const times = fc.array(fc.tuple(fc.nat(1e6), fc.nat(2 ** 40)), { minLength: 30, maxLength: 200 })
    fc.assert(
      fc.property(times, (times) => {
        const delays = new ArrivalDelays()
        let nowMs = 0
        for (const [passed, made] of times) {
          nowMs += passed
          delays.heard(nowMs, made)
          expect(delays.targetMs).toBeGreaterThan(0)
          expect(delays.targetMs).toBeLessThanOrEqual(DELAY_MS_MAX)
          expect(Number.isFinite(delays.baseMs)).toBe(true)
        }
      }),
    )
  })
})

describe('the fastest packet', () => {
  test('is followed when the sender’s clock runs slow or fast, and when the way changes', () => {
    for (const ppm of [-200, 200]) {
      const delays = new ArrivalDelays()
      let lateness = 0
      for (let i = 0; i < 30_000; i++) lateness = Math.max(lateness, delays.heard(i * 20 * (1 + ppm / 1e6), i * 20))
      expect(lateness).toBeLessThan(3)
    }
    const moved = after(many(1_000, (i) => (i < 300 ? 0 : 100)))
    expect(moved.targetMs).toBeLessThan(110)
    expect(moved.heard(1_000 + 1_000 * 20 + 100, 1_000 * 20)).toBeLessThan(1)
  })

  test('is the fastest of at least the last 200', () => {
    const rng = seededRng(4)
    const delays = new ArrivalDelays()
    const transits: number[] = []
    for (let i = 0; i < 3_000; i++) {
      const lateness = rng.float() < 0.02 ? 0 : 20 + 30 * rng.float()
      transits.push(1_000 + lateness)
      expect(delays.heard(1_000 + i * 20 + lateness, i * 20)).toBeGreaterThanOrEqual(0)
      // The base rises by 100 millionths in case there is silence.
      expect(delays.baseMs).toBeLessThanOrEqual(Math.min(...transits.slice(-200)) + 1)
    }
  })

  test('is believed to have drifted a little in a long silence', () => {
    const delays = after(many(500, () => 0))
    const nowMs = 500 * 20 + 600_000
    expect(delays.heard(1_000 + nowMs + 50, nowMs)).toBeLessThan(1)
  })

  test('is looked for anew when the sender’s clock begins anew', () => {
    const delays = after(many(100, () => 0))
    expect(delays.heard(10_000, 3_600_000)).toBe(0)
    expect(delays.heard(10_025, 3_600_020)).toBeCloseTo(5, 1)
  })
})
