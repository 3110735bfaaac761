import { describe, expect, test } from 'bun:test'
import { ed25519, x25519 } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import { toHex } from '../../src/base/bytes.ts'
import {
  agreementKeyFromSecret,
  agreementKeyFromSigningSeed,
  agreementPublicFromIdentity,
  canAgree,
} from '../../src/crypto/agree.ts'
import { encodeCoordinate, P, SMALL_ORDER_U, SMALL_ORDER_Y } from '../../src/crypto/field.ts'
import { signingKeyFromSeed } from '../../src/crypto/sign.ts'
import { filled, hex } from './hex.ts'

const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 })

describe('X25519', () => {
  test('multiplies as RFC 7748, section 5.2, top bit of u ignored', () => {
    const first = agreementKeyFromSecret(hex('a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4'))
    expect(toHex(first.agree(hex('e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c'))!)).toBe(
      'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
    )
    const second = agreementKeyFromSecret(hex('4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d'))
    expect(toHex(second.agree(hex('e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493'))!)).toBe(
      '95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957',
    )
  })

  test('comes to the same as RFC 7748 after 1,000 rounds', () => {
    let k = encodeCoordinate(9n)
    let u = k
    for (let round = 0; round < 1000; round++) {
      const next = agreementKeyFromSecret(k).agree(u)!
      u = k
      k = next
    }
    expect(toHex(k)).toBe('684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51')
  })

  test('gives both sides of RFC 7748, section 6.1, the same secret', () => {
    const alice = agreementKeyFromSecret(hex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a'))
    const bob = agreementKeyFromSecret(hex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb'))
    expect(toHex(alice.publicKey)).toBe('8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a')
    expect(toHex(bob.publicKey)).toBe('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f')
    const shared = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742'
    expect(toHex(alice.agree(bob.publicKey)!)).toBe(shared)
    expect(toHex(bob.agree(alice.publicKey)!)).toBe(shared)
  })

  test('agrees with another implementation on any 32 bytes, points of the twist among them', () => {
    fc.assert(
      fc.property(seeds, seeds, (secret, theirs) => {
        expect(agreementKeyFromSecret(secret).agree(theirs)).toEqual(x25519.getSharedSecret(secret, theirs))
      }),
      { numRuns: 40 },
    )
  })

  test('answers null for every key of small order, in every spelling, where another implementation throws', () => {
    const key = agreementKeyFromSecret(filled(32, 3))
    let spellings = 0
    for (const u of SMALL_ORDER_U) {
      for (let spelt = u; spelt < 2n ** 255n; spelt += P) {
        for (const top of [0n, 2n ** 255n]) {
          const theirs = encodeCoordinate(spelt + top)
          expect(canAgree(theirs)).toBe(false)
          expect(key.agree(theirs)).toBeNull()
          expect(() => x25519.getSharedSecret(filled(32, 3), theirs)).toThrow()
          spellings++
        }
      }
    }
    expect(spellings).toBe(14)
  })

  test('answers null for a key of another length', () => {
    const key = agreementKeyFromSecret(filled(32, 3))
    for (const length of [0, 31, 33]) expect(key.agree(filled(length, 9))).toBeNull()
  })

  test('takes keys that are not reduced, next to those of small order', () => {
    const key = agreementKeyFromSecret(filled(32, 3))
    for (let u = P + 2n; u < 2n ** 255n; u++) {
      expect(key.agree(encodeCoordinate(u))).toEqual(key.agree(encodeCoordinate(u - P)))
      expect(key.agree(encodeCoordinate(u))).not.toBeNull()
    }
  })

  test('a secret of the wrong length is a fault of the program', () => {
    expect(() => agreementKeyFromSecret(filled(33, 1))).toThrow(RangeError)
  })
})

describe('the X25519 side of an identity', () => {
  test('is the same from its seed, from its public key, and for another implementation', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const identity = signingKeyFromSeed(seed).publicKey
        const agreement = agreementKeyFromSigningSeed(seed)
        expect(agreementPublicFromIdentity(identity)).toEqual(agreement.publicKey)
        expect(toHex(ed25519.utils.toMontgomery(identity))).toBe(toHex(agreement.publicKey))
      }),
      { numRuns: 30 },
    )
  })

  test('two identities agree knowing only each other’s public key', () => {
    const [a, b] = [filled(32, 1), filled(32, 2)]
    const fromA = agreementKeyFromSigningSeed(a).agree(agreementPublicFromIdentity(signingKeyFromSeed(b).publicKey)!)
    const fromB = agreementKeyFromSigningSeed(b).agree(agreementPublicFromIdentity(signingKeyFromSeed(a).publicKey)!)
    expect(fromA).not.toBeNull()
    expect(fromA).toEqual(fromB)
  })

  test('does not exist for identities that no verifier would take', () => {
    for (const y of SMALL_ORDER_Y) expect(agreementPublicFromIdentity(encodeCoordinate(y))).toBeNull()
    expect(agreementPublicFromIdentity(encodeCoordinate(P + 5n))).toBeNull()
    expect(agreementPublicFromIdentity(filled(31, 4))).toBeNull()
  })

  test('can be agreed with wherever it exists', () => {
    fc.assert(
      fc.property(seeds, (identity) => {
        const agreement = agreementPublicFromIdentity(identity)
        expect(agreement === null || canAgree(agreement)).toBe(true)
      }),
    )
  })
})
