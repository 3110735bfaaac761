import { type ByteReader, type ByteWriter, toHex } from '../base/bytes.ts'
import { EVENT_NUMBER_MAX } from './limits.ts'
import { readHandle } from './replication.ts'

/**
 * Who has which feed how far, told from neighbour to neighbour toward the feed's author:
 *
 *     RECEIPTS  names (varint) · their tags, 8 bytes each
 *               entries (varint), each: handle · next · span · runs (varint), each: skipped · more
 *
 * The members in an entry's runs hold every event of the feed from `next - span` up to, and without, `next`. A member has a tag (the
 * first bytes of its public key; between two people one that only they can compute), and is named once on a link and direction: named members
 * are numbered from 0 in the order they come. `names` is twice their count, and 1 more where numbering begins anew with this frame. A run
 * takes one number and `more`, after so many that are `skipped`, besides the one that lies between two runs in any case.
 *
 * Members are told one by one and not counted: whatever way it takes, what is told of one of them counts once.
 */
export interface ReceiptsFrame {
  readonly anew: boolean
  /** In hexadecimal. */
  readonly tags: readonly string[]
  readonly entries: readonly ReceiptEntry[]
}

export interface ReceiptEntry {
  readonly handle: number
  readonly next: number
  /** 1 to `RECEIPT_SPAN_MAX`, less than `next`. */
  readonly span: number
  /** Numbers of members: sorted, not touching one another, one at least. */
  readonly runs: readonly MemberRun[]
}

/** Numbers from `from` up to, and without, `to`. */
export interface MemberRun {
  readonly from: number
  readonly to: number
}

export const MEMBER_TAG_BYTES = 8
/** Members that can have a number on a link at a time: as many as a room shows. */
export const MEMBER_NUMBERS_MAX = 4_096
/** How far back is told: authors follow no more of what they said. */
export const RECEIPT_SPAN_MAX = 1_000
/** In one frame: names fill 16 KiB, entries of few members another 16. */
export const RECEIPT_NAMES_MAX = 2_048
export const RECEIPT_ENTRIES_MAX = 1_024
/** All entries of a frame together: runs are short to write and long to read. */
export const RECEIPT_MEMBERS_MAX = 8_192

export function writeReceipts(out: ByteWriter, { anew, tags, entries }: ReceiptsFrame): void {
  out.varint(tags.length * 2 + (anew ? 1 : 0))
  for (const tag of tags) out.bytes(Uint8Array.fromHex(tag))
  out.varint(entries.length)
  for (const { handle, next, span, runs } of entries) {
    out.varint(handle).varint(next).varint(span).varint(runs.length)
    let at = 0
    for (const { from, to } of runs) {
      out.varint(from - at).varint(to - from - 1)
      at = to + 1
    }
  }
}

/** Null when broken. Whether members have been named is not looked at. */
export function readReceipts(body: ByteReader): ReceiptsFrame | null {
  const names = body.varint()
  const count = Math.floor(names / 2)
  if (count > RECEIPT_NAMES_MAX || body.left < count * MEMBER_TAG_BYTES) return null
  const tags = Array.from({ length: count }, () => toHex(body.take(MEMBER_TAG_BYTES)))
  const entryCount = body.varint()
  if (entryCount > RECEIPT_ENTRIES_MAX) return null
  const entries: ReceiptEntry[] = []
  let left = RECEIPT_MEMBERS_MAX
  for (let i = 0; i < entryCount && body.ok; i++) {
    const entry = readEntry(body, left)
    for (const { from, to } of entry.runs) left -= to - from
    entries.push(entry)
  }
  return body.done ? { anew: names % 2 === 1, tags, entries } : null
}

function readEntry(body: ByteReader, membersMax: number): ReceiptEntry {
  const handle = readHandle(body)
  const next = body.varint()
  const span = body.varint()
  if (next > EVENT_NUMBER_MAX || span < 1 || span >= next || span > RECEIPT_SPAN_MAX) body.ok = false
  const count = body.varint()
  if (count < 1) body.ok = false
  const runs: MemberRun[] = []
  let left = membersMax
  let at = 0
  for (let i = 0; i < count && body.ok; i++) {
    const from = at + body.varint()
    const to = from + body.varint() + 1
    left -= to - from
    if (to > MEMBER_NUMBERS_MAX || left < 0) body.ok = false
    runs.push({ from, to })
    at = to + 1
  }
  return { handle, next, span, runs }
}
