import fc from 'fast-check'
import { ByteReader } from '../../src/base/bytes.ts'
import { EVENT_NUMBER_MAX, FEED_HANDLES_MAX } from '../../src/wire/limits.ts'
import {
  MEMBER_NUMBERS_MAX,
  MEMBER_TAG_BYTES,
  type MemberRun,
  RECEIPT_SPAN_MAX,
  type ReceiptsFrame,
  readReceipts,
  writeReceipts,
} from '../../src/wire/receipts.ts'
import { type Codec, exactly, numbers } from './codec-laws.ts'
import { written } from './codecs.ts'

/** Runs that neither overlap nor touch, below as many numbers as there can be. */
const runs: fc.Arbitrary<MemberRun[]> = fc
  .uniqueArray(numbers(0, MEMBER_NUMBERS_MAX - 1), { minLength: 1, maxLength: 12 })
  .map((members) => {
    const found: { from: number; to: number }[] = []
    for (const number of members.toSorted((a, b) => a - b)) {
      if (found.at(-1)?.to === number) found.at(-1)!.to++
      else found.push({ from: number, to: number + 1 })
    }
    return found
  })

export const receiptsCodec: Codec<ReceiptsFrame> = {
  values: fc.record({
    anew: fc.boolean(),
    tags: fc.array(
      exactly(MEMBER_TAG_BYTES).map((bytes) => bytes.toHex()),
      { maxLength: 20 },
    ),
    entries: fc.array(
      fc
        .record({
          handle: numbers(1, FEED_HANDLES_MAX),
          next: numbers(2, EVENT_NUMBER_MAX),
          any: numbers(1, RECEIPT_SPAN_MAX),
          runs,
        })
        .map(({ handle, next, any, runs }) => ({ handle, next, span: Math.min(any, next - 1), runs })),
      { maxLength: 10 },
    ),
  }),
  encode: (frame) => written((out) => writeReceipts(out, frame)),
  decode: (bytes) => readReceipts(new ByteReader(bytes)),
}
