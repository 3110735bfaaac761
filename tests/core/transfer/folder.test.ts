import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { partsOf, planFolder } from '../../../src/core/transfer/folder.ts'
import { nameKey } from '../../../src/core/transfer/names.ts'
import { encodeManifest, type ManifestEntry } from '../../../src/wire/manifest.ts'

const file = (path: string, size = 1): ManifestEntry => ({ isFolder: false, size, changedMs: 0, path })
const folder = (path: string): ManifestEntry => ({ isFolder: true, size: 0, changedMs: 0, path })

function plan(entries: readonly ManifestEntry[]) {
  const manifest = encodeManifest(entries)!
  return planFolder(
    manifest,
    entries.reduce((sum, entry) => sum + entry.size, manifest.length),
  )
}

const paths = (entries: readonly ManifestEntry[]) => plan(entries)?.map(({ path }) => path.join('/'))

describe('what a manifest makes', () => {
  test('stands in the order of the content, one after the other', () => {
    const planned = plan([file('a', 10), folder('empty'), file('b/c', 0), file('b/d', 5)])!
    const from = planned[0]!.start
    expect(planned.map(({ start, size }) => [start - from, size])).toEqual([
      [0, 10],
      [10, 0],
      [10, 0],
      [10, 5],
    ])
  })

  test('never holds two that are one file on some system', () => {
    expect(paths([file('a.txt'), file('A.txt'), file('a.TXT')])).toEqual(['a.txt', 'A (2).txt', 'a (3).TXT'])
    expect(paths([file('Dir/x'), file('dir/X'), file('dir/y')])).toEqual(['Dir/x', 'Dir/X (2)', 'Dir/y'])
    expect(paths([file('a'), file('a/b'), file('A/c')])).toEqual(['a', 'a (2)/b', 'a (2)/c'])
    expect(paths([file('x/y'), file('x')])).toEqual(['x/y', 'x (2)'])
    expect(paths([file('a?'), file('a*')])).toEqual(['a_', 'a_ (2)'])
  })

  test.each(['../up', '/etc/passwd', 'a/../../b', 'a//b', '.'])('is nothing where a path is %j', (path) => {
    expect(plan([file('fine'), file(path)])).toBeNull()
  })

  test('is nothing where the files are more or less than the content', () => {
    const manifest = encodeManifest([file('a', 10)])!
    expect(planFolder(manifest, manifest.length + 10)).not.toBeNull()
    expect(planFolder(manifest, manifest.length + 9)).toBeNull()
    expect(planFolder(manifest, manifest.length + 11)).toBeNull()
    expect(planFolder(manifest.subarray(1), manifest.length + 9)).toBeNull()
  })

  test('of 60,000 files of one name comes soon, each with a number of its own', () => {
    const planned = plan(Array.from({ length: 60_000 }, () => file('same', 0)))!
    expect(new Set(planned.map(({ path }) => nameKey(path.join('/')))).size).toBe(60_000)
  })

  test('of names that take one another for a number comes soon as well', () => {
    const long = 'x'.repeat(196)
    const twins = Array.from({ length: 15_000 }, () => file(`${long}aaaa`, 0))
    const pairs = Array.from({ length: 9_000 }, (_, i) => file(`${long}${String(i).padStart(4, '0')}`, 0))
    const planned = plan([...twins, ...pairs, ...pairs])!
    expect(new Set(planned.map(({ path }) => nameKey(path.join('/')))).size).toBe(33_000)
  })

  test('is nothing where hardly anything is a file and everything a folder in folders', () => {
    const deep = (i: number) => [i % 26, Math.floor(i / 26) % 26, Math.floor(i / 676) % 26, Math.floor(i / 17_576)]
    const path = (i: number) => [...deep(i).map((n) => String.fromCharCode(97 + n)), ...'x'.repeat(28)].join('/')
    expect(plan(Array.from({ length: 60_000 }, (_, i) => file(path(i), 0)))).toBeNull()
  })

  test('whatever is in it, has no two files of one key', () => {
    const parts = fc.constantFrom('a', 'A', 'b', 'a (2)', 'con', 'é', 'e\u0301', 'a_', 'a:')
    const anyPath = fc.array(parts, { minLength: 1, maxLength: 3 }).map((each) => each.join('/'))
    fc.assert(
      fc.property(fc.array(anyPath, { maxLength: 30 }), (list) => {
        const keys = plan(list.map((path) => file(path, 0)))!.map(({ path }) => nameKey(path.join('/')))
        expect(new Set(keys).size).toBe(keys.length)
        // And none is a folder of another.
        for (const key of keys) expect(keys.some((other) => other.startsWith(`${key}/`))).toBe(false)
      }),
    )
  })
})

test('any range of the content falls apart into the files that it is of', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(20), { minLength: 1, maxLength: 20 }),
      fc.nat(300),
      fc.nat(100),
      (sizes, at, length) => {
        const planned = plan(sizes.map((size, i) => file(`f${i}`, size)))!
        const from = planned[0]!.start
        const whole = sizes.flatMap((size, i) => Array.from({ length: size }, (_, k) => `${i}:${k}`))
        const begin = Math.min(at, whole.length)
        const end = Math.min(begin + length, whole.length)
        const got: string[] = []
        for (const part of partsOf(planned, from + begin, from + end)) {
          expect(part.from).toBe(got.length)
          for (let k = 0; k < part.to - part.from; k++) got.push(`${part.entry}:${part.at + k}`)
        }
        expect(got).toEqual(whole.slice(begin, end))
      },
    ),
  )
})
