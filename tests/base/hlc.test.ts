import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  CLOCK_AHEAD_MAX_MS,
  CLOCK_FOLLOW_MAX_MS,
  compareHlc,
  HLC_COUNTER_MAX,
  HLC_MS_MAX,
  type HlcTime,
  HybridClock,
} from '../../src/base/hlc.ts'

const DAY_MS = 1_800_000_000_000
const times: fc.Arbitrary<HlcTime> = fc.record({
  ms: fc.integer({ min: DAY_MS - 60_000, max: DAY_MS + 2 * CLOCK_AHEAD_MAX_MS }),
  counter: fc.oneof(fc.nat(HLC_COUNTER_MAX), fc.constant(HLC_COUNTER_MAX)),
})
/** A wall clock that wanders, also backwards, within what one would still believe. */
const walls = fc.integer({ min: DAY_MS - 60_000, max: DAY_MS + 60_000 })

describe('the hybrid clock', () => {
  test('stamps each event of ours later than all before it and all it followed', () => {
    const steps = fc.array(fc.record({ wallMs: walls, seen: fc.option(times, { nil: null }) }), { maxLength: 60 })
    fc.assert(
      fc.property(steps, (list) => {
        const clock = new HybridClock()
        let latest: HlcTime = { ms: 0, counter: 0 }
        for (const { wallMs, seen } of list) {
          if (seen !== null) {
            const believed = clock.see(seen, wallMs)
            expect(believed).toBe(seen.ms - wallMs <= CLOCK_AHEAD_MAX_MS)
            if (seen.ms - wallMs <= CLOCK_FOLLOW_MAX_MS && compareHlc(seen, latest) > 0) latest = seen
          }
          const mine = clock.tick(wallMs)
          expect(compareHlc(mine, latest)).toBeGreaterThan(0)
          expect(mine.ms).toBeGreaterThanOrEqual(wallMs)
          expect(mine.counter).toBeLessThanOrEqual(HLC_COUNTER_MAX)
          latest = mine
        }
      }),
    )
  })

  test('is close to the wall clock where nothing pushes it', () => {
    const clock = new HybridClock()
    for (let ms = DAY_MS; ms < DAY_MS + 100; ms++) expect(clock.tick(ms)).toEqual({ ms, counter: 0 })
  })

  test('goes to the next millisecond when a millisecond has no numbers left', () => {
    const clock = new HybridClock()
    clock.see({ ms: DAY_MS, counter: HLC_COUNTER_MAX - 1 }, DAY_MS)
    expect(clock.tick(DAY_MS)).toEqual({ ms: DAY_MS, counter: HLC_COUNTER_MAX })
    expect(clock.tick(DAY_MS)).toEqual({ ms: DAY_MS + 1, counter: 0 })
  })

  test('a clock ten minutes ahead is believed, a millisecond more is not', () => {
    const clock = new HybridClock()
    expect(clock.see({ ms: DAY_MS + CLOCK_AHEAD_MAX_MS, counter: 0 }, DAY_MS)).toBe(true)
    expect(clock.see({ ms: DAY_MS + CLOCK_AHEAD_MAX_MS + 1, counter: 0 }, DAY_MS)).toBe(false)
    expect(clock.see({ ms: HLC_MS_MAX, counter: HLC_COUNTER_MAX }, DAY_MS)).toBe(false)
  })

  test('nobody can drag a clock so far that one which lags five minutes stops believing it', () => {
    fc.assert(
      fc.property(fc.array(times, { maxLength: 40 }), fc.nat(CLOCK_FOLLOW_MAX_MS - 1), (pushes, lagMs) => {
        const dragged = new HybridClock()
        for (const time of pushes) dragged.see(time, DAY_MS)
        const said = dragged.tick(DAY_MS)
        expect(new HybridClock().see(said, DAY_MS - lagMs)).toBe(true)
      }),
    )
  })

  test('set right after running days ahead, it is believed again at once', () => {
    const clock = new HybridClock()
    clock.tick(DAY_MS + 3 * 86_400_000)
    const right = clock.tick(DAY_MS)
    expect(right).toEqual({ ms: DAY_MS, counter: 0 })
    expect(new HybridClock().see(right, DAY_MS)).toBe(true)
  })

  test('set back by less, it keeps its order', () => {
    const clock = new HybridClock()
    const before = clock.tick(DAY_MS + CLOCK_AHEAD_MAX_MS)
    expect(compareHlc(clock.tick(DAY_MS), before)).toBeGreaterThan(0)
  })

  test('times are compared by milliseconds, then by counter', () => {
    fc.assert(
      fc.property(times, times, (a, b) => {
        const sign = Math.sign(compareHlc(a, b))
        expect(Math.sign(compareHlc(b, a))).toBe(sign === 0 ? 0 : -sign)
        if (a.ms !== b.ms) expect(sign).toBe(a.ms < b.ms ? -1 : 1)
        else expect(sign).toBe(Math.sign(a.counter - b.counter))
      }),
    )
  })
})
