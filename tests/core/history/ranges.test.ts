import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { newestFirst, type Range, RangeSet } from '../../../src/core/history/ranges.ts'

const END = 40
const pair = fc.tuple(fc.nat(END), fc.nat(END)).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }))
const steps = fc.array(fc.record({ range: pair, takesAway: fc.boolean() }), { maxLength: 30 })

const numbersOf = (ranges: Iterable<Range>): number[] =>
  [...ranges].flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i))

/** Both ways of counting, after the same steps. */
function taken(list: readonly { range: Range; takesAway: boolean }[]): { set: RangeSet; plain: Set<number> } {
  const set = new RangeSet()
  const plain = new Set<number>()
  for (const { range, takesAway } of list) {
    if (takesAway) set.remove(range.from, range.to)
    else set.add(range.from, range.to)
    for (const number of numbersOf([range])) takesAway ? plain.delete(number) : plain.add(number)
  }
  return { set, plain }
}

describe('a set of numbers kept as ranges', () => {
  test('holds what a plain set of numbers would, sorted, with a hole between any two ranges', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const { set, plain } = taken(list)
        expect(numbersOf(set.list)).toEqual([...plain].sort((a, b) => a - b))
        set.list.forEach((range, at) => {
          expect(range.from).toBeLessThan(range.to)
          if (at > 0) expect(set.list[at - 1]!.to).toBeLessThan(range.from)
        })
        for (let number = 0; number <= END; number++) expect(set.has(number)).toBe(plain.has(number))
        expect(set.end).toBe(plain.size === 0 ? 0 : Math.max(...plain) + 1)
      }),
      { numRuns: 200 },
    )
  })

  test('the newest piece of what is there, or is not, is the last of all such pieces', () => {
    fc.assert(
      fc.property(steps, pair, (list, { from, to }) => {
        const { set } = taken(list)
        const missing = set.missing(from, to)
        expect(set.newestMissing(from, to)).toEqual(missing.at(-1) ?? null)
        const there = new RangeSet(missing).missing(from, to)
        expect(set.newestIn(from, to)).toEqual(there.at(-1) ?? null)
      }),
      { numRuns: 300 },
    )
  })

  test('adding answers the range it ended up in, or null where nothing was new', () => {
    fc.assert(
      fc.property(steps, pair, (list, { from, to }) => {
        const { set, plain } = taken(list)
        const isNew = numbersOf([{ from, to }]).some((number) => !plain.has(number))
        const apart = set.isApart(from, to)
        const countBefore = set.count
        const merged = set.add(from, to)
        expect(merged !== null).toBe(isNew)
        if (merged === null) return
        expect(set.list).toContainEqual(merged)
        expect(merged.from <= from && merged.to >= to).toBe(true)
        expect(apart).toBe(set.count === countBefore + 1)
      }),
      { numRuns: 200 },
    )
  })

  test('knows what is missing below a bound, and what is covered', () => {
    fc.assert(
      fc.property(steps, pair, (list, { from, to }) => {
        const { set, plain } = taken(list)
        const absent = numbersOf([{ from, to }]).filter((number) => !plain.has(number))
        expect(numbersOf(set.missing(from, to))).toEqual(absent)
        expect(set.covers(from, to)).toBe(absent.length === 0)
      }),
      { numRuns: 200 },
    )
  })

  test('an empty range is never apart, never new, and always covered', () => {
    const set = new RangeSet([{ from: 5, to: 9 }])
    expect(set.isApart(2, 2)).toBe(false)
    expect(set.add(2, 2)).toBeNull()
    expect(set.covers(2, 2)).toBe(true)
    set.remove(7, 7)
    expect(set.list).toEqual([{ from: 5, to: 9 }])
  })

  test('a feed that grows at its end stays one range, whatever its length', () => {
    const set = new RangeSet()
    for (let number = 1; number < 100_000; number++) expect(set.add(number, number + 1)?.from).toBe(1)
    expect(set.list).toEqual([{ from: 1, to: 100_000 }])
  })
})

describe('chunks, newest first', () => {
  test('are the same numbers, from the greatest down, none too long', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 15 }), (list, lengthMax) => {
        const { set } = taken(list)
        const chunks = [...newestFirst(set.list, lengthMax)]
        for (const { from, to } of chunks) expect(to - from).toBeGreaterThan(0)
        for (const { from, to } of chunks) expect(to - from).toBeLessThanOrEqual(lengthMax)
        expect(numbersOf(chunks.toReversed())).toEqual(numbersOf(set.list))
      }),
      { numRuns: 200 },
    )
  })

  test('a million million numbers cost nothing until they are asked for', () => {
    const first = newestFirst([{ from: 1, to: 1e12 }], 1000).next()
    expect(first.value).toEqual({ from: 1e12 - 1000, to: 1e12 })
  })
})
