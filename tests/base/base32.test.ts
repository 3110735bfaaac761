import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { decodeBase32, encodeBase32 } from '../../src/base/base32.ts'
import { utf8 } from '../../src/base/bytes.ts'

/** RFC 4648, section 10, in lowercase and without padding. */
const VECTORS = [
  ['', ''],
  ['f', 'my'],
  ['fo', 'mzxq'],
  ['foo', 'mzxw6'],
  ['foob', 'mzxw6yq'],
  ['fooba', 'mzxw6ytb'],
  ['foobar', 'mzxw6ytboi'],
] as const

describe('base32', () => {
  test.each(VECTORS)('writes and reads RFC 4648’s %p as %p', (plain, encoded) => {
    expect(encodeBase32(utf8(plain))).toBe(encoded)
    expect(decodeBase32(encoded)).toEqual(utf8(plain))
  })

  test('gives back any bytes, 52 characters for a key', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(decodeBase32(encodeBase32(bytes))).toEqual(bytes)
      }),
    )
    expect(encodeBase32(new Uint8Array(32)).length).toBe(52)
  })

  test('reads one spelling only: a text that is read is the one that would be written', () => {
    const alphabet = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz234567')
    fc.assert(
      fc.property(fc.array(alphabet, { maxLength: 20 }), (chars) => {
        const bytes = decodeBase32(chars.join(''))
        expect(bytes === null || encodeBase32(bytes) === chars.join('')).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  test.each(['MY', 'my======', 'm y', 'm1', 'm0', 'm8', 'mz=q', 'ｍｙ', 'mÿ', '\u{1f600}y'])('refuses %p', (text) => {
    expect(decodeBase32(text)).toBeNull()
  })

  test('refuses lengths that no bytes have', () => {
    for (const length of [1, 3, 6, 9, 11, 14]) expect(decodeBase32('a'.repeat(length))).toBeNull()
  })

  test('refuses bits left over that are not zero', () => {
    expect(decodeBase32('my')).not.toBeNull()
    expect(decodeBase32('mz')).toBeNull()
    expect(decodeBase32('mzxw7')).toBeNull()
  })
})
