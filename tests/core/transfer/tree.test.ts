import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { toHex } from '../../../src/base/bytes.ts'
import { seededRng } from '../../../src/base/rng.ts'
import { Bits } from '../../../src/core/transfer/bits.ts'
import { Shape } from '../../../src/core/transfer/shape.ts'
import { Pages, rootOf, TreeBuilder } from '../../../src/core/transfer/tree.ts'
import { CONTENT_BYTES_MAX, LEAF_BYTES, PAGE_HASHES } from '../../../src/wire/content.ts'

/** A tree over hashes that stand for leaves. */
function treeOf(leaves: number) {
  const shape = new Shape(leaves * LEAF_BYTES)
  const pages: { level: number; index: number; page: Uint8Array }[] = []
  const builder = new TreeBuilder(shape, (level, index, page) => pages.push({ level, index, page }))
  const rng = seededRng(leaves)
  const hashes = Array.from({ length: leaves }, () => rng.bytes(32))
  for (const hash of hashes) builder.add(hash)
  const root = builder.finish()
  // From the top down, as they are fetched.
  pages.sort((a, b) => shape.pageNumber(a.level, a.index) - shape.pageNumber(b.level, b.index))
  return { shape, pages, hashes, root }
}

describe('a tree of hashes', () => {
  test.each([1, 2, PAGE_HASHES - 1, PAGE_HASHES, PAGE_HASHES + 1, 3 * PAGE_HASHES + 5])(
    'over %d leaves gives each of them its hash, from the root down',
    (leaves) => {
      const { shape, pages, hashes, root } = treeOf(leaves)
      expect(pages).toHaveLength(shape.pages)
      const held = new Pages(shape, root)
      for (const { level, index, page } of pages) {
        expect(held.missingFor(Math.min(leaves - 1, index * PAGE_HASHES ** (level + 1)))).toEqual({ level, index })
        expect(held.accept(level, index, page)).toBe('kept')
      }
      for (const [leaf, hash] of hashes.entries()) expect(toHex(held.leafHash(leaf)!)).toBe(toHex(hash))
    },
  )

  test('over more than a page of pages has three levels', () => {
    const { shape, pages, hashes, root } = treeOf(PAGE_HASHES * PAGE_HASHES + 1)
    expect(shape.levels).toBe(3)
    const held = new Pages(shape, root, 4)
    const last = hashes.length - 1
    for (let missing = held.missingFor(last); missing !== null; missing = held.missingFor(last)) {
      const { page } = pages.find(({ level, index }) => level === missing?.level && index === missing.index)!
      expect(held.accept(missing.level, missing.index, page)).toBe('kept')
    }
    expect(toHex(held.leafHash(last)!)).toBe(toHex(hashes[last]!))
  })

  test('takes no page that was changed in one bit, is of another place, too long, or comes too early', () => {
    const { shape, pages, root } = treeOf(2 * PAGE_HASHES)
    const held = new Pages(shape, root)
    const [top, first, second] = pages.map(({ page }) => page)
    expect(held.accept(0, 0, first!)).toBe('early')
    fc.assert(
      fc.property(fc.nat(top!.length - 1), fc.nat(7), (at, bit) => {
        const spoilt = top!.slice()
        spoilt[at]! ^= 1 << bit
        expect(held.accept(1, 0, spoilt)).toBe('wrong')
      }),
    )
    expect(held.accept(1, 0, top!)).toBe('kept')
    expect(held.accept(0, 0, second!)).toBe('wrong')
    expect(held.accept(0, 1, first!)).toBe('wrong')
    expect(held.accept(0, 2, first!)).toBe('wrong')
    expect(held.accept(0, 0, first!.subarray(1))).toBe('wrong')
    expect(held.leafHash(0)).toBeNull()
    expect(held.accept(0, 0, first!)).toBe('kept')
  })

  test('of another size has another root, though every hash is the same', () => {
    const { shape, pages, root } = treeOf(3)
    expect(new Pages(new Shape(shape.size - 1), root).accept(0, 0, pages[0]!.page)).toBe('wrong')
    expect(toHex(rootOf(0, new Uint8Array()))).not.toBe(toHex(rootOf(1, new Uint8Array())))
  })

  test('keeps only so many pages of leaves, those used last', () => {
    const { shape, pages, root } = treeOf(4 * PAGE_HASHES)
    const held = new Pages(shape, root, 2)
    for (const { level, index, page } of pages) {
      held.accept(level, index, page)
      held.leafHash(0)
    }
    expect([0, 1, 2, 3].map((index) => held.page(0, index) !== null)).toEqual([true, false, false, true])
  })
})

test('the largest content has places for all that is in it, and one byte more is too much', () => {
  const shape = new Shape(CONTENT_BYTES_MAX)
  expect(shape.levels).toBe(3)
  expect(shape.leaves * LEAF_BYTES).toBe(CONTENT_BYTES_MAX)
  expect(shape.pageNumber(0, shape.pagesOn(0) - 1)).toBe(shape.pages - 1)
  expect(() => new Shape(CONTENT_BYTES_MAX + 1)).toThrow(RangeError)
})

test('a set of bits is what a set of numbers is', () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.nat(200)), { maxLength: 100 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 180 }), steps, fc.nat(200), (size, list, from) => {
      const bits = new Bits(size)
      const model = new Set<number>()
      for (const [adds, place] of list) {
        const changes = adds ? place < size && !model.has(place) : model.has(place)
        expect(adds ? bits.add(place) : bits.delete(place)).toBe(changes)
        if (changes) adds ? model.add(place) : model.delete(place)
      }
      expect(bits.count).toBe(model.size)
      let clear = from
      while (clear < size && model.has(clear)) clear++
      expect(bits.nextClear(from)).toBe(Math.min(Math.max(clear, 0), Math.max(size, 0)))
      const copy = new Bits(size)
      copy.addBytes(0, bits.bytes())
      expect([...Array(size).keys()].filter((place) => copy.has(place))).toEqual([...model].sort((a, b) => a - b))
    }),
  )
})

test('what a map says past the end counts for nothing', () => {
  const bits = new Bits(37)
  bits.addBytes(4, Uint8Array.of(0xff, 0xff))
  expect(bits.count).toBe(5)
  bits.addBytes(0, Uint8Array.of(0xff, 0xff, 0xff, 0xff))
  expect([bits.isFull, bits.nextClear(0), bits.has(37)]).toEqual([true, 37, false])
})
