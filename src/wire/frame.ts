import type { ByteWriter } from '../base/bytes.ts'
import { FRAME_HEADER_BYTES } from './limits.ts'

/**
 * A frame is a 4-byte big-endian length, a 1-byte type and a body; the length counts type and body. Types below 0x10 are
 * the link's own, 0x10 to 0x1f replicate feeds. A type that is not known here is skipped, so that the protocol can grow.
 */
export const FrameType = {
  /** Noise handshake message; the only type before authentication. */
  handshake: 0x01,
  hello: 0x02,
  ping: 0x03,
  pong: 0x04,
  bye: 0x05,
  feed: 0x10,
  have: 0x11,
  want: 0x12,
  bundle: 0x13,
  gap: 0x14,
  lazy: 0x15,
  reconcile: 0x16,
  fork: 0x17,
  passing: 0x18,
  recalled: 0x19,
  recallList: 0x1a,
  recallWant: 0x1b,
  fetch: 0x1c,
  fetched: 0x1d,
  filled: 0x1e,
  receipts: 0x1f,
} as const

/** Starts a frame in `out`; answers where it began, for `endFrame`. */
export function beginFrame(out: ByteWriter, type: number): number {
  const at = out.length
  out.u32(0).u8(type)
  return at
}

/** Fills in the length of the frame begun at `at`. `tailBytes`: what belongs to it and is not in `out`. */
export function endFrame(out: ByteWriter, at: number, tailBytes = 0): void {
  out.patchU32(at, out.length - at - 4 + tailBytes)
}

/** What the owner of a stream of frames is told of each one: a view that stays valid, `bytes[bodyStart, bodyEnd)`. */
export type FrameHandler = (type: number, bytes: Uint8Array, bodyStart: number, bodyEnd: number) => void

/**
 * Walks the frames of one decrypted record. Answers false when they do not fill it exactly: a frame never spans
 * records, so a broken one is the sender's fault. `alive` is asked after each frame; false stops the walk.
 */
export function eachFrame(record: Uint8Array, handle: FrameHandler, alive: () => boolean): boolean {
  let at = 0
  while (at < record.length) {
    if (record.length - at < FRAME_HEADER_BYTES) return false
    const length = readU32(record, at)
    if (length < 1 || length > record.length - at - 4) return false
    const end = at + 4 + length
    handle(record[at + 4]!, record, at + FRAME_HEADER_BYTES, end)
    if (!alive()) return true
    at = end
  }
  return true
}

export function readU32(bytes: Uint8Array, at: number): number {
  return bytes[at]! * 0x1000000 + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!)
}
