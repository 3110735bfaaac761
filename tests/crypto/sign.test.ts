import { describe, expect, test } from 'bun:test'
import { ed25519 } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import { joinBytes, toHex } from '../../src/base/bytes.ts'
import { coordinateOf, encodeCoordinate, P } from '../../src/crypto/field.ts'
import { signingKeyFromSeed, verifier } from '../../src/crypto/sign.ts'
import { filled, flipped, hex } from './hex.ts'

/** RFC 8032, section 7.1: seed, public key, message, signature. */
const VECTORS: readonly (readonly [string, string, string, string])[] = [
  [
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
  [
    'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  ],
  [
    '833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42',
    'ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf',
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    'dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704',
  ],
]

const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes.toReversed())}`)
}

describe('Ed25519', () => {
  test.each(VECTORS)('signs and checks as RFC 8032 does: seed %s', (seed, publicKey, message, signature) => {
    const key = signingKeyFromSeed(hex(seed))
    expect(toHex(key.publicKey)).toBe(publicKey)
    expect(toHex(key.sign(hex(message)))).toBe(signature)
    expect(verifier(hex(publicKey))!.verify(hex(message), hex(signature))).toBe(true)
  })

  test('agrees with another implementation on any seed and message', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ maxLength: 300 }),
        (seed, message) => {
          const key = signingKeyFromSeed(seed)
          const signature = key.sign(message)
          expect(signature).toEqual(ed25519.sign(message, seed))
          expect(verifier(key.publicKey)!.verify(message, signature)).toBe(true)
        },
      ),
      { numRuns: 30 },
    )
  })

  test('no bit of a signature, a message or a key can be turned over', () => {
    const key = signingKeyFromSeed(filled(32, 7))
    const message = filled(16, 3)
    const signature = key.sign(message)
    const check = verifier(key.publicKey)!
    for (let bit = 0; bit < 512; bit++) {
      expect(check.verify(message, flipped(signature, bit >> 3, bit & 7))).toBe(false)
    }
    for (let bit = 0; bit < 128; bit++) {
      expect(check.verify(flipped(message, bit >> 3, bit & 7), signature)).toBe(false)
    }
    for (let bit = 0; bit < 256; bit++) {
      const other = verifier(flipped(key.publicKey, bit >> 3, bit & 7))
      expect(other?.verify(message, signature) ?? false).toBe(false)
    }
  })

  test('a signature of any other length is false, not an exception', () => {
    const key = signingKeyFromSeed(filled(32, 7))
    const signature = key.sign(filled(3, 1))
    const check = verifier(key.publicKey)!
    for (let length = 0; length < 64; length++) {
      expect(check.verify(filled(3, 1), signature.subarray(0, length))).toBe(false)
    }
    expect(check.verify(filled(3, 1), joinBytes([signature, filled(1, 0)]))).toBe(false)
  })

  test('a second signature cannot be made from a first by adding the order to S', () => {
    const key = signingKeyFromSeed(filled(32, 9))
    const message = filled(20, 1)
    const signature = key.sign(message)
    const s = littleEndian(signature.subarray(32))
    for (let sum = s + ORDER; sum < 2n ** 256n; sum += ORDER) {
      const second = joinBytes([signature.subarray(0, 32), encodeCoordinate(sum)])
      expect(verifier(key.publicKey)!.verify(message, second)).toBe(false)
    }
  })
})

describe('keys that cannot be honest', () => {
  test('every point of small order is refused, with either sign and in every spelling', () => {
    // The eight points of order 1, 2, 4 and 8 have five y; y and y + P are the same where both fit in 255 bits.
    const order8 = littleEndian(hex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'))
    const ys = [1n, P - 1n, 0n, order8, P - order8]
    let spellings = 0
    for (const y of ys) {
      for (let spelt = y; spelt < 2n ** 255n; spelt += P) {
        for (const sign of [0n, 2n ** 255n]) {
          expect(verifier(encodeCoordinate(spelt + sign))).toBeNull()
          spellings++
        }
      }
      expect(coordinateOf(encodeCoordinate(y))).toBe(y)
      if (y === 0n || y === 1n) continue
      expect(ed25519.Point.fromBytes(encodeCoordinate(y)).isSmallOrder()).toBe(true)
    }
    expect(spellings).toBe(14)
  })

  test('why: under such a key the runtime takes one signature for any message', async () => {
    const { createPublicKey, verify } = await import('node:crypto')
    const identityPoint = encodeCoordinate(1n)
    const der = joinBytes([hex('302a300506032b6570032100'), identityPoint])
    const key = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' })
    const signature = joinBytes([identityPoint, filled(32, 0)])
    expect(verify(null, filled(5, 1), key, signature)).toBe(true)
    expect(verify(null, filled(9, 2), key, signature)).toBe(true)
  })

  test('a y that is not below the prime is refused', () => {
    for (let y = P; y < 2n ** 255n; y++) expect(verifier(encodeCoordinate(y))).toBeNull()
  })

  test('a key of any other length is refused', () => {
    for (const length of [0, 1, 31, 33, 64]) expect(verifier(filled(length, 5))).toBeNull()
  })

  test('under bytes that are no point nothing verifies', () => {
    const key = signingKeyFromSeed(filled(32, 7))
    const signature = key.sign(filled(5, 1))
    let noPoint = 0
    for (let y = 2n; y < 40n; y++) {
      const check = verifier(encodeCoordinate(y))!
      expect(check.verify(filled(5, 1), signature)).toBe(false)
      expect(check.verify(filled(5, 1), joinBytes([encodeCoordinate(y), filled(32, 0)]))).toBe(false)
      try {
        ed25519.Point.fromBytes(encodeCoordinate(y))
      } catch {
        noPoint++
      }
    }
    expect(noPoint).toBeGreaterThan(5)
  })

  test('a seed of the wrong length is a fault of the program', () => {
    expect(() => signingKeyFromSeed(filled(31, 1))).toThrow(RangeError)
    expect(() => signingKeyFromSeed(filled(64, 1))).toThrow(RangeError)
  })
})
