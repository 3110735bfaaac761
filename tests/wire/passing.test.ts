import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { ByteReader } from '../../src/base/bytes.ts'
import { HLC_COUNTER_MAX, HLC_MS_MAX } from '../../src/base/hlc.ts'
import { signingKeyFromSeed, verifier } from '../../src/crypto/sign.ts'
import { HOPS_MAX, NAME_BYTES_MAX, PASSING_BODY_BYTES_MAX } from '../../src/wire/limits.ts'
import {
  decodePresence,
  encodePresence,
  type Passing,
  type ReceivedPassing,
  readPassing,
  sealPassing,
  verifyPassing,
} from '../../src/wire/passing.ts'
import { anyBytes, exactly, numbers, obeysTheLaws } from './codec-laws.ts'
import { passingCodec, presenceCodec } from './codecs.ts'

const key = signingKeyFromSeed(new Uint8Array(32).fill(7))
const check = verifier(key.publicKey)!

const passings: fc.Arbitrary<Passing> = fc.record({
  author: fc.constant(key.publicKey),
  room: exactly(32),
  time: fc.record({ ms: numbers(0, HLC_MS_MAX), counter: numbers(0, HLC_COUNTER_MAX) }),
  kind: fc.nat(255),
  body: anyBytes(60),
})

function onTheWire(sealed: Uint8Array, hops = 0): Uint8Array {
  return Uint8Array.of(hops, ...sealed)
}

function read(bytes: Uint8Array): ReceivedPassing | null {
  return readPassing(new ByteReader(bytes))
}

describe('passing events', () => {
  obeysTheLaws('PASSING', passingCodec)

  test('what its author signed verifies, and says the same', () => {
    fc.assert(
      fc.property(passings, (passing) => {
        const got = read(onTheWire(sealPassing(passing, key)))!
        expect(got).toMatchObject({ ...passing })
        expect(verifyPassing(got, check)).toBe(true)
      }),
      { numRuns: 20 },
    )
  })

  test('with any bit of it turned, the hop count apart, nobody signed it', () => {
    const passing = { author: key.publicKey, room: new Uint8Array(32), time: { ms: 5, counter: 6 }, kind: 1 }
    const bytes = onTheWire(sealPassing({ ...passing, body: new Uint8Array(10).fill(9) }, key))
    for (let at = 1; at < bytes.length; at++) {
      const turned = bytes.slice()
      turned[at]! ^= 1 << (at % 8)
      const got = read(turned)
      if (got !== null) expect(verifyPassing(got, check)).toBe(false)
    }
  })

  test('hops are counted up by one, and whatever a peer says never exceed 15', () => {
    const sealed = sealPassing(
      {
        author: key.publicKey,
        room: new Uint8Array(32),
        time: { ms: 0, counter: 0 },
        kind: 1,
        body: new Uint8Array(0),
      },
      key,
    )
    for (let hops = 0; hops <= 255; hops++)
      expect(read(onTheWire(sealed, hops))?.hops).toBe(Math.min(hops + 1, HOPS_MAX))
  })

  test('a body of 1 KiB and no longer', () => {
    const sealed = (length: number) =>
      sealPassing(
        {
          author: key.publicKey,
          room: new Uint8Array(32),
          time: { ms: 0, counter: 0 },
          kind: 1,
          body: new Uint8Array(length),
        },
        key,
      )
    expect(read(onTheWire(sealed(PASSING_BODY_BYTES_MAX)))?.body.length).toBe(PASSING_BODY_BYTES_MAX)
    expect(read(onTheWire(sealed(PASSING_BODY_BYTES_MAX + 1)))).toBeNull()
  })
})

describe('presence', () => {
  obeysTheLaws('presence', presenceCodec)

  test('a name of 128 bytes and no longer, in UTF-8, and one of two states', () => {
    expect(decodePresence(encodePresence({ state: 'here', name: 'x'.repeat(NAME_BYTES_MAX) }))).not.toBeNull()
    expect(decodePresence(encodePresence({ state: 'here', name: 'x'.repeat(NAME_BYTES_MAX + 1) }))).toBeNull()
    expect(decodePresence(Uint8Array.of(1, 1, 0xff))).toBeNull()
    expect(decodePresence(Uint8Array.of(0, 0))).toBeNull()
    expect(decodePresence(Uint8Array.of(3, 0))).toBeNull()
  })
})
