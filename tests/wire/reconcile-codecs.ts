import fc from 'fast-check'
import { ByteReader } from '../../src/base/bytes.ts'
import { readReconcile, writeReconcile } from '../../src/wire/reconcile.ts'
import {
  OPEN_CELLS_MAX,
  RECONCILE_FEEDS_MAX,
  RECONCILE_ROOMS_MAX,
  type ReconcileFrame,
  SURVEY_BYTES,
  WORDS_PER_CELL,
} from '../../src/wire/reconcile-frames.ts'
import type { Holding } from '../../src/wire/reconcile-holding.ts'
import { type Codec, exactly, numbers } from './codec-laws.ts'
import { written } from './codecs.ts'

/** Frames of a reconciliation, as honest writers write them. */

export const encode = (frame: ReconcileFrame) => written((out) => writeReconcile(out, frame))
export const decode = (bytes: Uint8Array) => readReconcile(new ByteReader(bytes))
export const codecOf = (values: fc.Arbitrary<ReconcileFrame>): Codec<ReconcileFrame> => ({ values, encode, decode })

const words = fc.integer({ min: 0, max: 0xffffffff })
const references = numbers(0, 2 ** 40 - 1)
export const cells = (count: number) =>
  fc.uint32Array({ minLength: count * WORDS_PER_CELL, maxLength: count * WORDS_PER_CELL })
export const statuses = fc.uint8Array({ max: 3, maxLength: 9 })

/** Any numbers from 1 on, in rising order, as a holding: its base, gaps and what is held between, and its end. */
const holdings: fc.Arbitrary<Holding> = fc
  .tuple(
    numbers(1, 2 ** 40),
    fc.array(fc.tuple(numbers(1, 2 ** 30), numbers(1, 2 ** 30)), { maxLength: 4 }),
    fc.nat(99),
  )
  .map(([base, pieces, more]) => {
    const gaps = []
    let end = base
    for (const [held, missing] of pieces) {
      gaps.push({ from: end + held, to: end + held + missing })
      end += held + missing
    }
    return { base, next: gaps.length > 0 ? end + 1 + more : end + more, gaps }
  })

export const opens = fc.integer({ min: 1, max: OPEN_CELLS_MAX }).chain((cellsEach) =>
  fc.record({
    kind: fc.constant('open' as const),
    cellsEach: fc.constant(cellsEach),
    rooms: fc.array(fc.record({ tag: numbers(0, 2 ** 48 - 1), feeds: fc.nat(9_999), cells: cells(cellsEach) }), {
      maxLength: 5,
    }),
  }),
)
export const mores = fc.oneof(
  fc.record({ kind: fc.constant('more' as const), list: fc.boolean(), first: fc.constant(null) }),
  fc.record({
    kind: fc.constant('more' as const),
    list: fc.constant(false),
    first: fc.record({ statuses, feeds: fc.nat(RECONCILE_FEEDS_MAX), survey: exactly(SURVEY_BYTES) }),
  }),
)
export const lists = fc.array(fc.tuple(references, words), { maxLength: 9 }).chain((entries) =>
  fc.record({
    kind: fc.constant('list' as const),
    last: fc.boolean(),
    references: fc.constant(entries.map(([reference]) => reference)),
    words: fc.constant(entries.map(([, word]) => word)),
  }),
)
export const report = {
  last: fc.boolean(),
  held: fc.array(fc.record({ reference: references, holding: holdings }), { maxLength: 4 }),
  named: fc.array(
    fc.record({
      room: fc.nat(RECONCILE_ROOMS_MAX - 1),
      author: exactly(32),
      epoch: exactly(8),
      holding: holdings.filter(({ next }) => next > 1),
    }),
    { maxLength: 3 },
  ),
}

/** Of all kinds that tell where they end. */
export const reconcileCodec = codecOf(
  fc.oneof<fc.Arbitrary<ReconcileFrame>[]>(
    opens,
    mores,
    fc.record({ kind: fc.constant('differ' as const), statuses: fc.option(statuses, { nil: null }), ...report }),
    fc.record({ kind: fc.constant('answer' as const), statuses: fc.constant(null), ...report }),
  ),
)
