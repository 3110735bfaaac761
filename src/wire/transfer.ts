import { type ByteReader, type ByteWriter, EMPTY } from '../base/bytes.ts'
import {
  CONTENT_BYTES_MAX,
  HASH_BYTES,
  LEAF_BYTES,
  LEAVES_MAX,
  LEVELS_MAX,
  PAGE_BYTES_MAX,
  PIECE_LEAVES,
} from './content.ts'

/**
 * Frames of a link that files travel on, which says in its greeting what it is for. Who wants a content opens it under a handle of its own; every later frame
 * about it carries that handle, whichever way it goes, so both ends may ask for things on one link.
 *
 *     OPEN     handle · root 32 · size                     asker: do you have it?
 *     ASK      handle · first leaf · count 1               asker: 1 to 16 leaves
 *     ASK_PAGE handle · level 1 · index                    asker
 *     CANCEL   handle · first leaf · count 1               asker: no more need of them
 *     CLOSE    handle                                      asker
 *     HAVE     handle · 1 · whole 1                        holder: all of it or nothing of it so far
 *              handle · 0 · from byte · map (the rest)     holder: a part of its map of pieces, lowest bit first
 *     GAINED   handle · count 1 · pieces                   holder
 *     REFUSED  handle · code 1                             holder: not, or not any more; the handle is closed
 *     LEAVES   handle · first leaf · bytes (the rest)      holder: 1 to 4 leaves, whole but for the content's last
 *     PAGE     handle · level 1 · index · bytes (the rest) holder
 */
const TransferType = {
  open: 0x41,
  ask: 0x42,
  askPage: 0x43,
  cancel: 0x44,
  close: 0x45,
  have: 0x46,
  gained: 0x47,
  refused: 0x48,
  leaves: 0x49,
  page: 0x4a,
} as const

/** Why somebody does not serve a content (any more). Numbers are the protocol's; never reuse one. */
export const RefusalCode = {
  /** Does not have it. */
  unknown: 1,
  /** Has it, but not for this peer. */
  notForYou: 2,
  /** What was offered has been changed since. */
  changed: 3,
  /** It is there no longer, or cannot be read. */
  vanished: 4,
  /** Its owner has taken the offer back. */
  withdrawn: 5,
  /** Serves as many as it can: come back in a while. */
  busy: 6,
} as const

/** Contents one side may have open on a link at a time. */
export const HANDLES_MAX = 64
/** Handles go up and are never used again on a link. */
const HANDLE_MAX = 2 ** 32
/** Leaves in one frame, and record: each seal and write costs some 10 µs however long. */
export const RUN_LEAVES_MAX = 4
/** Plaintext of a record on such a link: the most leaves, with a few short frames before them. */
export const TRANSFER_RECORD_BYTES_MAX = RUN_LEAVES_MAX * LEAF_BYTES + 8 * 1024
export const MAP_PART_BYTES_MAX = 32 * 1024
export const GAINED_MAX = 255

export type TransferFrame =
  | { readonly type: 'open'; readonly handle: number; readonly root: Uint8Array; readonly size: number }
  | { readonly type: 'ask' | 'cancel'; readonly handle: number; readonly first: number; readonly count: number }
  | { readonly type: 'askPage'; readonly handle: number; readonly level: number; readonly index: number }
  | { readonly type: 'close'; readonly handle: number }
  | { readonly type: 'have'; readonly handle: number; readonly whole: boolean }
  | { readonly type: 'have'; readonly handle: number; readonly from: number; readonly map: Uint8Array }
  | { readonly type: 'gained'; readonly handle: number; readonly pieces: readonly number[] }
  | { readonly type: 'refused'; readonly handle: number; readonly code: number }
  | { readonly type: 'leaves'; readonly handle: number; readonly first: number; readonly bytes: Uint8Array }
  | {
      readonly type: 'page'
      readonly handle: number
      readonly level: number
      readonly index: number
      readonly bytes: Uint8Array
    }

const TYPES: ReadonlySet<number> = new Set(Object.values(TransferType))

/** One that is not known is skipped, so that the protocol can grow. */
export function isTransferType(type: number): boolean {
  return TYPES.has(type)
}

export function transferType(frame: TransferFrame): number {
  return TransferType[frame.type]
}

/** What ends a frame with leaves, and is long: to be sealed where it lies, after what `writeTransferHead` has written. */
export function tailOf(frame: TransferFrame): Uint8Array {
  return frame.type === 'leaves' ? frame.bytes : EMPTY
}

