import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Generations } from '../../src/base/generations.ts'

const AGE_MS = 1_000

const visits = fc.array(
  fc.record({ id: fc.nat(12).map(String), afterMs: fc.oneof(fc.nat(50), fc.nat(3 * AGE_MS)), ask: fc.boolean() }),
  { maxLength: 100 },
)

describe('ids remembered in two generations', () => {
  test('each is remembered for one age at least and two at most', () => {
    fc.assert(
      fc.property(visits, fc.nat(10_000_000), (list, startMs) => {
        const seen = new Generations(AGE_MS, 1_000)
        const addedAtMs = new Map<string, number>()
        let nowMs = startMs
        for (const { id, afterMs, ask } of list) {
          nowMs += afterMs
          const ageMs = nowMs - (addedAtMs.get(id) ?? Number.NEGATIVE_INFINITY)
          const known = seen.has(id, nowMs)
          if (ageMs < AGE_MS) expect(known).toBe(true)
          if (ageMs >= 2 * AGE_MS) expect(known).toBe(false)
          if (ask) continue
          expect(seen.add(id, nowMs)).toBe(!known)
          if (!known) addedAtMs.set(id, nowMs)
        }
      }),
    )
  })

  test('a flood is forgotten sooner: two full generations are all there ever is', () => {
    const seen = new Generations(AGE_MS, 10)
    for (let i = 0; i < 1_000; i++) expect(seen.add(`${i}`, i % 2)).toBe(true)
    const known = Array.from({ length: 1_000 }, (_, i) => i).filter((i) => seen.has(`${i}`, 1))
    expect(known.length).toBeLessThanOrEqual(20)
    // The newest ones are those that are kept, whole generations at a time.
    expect(known).toEqual(Array.from({ length: known.length }, (_, at) => 1_000 - known.length + at))
    expect(known.length).toBeGreaterThanOrEqual(10)
  })

  test('asking is not adding', () => {
    const seen = new Generations(AGE_MS, 10)
    expect(seen.has('x', 0)).toBe(false)
    expect(seen.add('x', 0)).toBe(true)
    expect(seen.add('x', 0)).toBe(false)
  })
})
