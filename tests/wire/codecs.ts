import { expect } from 'bun:test'
import fc from 'fast-check'
import { ByteReader, ByteWriter } from '../../src/base/bytes.ts'
import { HLC_COUNTER_MAX, HLC_MS_MAX, type HlcTime } from '../../src/base/hlc.ts'
import { sha256 } from '../../src/crypto/hash.ts'
import { type BundleEvent, decodeBundle, signatureOf } from '../../src/wire/bundle.ts'
import { EventKind, encodeDirect, readDirect } from '../../src/wire/event.ts'
import {
  type FetchedBundle,
  type FetchedEnd,
  readFetch,
  readFetched,
  readFilled,
  writeFetch,
  writeFetched,
  writeFetchedEnd,
  writeFilled,
} from '../../src/wire/fetch.ts'
import { readBye, readHello, writeBye, writeHello } from '../../src/wire/hello.ts'
import {
  EVENT_NUMBER_MAX,
  FEED_HANDLES_MAX,
  HOPS_MAX,
  NAME_BYTES_MAX,
  REASON_BYTES_MAX,
} from '../../src/wire/limits.ts'
import { type MembershipMessage, membershipType, readMembership, writeMembership } from '../../src/wire/membership.ts'
import { decodePresence, encodePresence, type ReceivedPassing, readPassing } from '../../src/wire/passing.ts'
import { PREFIX_BYTES, readPrefixes, writePrefixes } from '../../src/wire/recall.ts'
import {
  readFeed,
  readGap,
  readHandle,
  readHave,
  readWant,
  writeFeed,
  writeGap,
  writeHave,
  writeWant,
} from '../../src/wire/replication.ts'
import { anyBytes, type Codec, exactly, numbers, texts } from './codec-laws.ts'

/** Bytes written by one of the wire's writers. */
export function written(write: (out: ByteWriter) => void): Uint8Array {
  const out = new ByteWriter(16)
  write(out)
  return out.copy()
}

const handles = numbers(1, FEED_HANDLES_MAX)
const eventNumbers = numbers(1, EVENT_NUMBER_MAX)
const ports = fc.nat(0xffff)
const times: fc.Arbitrary<HlcTime> = fc.record({ ms: numbers(0, HLC_MS_MAX), counter: numbers(0, HLC_COUNTER_MAX) })

export const helloCodec = codec({
  values: fc.record({ name: texts(NAME_BYTES_MAX), tcpPort: ports, udpPort: ports, agent: texts(64) }),
  encode: (hello) => written((out) => writeHello(out, hello)),
  decode: (bytes) => readHello(new ByteReader(bytes)),
  growing: true,
})

export const prefixesCodec = codec({
  values: fc.array(
    exactly(PREFIX_BYTES).map((bytes) => bytes.toHex()),
    { maxLength: 40 },
  ),
  encode: (prefixes) => written((out) => writePrefixes(out, prefixes)),
  decode: (bytes) => readPrefixes(new ByteReader(bytes)),
})

const contacts = fc.record({
  key: exactly(32).map((bytes) => bytes.toHex()),
  address: fc.record({ host: fc.constantFrom('192.0.2.1', '10.0.0.7', '2001:db8::1'), port: numbers(1, 65_535) }),
})

/** A frame's type and body. */
export const membershipCodec = codec<MembershipMessage>({
  values: fc.oneof<fc.Arbitrary<MembershipMessage>[]>(
    fc.record({ kind: fc.constant('forward-join' as const), ttl: fc.nat(255), contact: contacts }),
    fc.record({
      kind: fc.constant('shuffle' as const),
      ttl: fc.nat(255),
      nonce: numbers(0, 2 ** 32 - 1),
      contacts: fc.array(contacts, { maxLength: 8 }),
    }),
    fc.record({ kind: fc.constant('neighbor' as const), priority: fc.constantFrom('low', 'high', 'splice') }),
  ),
  encode: (message) => written((out) => writeMembership(out.u8(membershipType(message)), message)),
  decode: (bytes) => (bytes.length === 0 ? null : readMembership(bytes[0]!, new ByteReader(bytes, 1))),
})

export const byeCodec = codec({
  values: fc.record({ code: fc.nat(255), reason: texts(REASON_BYTES_MAX) }),
  encode: (bye) => written((out) => writeBye(out, bye)),
  decode: (bytes) => readBye(new ByteReader(bytes)),
  growing: true,
})

export const feedCodec = codec({
  values: fc
    .record({
      handle: handles,
      author: exactly(32),
      room: exactly(32),
      epoch: exactly(8),
      one: eventNumbers,
      other: eventNumbers,
    })
    .map(({ one, other, ...names }) => ({ ...names, base: Math.min(one, other), next: Math.max(one, other) })),
  encode: (feed) => written((out) => writeFeed(out, feed)),
  decode: (bytes) => readFeed(new ByteReader(bytes)),
})

export const haveCodec = codec({
  values: fc.array(fc.record({ handle: handles, next: eventNumbers }), { maxLength: 20 }),
  encode: (entries) => written((out) => writeHave(out, entries)),
  decode: (bytes) => readHave(new ByteReader(bytes)),
})

export const wantCodec = codec({
  values: fc.record({ handle: handles, from: eventNumbers, full: fc.boolean() }),
  encode: (want) => written((out) => writeWant(out, want)),
  decode: (bytes) => readWant(new ByteReader(bytes)),
})

