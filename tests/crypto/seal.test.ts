import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { utf8 } from '../../src/base/bytes.ts'
import {
  agreementKeyFromSecret,
  agreementKeyFromSigningSeed,
  agreementPublicFromIdentity,
} from '../../src/crypto/agree.ts'
import { HandshakeState } from '../../src/crypto/noise.ts'
import { K } from '../../src/crypto/noise-pattern.ts'
import { conversationId, openFrom, receiptTag, SEAL_OVERHEAD_BYTES, sealTo } from '../../src/crypto/seal.ts'
import { signingKeyFromSeed } from '../../src/crypto/sign.ts'
import { filled, flipped } from './hex.ts'

const alice = agreementKeyFromSigningSeed(filled(32, 1))
const bob = agreementKeyFromSigningSeed(filled(32, 2))
const carol = agreementKeyFromSigningSeed(filled(32, 3))
const CONTEXT = utf8('feed 1')

function fromAlice(plaintext: Uint8Array, ephemeral = 9): Uint8Array {
  const ephemeralSecret = filled(32, ephemeral)
  return sealTo({ sender: alice, recipient: bob.publicKey, ephemeralSecret, context: CONTEXT }, plaintext)
}

function atBob(sealed: Uint8Array): Uint8Array | null {
  return openFrom({ recipient: bob, sender: alice.publicKey, context: CONTEXT }, sealed)
}

describe('a sealed message', () => {
  test('of any size opens for its recipient, who needs only identities', () => {
    const sender = agreementPublicFromIdentity(signingKeyFromSeed(filled(32, 1)).publicKey)!
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1000 }), (plaintext) => {
        expect(openFrom({ recipient: bob, sender, context: CONTEXT }, fromAlice(plaintext))).toEqual(plaintext)
      }),
      { numRuns: 50 },
    )
  })

  test('opens for nobody else, from nobody else, and nowhere else', () => {
    const sealed = fromAlice(utf8('only you'))
    expect(openFrom({ recipient: carol, sender: alice.publicKey, context: CONTEXT }, sealed)).toBeNull()
    expect(openFrom({ recipient: bob, sender: carol.publicKey, context: CONTEXT }, sealed)).toBeNull()
    expect(openFrom({ recipient: bob, sender: alice.publicKey, context: utf8('feed 2') }, sealed)).toBeNull()
    expect(atBob(sealed)).toEqual(utf8('only you'))
  })

  test('does not open for the one who sealed it', () => {
    const sealed = fromAlice(utf8('gone'))
    expect(openFrom({ recipient: alice, sender: bob.publicKey, context: CONTEXT }, sealed)).toBeNull()
    expect(openFrom({ recipient: alice, sender: alice.publicKey, context: CONTEXT }, sealed)).toBeNull()
  })

  test('bears no change and no cut', () => {
    const sealed = fromAlice(utf8('whole'))
    for (let byte = 0; byte < sealed.length; byte++) expect(atBob(flipped(sealed, byte, byte & 7))).toBeNull()
    for (let length = 0; length < sealed.length; length++) expect(atBob(sealed.subarray(0, length))).toBeNull()
  })

  test('shows a relay its length only in steps of 64 bytes', () => {
    const lengths = new Set<number>()
    for (let size = 0; size <= 60; size++) lengths.add(fromAlice(filled(size, 1)).length)
    expect([...lengths]).toEqual([32 + 64 + 16])
    expect(fromAlice(filled(61, 1)).length).toBe(32 + 128 + 16)
  })

  test('is never longer than promised', () => {
    let most = 0
    for (let size = 0; size < 200; size++) most = Math.max(most, fromAlice(filled(size, 1)).length - size)
    expect(most).toBe(SEAL_OVERHEAD_BYTES)
  })

  test('with padding that hides something, or the wrong amount of it, does not open', () => {
    const seal = (padded: Uint8Array): Uint8Array =>
      new HandshakeState({
        pattern: K,
        initiator: true,
        prologue: CONTEXT,
        staticKey: alice,
        remoteStatic: bob.publicKey,
        ephemeralSecret: filled(32, 5),
      }).writeMessage(padded)
    const honest = new Uint8Array(64)
    honest.set([0, 0, 0, 2, 104, 105])
    expect(atBob(seal(honest))).toEqual(utf8('hi'))
    for (let byte = 6; byte < 64; byte++) expect(atBob(seal(flipped(honest, byte)))).toBeNull()
    expect(atBob(seal(new Uint8Array(128).fill(0, 0).with(3, 2)))).toBeNull()
    expect(atBob(seal(new Uint8Array(64).with(0, 255)))).toBeNull()
    for (const length of [0, 3, 4, 63, 65]) expect(atBob(seal(new Uint8Array(length)))).toBeNull()
  })

  test('looks different each time it is sealed', () => {
    expect(fromAlice(utf8('same'), 10)).not.toEqual(fromAlice(utf8('same'), 11))
  })

  test('over what a Noise message holds is refused', () => {
    expect(() => fromAlice(filled(65_535, 1))).toThrow(RangeError)
  })

  test('is not opened from random bytes, and these never throw', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => atBob(bytes) === null))
  })
})

describe('the name of a conversation', () => {
  test('is the same from both sides and another for each pair', () => {
    const ids = [
      conversationId(alice, bob.publicKey)!,
      conversationId(alice, carol.publicKey)!,
      conversationId(bob, carol.publicKey)!,
      conversationId(alice, alice.publicKey)!,
    ]
    expect(conversationId(bob, alice.publicKey)).toEqual(ids[0]!)
    expect(new Set(ids.map(String)).size).toBe(4)
    expect(ids.every((id) => id.length === 32)).toBe(true)
  })

  test('is not shared by keys that agree alike: one with its top bit set has another', () => {
    const twin = flipped(bob.publicKey, 31, 7)
    expect(alice.agree(twin)).toEqual(alice.agree(bob.publicKey))
    expect(conversationId(alice, twin)).not.toEqual(conversationId(alice, bob.publicKey))
  })

  test('does not exist with a key of small order', () => {
    expect(conversationId(agreementKeyFromSecret(filled(32, 4)), filled(32, 0))).toBeNull()
  })
})

describe('the tag a reader answers by', () => {
  test('is the same from both sides, and another for each feed and each pair', () => {
    const tags = [
      receiptTag(alice, bob.publicKey, CONTEXT)!,
      receiptTag(alice, bob.publicKey, utf8('feed 2'))!,
      receiptTag(alice, carol.publicKey, CONTEXT)!,
    ]
    expect(receiptTag(bob, alice.publicKey, CONTEXT)).toEqual(tags[0]!)
    expect(new Set(tags.map(String)).size).toBe(3)
    expect(String(tags[0])).not.toBe(String(conversationId(alice, bob.publicKey)))
    expect(receiptTag(alice, filled(32, 0), CONTEXT)).toBeNull()
  })
})
