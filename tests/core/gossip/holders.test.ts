import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Holders, type Part } from '../../../src/core/gossip/holders.ts'

const untold = (holders: Holders, spanMax = 1_000) => holders.takeUntold(spanMax)
const known = (holders: Holders) =>
  Object.fromEntries([...holders.list()].map(([tag, { from, next }]) => [tag, [from, next]]))

describe('who holds what of a feed', () => {
  test('is told in groups of those who hold the same, once', () => {
    const holders = new Holders()
    expect(holders.learn('a', 1, 5, 0)).toBe(true)
    expect(holders.learn('b', 1, 5, 0)).toBe(true)
    expect(holders.learn('c', 2, 5, 0)).toBe(true)
    expect(untold(holders)).toEqual([
      { from: 1, next: 5, tags: ['a', 'b'] },
      { from: 2, next: 5, tags: ['c'] },
    ])
    expect(untold(holders)).toEqual([])
    expect(holders.learn('a', 1, 5, 0)).toBe(false)
    expect(holders.learn('a', 3, 4, 0)).toBe(false)
    expect(holders.learn('a', 5, 6, 0)).toBe(true)
    expect(untold(holders)).toEqual([{ from: 1, next: 6, tags: ['a'] }])
  })

  test('grows together where parts touch, also downward as a hole is filled', () => {
    const holders = new Holders()
    for (const [from, next] of [
      [10, 12],
      [12, 15],
      [4, 10],
      [1, 4],
    ] as const)
      holders.learn('a', from, next, 0)
    expect(known(holders)).toEqual({ a: [1, 15] })
  })

  test('is the newest part where there is something between two', () => {
    const holders = new Holders()
    holders.learn('a', 1, 5, 0)
    expect(holders.learn('a', 7, 9, 0)).toBe(true)
    expect(known(holders)).toEqual({ a: [7, 9] })
    expect(holders.learn('a', 1, 6, 0)).toBe(false)
    expect(holders.learn('a', 1, 7, 0)).toBe(true)
    expect(known(holders)).toEqual({ a: [1, 9] })
  })

  test('is told no further back than anybody follows', () => {
    const holders = new Holders()
    holders.learn('a', 1, 5_000, 0)
    holders.learn('b', 3_500, 5_000, 0)
    expect(untold(holders)).toEqual([{ from: 4_000, next: 5_000, tags: ['a', 'b'] }])
  })

  test('is told again as far as it has grown of late', () => {
    const holders = new Holders()
    holders.learn('a', 1, 5, 100)
    holders.learn('b', 1, 5, 200)
    untold(holders)
    holders.learn('a', 1, 5, 300)
    holders.tellAgain(150)
    expect(untold(holders)).toEqual([{ from: 1, next: 5, tags: ['b'] }])
    holders.tellAgain(Number.NEGATIVE_INFINITY)
    expect(untold(holders)[0]!.tags).toEqual(['a', 'b'])
    holders.tellAgain(0)
    holders.forget('a')
    expect(untold(holders)[0]!.tags).toEqual(['b'])
  })

  test('is never more than was told, in whatever order and however often it comes', () => {
    const parts = fc
      .record({
        tag: fc.constantFrom('a', 'b'),
        from: fc.integer({ min: 1, max: 30 }),
        length: fc.integer({ min: 1, max: 9 }),
      })
      .map(({ tag, from, length }) => ({ tag, from, next: from + length }))
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 30 }), (told) => {
        const holders = new Holders()
        for (const { tag, from, next } of [...told, ...told]) holders.learn(tag, from, next, 0)
        const holds = (tag: string, number: number) =>
          told.some((part) => part.tag === tag && part.from <= number && number < part.next)
        for (const [tag, { from, next }] of holders.list() as Iterable<[string, Part]>) {
          expect(next).toBe(Math.max(...told.filter((part) => part.tag === tag).map((part) => part.next)))
          for (let number = from; number < next; number++) expect(holds(tag, number)).toBe(true)
        }
      }),
    )
  })
})
