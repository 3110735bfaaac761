/**
 * Which numbers of a stream were here before (RFC 4303 section 3.4.3, with the ring of words of RFC 6479). It moves only by `mark`, which
 * is called once a datagram has opened, so what a stranger writes into a header moves nothing.
 */

/** Numbers behind the highest that are still told apart: ten seconds at a hundred datagrams a second. */
export const REPLAY_WINDOW = 1_024
/** A power of two with room for one word more than the window, since the newest word is only partly filled. */
const WORDS = 64

export class ReplayWindow {
  private readonly words = new Int32Array(WORDS)
  private highest = -1

  /** The highest number marked; -1 before the first. */
  get newest(): number {
    return this.highest
  }

  /** False for a number that was marked, or is too old to tell. `number`: whole, 0 to 2^32 - 1. */
  isFresh(number: number): boolean {
    if (number > this.highest) return true
    if (this.highest - number >= REPLAY_WINDOW) return false
    return (this.words[(number >>> 5) % WORDS]! & (1 << (number & 31))) === 0
  }

  /** Takes note of a fresh number. */
  mark(number: number): void {
    if (number > this.highest) {
      const from = this.highest < 0 ? (number >>> 5) - WORDS : this.highest >>> 5
      const to = number >>> 5
      for (let word = Math.max(from + 1, to - WORDS + 1); word <= to; word++) this.words[word & (WORDS - 1)] = 0
      this.highest = number
    }
    const at = (number >>> 5) % WORDS
    this.words[at] = this.words[at]! | (1 << (number & 31))
  }
}
