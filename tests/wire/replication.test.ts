import { describe, expect, test } from 'bun:test'
import { ByteReader } from '../../src/base/bytes.ts'
import { EVENT_NUMBER_MAX, FEED_HANDLES_MAX } from '../../src/wire/limits.ts'
import {
  type FeedFrame,
  HAVE_ENTRIES_MAX,
  readFeed,
  readHave,
  readWant,
  writeFeed,
  writeHave,
} from '../../src/wire/replication.ts'
import { obeysTheLaws } from './codec-laws.ts'
import { feedCodec, gapCodec, haveCodec, lazyCodec, wantCodec, written } from './codecs.ts'

const FEED: FeedFrame = {
  handle: 1,
  author: new Uint8Array(32).fill(1),
  room: new Uint8Array(32).fill(2),
  epoch: new Uint8Array(8).fill(3),
  base: 1,
  next: 1,
}

const feedBytes = (changed: Partial<FeedFrame>) => written((out) => writeFeed(out, { ...FEED, ...changed }))
const readFeedBytes = (bytes: Uint8Array) => readFeed(new ByteReader(bytes))

describe('FEED', () => {
  obeysTheLaws('FEED', feedCodec)

  test('a handle from 1 to 65,536 and no other', () => {
    expect(readFeedBytes(feedBytes({ handle: FEED_HANDLES_MAX }))?.handle).toBe(FEED_HANDLES_MAX)
    expect(readFeedBytes(feedBytes({ handle: FEED_HANDLES_MAX + 1 }))).toBeNull()
    expect(readFeedBytes(feedBytes({ handle: 0 }))).toBeNull()
  })

  test('event numbers from 1 to 2^48 and no other', () => {
    const next = EVENT_NUMBER_MAX
    expect(readFeedBytes(feedBytes({ base: next, next }))?.next).toBe(2 ** 48)
    expect(readFeedBytes(feedBytes({ next: next + 1 }))).toBeNull()
    expect(readFeedBytes(feedBytes({ base: 0 }))).toBeNull()
  })

  test('a feed cannot end before it begins', () => {
    expect(readFeedBytes(feedBytes({ base: 5, next: 5 }))).not.toBeNull()
    expect(readFeedBytes(feedBytes({ base: 5, next: 4 }))).toBeNull()
  })

  test('what is read does not keep the record it was read from', () => {
    const record = new Uint8Array(64 * 1024)
    const bytes = feedBytes({})
    record.set(bytes, 100)
    const feed = readFeed(new ByteReader(record, 100, 100 + bytes.length))!
    for (const part of [feed.author, feed.room, feed.epoch]) expect(part.buffer.byteLength).toBeLessThan(100)
  })
})

describe('HAVE', () => {
  obeysTheLaws('HAVE', haveCodec)

  test('4,096 entries at most', () => {
    const entries = (count: number) => Array.from({ length: count }, (_, at) => ({ handle: at + 1, next: 1 }))
    const read = (count: number) => readHave(new ByteReader(written((out) => writeHave(out, entries(count)))))
    expect(read(HAVE_ENTRIES_MAX)?.length).toBe(HAVE_ENTRIES_MAX)
    expect(read(HAVE_ENTRIES_MAX + 1)).toBeNull()
  })

  test('a count that promises more than there is costs nothing', () => {
    expect(readHave(new ByteReader(written((out) => out.varint(HAVE_ENTRIES_MAX).varint(1).varint(1))))).toBeNull()
    expect(readHave(new ByteReader(written((out) => out.varint(2 ** 48))))).toBeNull()
  })

  test('the longest list fits in a frame', () => {
    const entries = Array.from({ length: HAVE_ENTRIES_MAX }, () => ({
      handle: FEED_HANDLES_MAX,
      next: EVENT_NUMBER_MAX,
    }))
    expect(written((out) => writeHave(out, entries)).length).toBeLessThan(64 * 1024 - 5)
  })
})

describe('WANT', () => {
  obeysTheLaws('WANT', wantCodec)

  test('the flag is 0 or 1', () => {
    expect(readWant(new ByteReader(Uint8Array.of(1, 1, 1)))?.full).toBe(true)
    expect(readWant(new ByteReader(Uint8Array.of(1, 1, 2)))).toBeNull()
  })
})

describe('GAP', () => {
  obeysTheLaws('GAP', gapCodec)
})

describe('LAZY', () => {
  obeysTheLaws('LAZY', lazyCodec)
})
