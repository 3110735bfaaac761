import { EMPTY } from '../../base/bytes.ts'
import type { CipherState } from '../../crypto/aead.ts'
import { readU32 } from '../../wire/frame.ts'
import { RECORD_BYTES_MAX, RECORD_HEADER_BYTES, RECORD_TAG_BYTES } from '../../wire/limits.ts'

/**
 * The receiving side of an established link: a 4-byte big-endian length, then that many bytes sealed under AES-256-GCM
 * with a counter for nonce (Noise section 5.1 and 11.3). Whatever was damaged, replayed, left out or put in another order does not open, and
 * ends the link.
 */
export class RecordReader {
  private held: Uint8Array = EMPTY

  constructor(private readonly cipher: CipherState) {}

  /** True while a record has begun and not ended: what the 30-second deadline for a frame looks at. */
  get partial(): boolean {
    return this.held.length > 0
  }

  /**
   * Opens every whole record in what has come so far. `handle` gets the plaintext, its own to keep, and answers whether to go
   * on. Answers null, or what the peer did wrong. A length over the limit is refused at the header, unread.
   */
  receive(bytes: Uint8Array, handle: (record: Uint8Array) => boolean): string | null {
    let input = bytes
    if (this.held.length > 0) {
      input = new Uint8Array(this.held.length + bytes.length)
      input.set(this.held)
      input.set(bytes, this.held.length)
      this.held = EMPTY
    }
    let at = 0
    while (input.length - at >= RECORD_HEADER_BYTES) {
      const length = readU32(input, at)
      if (length > RECORD_BYTES_MAX + RECORD_TAG_BYTES || length <= RECORD_TAG_BYTES) {
        return `announced a record of ${length} bytes`
      }
      const end = at + RECORD_HEADER_BYTES + length
      if (end > input.length) break
      const record = this.cipher.openRecord(input.subarray(at + RECORD_HEADER_BYTES, end))
      if (record === null) return 'sent a record that does not open: damaged, replayed or out of order'
      at = end
      if (!handle(record)) return null
    }
    this.held = at < input.length ? input.subarray(at) : EMPTY
    return null
  }
}
