/** How long words are kept for a peer that is not linked with for certain: two announcements, by which anybody there is known, and a dial. */
export const KEPT_MS = 12_000
/** A lively room for so long; beyond, the oldest are given up. */
const LINES_MAX = 256
/** A few of the longest lines there are, or all of usual ones. */
const BYTES_MAX = 1024 * 1024

interface Line {
  readonly number: number
  readonly atMs: number
  readonly origin: string
  readonly bytes: Uint8Array
}

/** What was said in the mesh lately, for those who could not be told at once. */
export class Said {
  /** Of the latest line; they count from 1. */
  last = 0
  private lines: Line[] = []
  private bytes = 0

  /** `origin`: of the words. */
  add(bytes: Uint8Array, origin: string, nowMs: number): void {
    this.lines.push({ number: ++this.last, atMs: nowMs, origin, bytes })
    this.bytes += bytes.length
    const isOver = ({ atMs }: Line): boolean =>
      this.lines.length > LINES_MAX || this.bytes > BYTES_MAX || nowMs - atMs >= KEPT_MS
    // The latest stays, however long it is.
    while (this.lines.length > 1 && isOver(this.lines[0]!)) this.bytes -= this.lines.shift()!.bytes.length
  }

  /** Another bridge has said these words to all who are there: whoever is found later has them from that one. */
  heard(origin: string): void {
    const at = this.lines.findLastIndex((line) => line.origin === origin)
    if (at >= 0) this.bytes -= this.lines.splice(at, 1)[0]!.bytes.length
  }

  /** The lines after that number and not before that time, in their order. The bytes are the taker's. */
  after(number: number, sinceMs: number, nowMs: number): Uint8Array[] {
    const fromMs = Math.max(sinceMs, nowMs - KEPT_MS)
    let first = this.lines.length
    while (first > 0 && this.lines[first - 1]!.number > number && this.lines[first - 1]!.atMs >= fromMs) first--
    return this.lines.slice(first).map(({ bytes }) => bytes.slice())
  }
}
