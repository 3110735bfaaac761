import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { ByteReader, ByteWriter } from '../../src/base/bytes.ts'
import {
  CONTENT_BYTES_MAX,
  LEAF_BYTES,
  LEAVES_MAX,
  LEVELS_MAX,
  PAGE_BYTES_MAX,
  PIECE_LEAVES,
} from '../../src/wire/content.ts'
import { encodeFileOffer, type FileOffer, OFFER_NAME_BYTES_MAX, readFileOffer } from '../../src/wire/file-offer.ts'
import { beginFrame, eachFrame, endFrame } from '../../src/wire/frame.ts'
import { encodeManifest, MANIFEST_BYTES_MAX, type ManifestEntry, readManifest } from '../../src/wire/manifest.ts'
import {
  GAINED_MAX,
  MAP_PART_BYTES_MAX,
  RUN_LEAVES_MAX,
  readTransfer,
  TRANSFER_RECORD_BYTES_MAX,
  type TransferFrame,
  transferType,
  writeTransfer,
} from '../../src/wire/transfer.ts'
import { anyBytes, exactly, numbers, obeysTheLaws, texts } from './codec-laws.ts'
import { written } from './codecs.ts'

const handles = numbers(1, 2 ** 32)
const leaves = fc.nat(LEAVES_MAX - PIECE_LEAVES)
const places = { level: fc.nat(LEVELS_MAX), index: leaves }

const frames: Record<string, fc.Arbitrary<TransferFrame>> = {
  OPEN: fc.record({
    type: fc.constant('open' as const),
    handle: handles,
    root: exactly(32),
    size: numbers(0, CONTENT_BYTES_MAX),
  }),
  ASK: fc.record({
    type: fc.constant('ask' as const),
    handle: handles,
    first: leaves,
    count: fc.integer({ min: 1, max: PIECE_LEAVES }),
  }),
  ASK_PAGE: fc.record({ type: fc.constant('askPage' as const), handle: handles, ...places }),
  CLOSE: fc.record({ type: fc.constant('close' as const), handle: handles }),
  'HAVE, whole': fc.record({ type: fc.constant('have' as const), handle: handles, whole: fc.boolean() }),
  GAINED: fc.record({
    type: fc.constant('gained' as const),
    handle: handles,
    pieces: fc.array(leaves, { minLength: 1, maxLength: GAINED_MAX }),
  }),
  REFUSED: fc.record({ type: fc.constant('refused' as const), handle: handles, code: fc.nat(255) }),
}

