/**
 * HalfSipHash-2-4 with 64 bits of output (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012; the variant for 32-bit machines is
 * the reference implementation's): whoever does not know the key cannot prepare inputs that collide. Some 60 ns for 16 bytes, where one call
 * of SHA-256 takes 400 ns. The result stays in `low` and `high`, both from 0 to 2^32 - 1, until the next call: nothing is allocated.
 */
export class KeyedHash {
  low = 0
  high = 0

  constructor(
    private readonly key0: number,
    private readonly key1: number,
  ) {}

  /** Hashes the first `length` of `bytes`. */
  hash(bytes: Uint8Array, length: number): void {
    const { key0, key1 } = this
    let v0 = key0
    let v1 = key1 ^ 0xee
    let v2 = 0x6c796765 ^ key0
    let v3 = 0x74656462 ^ key1
    const words = length >>> 2
    for (let i = 0; i <= words + 8; i++) {
      // After the whole words comes one with what is left and the length, then four rounds for each half of the output.
      const word = i < words ? wordAt(bytes, 4 * i) : i === words ? lastWord(bytes, 4 * i, length) : 0
      v3 ^= word
      for (let round = i <= words ? 2 : 1; round > 0; round--) {
        v0 = (v0 + v1) | 0
        v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
        v0 = (v0 << 16) | (v0 >>> 16)
        v2 = (v2 + v3) | 0
        v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
        v0 = (v0 + v3) | 0
        v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
        v2 = (v2 + v1) | 0
        v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
        v2 = (v2 << 16) | (v2 >>> 16)
      }
      v0 ^= word
      if (i === words) v2 ^= 0xee
      else if (i === words + 4) {
        this.low = (v1 ^ v3) >>> 0
        v1 ^= 0xdd
      }
    }
    this.high = (v1 ^ v3) >>> 0
  }
}

/** Little-endian. */
function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}

function lastWord(bytes: Uint8Array, at: number, length: number): number {
  let word = length << 24
  for (let i = at; i < length; i++) word |= bytes[i]! << (8 * (i - at))
  return word
}

/** A bijection of 32-bit words in which every bit reaches every other (the "lowbias32" constants of C. Wellons). */
export function scramble(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x7feb352d)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b)
  return mixed ^ (mixed >>> 16)
}
