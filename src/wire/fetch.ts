import type { ByteReader, ByteWriter } from '../base/bytes.ts'
import { BUNDLE_BYTES_MAX, EVENT_NUMBER_MAX } from './limits.ts'
import { HAVE_ENTRIES_MAX, readHandle } from './replication.ts'

/**
 * The frames that fill holes of a history, from the newest event of a hole down. Who misses something asks; of what it is answered it
 * checks that the last event is the one that what it holds above follows. Feeds are named by the sender's handles, as everywhere.
 *
 *     FETCH     handle · from · how many                       one at a time on a link and direction
 *     FETCHED   0 · the hash before it 32 · bundle (sized)     any number of them, each lower than the one before
 *               1 · down                                       the end: nothing else is held from `down` up to what was asked for
 *     FILLED    count, for each: handle · from · how many      what the sender lacked when the two compared, and has now
 */
export interface FetchFrame {
  readonly handle: number
  readonly from: number
  /** One past the newest that is asked for. */
  readonly to: number
}

export interface FetchedBundle {
  readonly kind: 'bundle'
  /** The id of the event before its first. A view, as `bytes`. */
  readonly previous: Uint8Array
  readonly bytes: Uint8Array
}

export interface FetchedEnd {
  readonly kind: 'end'
  readonly down: number
}

/** Bytes of bundles in one answer, but for the one that passes it: what live talk may find before it on its way. */
export const FETCH_BYTES_MAX = 64 * 1024

const BUNDLE_TAG = 0
const END_TAG = 1
const EVENT_ID_BYTES = 32

export function writeFetch(out: ByteWriter, { handle, from, to }: FetchFrame): void {
  out.varint(handle)
  writeRange(out, from, to)
}

export function readFetch(body: ByteReader): FetchFrame | null {
  const fetch = readEntry(body)
  return body.done ? fetch : null
}

export function writeFetched(out: ByteWriter, { previous, bytes }: Omit<FetchedBundle, 'kind'>): void {
  out.u8(BUNDLE_TAG).bytes(previous).sized(bytes)
}

export function writeFetchedEnd(out: ByteWriter, down: number): void {
  out.u8(END_TAG).varint(down)
}

/** Shares the reader's bytes. Whether what is said to be a bundle is one is not looked at. */
export function readFetched(body: ByteReader): FetchedBundle | FetchedEnd | null {
  const tag = body.u8()
  if (tag === END_TAG) {
    const down = body.varint()
    return body.done && down >= 1 && down < EVENT_NUMBER_MAX ? { kind: 'end', down } : null
  }
  const previous = body.take(EVENT_ID_BYTES)
  const bytes = body.sized(BUNDLE_BYTES_MAX)
  return body.done && tag === BUNDLE_TAG ? { kind: 'bundle', previous, bytes } : null
}

/** At most `HAVE_ENTRIES_MAX`. */
export function writeFilled(out: ByteWriter, entries: readonly FetchFrame[]): void {
  out.varint(entries.length)
  for (const { handle, from, to } of entries) {
    out.varint(handle)
    writeRange(out, from, to)
  }
}

export function readFilled(body: ByteReader): FetchFrame[] | null {
  const count = body.varint()
  if (count > HAVE_ENTRIES_MAX) return null
  const entries: FetchFrame[] = []
  for (let i = 0; i < count && body.ok; i++) entries.push(readEntry(body))
  return body.done ? entries : null
}

function writeRange(out: ByteWriter, from: number, to: number): void {
  out.varint(from).varint(to - from)
}

function readEntry(body: ByteReader): FetchFrame {
  const handle = readHandle(body)
  const from = body.varint()
  const to = from + body.varint()
  if (from < 1 || to <= from || to > EVENT_NUMBER_MAX) body.ok = false
  return { handle, from, to }
}
