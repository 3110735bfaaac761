import { describe, expect, test } from 'bun:test'
import { ByteReader, ByteWriter } from '../../src/base/bytes.ts'
import { PREFIX_BYTES, PREFIXES_MAX, readPrefixes, writePrefixes } from '../../src/wire/recall.ts'
import { obeysTheLaws } from './codec-laws.ts'
import { prefixesCodec } from './codecs.ts'

const read = (bytes: Uint8Array): string[] | null => readPrefixes(new ByteReader(bytes))

describe('lists of who is where', () => {
  obeysTheLaws('RECALL_LIST', prefixesCodec)

  test('hold 2,048 and not one more', () => {
    const all = Array.from({ length: PREFIXES_MAX }, (_, i) => i.toString(16).padStart(2 * PREFIX_BYTES, '0'))
    const out = new ByteWriter(16)
    writePrefixes(out, all)
    expect(read(out.copy())).toEqual(all)
    expect(() => writePrefixes(out, [...all, all[0]!])).toThrow(RangeError)
    const more = new ByteWriter(16).varint(PREFIXES_MAX + 1).bytes(new Uint8Array((PREFIXES_MAX + 1) * PREFIX_BYTES))
    expect(read(more.copy())).toBeNull()
  })

  test('that claim more than they hold are refused before anything is made of them', () => {
    expect(read(new ByteWriter(16).varint(2_000).bytes(new Uint8Array(8)).copy())).toBeNull()
    expect(read(new ByteWriter(16).varint(1).bytes(new Uint8Array(9)).copy())).toBeNull()
    expect(read(new Uint8Array(0))).toBeNull()
  })
})
