import type { ByteReader, ByteWriter } from '../base/bytes.ts'
import { NO_EVENT } from './bundle.ts'
import { EVENT_NUMBER_MAX } from './limits.ts'
import { readHandle } from './replication.ts'

/**
 * The frames that bring both histories of an author who signed two to everybody. What a node has of a feed is a tree then; it tells what
 * its branches end with, and whoever lacks one asks for it by the id it ends with, down to where it joins what he has.
 *
 *     FORK   handle · 0 · count, for each: end · id 32     what the branches end with, first of all the one that is pushed
 *            handle · 1 · end · id 32 · down               send me the bundle that ends so, and what comes before it from `down` on
 *            handle · 2 · 0 or 1 · hash before 32 · bundle a bundle of it; 1: the one before follows
 *
 * `end` is one past the number of the last event, `id` that event's.
 */
export interface BranchEnd {
  readonly end: number
  readonly id: Uint8Array
}

export type ForkFrame = EndsFrame | AskFrame | BranchFrame

export interface EndsFrame {
  readonly kind: 'ends'
  readonly handle: number
  /** 1 to `BRANCHES_MAX`. */
  readonly ends: readonly BranchEnd[]
}

export interface AskFrame extends BranchEnd {
  readonly kind: 'ask'
  readonly handle: number
  /** From 1, and below `end`: what lies below is probably there. */
  readonly down: number
}

export interface BranchFrame {
  readonly kind: 'bundle'
  readonly handle: number
  readonly isMoreToCome: boolean
  /** The id of the event before its first. A view, as `bytes`. */
  readonly previous: Uint8Array
  /** Whether it is one is not looked at. */
  readonly bytes: Uint8Array
}

/** As many as there can be: one of each event that is kept beside the feed's own history, where that goes on from there, and its own. */
export const BRANCHES_MAX = 513
const Kind = { ends: 0, ask: 1, bundle: 2 } as const
const EVENT_ID_BYTES = NO_EVENT.length

export function writeFork(out: ByteWriter, frame: ForkFrame): void {
  out.varint(frame.handle).u8(Kind[frame.kind])
  if (frame.kind === 'ask') {
    writeEnd(out, frame)
    out.varint(frame.down)
    return
  }
  if (frame.kind === 'bundle') {
    out
      .u8(frame.isMoreToCome ? 1 : 0)
      .bytes(frame.previous)
      .bytes(frame.bytes)
    return
  }
  out.varint(frame.ends.length)
  for (const end of frame.ends) writeEnd(out, end)
}

/** Null when broken. Ids of ends are the caller's own. */
export function readFork(body: ByteReader): ForkFrame | null {
  const handle = readHandle(body)
  switch (body.u8()) {
    case Kind.ends: {
      const ends = readEnds(body)
      return ends !== null && body.done ? { kind: 'ends', handle, ends } : null
    }
    case Kind.ask: {
      const end = readEnd(body)
      const down = body.varint()
      return body.done && down >= 1 && down < end.end ? { kind: 'ask', handle, ...end, down } : null
    }
    case Kind.bundle: {
      const more = body.u8()
      const previous = body.take(EVENT_ID_BYTES)
      const bytes = body.take(body.left)
      return body.done && more <= 1 ? { kind: 'bundle', handle, isMoreToCome: more === 1, previous, bytes } : null
    }
    default:
      return null
  }
}

function readEnds(body: ByteReader): BranchEnd[] | null {
  const count = body.varint()
  if (count < 1 || count > BRANCHES_MAX) return null
  const ends: BranchEnd[] = []
  for (let i = 0; i < count && body.ok; i++) ends.push(readEnd(body))
  return ends
}

function writeEnd(out: ByteWriter, { end, id }: BranchEnd): void {
  out.varint(end).bytes(id)
}

function readEnd(body: ByteReader): BranchEnd {
  const end = body.varint()
  const id = body.take(EVENT_ID_BYTES).slice()
  // Nothing ends before its first event.
  if (end < 2 || end > EVENT_NUMBER_MAX) body.ok = false
  return { end, id }
}
