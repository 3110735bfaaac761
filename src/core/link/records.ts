import type { CipherState } from '../../crypto/aead.ts'
import { readU32 } from '../../wire/frame.ts'
import { RECORD_BYTES_MAX, RECORD_HEADER_BYTES, RECORD_TAG_BYTES } from '../../wire/limits.ts'

/** Memory of longer records is used again. */
const KEPT_BYTES_MIN = 128 * 1024

/**
 * The receiving side of an established link: a 4-byte big-endian length, then that many bytes sealed under AES-256-GCM
 * with a counter for nonce (Noise section 5.1 and 11.3). Whatever was damaged, replayed, left out or put in another order does not open, and
 * ends the link.
 */
export class RecordReader {
  private readonly header = new Uint8Array(RECORD_HEADER_BYTES)
  private headerFilled = 0
  /** The record that has come in part, at its full size; null while none of it has come. */
  private held: Uint8Array | null = null
  private heldFilled = 0
  private kept: Uint8Array | null = null
  /** How many bytes of the last `receive` were looked at: all of them, unless `handle` answered no. */
  usedBytes = 0

  /** `bytesMax`: plaintext of one record. */
  constructor(
    private readonly cipher: CipherState,
    private readonly bytesMax = RECORD_BYTES_MAX,
  ) {}

  /** True while a record has begun and not ended: what the 30-second deadline for a frame looks at. */
  get partial(): boolean {
    return this.headerFilled > 0
  }

  /**
   * Opens every whole record in what has come so far. `handle` gets the plaintext, its own to keep, and answers whether to go
   * on. Answers null, or what the peer did wrong; that ends it. A length over the limit is refused at the header, unread. A record
   * that came in one piece is opened where it lies; of any other each byte is copied once, however small the pieces. Who went on after
   * a no would begin with what stands behind `usedBytes`.
   */
  receive(bytes: Uint8Array, handle: (record: Uint8Array) => boolean): string | null {
    let at = 0
    this.usedBytes = bytes.length
    while (at < bytes.length) {
      while (this.headerFilled < RECORD_HEADER_BYTES && at < bytes.length)
        this.header[this.headerFilled++] = bytes[at++]!
      if (this.headerFilled < RECORD_HEADER_BYTES) return null
      const length = readU32(this.header, 0)
      if (length > this.bytesMax + RECORD_TAG_BYTES || length <= RECORD_TAG_BYTES) {
        return `announced a record of ${length} bytes`
      }
      const piece = bytes.subarray(at, at + length - this.heldFilled)
      at += piece.length
      const sealed = this.complete(piece, length)
      if (sealed === null) return null
      const record = this.cipher.openRecord(sealed)
      if (record === null) return 'sent a record that does not open: damaged, replayed or out of order'
      if (!handle(record)) {
        this.usedBytes = at
        return null
      }
    }
    return null
  }

  private memoryFor(length: number): Uint8Array {
    const { kept } = this
    return kept !== null && kept.buffer.byteLength >= length
      ? new Uint8Array(kept.buffer, 0, length)
      : new Uint8Array(length)
  }

  /** The record of which `piece` is the next part, when that makes it whole; otherwise keeps the part and answers null. */
  private complete(piece: Uint8Array, length: number): Uint8Array | null {
    let sealed = piece
    if (piece.length < length) {
      this.held ??= this.memoryFor(length)
      this.held.set(piece, this.heldFilled)
      this.heldFilled += piece.length
      if (this.heldFilled < length) return null
      sealed = this.held
      // Opening copies, so the memory serves again; short ones come and go, and links are many.
      if (sealed.buffer.byteLength > KEPT_BYTES_MIN) this.kept = sealed
    }
    this.headerFilled = 0
    this.held = null
    this.heldFilled = 0
    return sealed
  }
}
