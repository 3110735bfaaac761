import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { ByteReader, ByteWriter, utf8 } from '../../src/base/bytes.ts'
import { sha256 } from '../../src/crypto/hash.ts'
import {
  type DirectText,
  EventHasher,
  EventKind,
  encodeDirect,
  feedIdOf,
  isSpoken,
  openRoomId,
  readDirect,
} from '../../src/wire/event.ts'
import { NAME_BYTES_MAX, TEXT_BYTES_MAX } from '../../src/wire/limits.ts'
import { anyBytes, exactly, numbers, obeysTheLaws } from './codec-laws.ts'
import { directCodec } from './codecs.ts'

const readBytes = (bytes: Uint8Array) => readDirect(new ByteReader(bytes))
const DIRECT: DirectText = { kind: EventKind.text, name: 'Ann', text: 'psst' }

describe('the inside of a sealed message', () => {
  obeysTheLaws('a direct message', directCodec)

  test('a text of 1 byte to 16 KiB, a name of at most 128 bytes', () => {
    const reread = (changed: Partial<DirectText>) => readBytes(encodeDirect({ ...DIRECT, ...changed }))
    expect(reread({ text: '' })).toBeNull()
    expect(reread({ text: 'x'.repeat(TEXT_BYTES_MAX) })).not.toBeNull()
    expect(reread({ text: 'x'.repeat(TEXT_BYTES_MAX + 1) })).toBeNull()
    expect(reread({ name: 'x'.repeat(NAME_BYTES_MAX + 1) })).toBeNull()
  })

  test('only what a person can say, in UTF-8', () => {
    for (let kind = 0; kind < 256; kind++) {
      const bytes = new ByteWriter().u8(kind).sized(utf8('a')).sized(utf8('b')).copy()
      expect(readBytes(bytes) !== null).toBe(isSpoken(kind))
    }
    expect(readBytes(new ByteWriter().u8(2).sized(utf8('a')).sized(Uint8Array.of(0xc3)).copy())).toBeNull()
  })
})

describe('event ids', () => {
  const events = fc.array(
    fc.record({ ms: numbers(0, 2 ** 48 - 1), counter: numbers(0, 0xffff), kind: fc.nat(127), body: anyBytes(40) }),
    { minLength: 1, maxLength: 5 },
  )

  test('are the hash of feed, number, the event before, time, kind and body', () => {
    fc.assert(
      fc.property(exactly(32), exactly(32), numbers(1, 2 ** 47), events, (feed, previous, first, run) => {
        const hasher = new EventHasher()
        hasher.begin(feed, previous)
        let before = previous
        run.forEach(({ ms, counter, kind, body }, at) => {
          const id = hasher.next(first + at, ms, counter, kind, body, false)
          const out = new ByteWriter(113)
            .bytes(feed)
            .u16(0)
            .u48(first + at)
            .bytes(before)
          out.u48(ms).u16(counter).u8(kind).bytes(sha256(body))
          expect(new Uint8Array(id)).toEqual(new Uint8Array(sha256(out.copy())))
          before = id
        })
      }),
    )
  })

  test('stay the same when a body is replaced by its hash', () => {
    fc.assert(
      fc.property(exactly(32), anyBytes(200), (feed, body) => {
        const id = (gone: boolean) => {
          const hasher = new EventHasher()
          hasher.begin(feed, new Uint8Array(32))
          return new Uint8Array(hasher.next(1, 2, 3, 4, gone ? sha256(body) : body, gone))
        }
        expect(id(true)).toEqual(id(false))
      }),
    )
  })

  test('feeds and rooms have ids that nothing else has', () => {
    const zeros = new Uint8Array(32)
    const epoch = new Uint8Array(8)
    const other = new Uint8Array(8).fill(1)
    const ids = [feedIdOf(zeros, zeros, epoch), feedIdOf(zeros, zeros, other), openRoomId('a'), openRoomId('b')]
    expect(new Set(ids.map(String)).size).toBe(4)
  })
})
