import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { factor, inverse, times } from '../../../src/core/history/reconcile-field.ts'

const elements = fc.oneof(
  fc.integer({ min: 0, max: 0xffffffff }),
  fc.constantFrom(0, 1, 2, 0x8d, 0x80000000, 0xffffffff),
)

function product(a: number, b: number): number {
  factor(a)
  return times(b)
}

/** Bit by bit, as it is done on paper. */
function slowProduct(a: number, b: number): number {
  let sum = 0n
  for (let i = 0n; i < 32n; i++) if (((BigInt(b) >> i) & 1n) === 1n) sum ^= BigInt(a) << i
  for (let i = 63n; i >= 32n; i--) if (((sum >> i) & 1n) === 1n) sum ^= 0x10000008dn << (i - 32n)
  return Number(sum)
}

describe('the field of 2^32 elements', () => {
  test('multiplies like polynomials on paper', () => {
    fc.assert(
      fc.property(elements, elements, (a, b) => {
        expect(product(a, b)).toBe(slowProduct(a, b))
      }),
      { numRuns: 500 },
    )
  })

  test('has an inverse of everything but 0', () => {
    expect(inverse(0)).toBe(0)
    fc.assert(
      fc.property(elements, (a) => {
        if (a !== 0) expect(product(a, inverse(a))).toBe(1)
      }),
      { numRuns: 2_000 },
    )
  })

  test('is a field: the modulus has no factors (Rabin)', () => {
    // x^(2^32) = x, and x^(2^16) - x has an inverse.
    let power = 2
    const powers = Array.from({ length: 32 }, () => {
      power = product(power, power)
      return power
    })
    expect(powers[31]).toBe(2)
    const apart = (powers[15]! ^ 2) >>> 0
    expect(product(apart, inverse(apart))).toBe(1)
  })
})
