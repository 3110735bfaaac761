import { joinBytes } from '../base/bytes.ts'

const NEWLINE = 0x0a
const RETURN = 0x0d

/** Takes a byte stream apart into lines, without their ends. Holds at most one unfinished line; a longer one is a fault, and nothing follows. */
export class LineReader {
  isBroken = false
  private parts: Uint8Array[] = []
  private bytes = 0

  constructor(private readonly bytesMax: number) {}

  /** The next line of `bytes` from `at`, and where the rest begins; a null line where there is none yet. */
  next(bytes: Uint8Array, at: number): { line: Uint8Array | null; at: number } {
    if (this.isBroken) return { line: null, at: bytes.length }
    const found = bytes.indexOf(NEWLINE, at)
    const end = found === -1 ? bytes.length : found
    const part = bytes.subarray(at, end)
    this.bytes += part.length
    if (this.bytes > this.bytesMax) {
      this.isBroken = true
      this.parts = []
      return { line: null, at: bytes.length }
    }
    // An empty part of a long buffer would keep all of it.
    if (part.length > 0) this.parts.push(part)
    if (found === -1) return { line: null, at: end }
    const line = joinBytes(this.parts)
    this.parts = []
    this.bytes = 0
    return { line: line.at(-1) === RETURN ? line.subarray(0, -1) : line, at: end + 1 }
  }

  /** What has come of an unfinished line, which is forgotten. */
  takeRest(): Uint8Array {
    const rest = joinBytes(this.parts)
    this.parts = []
    this.bytes = 0
    return rest
  }
}
