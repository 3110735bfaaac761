import type { ByteReader, ByteWriter } from '../base/bytes.ts'
import { EVENT_NUMBER_MAX, FEED_HANDLES_MAX } from './limits.ts'

/**
 * The frames that replicate feeds. A feed is named once per link and direction by `FEED`, which gives it a small handle of
 * the sender's choosing; every other frame names feeds by the sender's handle, so a bundle costs a byte or two for its feed.
 */
export interface FeedFrame {
  readonly handle: number
  /** Ed25519 public key, 32 bytes. */
  readonly author: Uint8Array
  /** 32 bytes: an open room's name hashed, or a secret of two people. */
  readonly room: Uint8Array
  /** 8 random bytes, new whenever the author's store is. */
  readonly epoch: Uint8Array
  /** The oldest event number the sender still holds. */
  readonly base: number
  /** One past the newest event number the sender holds; equal to `base` when it holds none. */
  readonly next: number
}

export const EPOCH_BYTES = 8
export const ROOM_ID_BYTES = 32
export const AUTHOR_BYTES = 32

export function writeFeed(out: ByteWriter, feed: FeedFrame): void {
  out.varint(feed.handle).bytes(feed.author).bytes(feed.room).bytes(feed.epoch).varint(feed.base).varint(feed.next)
}

export function readFeed(body: ByteReader): FeedFrame | null {
  const handle = readHandle(body)
  const author = body.take(AUTHOR_BYTES).slice()
  const room = body.take(ROOM_ID_BYTES).slice()
  const epoch = body.take(EPOCH_BYTES).slice()
  const base = readNumber(body)
  const next = readNumber(body)
  return !body.done || next < base ? null : { handle, author, room, epoch, base, next }
}

/** `HAVE`: how far the sender has feeds it does not push; gathered, so one frame names many. */
export interface HaveEntry {
  readonly handle: number
  readonly next: number
}

export const HAVE_ENTRIES_MAX = 4096

export function writeHave(out: ByteWriter, entries: readonly HaveEntry[]): void {
  out.varint(entries.length)
  for (const entry of entries) out.varint(entry.handle).varint(entry.next)
}

export function readHave(body: ByteReader): HaveEntry[] | null {
  const count = body.varint()
  if (count > HAVE_ENTRIES_MAX) return null
  const entries: HaveEntry[] = []
  for (let i = 0; i < count && body.ok; i++) entries.push({ handle: readHandle(body), next: readNumber(body) })
  return body.done ? entries : null
}

/** `WANT`: send this feed from event number `from` on, and go on pushing it. */
export interface WantFrame {
  readonly handle: number
  readonly from: number
  /** Send the hash before each bundle even where it could be left out: the sender's chain and ours may differ. */
  readonly full: boolean
}

export function writeWant(out: ByteWriter, want: WantFrame): void {
  out
    .varint(want.handle)
    .varint(want.from)
    .u8(want.full ? 1 : 0)
}

export function readWant(body: ByteReader): WantFrame | null {
  const handle = readHandle(body)
  const from = readNumber(body)
  const full = body.u8()
  return !body.done || full > 1 ? null : { handle, from, full: full === 1 }
}

/** `GAP`: the sender does not hold what comes before `to`; what it sends next begins there. */
export interface GapFrame {
  readonly handle: number
  readonly to: number
}

export function writeGap(out: ByteWriter, gap: GapFrame): void {
  out.varint(gap.handle).varint(gap.to)
}

export function readGap(body: ByteReader): GapFrame | null {
  const handle = readHandle(body)
  const to = readNumber(body)
  return body.done ? { handle, to } : null
}

/**
 * `BUNDLE`: a byte of flags and hops, the feed's handle, the hash of the event before (32 bytes, only with the flag: on a
 * link that brought the bundle before this one the receiver knows it), then the bundle as its author made it.
 */
export const BUNDLE_WITH_PREVIOUS = 0x80
/**
 * It comes late: whoever sends it has had it for a while, or was told so by the one it came from. Nobody signs that, for nobody who
 * only passes it on can be held to it: who sets it on live words has them shown as said before, and left unanswered by programs; who
 * leaves it out of old ones does what he could do by holding words back.
 */
export const BUNDLE_LATE = 0x40
export const BUNDLE_HOPS_MASK = 0x0f
/** Bits without a meaning, which nobody sets. */
export const BUNDLE_BITS_FREE = 0x30

/** A handle from 1 up; the whole body of `LAZY`: push this feed to me no longer, announce it. */
export function readHandle(body: ByteReader): number {
  const handle = body.varint()
  if (handle < 1 || handle > FEED_HANDLES_MAX) body.ok = false
  return handle
}

function readNumber(body: ByteReader): number {
  const number = body.varint()
  if (number < 1 || number > EVENT_NUMBER_MAX) body.ok = false
  return number
}
