import { describe, expect, test } from 'bun:test'
import { Steering } from '../../../src/core/voice/steering.ts'

/** What is asked for at the end of a block in which each frame was needed so late, and heard so much later. */
function after(delayMs: number, aheadMs: number, targetMs: number): number {
  const steering = new Steering()
  let asked = 0
  for (let pull = 0; pull < 25; pull++) {
    if (pull % 2 === 0) steering.needed(delayMs, aheadMs)
    asked = steering.correction(targetMs)
  }
  return asked
}

describe('the delay of a speaker', () => {
  test('is made shorter by whole ticks and by what is queued on top, as far as frames still come in time', () => {
    expect(after(35, 0, 8)).toBe(20 * 48)
    expect(after(35, 7, 8)).toBe(27 * 48)
    expect(after(12, 8, 8)).toBe(8 * 48)
  })

  test('is left where less than a period would be gained', () => {
    expect(after(15, 0, 8)).toBe(0)
    expect(after(12, 3, 8)).toBe(0)
    expect(after(7.5, 0, 8)).toBe(0)
  })

  test('is made longer where frames are needed before they come', () => {
    expect(after(5, 0, 8)).toBe(-10 * 48)
    expect(after(5, 6, 8)).toBe(-4 * 48)
    expect(after(5, 9.99, 8)).toBeLessThan(0)
    expect(after(-12, 0, 8)).toBe(-20 * 48)
  })

  test('is judged by the earliest of uneven pulls', () => {
    const steering = new Steering()
    let asked = 0
    for (let pull = 0; pull < 25; pull++) {
      steering.needed(pull === 13 ? 12 : 40, 0)
      asked = steering.correction(8)
    }
    expect(asked).toBe(0)
  })

  test('is measured also while all is decoded ahead, and a piece to leave out is looked for in vain', () => {
    const steering = new Steering()
    // 5 ms too long, which no period fits.
    for (let pull = 0; pull < 25; pull++) {
      steering.needed(8, 5)
      steering.correction(8)
    }
    expect(steering.correction(8)).toBe(5 * 48)
    let asked = 0
    for (let pull = 0; pull < 60; pull++) {
      steering.enough(108 + (pull % 2) * 10, 5)
      asked = steering.correction(8)
    }
    expect(asked).toBe(105 * 48)
    expect(steering.delayMs).toBe(113)
  })

  test('is not made longer any more once a stall has done so, nor shorter once more is asked for', () => {
    const [lacking, exceeding] = [new Steering(), new Steering()]
    for (let pull = 0; pull < 25; pull++) {
      lacking.needed(8, 0)
      exceeding.needed(108, 0)
      if (pull < 24) lacking.correction(100)
      if (pull < 24) exceeding.correction(8)
    }
    expect(lacking.correction(100)).toBe(-100 * 48)
    expect(exceeding.correction(8)).toBe(100 * 48)
    for (const steering of [lacking, exceeding]) steering.corrected(steering === lacking ? -480 : 480)
    for (let pull = 0; pull < 12; pull++) {
      lacking.needed(108, 0)
      exceeding.needed(98, 0)
      expect(lacking.correction(100)).toBe(0)
      expect(exceeding.correction(98)).toBe(0)
    }
  })

  test('is corrected by no more than was asked for, a tenth of the time at most', () => {
    const steering = new Steering()
    let [left, corrections] = [60, 0]
    for (let pull = 0; pull < 300; pull++) {
      steering.needed(8 + left, 0)
      const samples = steering.correction(8)
      if (samples === 0) continue
      const done = Math.min(samples, 480)
      steering.corrected(done)
      left -= done / 48
      corrections++
    }
    expect(left).toBeGreaterThanOrEqual(0)
    expect(left).toBeLessThan(10)
    expect(corrections).toBeLessThanOrEqual(10)
  })
})
