import { describe, expect, test } from 'bun:test'
import { createHash, createHmac, hkdfSync } from 'node:crypto'
import fc from 'fast-check'
import { toHex, utf8 } from '../../src/base/bytes.ts'
import { agreementKeyFromSecret } from '../../src/crypto/agree.ts'
import {
  audioStream,
  openEndpoints,
  type PairEnd,
  sealEndpoints,
  sessionTag,
  VoicePair,
} from '../../src/wire/voice-signal-keys.ts'
import { exactly } from './codec-laws.ts'
import { endpointLists } from './voice-codecs.ts'

const room = new Uint8Array(32).fill(0x11)
const keyA = agreementKeyFromSecret(new Uint8Array(32).fill(0x22))
const keyB = agreementKeyFromSecret(new Uint8Array(32).fill(0x33))
const a: PairEnd = { author: new Uint8Array(32).fill(0xa1), session: keyA.publicKey }
const b: PairEnd = { author: new Uint8Array(32).fill(0xb2), session: keyB.publicKey }
const pairOf = () => [VoicePair.agree(keyA, room, a, b)!, VoicePair.agree(keyB, room, b, a)!] as const

const sha256 = (...parts: (string | Uint8Array)[]) => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}
const u32 = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)

describe('the keys of two sessions', () => {
  test('are HKDF-SHA-256 (RFC 5869) of their agreement, as another implementation has it', () => {
    const shared = keyA.agree(keyB.publicKey)!
    const salt = sha256('hearsay voice pair 1', room, a.author, a.session, b.author, b.session)
    const expand = (purpose: string, from: PairEnd, admission: number) => {
      const info = Buffer.concat([
        utf8(`${purpose}\0`),
        from.author,
        Buffer.from([0, 0, admission >> 8, admission & 255]),
      ])
      return new Uint8Array(hkdfSync('sha256', shared, salt, info, 32))
    }
    const [ofA, ofB] = pairOf()
    for (const [direction, from, admission] of [
      [ofA.outgoing(1), a, 1],
      [ofB.outgoing(1), b, 1],
      [ofA.incoming(700), b, 700],
    ] as const) {
      expect(direction.control.secret).toEqual(expand('control', from, admission))
      expect(direction.control.tag).toBe(u32(expand('tag', from, admission)))
    }
  })

  test('are what they were', () => {
    const [ofA] = pairOf()
    const { control } = ofA.outgoing(1)
    const secret = new Uint8Array(32).fill(0x44)
    expect(toHex(control.secret)).toBe(KNOWN.control)
    expect(control.tag).toBe(KNOWN.controlTag)
    expect(toHex(ofA.outgoing(1).seal(1, secret))).toBe(KNOWN.grant)
    expect(sessionTag(room, a.author, a.session)).toBe(KNOWN.sessionTag)
    expect(audioStream(a.author, secret)).toEqual({ tag: KNOWN.audioTag, secret })
    expect(toHex(sealEndpoints(secret, 1, [{ host: '192.0.2.1', port: 5_000 }]))).toBe(KNOWN.endpoints)
  })

  test('are the same from both ends, and in no two directions, admissions, rooms, identities or sessions', () => {
    const other = agreementKeyFromSecret(new Uint8Array(32).fill(0x55))
    const [ofA, ofB] = pairOf()
    for (const admission of [1, 2, 2 ** 32 - 1]) {
      expect(ofA.outgoing(admission).control).toEqual(ofB.incoming(admission).control)
      expect(ofB.outgoing(admission).control).toEqual(ofA.incoming(admission).control)
    }
    const pairs = [
      ofA,
      VoicePair.agree(keyA, new Uint8Array(32), a, b)!,
      VoicePair.agree(keyA, room, { ...a, author: new Uint8Array(32) }, b)!,
      VoicePair.agree(keyA, room, a, { ...b, author: new Uint8Array(32).fill(255) })!,
      VoicePair.agree(keyA, room, a, { ...b, session: other.publicKey })!,
      VoicePair.agree(other, room, { ...a, session: other.publicKey }, b)!,
    ]
    const streams = pairs.flatMap((pair) =>
      [1, 2].flatMap((at) => [pair.outgoing(at).control, pair.incoming(at).control]),
    )
    expect(new Set(streams.map(({ secret }) => toHex(secret))).size).toBe(streams.length)
    expect(new Set(streams.map(({ tag }) => tag)).size).toBe(streams.length)
  })

  test('are none with a session whose agreement everybody knows', () => {
    for (const session of [new Uint8Array(32), new Uint8Array(32).fill(1, 0, 1), new Uint8Array(31)]) {
      expect(VoicePair.agree(keyA, room, a, { ...b, session })).toBeNull()
    }
  })
})

describe('a grant', () => {
  test('opens for whom it was sealed, in its generation and admission, and for nobody and nowhere else', () => {
    fc.assert(
      fc.property(exactly(32), fc.nat(2 ** 32 - 1), fc.integer({ min: 1, max: 9 }), (secret, generation, admission) => {
        const [ofA, ofB] = pairOf()
        const sealed = ofA.outgoing(admission).seal(generation, secret)
        expect(ofB.incoming(admission).open(generation, sealed)).toEqual(secret)
        expect(ofA.outgoing(admission).seal(generation, secret)).toEqual(sealed)
        expect(ofB.incoming(admission + 1).open(generation, sealed)).toBeNull()
        expect(ofB.incoming(admission).open((generation + 1) % 2 ** 32, sealed)).toBeNull()
        expect(ofB.outgoing(admission).open(generation, sealed)).toBeNull()
        expect(
          ofB.incoming(admission).open(generation, sealed.with(generation % 48, sealed[generation % 48]! ^ 1)),
        ).toBeNull()
      }),
      { numRuns: 30 },
    )
  })
})

describe('sealed endpoints', () => {
  test('open with the audio secret and their revision alone', () => {
    fc.assert(
      fc.property(exactly(32), fc.nat(1_000), endpointLists, (secret, revision, endpoints) => {
        const sealed = sealEndpoints(secret, revision, endpoints)
        expect(openEndpoints(secret, revision, sealed)).toEqual(endpoints)
        expect(openEndpoints(secret, revision + 1, sealed)).toBeNull()
        expect(openEndpoints(secret.with(0, secret[0]! ^ 1), revision, sealed)).toBeNull()
        expect(openEndpoints(secret, revision, sealed.subarray(1))).toBeNull()
      }),
      { numRuns: 50 },
    )
  })
})

test('tags come from what they are the tags of', () => {
  const secret = new Uint8Array(32).fill(0x44)
  expect(sessionTag(room, a.author, a.session)).toBe(u32(sha256('hearsay voice session 1', room, a.author, a.session)))
  const mac = createHmac('sha256', secret).update('hearsay voice audio tag 1').update(a.author).digest()
  expect(audioStream(a.author, secret).tag).toBe(mac.readUInt32BE(0))
})

const KNOWN = {
  control: 'ab188fa3210f7ca0816765861ef26434bf20a5ad3bf430a1a3264b9b85f3354e',
  controlTag: 105341584,
  grant: '7d77e6cde4fa8215f57af00c996e1f81c6ae565b511aea94b3ffab5d263ad2ff4b299d5768d649cef712492e24f8f74e',
  sessionTag: 1228081697,
  audioTag: 1258369880,
  endpoints: '5a01c20bc96b1b96753ca8c186bb3aace9b7b19eea5129',
}
