/**
 * Chance that a seed repeats, for protocol jitter and simulation. Never for keys: those come from a `RandomBytes` that the
 * system backs. The generator is sfc32 (Chris Doty-Humphrey, PractRand), seeded through splitmix32.
 */
export interface Rng {
  /** Uniform in [0, 2^32). */
  u32(): number
  /** Uniform in [0, 1). */
  float(): number
  /** Uniform in [0, n), for n from 1 to 2^32. */
  below(n: number): number
  bytes(n: number): Uint8Array
}

/** `n` fresh bytes as good as the system gives: for keys, epochs, ephemerals. */
export type RandomBytes = (n: number) => Uint8Array

const WARM_UP_ROUNDS = 12

export function seededRng(seed: number | Uint8Array): Rng {
  const next = splitmix(typeof seed === 'number' ? seed >>> 0 : fold(seed))
  let a = next()
  let b = next()
  let c = next()
  let counter = 1
  const u32 = (): number => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    c |= 0
    return sum >>> 0
  }
  for (let i = 0; i < WARM_UP_ROUNDS; i++) u32()
  const float = (): number => u32() / 2 ** 32
  return {
    u32,
    float,
    below: (n) => Math.floor(float() * n),
    bytes(n) {
      const bytes = new Uint8Array(n)
      for (let i = 0; i < n; i++) bytes[i] = u32() >>> 24
      return bytes
    },
  }
}

function splitmix(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x9e3779b9) | 0
    let mixed = state ^ (state >>> 16)
    mixed = Math.imul(mixed, 0x21f0aaad)
    mixed ^= mixed >>> 15
    mixed = Math.imul(mixed, 0x735a2d97)
    return (mixed ^ (mixed >>> 15)) | 0
  }
}

function fold(bytes: Uint8Array): number {
  let hash = 0x811c9dc5
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}
