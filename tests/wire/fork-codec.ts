import fc from 'fast-check'
import { ByteReader } from '../../src/base/bytes.ts'
import { decodeBundle } from '../../src/wire/bundle.ts'
import { type ForkFrame, readFork, writeFork } from '../../src/wire/fork.ts'
import { EVENT_NUMBER_MAX, FEED_HANDLES_MAX } from '../../src/wire/limits.ts'
import { type Codec, exactly, numbers } from './codec-laws.ts'
import { bundleCodec, written } from './codecs.ts'

const handles = numbers(1, FEED_HANDLES_MAX)
const ends = fc.record({ end: numbers(2, EVENT_NUMBER_MAX), id: exactly(32) })

/** With a bundle that is one: where it ends, nothing else says. */
export const forkCodec: Codec<ForkFrame> = {
  values: fc.oneof<fc.Arbitrary<ForkFrame>[]>(
    fc.record({
      kind: fc.constant('ends' as const),
      handle: handles,
      ends: fc.array(ends, { minLength: 1, maxLength: 9 }),
    }),
    fc
      .tuple(handles, ends, numbers(1, EVENT_NUMBER_MAX))
      .map(([handle, end, down]) => ({ kind: 'ask' as const, handle, ...end, down: 1 + (down % (end.end - 1)) })),
    fc.record({
      kind: fc.constant('bundle' as const),
      handle: handles,
      isMoreToCome: fc.boolean(),
      previous: exactly(32),
      bytes: bundleCodec.values.map((bundle) => bundleCodec.encode(bundle)),
    }),
  ),
  encode: (frame) => written((out) => writeFork(out, frame)),
  decode(bytes) {
    const frame = readFork(new ByteReader(bytes))
    return frame?.kind === 'bundle' && decodeBundle(frame.bytes) === null ? null : frame
  },
}
