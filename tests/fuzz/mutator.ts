import type { Rng } from '../../src/base/rng.ts'

/** Bytes at which something changes: ends of ranges, the top bit of a varint, lengths that go too far. */
const SHARP = [0x00, 0x01, 0x02, 0x10, 0x20, 0x40, 0x7f, 0x80, 0x81, 0xfe, 0xff]
const LARGEST = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]
const BYTES_MAX = 70_000

type Change = (bytes: number[], rng: Rng) => unknown

const CHANGES: readonly Change[] = [
  (bytes, rng) => set(bytes, rng, (byte) => byte ^ (1 << rng.below(8))),
  (bytes, rng) => set(bytes, rng, () => rng.below(256)),
  (bytes, rng) => set(bytes, rng, () => sharp(rng)),
  (bytes, rng) => bytes.splice(at(bytes, rng), 0, sharp(rng)),
  (bytes, rng) => bytes.splice(at(bytes, rng), 1 + rng.below(4)),
  (bytes, rng) => bytes.splice(at(bytes, rng)),
  (bytes, rng) => bytes.push(...rng.bytes(1 + rng.below(20))),
  (bytes, rng) => bytes.splice(at(bytes, rng), 7, ...LARGEST.slice(rng.below(7))),
  (bytes, rng) => {
    const from = at(bytes, rng)
    bytes.splice(at(bytes, rng), 0, ...bytes.slice(from, from + 1 + rng.below(40)))
  },
]

function set(bytes: number[], rng: Rng, change: (byte: number) => number): void {
  const index = at(bytes, rng)
  bytes[index] = change(bytes[index]!)
}

function sharp(rng: Rng): number {
  return SHARP[rng.below(SHARP.length)]!
}

function at(bytes: readonly number[], rng: Rng): number {
  return rng.below(bytes.length)
}

/** A changed copy: one to three changes, and now and then the rest of another input put behind the beginning of this one. */
export function mutate(input: Uint8Array, other: Uint8Array, rng: Rng): Uint8Array {
  const bytes = [...input]
  if (rng.below(8) === 0)
    bytes.splice(rng.below(bytes.length + 1), bytes.length, ...other.subarray(rng.below(other.length + 1)))
  for (let left = 1 + rng.below(3); left > 0; left--) {
    if (bytes.length === 0) bytes.push(rng.below(256))
    CHANGES[rng.below(CHANGES.length)]!(bytes, rng)
  }
  return Uint8Array.from(bytes.slice(0, BYTES_MAX))
}
