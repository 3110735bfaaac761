import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { sha256 } from '../../src/crypto/hash.ts'
import { signingKeyFromSeed, verifier } from '../../src/crypto/sign.ts'
import { BundleBuilder, chainBundle, decodeBundle, NO_EVENT, signatureOf, signedPart } from '../../src/wire/bundle.ts'
import { withoutBody } from '../../src/wire/bundle-gone.ts'
import { BUNDLE_BYTES_MAX } from '../../src/wire/limits.ts'
import { anyBytes } from './codec-laws.ts'
import { layBundle } from './codecs.ts'

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

  test('is none where the hash would make it longer than a bundle may be, or where there was no bundle', () => {
    const event = { time: { ms: 1, counter: 0 }, kind: 2, gone: false }
    const bodies = [16_000, 16_000, 16_000, 1].map((length) => ({ ...event, body: new Uint8Array(length) }))
    const signature = new Uint8Array(64)
    const lay = (last: number) =>
      layBundle({ first: 1, events: [...bodies, { ...event, body: new Uint8Array(last) }], signature })
    const full = lay(BUNDLE_BYTES_MAX - lay(1_000).length + 1_000)
    expect(full.length).toBe(BUNDLE_BYTES_MAX)
    expect(withoutBody(full, 4)).toBeNull()
    expect(withoutBody(full, 1)!.length).toBeLessThan(full.length)
    expect(withoutBody(full.subarray(1), 1)).toBeNull()
    fc.assert(fc.property(anyBytes(100), (bytes) => void withoutBody(bytes, 1)))
  })
})
