import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { ByteWriter } from '../../src/base/bytes.ts'
import { HLC_COUNTER_MAX, HLC_MS_MAX } from '../../src/base/hlc.ts'
import { type SigningKey, signingKeyFromSeed, verifier } from '../../src/crypto/sign.ts'
import {
  BundleBuilder,
  type BundleEvent,
  chainBundle,
  decodeBundle,
  NO_EVENT,
  peekBundle,
  signatureOf,
  signedPart,
} from '../../src/wire/bundle.ts'
import { BUNDLE_BYTES_MAX, BUNDLE_EVENTS_MAX, EVENT_BODY_BYTES_MAX, EVENT_NUMBER_MAX } from '../../src/wire/limits.ts'
import { anyBytes, numbers, obeysTheLaws } from './codec-laws.ts'
import { type BundleLayout, bundleCodec, layBundle } from './codecs.ts'

const counters = numbers(0, HLC_COUNTER_MAX)
const EVENT: BundleEvent = { time: { ms: 1, counter: 1 }, kind: 2, body: new Uint8Array(1), gone: false }
const SIGNATURE = new Uint8Array(64)
const laid = (changed: Partial<BundleLayout>) =>
  layBundle({ first: 1, events: [EVENT], signature: SIGNATURE, ...changed })
const key = signingKeyFromSeed(new Uint8Array(32).fill(3))
const FEED = new Uint8Array(32).fill(9)

describe('bundles', () => {
  obeysTheLaws('BUNDLE', bundleCodec)

  test('256 events and no more, one and no fewer', () => {
    const many = (count: number) => laid({ events: Array.from({ length: count }, () => EVENT) })
    expect(decodeBundle(many(BUNDLE_EVENTS_MAX))?.count).toBe(BUNDLE_EVENTS_MAX)
    expect(decodeBundle(many(BUNDLE_EVENTS_MAX + 1))).toBeNull()
    expect(decodeBundle(new ByteWriter().varint(1).varint(0).u48(1).varint(0).bytes(SIGNATURE).copy())).toBeNull()
  })

  test('numbers from 1, and none reaches 2^48', () => {
    expect(decodeBundle(laid({ first: 0 }))).toBeNull()
    expect(decodeBundle(laid({ first: EVENT_NUMBER_MAX - 1 }))?.first).toBe(EVENT_NUMBER_MAX - 1)
    expect(decodeBundle(laid({ first: EVENT_NUMBER_MAX }))).toBeNull()
    expect(decodeBundle(laid({ first: EVENT_NUMBER_MAX - 1, events: [EVENT, EVENT] }))).toBeNull()
    expect(peekBundle(laid({ first: 2 ** 49 - 1 }))).toBeNull()
  })

  test('a body of 16 KiB and what sealing adds, and no longer', () => {
    const sized = (length: number) => laid({ events: [{ ...EVENT, body: new Uint8Array(length) }] })
    expect(decodeBundle(sized(EVENT_BODY_BYTES_MAX))).not.toBeNull()
    expect(decodeBundle(sized(EVENT_BODY_BYTES_MAX + 1))).toBeNull()
    expect(decodeBundle(sized(0))).not.toBeNull()
  })

  test('60 KiB in all and no longer', () => {
    const three = [16_000, 16_000, 16_000].map((length) => ({ ...EVENT, body: new Uint8Array(length) }))
    const size = laid({ events: [...three, { ...EVENT, body: new Uint8Array(0) }] }).length - 1
    const filled = (total: number) => {
      const last = { ...EVENT, body: new Uint8Array(total - size - 2) }
      return laid({ events: [...three, last] })
    }
    const exact = filled(BUNDLE_BYTES_MAX)
    expect(exact.length).toBe(BUNDLE_BYTES_MAX)
    expect(decodeBundle(exact)).not.toBeNull()
    expect(decodeBundle(filled(BUNDLE_BYTES_MAX + 1))).toBeNull()
  })

  test('none that would be longer than one may be with hashes in place of its bodies', () => {
    const bodies = (...lengths: number[]) => lengths.map((length) => ({ ...EVENT, body: new Uint8Array(length) }))
    const lay = (last: number) => laid({ events: bodies(16_000, 16_000, 16_000, 1, last) })
    const room = BUNDLE_BYTES_MAX - lay(1_000).length + 1_000
    // One byte and its length make way for 32.
    expect(decodeBundle(lay(room - 30))).not.toBeNull()
    expect(decodeBundle(lay(room - 29))).toBeNull()
    const gone = { ...EVENT, body: new Uint8Array(32), gone: true }
    expect(decodeBundle(laid({ events: [gone, ...bodies(16_000, 16_000, 16_000, room - 31)] }))).not.toBeNull()
  })

  test('a clock of 48 bits and a counter of 16, also where the steps add up to more', () => {
    const at = (ms: number, counter: number) => ({ ...EVENT, time: { ms, counter } })
    expect(decodeBundle(laid({ events: [at(HLC_MS_MAX, HLC_COUNTER_MAX)] }))).not.toBeNull()
    expect(decodeBundle(laid({ events: [at(1, HLC_COUNTER_MAX + 1)] }))).toBeNull()
    expect(decodeBundle(laid({ events: [at(1, 0), at(HLC_MS_MAX, 0)] }))).not.toBeNull()
    expect(decodeBundle(laid({ events: [at(1, 0), at(HLC_MS_MAX + 1, 0)] }))).toBeNull()
  })

  test('no bytes make a peek throw, and it promises no more than the whole gives', () => {
    fc.assert(
      fc.property(anyBytes(100), (bytes) => {
        const peek = peekBundle(bytes)
        const bundle = decodeBundle(bytes)
        if (bundle !== null) expect(peek).toEqual({ first: bundle.first, count: bundle.count })
      }),
    )
  })
})

