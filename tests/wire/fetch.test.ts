import { describe, expect, test } from 'bun:test'
import { ByteReader } from '../../src/base/bytes.ts'
import { readFetch, readFetched, readFilled, writeFetch, writeFetched, writeFilled } from '../../src/wire/fetch.ts'
import { BUNDLE_BYTES_MAX, EVENT_NUMBER_MAX, FRAME_HEADER_BYTES, RECORD_BYTES_MAX } from '../../src/wire/limits.ts'
import { HAVE_ENTRIES_MAX } from '../../src/wire/replication.ts'
import { obeysTheLaws } from './codec-laws.ts'
import { fetchCodec, fetchedCodec, filledCodec, written } from './codecs.ts'

const reader = (bytes: Uint8Array) => new ByteReader(bytes)

describe('FETCH', () => {
  obeysTheLaws('FETCH', fetchCodec)

  test('asks for one event at least, from the first to the last there can be', () => {
    const read = (from: number, to: number) =>
      readFetch(reader(written((out) => writeFetch(out, { handle: 1, from, to }))))
    expect(read(1, EVENT_NUMBER_MAX)).toMatchObject({ from: 1, to: EVENT_NUMBER_MAX })
    expect(read(5, 5)).toBeNull()
    expect(read(0, 5)).toBeNull()
    expect(read(EVENT_NUMBER_MAX, EVENT_NUMBER_MAX + 1)).toBeNull()
  })
})

describe('FETCHED', () => {
  obeysTheLaws('FETCHED', fetchedCodec)

  test('has room for the longest bundle in a frame of a record', () => {
    const bytes = written((out) =>
      writeFetched(out, { previous: new Uint8Array(32), bytes: new Uint8Array(BUNDLE_BYTES_MAX) }),
    )
    expect(FRAME_HEADER_BYTES + bytes.length).toBeLessThanOrEqual(RECORD_BYTES_MAX)
  })

  test('an end without a number, or with more than that, is broken', () => {
    expect(readFetched(reader(Uint8Array.of(1)))).toBeNull()
    expect(readFetched(reader(Uint8Array.of(1, 0)))).toBeNull()
    expect(readFetched(reader(Uint8Array.of(1, 5, 5)))).toBeNull()
    expect(readFetched(reader(Uint8Array.of(1, 5)))).toEqual({ kind: 'end', down: 5 })
  })
})

describe('FILLED', () => {
  obeysTheLaws('FILLED', filledCodec)

  test('names only so many at a time', () => {
    const entries = (count: number) => Array.from({ length: count }, () => ({ handle: 1, from: 1, to: 2 }))
    const read = (count: number) => readFilled(reader(written((out) => writeFilled(out, entries(count)))))
    expect(read(HAVE_ENTRIES_MAX)?.length).toBe(HAVE_ENTRIES_MAX)
    expect(read(HAVE_ENTRIES_MAX + 1)).toBeNull()
  })
})