describe('frames about files', () => {
  for (const [name, values] of Object.entries(frames)) {
    const [type] = fc.sample(values, 1).map(transferType)
    obeysTheLaws<TransferFrame>(name, {
      values,
      encode: (frame) => written((out) => writeTransfer(out, frame)),
      decode: (bytes) => readTransfer(type!, new ByteReader(bytes)),
    })
  }

  const longs: fc.Arbitrary<TransferFrame> = fc.oneof(
    fc.record({ type: fc.constant('have' as const), handle: handles, from: leaves, map: anyBytes(200, 1) }),
    fc.record({ type: fc.constant('leaves' as const), handle: handles, first: leaves, bytes: anyBytes(200, 1) }),
    fc.record({ type: fc.constant('page' as const), handle: handles, ...places, bytes: anyBytes(200, 1) }),
  )

  test('those that end with bytes are read back', () => {
    fc.assert(
      fc.property(longs, (frame) => {
        const bytes = written((out) => writeTransfer(out, frame))
        expect(readTransfer(transferType(frame), new ByteReader(bytes))).toEqual(frame)
      }),
    )
  })

  test('those with leaves or a page are in memory that nothing else of their record is in', () => {
    const several = fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(several, fc.constantFrom('leaves' as const, 'page' as const), (bodies, type) => {
        const out = new ByteWriter()
        for (const bytes of bodies) {
          const place = type === 'leaves' ? { type, first: 0 } : { type, level: 0, index: 0 }
          const frame: TransferFrame = { ...place, handle: 1, bytes }
          const at = beginFrame(out, transferType(frame))
          writeTransfer(out, frame)
          endFrame(out, at)
        }
        const record = out.copy()
        const memories: ArrayBufferLike[] = []
        eachFrame(
          record,
          (kind, bytes, start, end) => {
            const frame = readTransfer(kind, new ByteReader(bytes, start, end))
            if (frame?.type !== type) throw new Error('it was not read back')
            expect(frame.bytes).toEqual(bodies[memories.length]!)
            memories.push(frame.bytes.buffer)
          },
          () => true,
        )
        expect(new Set(memories).size).toBe(bodies.length)
        // Only what is last may be where it came: whoever releases it takes nothing from the others.
        expect(memories.slice(0, -1)).not.toContain(record.buffer)
      }),
    )
  })

  test('the longest fit in a record, and what is longer is refused', () => {
    const long = (bytes: number, type: 'leaves' | 'page' | 'have'): TransferFrame =>
      type === 'have'
        ? { type, handle: 1, from: 0, map: new Uint8Array(bytes) }
        : type === 'page'
          ? { type, handle: 1, level: 0, index: 0, bytes: new Uint8Array(bytes) }
          : { type, handle: 1, first: 0, bytes: new Uint8Array(bytes) }
    for (const [type, most] of [
      ['leaves', RUN_LEAVES_MAX * LEAF_BYTES],
      ['page', PAGE_BYTES_MAX],
      ['have', MAP_PART_BYTES_MAX],
    ] as const) {
      const out = new ByteWriter()
      writeTransfer(out, long(most, type))
      expect(out.length).toBeLessThan(TRANSFER_RECORD_BYTES_MAX - 4096)
      expect(readTransfer(transferType(long(1, type)), new ByteReader(out.copy()))).not.toBeNull()
      out.u8(0)
      expect(readTransfer(transferType(long(1, type)), new ByteReader(out.copy()))).toBeNull()
    }
  })
})

const offers: fc.Arbitrary<FileOffer> = fc
  .record({
    root: exactly(32),
    size: numbers(1, CONTENT_BYTES_MAX),
    manifestBytes: fc.nat(1),
    entries: fc.nat(1),
    changedMs: fc.nat(2 ** 40),
    name: texts(OFFER_NAME_BYTES_MAX, 1),
  })
  .map((offer) => ({ ...offer, entries: offer.entries * offer.manifestBytes }))

describe('an offer', () => {
  obeysTheLaws('an offer', {
    values: offers,
    encode: (offer) => encodeFileOffer(offer) ?? new Uint8Array(),
    decode: readFileOffer,
  })

  test('of more than there can be, with a manifest longer than itself, or without a name, is none', () => {
    const offer: FileOffer = {
      root: new Uint8Array(32),
      size: 10,
      manifestBytes: 0,
      entries: 0,
      changedMs: 0,
      name: 'x',
    }
    const read = (change: Partial<FileOffer>) => {
      const bytes = encodeFileOffer({ ...offer, ...change })
      return bytes === null ? null : readFileOffer(bytes)
    }
    expect(read({})).toEqual(offer)
    expect(read({ size: CONTENT_BYTES_MAX + 1 })).toBeNull()
    expect(read({ manifestBytes: 11, entries: 1 })).toBeNull()
    expect(read({ size: 2 ** 40, manifestBytes: MANIFEST_BYTES_MAX + 1 })).toBeNull()
    expect(read({ entries: 1 })).toBeNull()
    expect(read({ name: '' })).toBeNull()
    expect(read({ name: 'x'.repeat(OFFER_NAME_BYTES_MAX + 1) })).toBeNull()
  })
})

const entries: fc.Arbitrary<ManifestEntry> = fc
  .record({
    isFolder: fc.boolean(),
    size: numbers(0, CONTENT_BYTES_MAX),
    changedMs: fc.nat(2 ** 40),
    path: texts(200, 1),
  })
  .map((entry) => (entry.isFolder ? { ...entry, size: 0 } : entry))

obeysTheLaws('a manifest', {
  values: fc.array(entries, { maxLength: 20 }),
  encode: (list: ManifestEntry[]) => encodeManifest(list) ?? new Uint8Array(),
  decode: readManifest,
})
