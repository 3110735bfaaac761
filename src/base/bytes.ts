/**
 * Reading and writing the wire's primitive values. Integers are big-endian; a varint is unsigned LEB128 in its
 * shortest form, at most 7 bytes (49 bits), so that every value is a safe JavaScript integer and has one encoding.
 */

export const VARINT_BYTES_MAX = 7

/**
 * Reads hostile bytes: never throws and never reads past the end. Once something did not fit, `ok` is false for good
 * and every further read answers zero or an empty slice, so a decoder can read on and check once at its end.
 */
export class ByteReader {
  ok = true

  /** Reads `bytes[at, end)`; slices returned by `take` share its memory. */
  constructor(
    readonly bytes: Uint8Array,
    public at = 0,
    readonly end = bytes.length,
  ) {}

  /** Bytes not read yet. */
  get left(): number {
    return this.end - this.at
  }

  /** True when everything was read and nothing failed: what a decoder of a whole body asks last. */
  get done(): boolean {
    return this.ok && this.at === this.end
  }

  u8(): number {
    if (this.at >= this.end) return this.fail()
    return this.bytes[this.at++]!
  }

  u16(): number {
    return this.u8() * 0x100 + this.u8()
  }

  u32(): number {
    return this.u16() * 0x10000 + this.u16()
  }

  /** 48 bits: milliseconds since 1970 for some 8,900 years. */
  u48(): number {
    return this.u16() * 0x100000000 + this.u32()
  }

  varint(): number {
    let value = 0
    let scale = 1
    for (let i = 0; i < VARINT_BYTES_MAX; i++) {
      const byte = this.u8()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        const padded = byte === 0 && i > 0
        return padded ? this.fail() : value
      }
      scale *= 128
    }
    return this.fail()
  }

  /** A view of the next `length` bytes, not a copy. */
  take(length: number): Uint8Array {
    if (length > this.left) {
      this.fail()
      return EMPTY
    }
    const slice = this.bytes.subarray(this.at, this.at + length)
    this.at += length
    return slice
  }

  /** A varint length, then that many bytes; a length above `lengthMax` fails before anything is read. */
  sized(lengthMax: number): Uint8Array {
    const length = this.varint()
    if (length > lengthMax) {
      this.fail()
      return EMPTY
    }
    return this.take(length)
  }

  private fail(): number {
    this.ok = false
    this.at = this.end
    return 0
  }
}

/** Appends values to one growing buffer, kept between uses so that a busy writer allocates nothing per frame. */
export class ByteWriter {
  private buffer: Uint8Array
  length = 0

  constructor(capacity = 256) {
    this.buffer = roomFor(capacity)
  }

  u8(value: number): this {
    this.reserve(1)
    this.buffer[this.length++] = value
    return this
  }

  u16(value: number): this {
    return this.u8(value >>> 8).u8(value)
  }

  u32(value: number): this {
    this.reserve(4)
    this.patchU32(this.length, value)
    this.length += 4
    return this
  }

  u48(value: number): this {
    return this.u16(Math.floor(value / 0x100000000)).u32(value >>> 0)
  }

  varint(value: number): this {
    this.reserve(VARINT_BYTES_MAX)
    let rest = value
    while (rest >= 128) {
      this.buffer[this.length++] = (rest % 128) | 0x80
      rest = Math.floor(rest / 128)
    }
    this.buffer[this.length++] = rest
    return this
  }

  bytes(source: Uint8Array): this {
    this.reserve(source.length)
    this.buffer.set(source, this.length)
    this.length += source.length
    return this
  }

  sized(source: Uint8Array): this {
    return this.varint(source.length).bytes(source)
  }

  /** Writes over four bytes already there: a length known only after its body. */
  patchU32(at: number, value: number): void {
    this.buffer[at] = value >>> 24
    this.buffer[at + 1] = value >>> 16
    this.buffer[at + 2] = value >>> 8
    this.buffer[at + 3] = value
  }

  /** What was written, as a view that the next write or `clear` invalidates. */
  view(): Uint8Array {
    return this.buffer.subarray(0, this.length)
  }

  /** What was written, as the caller's own copy. */
  copy(): Uint8Array {
    return this.buffer.slice(0, this.length)
  }

  clear(): this {
    this.length = 0
    return this
  }

  private reserve(more: number): void {
    const needed = this.length + more
    if (needed <= this.buffer.length) return
    const grown = roomFor(Math.max(needed, this.buffer.length * 2))
    grown.set(this.buffer.subarray(0, this.length))
    this.buffer = grown
  }
}

const PAGE_BYTES = 4096
const LEAD_BYTES = 64

/**
 * A large buffer does not begin where its memory does. Both are pages, and so is what is copied in: to copy 60 KiB from a page's
 * beginning to a few bytes past one takes 46 µs on current AMD processors, to 16 or more past one 1.6 µs.
 */
function roomFor(capacity: number): Uint8Array {
  if (capacity < PAGE_BYTES) return new Uint8Array(capacity)
  return new Uint8Array(new ArrayBuffer(LEAD_BYTES + capacity), LEAD_BYTES)
}

/** How many bytes `value` takes as a varint. */
export function varintLength(value: number): number {
  let length = 1
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length++
  return length
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Byte order, as keys are compared everywhere: negative when `a` comes first. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const difference = a[i]! - b[i]!
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** Lowercase hexadecimal: ids as map keys and in logs. */
export function toHex(bytes: Uint8Array): string {
  return bytes.toHex()
}

const encoder = new TextEncoder()

export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

export const EMPTY: Uint8Array = new Uint8Array(0)

/** The parts one after the other in one fresh buffer. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const joined = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

/** Less than this is not worth the call. */
const RELEASED_BYTES_MIN = 64 * 1024

/**
 * Gives the memory that `bytes` are in back to the system now, all of it and not when garbage is collected next; for those who own all of it and
 * have no more use for it. Every view of it is empty from then on. What is short is left as it is. A task of the runtime's that reads or writes it must be
 * over.
 */
export function release(bytes: Uint8Array): void {
  if (bytes.length < RELEASED_BYTES_MIN) return
  const { buffer } = bytes
  if (buffer instanceof ArrayBuffer) buffer.transfer(0)
}
