import { joinBytes } from '../../base/bytes.ts'
import { READ_BYTES_MAX } from './messages.ts'

/** How long an original has to read what it was sent, before more would make it a longer line. */
const READ_MS = 250
/** The same around a file's header, and behind a file: what is misread there costs more than a line, and a second is not long for a file. */
const FILE_PAUSE_MS = 1_000
/** Texts that wait, in bytes: sixteen seconds of them. */
const WAITING_BYTES_MAX = 64 * READ_BYTES_MAX

interface Waiting {
  readonly bytes: Uint8Array
  readonly isHeader: boolean
}

/**
 * What goes to one person whose program takes whatever one read brings for one line. Texts leave in pieces that one read holds: what is over it
 * would be read as a line of its own, from inside a character or from words that somebody put there to look like a file's header. A header leaves
 * alone, and a file's bytes with nothing around them. Pure: time in, bytes out, to be asked again at `dueMs`.
 */
export class Outbox {
  /** When `next` has more; null where that is not a question of time. */
  dueMs: number | null = null
  private waiting: Waiting[] = []
  private waitingBytes = 0
  /** What of a file has left and is being read: its header, some of its bytes, all of them. */
  private file: 'header' | 'bytes' | 'sent' | null = null
  /** When that which was sent last has been read. */
  private readMs = Number.NEGATIVE_INFINITY
  private unreadBytes = 0
  private saidMs = Number.NEGATIVE_INFINITY

  /** Lines with their ends, each no longer than one read. False where so much waits that they are dropped. */
  say(lines: readonly Uint8Array[]): boolean {
    const bytes = lines.reduce((sum, line) => sum + line.length, 0)
    if (this.waitingBytes + bytes > WAITING_BYTES_MAX) return false
    for (const line of lines) this.waiting.push({ bytes: line, isHeader: false })
    this.waitingBytes += bytes
    return true
  }

  /** False while another file is being sent. */
  announce(header: Uint8Array): boolean {
    const isSending = this.file === 'header' || this.file === 'bytes'
    if (isSending || this.waiting.some(({ isHeader }) => isHeader)) return false
    this.waiting.push({ bytes: header, isHeader: true })
    return true
  }

  get takesBytes(): boolean {
    return this.file === 'bytes'
  }

  /** All bytes of the file are on their way. */
  sent(nowMs: number): void {
    if (this.file !== 'bytes') return
    this.file = 'sent'
    this.readMs = nowMs + FILE_PAUSE_MS
  }

  /** What is to be sent now: text or a header, or the bytes of the file that was announced; null for nothing more, until `dueMs`. */
  next(nowMs: number): Uint8Array | 'file' | null {
    this.dueMs = null
    if (this.file === 'bytes') return null
    if (this.file === 'header' || this.file === 'sent') {
      if (nowMs < this.readMs) return this.later(this.readMs)
      this.file = this.file === 'header' ? 'bytes' : null
      this.unreadBytes = 0
      if (this.file === 'bytes') return 'file'
    }
    const [first] = this.waiting
    if (first === undefined) return null
    return first.isHeader ? this.header(first.bytes, nowMs) : this.text(nowMs)
  }

  /** What may still be said when the connection ends: nothing that would be taken for a part of a file. */
  rest(): Uint8Array | null {
    if (this.file === 'header' || this.file === 'bytes') return null
    return joinBytes(this.waiting.filter(({ isHeader }) => !isHeader).map(({ bytes }) => bytes))
  }

  private header(bytes: Uint8Array, nowMs: number): Uint8Array | null {
    const aloneMs = this.saidMs + FILE_PAUSE_MS
    if (nowMs < aloneMs) return this.later(aloneMs)
    this.waiting.shift()
    this.file = 'header'
    this.readMs = nowMs + FILE_PAUSE_MS
    return bytes
  }

  /** As many lines as go into one read with what may not have been read yet. */
  private text(nowMs: number): Uint8Array | null {
    if (nowMs >= this.readMs) this.unreadBytes = 0
    const lines: Uint8Array[] = []
    for (const { bytes, isHeader } of this.waiting) {
      if (isHeader || this.unreadBytes + bytes.length > READ_BYTES_MAX) break
      this.unreadBytes += bytes.length
      lines.push(bytes)
    }
    if (lines.length === 0) return this.later(this.readMs)
    this.waiting.splice(0, lines.length)
    const text = joinBytes(lines)
    this.waitingBytes -= text.length
    this.saidMs = nowMs
    this.readMs = nowMs + READ_MS
    return text
  }

  private later(atMs: number): null {
    this.dueMs = atMs
    return null
  }
}
