/** A set of the whole numbers below `size`, one bit each: which leaves are here, which pieces somebody has. */
export class Bits {
  private readonly words: Uint32Array
  private held = 0

  constructor(readonly size: number) {
    this.words = new Uint32Array(Math.ceil(size / 32))
  }

  get count(): number {
    return this.held
  }

  get isFull(): boolean {
    return this.held === this.size
  }

  has(place: number): boolean {
    return ((this.words[place >>> 5] ?? 0) & (1 << (place & 31))) !== 0
  }

  /** False where it was there already, or is out of range. */
  add(place: number): boolean {
    if (place < 0 || place >= this.size || this.has(place)) return false
    this.words[place >>> 5]! |= 1 << (place & 31)
    this.held++
    return true
  }

  delete(place: number): boolean {
    if (!this.has(place)) return false
    this.words[place >>> 5]! &= ~(1 << (place & 31))
    this.held--
    return true
  }

  /** The first place from `from` that is not in the set; `size` where there is none. Skips full words. */
  nextClear(from: number): number {
    let place = from
    while (place < this.size) {
      const word = this.words[place >>> 5]!
      if (word === 0xffffffff) {
        place = ((place >>> 5) + 1) * 32
        continue
      }
      if ((word & (1 << (place & 31))) === 0) return place
      place++
    }
    return this.size
  }

  /** Bytes [from, to) of the set's map, eight places a byte, the lowest bit first. Fresh. */
  bytes(from = 0, to = this.byteLength): Uint8Array {
    const bytes = new Uint8Array(to - from)
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.byte(from + i)
    return bytes
  }

  byte(at: number): number {
    return ((this.words[at >>> 2] ?? 0) >>> (8 * (at & 3))) & 0xff
  }

  get byteLength(): number {
    return Math.ceil(this.size / 8)
  }

  /** Adds what a part of such a map has; bits out of range count for nothing. Tells each that is new. */
  addBytes(from: number, bytes: Uint8Array, added?: (place: number) => void): void {
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i]!
      if (byte === 0) continue
      for (let bit = 0; bit < 8; bit++) {
        const place = (from + i) * 8 + bit
        if ((byte & (1 << bit)) !== 0 && this.add(place)) added?.(place)
      }
    }
  }
}
