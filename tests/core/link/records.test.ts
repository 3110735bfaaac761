import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { joinBytes } from '../../../src/base/bytes.ts'
import { RecordReader } from '../../../src/core/link/records.ts'
import { CipherState } from '../../../src/crypto/aead.ts'
import { RECORD_BYTES_MAX, RECORD_TAG_BYTES } from '../../../src/wire/limits.ts'

const KEY = new Uint8Array(32).fill(4)
const cipher = () => new CipherState(KEY.slice())

const plaintexts = fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { minLength: 1, maxLength: 8 })

function seal(list: readonly Uint8Array[]): Uint8Array[] {
  const sealer = cipher()
  return list.map((plaintext) => sealer.sealRecord(plaintext))
}

interface Reading {
  readonly records: Uint8Array[]
  readonly fault: string | null
  readonly partial: boolean
}

/** Reads `stream` in pieces of the given lengths, over and over. */
function readIn(stream: Uint8Array, lengths: readonly number[]): Reading {
  const reader = new RecordReader(cipher())
  const records: Uint8Array[] = []
  for (let at = 0, turn = 0; at < stream.length; turn++) {
    const length = lengths[turn % lengths.length]!
    const fault = reader.receive(stream.slice(at, at + length), (record) => records.push(record) > 0)
    if (fault !== null) return { records, fault, partial: reader.partial }
    at += length
  }
  return { records, fault: null, partial: reader.partial }
}

describe('records', () => {
  test('come out whole and in order, however the stream is cut into pieces', () => {
    const pieces = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(plaintexts, pieces, (list, lengths) => {
        const { records, fault, partial } = readIn(joinBytes(seal(list)), lengths)
        expect(fault).toBeNull()
        expect(records.map(String)).toEqual(list.map(String))
        expect(partial).toBe(false)
      }),
    )
  })

  test('cut short, the stream gives those that are whole, and knows that one has begun', () => {
    fc.assert(
      fc.property(plaintexts, (list) => {
        const sealed = seal(list)
        const stream = joinBytes(sealed)
        const ends = new Set([0])
        let end = 0
        for (const record of sealed) {
          end += record.length
          ends.add(end)
        }
        for (let length = 0; length < stream.length; length += 3) {
          const { records, fault, partial } = readIn(stream.slice(0, length), [17])
          expect(fault).toBeNull()
          expect(partial).toBe(!ends.has(length))
          expect(records.map(String)).toEqual(list.slice(0, records.length).map(String))
        }
      }),
      { numRuns: 20 },
    )
  })

  test('with any bit turned, nothing from there on comes out', () => {
    const list = [1, 2, 3].map((value) => new Uint8Array(20).fill(value))
    const sealed = seal(list)
    const stream = joinBytes(sealed)
    for (let bit = 0; bit < stream.length * 8; bit++) {
      const turned = stream.slice()
      turned[bit >> 3]! ^= 1 << (bit & 7)
      const { records, fault, partial } = readIn(turned, [stream.length])
      const before = Math.floor((bit >> 3) / sealed[0]!.length)
      expect(records.map(String)).toEqual(list.slice(0, before).map(String))
      // A length that has grown waits for bytes that never come: the deadline for a record ends that.
      expect(fault !== null || partial).toBe(true)
    }
  })

  test('replayed, left out or changed places, they do not open', () => {
    const [one, two, three] = seal([1, 2, 3].map((value) => new Uint8Array(9).fill(value))) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ]
    for (const [stream, good] of [
      [[one, one], 1],
      [[two], 0],
      [[one, three], 1],
      [[two, one], 0],
      [[one, two, one], 2],
    ] as const) {
      const { records, fault } = readIn(joinBytes(stream), [1_000])
      expect(records.length).toBe(good)
      expect(fault).toContain('does not open')
    }
  })

  test('64 KiB of plaintext and no more; a length over that is refused at the header', () => {
    const { records } = readIn(joinBytes(seal([new Uint8Array(RECORD_BYTES_MAX)])), [10_000])
    expect(records[0]?.length).toBe(RECORD_BYTES_MAX)
    const header = (length: number) => Uint8Array.of(length >>> 24, length >>> 16, length >>> 8, length)
    for (const length of [RECORD_BYTES_MAX + RECORD_TAG_BYTES + 1, 2 ** 31, 0xffffffff]) {
      expect(readIn(header(length), [4]).fault).toBe(`announced a record of ${length >>> 0} bytes`)
    }
  })

  test('a record that holds nothing is refused: it could only be there to make work', () => {
    for (let length = 0; length <= RECORD_TAG_BYTES; length++) {
      expect(readIn(Uint8Array.of(0, 0, 0, length), [4]).fault).not.toBeNull()
    }
  })

  test('who has had enough is given no more', () => {
    const reader = new RecordReader(cipher())
    const records: Uint8Array[] = []
    const stream = joinBytes(seal([1, 2, 3].map((value) => new Uint8Array(9).fill(value))))
    reader.receive(stream, (record) => records.push(record) < 2)
    expect(records.length).toBe(2)
  })

  test('are taken one at a time by who says no after each, and goes on behind it', () => {
    const pieces = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(plaintexts, pieces, (list, lengths) => {
        const reader = new RecordReader(cipher())
        const stream = joinBytes(seal(list))
        const records: Uint8Array[] = []
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const before = records.length
          const piece = stream.slice(at, at + lengths[turn % lengths.length]!)
          expect(reader.receive(piece, (record) => records.push(record) === 0)).toBeNull()
          expect(records.length - before).toBeLessThanOrEqual(1)
          if (records.length === before) expect(reader.usedBytes).toBe(piece.length)
          at += reader.usedBytes
        }
        expect(records.map(String)).toEqual(list.map(String))
      }),
    )
  })
})