describe('what an author gathers', () => {
  const said = fc.record({ kind: fc.nat(127), step: fc.nat(5_000), counter: counters, body: anyBytes(300) })

  test('is sealed so that it decodes, and the signature holds over the whole chain', () => {
    fc.assert(
      fc.property(fc.array(said, { minLength: 1, maxLength: 20 }), numbers(1, 2 ** 47), (list, first) => {
        const builder = new BundleBuilder()
        let ms = 1_000
        for (const { kind, step, counter, body } of list) {
          ms += step
          expect(builder.add(kind, { ms, counter }, body)).toBe(true)
        }
        const { bundle, ids } = builder.seal(first, FEED, NO_EVENT, key)
        const read = decodeBundle(bundle.bytes)!
        expect(read.events).toEqual(
          [...bundle.events].map(({ time, kind, body, gone }) => ({ time, kind, body, gone })),
        )
        expect(chainBundle(read, FEED, NO_EVENT)).toEqual(ids)
        const check = verifier(key.publicKey)!
        expect(check.verify(signedPart(first, ids.at(-1)!), signatureOf(read))).toBe(true)
        expect(builder.count).toBe(0)
      }),
      { numRuns: 30 },
    )
  })

  test('never outgrows a bundle: what does not fit is refused, and fits in the next', () => {
    const unsigned: SigningKey = { publicKey: key.publicKey, sign: () => SIGNATURE }
    const large = fc.record({ length: fc.nat(EVENT_BODY_BYTES_MAX), step: fc.nat(2 ** 40) })
    fc.assert(
      fc.property(fc.array(large, { minLength: 1, maxLength: 30 }), (list) => {
        const builder = new BundleBuilder()
        let ms = 0
        const sealed: number[] = []
        const seal = () =>
          sealed.push(decodeBundle(builder.seal(1, FEED, NO_EVENT, unsigned).bundle.bytes)?.count ?? -1)
        for (const { length, step } of list) {
          ms = Math.min(ms + step, HLC_MS_MAX)
          const add = () => builder.add(2, { ms, counter: 0 }, new Uint8Array(length))
          if (add()) continue
          seal()
          expect(add()).toBe(true)
        }
        seal()
        expect(sealed.reduce((sum, count) => sum + count, 0)).toBe(list.length)
      }),
      { numRuns: 40 },
    )
  })

  test('is full at 256 events', () => {
    const builder = new BundleBuilder()
    for (let i = 0; i < BUNDLE_EVENTS_MAX; i++)
      expect(builder.add(2, { ms: i, counter: 0 }, new Uint8Array(1))).toBe(true)
    expect(builder.add(2, { ms: 999, counter: 0 }, new Uint8Array(1))).toBe(false)
  })

  test('does not run backwards within a bundle: an event from before a clock was set back goes in the next', () => {
    const builder = new BundleBuilder()
    expect(builder.add(2, { ms: 10_000, counter: 0 }, new Uint8Array(1))).toBe(true)
    expect(builder.add(2, { ms: 9_999, counter: 0 }, new Uint8Array(1))).toBe(false)
    expect(builder.add(2, { ms: 10_000, counter: 1 }, new Uint8Array(1))).toBe(true)
  })

  test('a body that no event may have is a fault of the program, not of a peer', () => {
    expect(() => new BundleBuilder().add(2, EVENT.time, new Uint8Array(EVENT_BODY_BYTES_MAX + 1))).toThrow(RangeError)
  })
})