export function writeTransfer(out: ByteWriter, frame: TransferFrame): void {
  writeTransferHead(out, frame)
  out.bytes(tailOf(frame))
}

/** All but the tail. */
export function writeTransferHead(out: ByteWriter, frame: TransferFrame): void {
  out.varint(frame.handle)
  switch (frame.type) {
    case 'open':
      return void out.bytes(frame.root).varint(frame.size)
    case 'ask':
    case 'cancel':
      return void out.varint(frame.first).u8(frame.count)
    case 'askPage':
      return void out.u8(frame.level).varint(frame.index)
    case 'close':
      return
    case 'have':
      if ('whole' in frame) return void out.u8(1).u8(frame.whole ? 1 : 0)
      return void out.u8(0).varint(frame.from).bytes(frame.map)
    case 'gained':
      out.u8(frame.pieces.length)
      for (const piece of frame.pieces) out.varint(piece)
      return
    case 'refused':
      return void out.u8(frame.code)
    case 'leaves':
      return void out.varint(frame.first)
    case 'page':
      return void out.u8(frame.level).varint(frame.index).bytes(frame.bytes)
  }
}

/**
 * Null when broken, or of a type that is none of these. Short bytes are views of the reader's; leaves and pages are in memory that nothing else is in that
 * anybody keeps: theirs of whom they are for, to keep or to release.
 */
export function readTransfer(type: number, body: ByteReader): TransferFrame | null {
  const handle = body.varint()
  if (handle < 1 || handle > HANDLE_MAX) return null
  const frame = readRest(type, handle, body)
  return frame !== null && body.done ? frame : null
}

function readRest(type: number, handle: number, body: ByteReader): TransferFrame | null {
  switch (type) {
    case TransferType.open: {
      const root = body.take(HASH_BYTES)
      const size = body.varint()
      return size <= CONTENT_BYTES_MAX ? { type: 'open', handle, root, size } : null
    }
    case TransferType.ask:
    case TransferType.cancel: {
      const first = body.varint()
      const count = body.u8()
      if (count < 1 || count > PIECE_LEAVES || first + count > LEAVES_MAX) return null
      return { type: type === TransferType.ask ? 'ask' : 'cancel', handle, first, count }
    }
    case TransferType.askPage:
      return { type: 'askPage', handle, ...readPlace(body) }
    case TransferType.close:
      return { type: 'close', handle }
    case TransferType.have:
      return readHave(handle, body)
    case TransferType.gained: {
      const pieces = Array.from({ length: body.u8() }, () => body.varint())
      return pieces.length > 0 && pieces.every((piece) => piece < LEAVES_MAX)
        ? { type: 'gained', handle, pieces }
        : null
    }
    case TransferType.refused:
      return { type: 'refused', handle, code: body.u8() }
    case TransferType.leaves: {
      const first = body.varint()
      const bytes = body.take(body.left)
      const fits = bytes.length > 0 && bytes.length <= RUN_LEAVES_MAX * LEAF_BYTES && first < LEAVES_MAX
      return fits ? { type: 'leaves', handle, first, bytes: isMostOf(body, bytes) ? bytes : bytes.slice() } : null
    }
    case TransferType.page: {
      const place = readPlace(body)
      const bytes = body.take(body.left)
      const fits = bytes.length > 0 && bytes.length <= PAGE_BYTES_MAX
      return fits ? { type: 'page', handle, ...place, bytes: bytes.slice() } : null
    }
    default:
      return null
  }
}

/** What ends its record and is more than half of it: one frame at most, and all others that are kept are copied. */
function isMostOf({ bytes: record, at }: ByteReader, bytes: Uint8Array): boolean {
  return at === record.length && 2 * bytes.length > record.length
}

function readPlace(body: ByteReader): { level: number; index: number } {
  const level = body.u8()
  const index = body.varint()
  if (level > LEVELS_MAX || index >= LEAVES_MAX) body.ok = false
  return { level, index }
}

function readHave(handle: number, body: ByteReader): TransferFrame | null {
  const form = body.u8()
  if (form === 1) {
    const whole = body.u8()
    return whole <= 1 ? { type: 'have', handle, whole: whole === 1 } : null
  }
  const from = body.varint()
  const map = body.take(body.left)
  if (form !== 0 || map.length === 0 || map.length > MAP_PART_BYTES_MAX || from >= LEAVES_MAX) return null
  return { type: 'have', handle, from, map }
}