export const gapCodec = codec({
  values: fc.record({ handle: handles, to: eventNumbers }),
  encode: (gap) => written((out) => writeGap(out, gap)),
  decode: (bytes) => readGap(new ByteReader(bytes)),
})

const ranges = fc
  .record({ handle: handles, one: eventNumbers, other: eventNumbers })
  .filter(({ one, other }) => one !== other)
  .map(({ handle, one, other }) => ({ handle, from: Math.min(one, other), to: Math.max(one, other) }))

export const fetchCodec = codec({
  values: ranges,
  encode: (fetch) => written((out) => writeFetch(out, fetch)),
  decode: (bytes) => readFetch(new ByteReader(bytes)),
})

export const fetchedCodec = codec<FetchedBundle | FetchedEnd>({
  values: fc.oneof<fc.Arbitrary<FetchedBundle | FetchedEnd>[]>(
    fc.record({ kind: fc.constant('bundle' as const), previous: exactly(32), bytes: anyBytes(80) }),
    fc.record({ kind: fc.constant('end' as const), down: numbers(1, EVENT_NUMBER_MAX - 1) }),
  ),
  encode: (part) => written((out) => (part.kind === 'end' ? writeFetchedEnd(out, part.down) : writeFetched(out, part))),
  decode: (bytes) => readFetched(new ByteReader(bytes)),
})

export const filledCodec = codec({
  values: fc.array(ranges, { maxLength: 20 }),
  encode: (entries) => written((out) => writeFilled(out, entries)),
  decode: (bytes) => readFilled(new ByteReader(bytes)),
})

export const lazyCodec = codec({
  values: handles,
  encode: (handle) => written((out) => out.varint(handle)),
  decode: (bytes) => {
    const body = new ByteReader(bytes)
    const handle = readHandle(body)
    return body.done ? handle : null
  },
})

export const presenceCodec = codec({
  values: fc.record({ state: fc.constantFrom('here' as const, 'left' as const), name: texts(NAME_BYTES_MAX) }),
  encode: encodePresence,
  decode: decodePresence,
  growing: true,
})

export const directCodec = codec({
  values: fc.record({
    kind: fc.constantFrom(EventKind.text, EventKind.action, EventKind.notice),
    name: texts(NAME_BYTES_MAX),
    text: texts(400, 1),
  }),
  encode: encodeDirect,
  decode: (bytes) => readDirect(new ByteReader(bytes)),
})

/** Signing is dear: the laws are asked of the layout, with a signature that is only bytes. */
export const passingCodec = codec<ReceivedPassing>({
  values: fc
    .record({
      author: exactly(32),
      room: exactly(32),
      time: times,
      kind: fc.nat(255),
      body: anyBytes(60),
      signature: exactly(64),
    })
    .map(({ signature, ...passing }) => {
      const { author, room, time, kind, body } = passing
      const signed = written((out) => out.bytes(author).bytes(room).u48(time.ms).u16(time.counter).u8(kind).sized(body))
      return { ...passing, id: new Uint8Array(sha256(signed)), hops: 1, sealed: Uint8Array.of(...signed, ...signature) }
    }),
  encode: ({ sealed, hops }) => Uint8Array.of(hops - 1, ...sealed),
  decode: (bytes) => {
    const passing = readPassing(new ByteReader(bytes))
    // Hops above the most there are come down to it, so only what is below has one spelling.
    if (passing === null || bytes[0]! >= HOPS_MAX) return null
    return { ...passing, id: new Uint8Array(passing.id) }
  },
})

export interface BundleLayout {
  readonly first: number
  readonly events: readonly BundleEvent[]
  readonly signature: Uint8Array
}

/** The layout of a bundle as its module's header gives it, written a second time. */
export function layBundle({ first, events, signature }: BundleLayout): Uint8Array {
  const out = new ByteWriter().varint(first).varint(events.length)
  events.forEach(({ time, kind, body, gone }, at) => {
    const before = events[at - 1]
    const mark = kind | (gone ? 0x80 : 0)
    if (before === undefined) out.u48(time.ms).varint(time.counter).u8(mark)
    else
      out
        .u8(mark)
        .varint(time.ms - before.time.ms)
        .varint(time.counter)
    if (gone) out.bytes(body)
    else out.sized(body)
  })
  return out.bytes(signature).copy()
}

const events: fc.Arbitrary<BundleEvent[]> = fc
  .array(
    fc.record({
      step: numbers(0, 2 ** 40),
      counter: numbers(0, HLC_COUNTER_MAX),
      kind: fc.nat(127),
      body: anyBytes(40),
      gone: fc.boolean(),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((list) => {
    let ms = 0
    return list.map(({ step, counter, kind, body, gone }) => {
      ms += step
      return { time: { ms, counter }, kind, body: gone ? new Uint8Array(sha256(body)) : body, gone }
    })
  })

export const bundleCodec = codec<BundleLayout>({
  values: fc.record({ first: numbers(1, EVENT_NUMBER_MAX - 256), events, signature: exactly(64) }),
  encode: layBundle,
  decode: (bytes) => {
    const bundle = decodeBundle(bytes)
    if (bundle === null) return null
    expect(bundle.count).toBe(bundle.events.length)
    return { first: bundle.first, events: bundle.events, signature: signatureOf(bundle) }
  },
})

function codec<T>(of: Codec<T>): Codec<T> {
  return of
}
