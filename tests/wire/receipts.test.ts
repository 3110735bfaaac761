import { describe, expect, test } from 'bun:test'
import { ByteReader } from '../../src/base/bytes.ts'
import { RECORD_BYTES_MAX } from '../../src/wire/limits.ts'
import {
  MEMBER_NUMBERS_MAX,
  RECEIPT_ENTRIES_MAX,
  RECEIPT_MEMBERS_MAX,
  RECEIPT_NAMES_MAX,
  RECEIPT_SPAN_MAX,
  type ReceiptEntry,
  type ReceiptsFrame,
  readReceipts,
  writeReceipts,
} from '../../src/wire/receipts.ts'
import { obeysTheLaws } from './codec-laws.ts'
import { written } from './codecs.ts'
import { receiptsCodec } from './receipts-codec.ts'

const write = (frame: Partial<ReceiptsFrame>) =>
  written((out) => writeReceipts(out, { anew: false, tags: [], entries: [], ...frame }))
const read = (bytes: Uint8Array) => readReceipts(new ByteReader(bytes))
const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(' ', ''))
const entry = (more: Partial<ReceiptEntry>): ReceiptEntry => ({
  handle: 1,
  next: 2,
  span: 1,
  runs: [{ from: 0, to: 1 }],
  ...more,
})

describe('receipts', () => {
  obeysTheLaws('RECEIPTS', receiptsCodec)

  test('are laid out as their header says', () => {
    const frame: ReceiptsFrame = {
      anew: true,
      tags: ['0102030405060708', 'f1f2f3f4f5f6f7f8'],
      entries: [
        entry({ handle: 3, next: 300, span: 299, runs: [{ from: 0, to: 2 }] }),
        entry({
          handle: 130,
          next: 7,
          span: 2,
          runs: [
            { from: 1, to: 2 },
            { from: 4, to: 9 },
          ],
        }),
      ],
    }
    const bytes = hex('05 0102030405060708 f1f2f3f4f5f6f7f8 02  03 ac02 ab02 01 00 01  8201 07 02 02 01 00 01 04')
    expect(write(frame)).toEqual(bytes)
    expect(read(bytes)).toEqual(frame)
  })

  test('of one member who is known cost six bytes and the frame', () => {
    expect(write({ entries: [entry({ next: 100, span: 99 })] })).toHaveLength(2 + 6)
  })

  test.each([
    ['a part that is empty', '00 01 01 05 00 01 00 00'],
    ['a part that begins before the first event', '00 01 01 05 05 01 00 00'],
    ['a part longer than is ever told', '00 01 01 d00f e907 01 00 00'],
    ['no members', '00 01 01 05 01 00'],
    ['the handle 0', '00 01 00 05 01 01 00 00'],
    ['a number beyond the last', `00 01 01 05 01 01 ${'8020'} 00`],
    ['more names than are there', '06 0102030405060708'],
  ])('that tell of %s are refused', (_, bytes) => {
    expect(read(hex(bytes))).toBeNull()
  })

  test('hold as many names, entries and members as they may, and not one more', () => {
    const tags = Array.from({ length: RECEIPT_NAMES_MAX }, (_, i) => i.toString(16).padStart(16, '0'))
    expect(read(write({ tags }))?.tags).toEqual(tags)
    expect(read(write({ tags: [...tags, tags[0]!] }))).toBeNull()
    const entries = Array.from({ length: RECEIPT_ENTRIES_MAX }, () => entry({}))
    expect(read(write({ entries }))?.entries).toHaveLength(RECEIPT_ENTRIES_MAX)
    expect(read(write({ entries: [...entries, entry({})] }))).toBeNull()
    const all = entry({ runs: [{ from: 0, to: MEMBER_NUMBERS_MAX }] })
    const full = Array.from({ length: RECEIPT_MEMBERS_MAX / MEMBER_NUMBERS_MAX }, () => all)
    expect(read(write({ entries: full }))?.entries).toHaveLength(full.length)
    expect(read(write({ entries: [...full, entry({})] }))).toBeNull()
    expect(read(write({ entries: [entry({ next: 2 ** 40, span: RECEIPT_SPAN_MAX })] }))).not.toBeNull()
  })

  test('at their fullest fit into a record', () => {
    const tags = Array.from({ length: RECEIPT_NAMES_MAX }, (_, i) => i.toString(16).padStart(16, '0'))
    // Every second member by itself: as many runs as there can be.
    const runs = Array.from({ length: RECEIPT_MEMBERS_MAX / RECEIPT_ENTRIES_MAX }, (_, i) => ({
      from: 4_000 + 2 * i,
      to: 4_001 + 2 * i,
    }))
    const entries = Array.from({ length: RECEIPT_ENTRIES_MAX }, () =>
      entry({ handle: 65_536, next: 2 ** 48, span: 1_000, runs }),
    )
    const bytes = write({ tags, entries })
    expect(read(bytes)).not.toBeNull()
    expect(bytes.length).toBeLessThan(RECORD_BYTES_MAX - 5)
  })
})
