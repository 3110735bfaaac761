import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { ByteReader } from '../../src/base/bytes.ts'
import { EVENT_NUMBER_MAX } from '../../src/wire/limits.ts'
import {
  CELL_BYTES,
  CELLS_MAX,
  LIST_ENTRIES_MAX,
  LIST_ENTRY_BYTES,
  OPEN_CELLS_MAX,
  RECONCILE_FEEDS_MAX,
  RECONCILE_ROOMS_MAX,
  type ReconcileFrame,
  type ReportFrame,
  WORDS_PER_CELL,
} from '../../src/wire/reconcile-frames.ts'
import { GAPS_MAX, type Holding, readHolding, writeHolding } from '../../src/wire/reconcile-holding.ts'
import { anyBytes, obeysTheLaws } from './codec-laws.ts'
import { written } from './codecs.ts'

import { cells, codecOf, decode, encode, lists, mores, opens, report, statuses } from './reconcile-codecs.ts'

describe('RECONCILE', () => {
  obeysTheLaws('OPEN', codecOf(opens))
  obeysTheLaws('MORE', codecOf(mores))
  obeysTheLaws(
    'DIFFER',
    codecOf(fc.record({ kind: fc.constant('differ'), statuses: fc.option(statuses, { nil: null }), ...report })),
  )
  obeysTheLaws('ANSWER', codecOf(fc.record({ kind: fc.constant('answer'), statuses: fc.constant(null), ...report })))

  // What ends with the body cannot tell where it was cut between two entries: these two have laws of their own.
  test('CELLS and LIST: what is written is read back', () => {
    const rows = fc.integer({ min: 1, max: 9 }).chain(cells)
    fc.assert(
      fc.property(
        fc.oneof(
          rows.map((each) => ({ kind: 'cells', cells: each }) as const),
          lists,
        ),
        (frame) => {
          expect(decode(encode(frame))).toEqual(frame)
        },
      ),
    )
  })

  test('CELLS and LIST: a part of a cell or of an entry is refused', () => {
    const row = encode({ kind: 'cells', cells: new Uint32Array(2 * WORDS_PER_CELL).fill(7) })
    const list = encode({ kind: 'list', last: true, references: [1, 2], words: [3, 4] })
    for (let cut = 1; cut < CELL_BYTES; cut++) expect(decode(row.slice(0, -cut))).toBeNull()
    for (let cut = 1; cut < LIST_ENTRY_BYTES; cut++) expect(decode(list.slice(0, -cut))).toBeNull()
  })

  test('no bytes make it throw, and what it reads it would write the same', () => {
    const kinds = fc.integer({ min: 0, max: 7 })
    fc.assert(
      fc.property(kinds, anyBytes(120), (kind, rest) => {
        const bytes = Uint8Array.of(kind, ...rest)
        const frame = decode(bytes)
        if (frame !== null) expect(encode(frame)).toEqual(bytes)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('what one frame can make its reader keep', () => {
  const open = (rooms: number, cellsEach = 1, feeds = 0) =>
    encode({
      kind: 'open',
      cellsEach,
      rooms: Array.from({ length: rooms }, (_, tag) => ({
        tag,
        feeds,
        cells: new Uint32Array(cellsEach * WORDS_PER_CELL),
      })),
    })

  test('256 rooms, eight cells each and 65,536 feeds in all', () => {
    expect(decode(open(RECONCILE_ROOMS_MAX))).not.toBeNull()
    expect(decode(open(RECONCILE_ROOMS_MAX + 1))).toBeNull()
    expect(decode(open(1, OPEN_CELLS_MAX))).not.toBeNull()
    expect(decode(open(1, OPEN_CELLS_MAX + 1))).toBeNull()
    expect(decode(open(1, 0))).toBeNull()
    expect(decode(open(2, 1, RECONCILE_FEEDS_MAX / 2))).not.toBeNull()
    expect(decode(open(2, 1, RECONCILE_FEEDS_MAX / 2 + 1))).toBeNull()
  })

  test('4,096 cells or 5,000 entries, each less than a frame', () => {
    const row = (count: number) => encode({ kind: 'cells', cells: new Uint32Array(count * WORDS_PER_CELL) })
    expect(decode(row(CELLS_MAX))).not.toBeNull()
    expect(decode(row(CELLS_MAX + 1))).toBeNull()
    expect(decode(row(0))).toBeNull()
    const list = (count: number) =>
      encode({ kind: 'list', last: true, references: new Array(count).fill(1), words: new Array(count).fill(2) })
    expect(decode(list(LIST_ENTRIES_MAX))).not.toBeNull()
    expect(decode(list(LIST_ENTRIES_MAX + 1))).toBeNull()
  })

  test('a count is believed only as far as there are bytes', () => {
    // DIFFER, last, and 2^49 - 1 entries; OPEN with 256 rooms and nothing of them; MORE with 200 statuses and nothing of them.
    const counts = [
      Uint8Array.of(5, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f),
      Uint8Array.of(1, 0x80, 0x02, 8),
      Uint8Array.of(2, 2, 0xc8, 0x01),
    ]
    for (const bytes of counts) expect(decode(bytes)).toBeNull()
  })

  test('an answer brings no statuses, and statuses no bits for rooms that are not there', () => {
    const frame: ReportFrame = { kind: 'differ', last: true, statuses: Uint8Array.of(1), held: [], named: [] }
    const bytes = encode(frame)
    expect(decode(bytes)).toEqual(frame)
    expect(decode(Uint8Array.of(6, ...bytes.slice(1)))).toBeNull()
    // 5 · flags · count · the packed byte.
    expect(decode(bytes.with(3, 0b101))).toBeNull()
  })

  test('a feed that is named is held', () => {
    const named = (next: number): ReconcileFrame => ({
      kind: 'answer',
      last: true,
      statuses: null,
      held: [],
      named: [{ room: 0, author: new Uint8Array(32), epoch: new Uint8Array(8), holding: { base: 1, next, gaps: [] } }],
    })
    expect(decode(encode(named(2)))).toEqual(named(2))
    expect(decode(encode(named(1)))).toBeNull()
  })
})

describe('how far a feed is held', () => {
  const length = (holding: Holding) => written((out) => writeHolding(out, holding)).length
  const again = (holding: Holding): Holding | null => {
    const reader = new ByteReader(written((out) => writeHolding(out, holding)))
    const read = readHolding(reader)
    return reader.done ? read : null
  }

  test('takes one or two bytes where all of it is there', () => {
    expect(length({ base: 1, next: 64, gaps: [] })).toBe(1)
    expect(length({ base: 1, next: 8_192, gaps: [] })).toBe(2)
  })

  test('event numbers go to 2^48', () => {
    const next = EVENT_NUMBER_MAX
    for (const base of [1, next]) expect(again({ base, next, gaps: [] })).toEqual({ base, next, gaps: [] })
  })

  test.each([
    ['begin after its end', { base: 6, next: 5, gaps: [] }],
    ['miss nothing', { base: 1, next: 9, gaps: [{ from: 4, to: 4 }] }],
    ['miss its last event', { base: 1, next: 9, gaps: [{ from: 4, to: 9 }] }],
    [
      'have two gaps where one would do',
      {
        base: 1,
        next: 9,
        gaps: [
          { from: 2, to: 4 },
          { from: 4, to: 5 },
        ],
      },
    ],
    ['miss what it does not want', { base: 5, next: 9, gaps: [{ from: 2, to: 6 }] }],
  ])('a feed cannot %s', (_, holding) => expect(again(holding)).toBeNull())

  test('where there are more gaps than are told, the oldest are one', () => {
    const gaps = Array.from({ length: GAPS_MAX + 100 }, (_, i) => ({ from: 2 * i + 2, to: 2 * i + 3 }))
    const holding = { base: 1, next: 9_999, gaps }
    const told = again(holding)!
    expect(told.gaps).toHaveLength(GAPS_MAX)
    expect(told.gaps[0]).toEqual({ from: 2, to: 203 })
    expect(told.gaps.slice(1)).toEqual(gaps.slice(101))
  })
})
