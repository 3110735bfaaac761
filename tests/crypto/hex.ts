/** Bytes from hexadecimal, as vectors are written. */
export function hex(text: string): Uint8Array {
  return Uint8Array.fromHex(text)
}

/** Reproducible bytes for tests where any will do. */
export function filled(length: number, value: number): Uint8Array {
  return new Uint8Array(length).fill(value)
}

/** A copy with one bit turned over. */
export function flipped(bytes: Uint8Array, byte: number, bit = 0): Uint8Array {
  const copy = new Uint8Array(bytes)
  copy[byte] = copy[byte]! ^ (1 << bit)
  return copy
}
