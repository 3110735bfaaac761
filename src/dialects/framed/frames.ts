import { joinBytes, utf8 } from '../../base/bytes.ts'

/** What the originals refuse, and end a connection for. */
export const FRAME_BYTES_REFUSED = 10 * 1024 * 1024
/** What we keep: longer ones (pictures) are let go by, for nothing here could show them. */
export const FRAME_BYTES_KEPT = 256 * 1024
const HEADER_BYTES = 4

/** A frame that was read, or how long one was that was let go by. */
export type Frame = { readonly body: Uint8Array } | { readonly skippedBytes: number }

/**
 * Takes a byte stream apart into frames: four bytes of length, then so many of JSON. Holds at most one unfinished frame; after a length
 * that nobody would send it takes nothing more, and `fault` tells why.
 */
export class FrameReader {
  fault: string | null = null
  private header = new Uint8Array(HEADER_BYTES)
  private headerBytes = 0
  private parts: Uint8Array[] = []
  private left = 0
  private skipped: number | null = null

  push(bytes: Uint8Array): Frame[] {
    const frames: Frame[] = []
    let at = 0
    while (at < bytes.length && this.fault === null) {
      if (this.headerBytes < HEADER_BYTES) {
        this.header[this.headerBytes++] = bytes[at++]!
        if (this.headerBytes === HEADER_BYTES) this.begin(frames)
        continue
      }
      const part = bytes.subarray(at, at + this.left)
      at += part.length
      this.left -= part.length
      if (this.skipped === null) this.parts.push(part)
      if (this.left === 0) this.end(frames)
    }
    return frames
  }

  private begin(frames: Frame[]): void {
    const length = new DataView(this.header.buffer).getUint32(0)
    if (length > FRAME_BYTES_REFUSED) {
      this.fault = `sent a frame of ${length} bytes, where ${FRAME_BYTES_REFUSED} are the most`
      return
    }
    this.left = length
    this.skipped = length > FRAME_BYTES_KEPT ? length : null
    if (length === 0) this.end(frames)
  }

  private end(frames: Frame[]): void {
    frames.push(this.skipped === null ? { body: joinBytes(this.parts) } : { skippedBytes: this.skipped })
    this.parts = []
    this.headerBytes = 0
    this.skipped = null
  }
}

export function encodeFrame(object: object): Uint8Array {
  const body = utf8(JSON.stringify(object))
  const frame = new Uint8Array(HEADER_BYTES + body.length)
  new DataView(frame.buffer).setUint32(0, body.length)
  frame.set(body, HEADER_BYTES)
  return frame
}
