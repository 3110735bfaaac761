import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { joinBytes, toHex, utf8 } from '../../src/base/bytes.ts'
import { hkdf, hmacSha256, sha256, sha256Into, sha256Of } from '../../src/crypto/hash.ts'
import { filled, hex } from './hex.ts'

describe('SHA-256', () => {
  test('gives the digests of FIPS 180-2, appendix B', () => {
    expect(toHex(sha256(utf8('abc')))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    expect(toHex(sha256(new Uint8Array(0)))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  })

  test('of parts is that of the parts joined', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 5 }), (parts) => {
        expect(sha256Of(...parts)).toEqual(sha256(joinBytes(parts)))
      }),
    )
  })

  test('into a buffer writes its 32 bytes and no others', () => {
    const into = filled(40, 0xee)
    sha256Into(utf8('abc'), into, 5)
    expect(into).toEqual(joinBytes([filled(5, 0xee), sha256(utf8('abc')), filled(3, 0xee)]))
  })

  test('is a plain array of its own, whose slices are copies', () => {
    const digest = sha256(utf8('abc'))
    expect(digest.constructor).toBe(Uint8Array)
    expect(digest.slice().buffer).not.toBe(digest.buffer)
    digest.fill(0)
    expect(sha256(utf8('abc'))).not.toEqual(digest)
  })
})

describe('HMAC and HKDF', () => {
  test('HMAC gives the codes of RFC 4231, cases 1 and 2, however the message is divided', () => {
    expect(toHex(hmacSha256(filled(20, 0x0b), utf8('Hi There')))).toBe(
      'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
    )
    expect(toHex(hmacSha256(utf8('Jefe'), utf8('what do ya '), utf8('want for nothing?')))).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    )
  })

  test('HKDF gives the output of RFC 5869, case 3: no salt, no info', () => {
    const [first, second] = hkdf(new Uint8Array(0), filled(22, 0x0b), 2)
    const wanted = '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8'
    expect(toHex(joinBytes([first, second])).slice(0, wanted.length)).toBe(wanted)
  })

  test('a third output changes neither of the first two', () => {
    const two = hkdf(filled(32, 1), hex('beef'), 2)
    const three = hkdf(filled(32, 1), hex('beef'), 3)
    expect(three.slice(0, 2)).toEqual(two)
    expect(new Set(three.map(toHex)).size).toBe(3)
  })
})
