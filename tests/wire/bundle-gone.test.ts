import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { sha256 } from '../../src/crypto/hash.ts'
import { signingKeyFromSeed, verifier } from '../../src/crypto/sign.ts'
import { BundleBuilder, chainBundle, decodeBundle, NO_EVENT, signatureOf, signedPart } from '../../src/wire/bundle.ts'
import { withBodies, withoutBody } from '../../src/wire/bundle-gone.ts'
import { BUNDLE_BYTES_MAX } from '../../src/wire/limits.ts'
import { anyBytes } from './codec-laws.ts'

const key = signingKeyFromSeed(new Uint8Array(32).fill(3))
const check = verifier(key.publicKey)!
const FEED = new Uint8Array(32).fill(9)
const FIRST = 7

const said = fc.record({ kind: fc.nat(127), step: fc.nat(5_000), body: anyBytes(80) })
const story = fc.tuple(fc.array(said, { minLength: 1, maxLength: 12 }), fc.array(fc.nat(11), { maxLength: 12 }))

describe('a bundle without some of its bodies', () => {
  test('has the same ids, chain and signature, and says the rest as before', () => {
    fc.assert(
      fc.property(story, ([list, forgotten]) => {
        const builder = new BundleBuilder()
        let ms = 1_000
        for (const { kind, step, body } of list) {
          ms += step
          builder.add(kind, { ms, counter: step }, body)
        }
        const { bundle, ids } = builder.seal(FIRST, FEED, NO_EVENT, key)
        const before = bundle.bytes.slice()
        let bytes = bundle.bytes
        for (const at of forgotten) bytes = withoutBody(bytes, FIRST + at)!
        expect(bundle.bytes).toEqual(before)
        const read = decodeBundle(bytes)!
        expect(chainBundle(read, FEED, NO_EVENT)).toEqual(ids)
        expect(check.verify(signedPart(FIRST, ids.at(-1)!), signatureOf(read))).toBe(true)
        const gone = new Set(forgotten)
        read.events.forEach((event, at) => {
          const { time, kind, body } = bundle.events[at]!
          expect(event).toEqual({ time, kind, gone: gone.has(at), body: gone.has(at) ? sha256(body) : body })
        })
      }),
      { numRuns: 60 },
    )
  })

  test('is itself where the body is gone already or the event is another bundle’s', () => {
    const builder = new BundleBuilder()
    builder.add(2, { ms: 1, counter: 0 }, new Uint8Array(5))
    const { bytes } = builder.seal(FIRST, FEED, NO_EVENT, key).bundle
    for (const number of [0, FIRST - 1, FIRST + 1, 2 ** 48]) expect(withoutBody(bytes, number)).toBe(bytes)
    const gone = withoutBody(bytes, FIRST)!
    expect(withoutBody(gone, FIRST)).toBe(gone)
  })

  test('is a bundle whatever goes, also of one that is as full as its author could make it', () => {
    const body = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 2_000 }))
    fc.assert(
      fc.property(fc.array(body, { minLength: 1, maxLength: 40 }), fc.infiniteStream(fc.boolean()), (lengths, goes) => {
        const builder = new BundleBuilder()
        const unsigned = { publicKey: key.publicKey, sign: () => new Uint8Array(64) }
        for (let at = 0; ; at++) {
          if (!builder.add(2, { ms: 2 ** 40 * at, counter: 40_000 }, new Uint8Array(lengths[at % lengths.length]!)))
            break
        }
        let { bytes, count } = builder.seal(FIRST, FEED, NO_EVENT, unsigned).bundle
        for (let at = 0; at < count; at++) if (goes.next().value === true) bytes = withoutBody(bytes, FIRST + at)!
        expect(bytes.length).toBeLessThanOrEqual(BUNDLE_BYTES_MAX)
        expect(decodeBundle(bytes)!.count).toBe(count)
      }),
      { numRuns: 30 },
    )
  })

  test('is none where there was no bundle', () => {
    fc.assert(fc.property(anyBytes(100), (bytes) => void withoutBody(bytes, 1)))
    const builder = new BundleBuilder()
    builder.add(2, { ms: 1, counter: 0 }, new Uint8Array(5))
    const { bytes } = builder.seal(FIRST, FEED, NO_EVENT, key).bundle
    expect(withoutBody(bytes.subarray(1), FIRST)).toBeNull()
  })
})

describe('a bundle put together from two copies', () => {
  test('has every body that either has, and says which it has gained; and is none where they are not of the same events', () => {
    const marks = fc.array(fc.boolean(), { minLength: 4, maxLength: 4 })
    fc.assert(
      fc.property(marks, marks, (ours, theirs) => {
        const builder = new BundleBuilder()
        for (let at = 0; at < 4; at++) builder.add(2, { ms: at, counter: 0 }, new Uint8Array(5 + at).fill(at))
        const whole = builder.seal(FIRST, FEED, NO_EVENT, key).bundle.bytes
        const without = (gone: readonly boolean[]) =>
          gone.reduce((bytes, isGone, at) => (isGone ? withoutBody(bytes, FIRST + at)! : bytes), whole)
        const gained = ours.flatMap((isGone, at) => (isGone && !theirs[at] ? [FIRST + at] : []))
        const merged = withBodies(without(ours), without(theirs))
        expect(merged?.numbers ?? []).toEqual(gained)
        if (merged !== null) expect(merged.bytes).toEqual(without(ours.map((isGone, at) => isGone && theirs[at]!)))
      }),
    )
    const one = (first: number) => {
      const builder = new BundleBuilder()
      builder.add(2, { ms: 1, counter: 0 }, new Uint8Array(5))
      return builder.seal(first, FEED, NO_EVENT, key).bundle.bytes
    }
    expect(withBodies(withoutBody(one(1), 1)!, one(2))).toBeNull()
    expect(withBodies(withoutBody(one(1), 1)!, new Uint8Array(9))).toBeNull()
  })
})
