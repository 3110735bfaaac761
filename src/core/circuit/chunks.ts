/** Bytes that wait to be passed on, gathered into chunks however small the pieces they came in: memory is what waits, and one chunk. */
export class Chunks {
  private readonly full: Uint8Array[] = []
  /** One that has room; empty where none is begun. */
  private last: Uint8Array = NONE
  private lastBytes = 0
  private waitingBytes = 0

  constructor(private readonly chunkBytes: number) {}

  /** Bytes that wait. */
  get length(): number {
    return this.waitingBytes
  }

  /** Copies. */
  append(bytes: Uint8Array): void {
    this.waitingBytes += bytes.length
    for (let at = 0; at < bytes.length; ) {
      if (this.last.length === 0) this.last = new Uint8Array(this.chunkBytes)
      const part = bytes.subarray(at, at + this.chunkBytes - this.lastBytes)
      this.last.set(part, this.lastBytes)
      this.lastBytes += part.length
      at += part.length
      if (this.lastBytes === this.chunkBytes) this.full.push(this.takeLast())
    }
  }

  /** The oldest that wait, a chunk at most; null where none do. */
  take(): Uint8Array | null {
    if (this.waitingBytes === 0) return null
    const first = this.full.shift() ?? this.takeLast()
    this.waitingBytes -= first.length
    return first
  }

  private takeLast(): Uint8Array {
    const taken = this.last.subarray(0, this.lastBytes)
    this.last = NONE
    this.lastBytes = 0
    return taken
  }
}

const NONE = new Uint8Array(0)
