import { decodeUtf8 } from '../base/text.ts'

/** Bytes of a line before its line feed: room for the longest message (16 KiB) with every byte escaped in JSON. */
export const LINE_BYTES_MAX = 64 * 1024

/** A line that cannot be had as text. */
export interface LineFault {
  readonly code: 'line-too-long' | 'line-not-utf8'
  readonly message: string
}

const TOO_LONG: LineFault = {
  code: 'line-too-long',
  message: `A line was longer than ${LINE_BYTES_MAX / 1024} KiB and was thrown away. Say it in parts.`,
}
const NOT_UTF8: LineFault = {
  code: 'line-not-utf8',
  message: 'A line was not UTF-8 and was thrown away. Set the encoding of what writes it to UTF-8.',
}

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const BYTE_ORDER_MARK = '\ufeff'

/**
 * Cuts a stream of bytes into lines of text, whatever pieces the bytes come in. Lines end with LF or CRLF. Never holds more
 * than one line of the longest length: of a longer one only the end is waited for.
 */
export class LineSplitter {
  private held: Uint8Array[] = []
  private heldBytes = 0
  private skipping = false
  private first = true

  /** The lines that `chunk` completes, in order; a fault stands where its line would. Keeps copies, not `chunk`. */
  push(chunk: Uint8Array): (string | LineFault)[] {
    const lines: (string | LineFault)[] = []
    let start = 0
    while (start < chunk.length) {
      const feed = chunk.indexOf(LINE_FEED, start)
      const end = feed === -1 ? chunk.length : feed
      this.hold(chunk.subarray(start, end), feed === -1, lines)
      if (feed !== -1) this.finish(lines)
      start = end + 1
    }
    return lines
  }

  /** What came after the last line feed, if anything did. */
  end(): (string | LineFault)[] {
    const lines: (string | LineFault)[] = []
    if (this.heldBytes > 0) this.finish(lines)
    return lines
  }

  private hold(piece: Uint8Array, keep: boolean, lines: (string | LineFault)[]): void {
    if (this.skipping) return
    if (this.heldBytes + piece.length > LINE_BYTES_MAX) {
      lines.push(TOO_LONG)
      this.skipping = true
      this.held = []
      this.heldBytes = 0
      return
    }
    if (piece.length === 0) return
    this.held.push(keep ? piece.slice() : piece)
    this.heldBytes += piece.length
  }

  private finish(lines: (string | LineFault)[]): void {
    const bytes = this.held.length === 1 ? this.held[0]! : concat(this.held, this.heldBytes)
    if (!this.skipping) lines.push(this.decode(bytes))
    this.skipping = false
    this.held = []
    this.heldBytes = 0
    this.first = false
  }

  private decode(bytes: Uint8Array): string | LineFault {
    const text = decodeUtf8(bytes.at(-1) === CARRIAGE_RETURN ? bytes.subarray(0, -1) : bytes)
    if (text === null) return NOT_UTF8
    // Windows programs begin a pipe with one.
    return this.first && text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text
  }
}

function concat(pieces: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes)
  let offset = 0
  for (const piece of pieces) {
    whole.set(piece, offset)
    offset += piece.length
  }
  return whole
}
