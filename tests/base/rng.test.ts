import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Rng, seededRng } from '../../src/base/rng.ts'

function draw(rng: Rng, count: number): number[] {
  return Array.from({ length: count }, () => rng.u32())
}

const seeds = fc.oneof(fc.maxSafeNat(), fc.uint8Array({ maxLength: 40 }))

describe('a seeded generator', () => {
  test('is sfc32: from a known seed it gives these numbers for ever', () => {
    expect(draw(seededRng(1), 4)).toEqual([1855753027, 2796315547, 3673367767, 2704824579])
    expect([...seededRng(new Uint8Array([1, 2, 3])).bytes(9)]).toEqual([141, 207, 230, 148, 16, 241, 232, 60, 227])
  })

  test('repeats itself from the same seed', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        expect(draw(seededRng(seed), 20)).toEqual(draw(seededRng(seed), 20))
        expect(seededRng(seed).bytes(33)).toEqual(seededRng(seed).bytes(33))
      }),
    )
  })

  test('differs from every nearby seed in its first numbers', () => {
    const near = [0, 1, 2, 3, 2 ** 32, 2 ** 32 + 1, 2 ** 33, 2 ** 52, Number.MAX_SAFE_INTEGER]
    const bytes = [[], [0], [0, 0], [0, 0, 0, 0], [1], [0, 1], [0, 0, 0, 0, 1]].map((seed) => new Uint8Array(seed))
    const streams = [...near, ...bytes].map((seed) => draw(seededRng(seed), 2).join())
    expect(new Set(streams).size).toBe(streams.length)
    const first = new Set(Array.from({ length: 10_000 }, (_, seed) => draw(seededRng(seed), 2).join()))
    expect(first.size).toBe(10_000)
  })

  test('refuses a seed that is not a whole number, rather than round it', () => {
    for (const seed of [1.5, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(() => seededRng(seed)).toThrow(RangeError)
    }
  })

  test('stays in its ranges', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 2 ** 32 }), (seed, n) => {
        const rng = seededRng(seed)
        for (let i = 0; i < 20; i++) {
          const [word, fraction, below] = [rng.u32(), rng.float(), rng.below(n)]
          expect(Number.isInteger(word) && word >= 0 && word < 2 ** 32).toBe(true)
          expect(fraction >= 0 && fraction < 1).toBe(true)
          expect(Number.isInteger(below) && below >= 0 && below < n).toBe(true)
        }
        expect(rng.below(1)).toBe(0)
      }),
    )
  })

  test('is even enough: every byte, bit and die comes up about as often as it should', () => {
    const rng = seededRng(20_260)
    const bytes = rng.bytes(256 * 400)
    const counts = new Array<number>(256).fill(0)
    for (const byte of bytes) counts[byte]!++
    // Chi-squared with 255 degrees of freedom lies between 170 and 360 but for one time in 10,000.
    const chi = counts.reduce((sum, count) => sum + (count - 400) ** 2 / 400, 0)
    expect(chi).toBeGreaterThan(170)
    expect(chi).toBeLessThan(360)
    for (let bit = 0; bit < 32; bit++) {
      let ones = 0
      for (let i = 0; i < 4000; i++) ones += (rng.u32() >>> bit) & 1
      expect(Math.abs(ones - 2000)).toBeLessThan(160)
    }
    const die = new Array<number>(6).fill(0)
    for (let i = 0; i < 6000; i++) die[rng.below(6)]!++
    for (const count of die) expect(Math.abs(count - 1000)).toBeLessThan(150)
  })

  test('gives as many bytes as asked for, in a buffer of their own', () => {
    const rng = seededRng(5)
    for (const n of [0, 1, 3, 4, 5, 32]) {
      const bytes = rng.bytes(n)
      expect(bytes.length).toBe(n)
      expect(bytes.buffer.byteLength).toBe(n)
    }
  })
})
