/**
 * Chance that comes again with its seed: for the protocol's jitter and for simulation. Never for keys; those come from a
 * `RandomBytes` that the system backs. The generator is sfc32 (C. Doty-Humphrey, PractRand), whose period is at least 2^32 from
 * every state and about 2^127 on average.
 */
export interface Rng {
  /** Uniform in [0, 2^32). */
  u32(): number
  /** Uniform in [0, 1), in steps of 2^-32. */
  float(): number
  /** Uniform in [0, n), for whole n from 1 to 2^32; of the values of a large n, some come up to n / 2^32 more often. */
  below(n: number): number
  /** `n` fresh bytes. */
  bytes(n: number): Uint8Array
}

/** `n` fresh bytes as good as the system gives: for keys, epochs, ephemeral secrets. */
export type RandomBytes = (n: number) => Uint8Array

/** What its author runs before the first output, so that seeds which differ in one bit have parted. */
const WARM_UP_ROUNDS = 12

/** `seed`: a whole number from 0 to 2^53 - 1, or bytes of any length. Equal seeds give equal streams, on every machine. */
export function seededRng(seed: number | Uint8Array): Rng {
  let [a, b, c] = spread(typeof seed === 'number' ? wordsOfNumber(seed) : wordsOfBytes(seed))
  let counter = 1
  const u32 = (): number => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
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
      for (let at = 0; at < n; at += 4) {
        const word = u32()
        for (let i = 0; i < 4 && at + i < n; i++) bytes[at + i] = word >>> (8 * i)
      }
      return bytes
    },
  }
}

/** Low half, high half, and an end that no byte seed has. */
function wordsOfNumber(seed: number): number[] {
  if (!Number.isSafeInteger(seed) || seed < 0) throw new RangeError(`a seed is a whole number from 0, not ${seed}`)
  return [seed >>> 0, Math.floor(seed / 2 ** 32), -1]
}

/** Little-endian words, then the length, so that trailing zeros count. */
function wordsOfBytes(seed: Uint8Array): number[] {
  const words: number[] = []
  for (let at = 0; at < seed.length; at += 4) {
    words.push(seed[at]! | ((seed[at + 1] ?? 0) << 8) | ((seed[at + 2] ?? 0) << 16) | ((seed[at + 3] ?? 0) << 24))
  }
  words.push(seed.length)
  return words
}

/** 96 bits of state from any number of words: three lanes that take in each word from different beginnings. */
function spread(words: readonly number[]): [number, number, number] {
  let [a, b, c] = [0x9e3779b9, 0x243f6a88, 0xb7e15162] // golden ratio, π, e: numbers with nothing up their sleeves
  for (const word of words) {
    a = scramble(a ^ word)
    b = scramble((b + word) | 0)
    c = scramble(c ^ a ^ Math.imul(b, 3))
  }
  return [a, b, c]
}

/** A bijection of 32-bit words that lets every bit reach every other (the "lowbias32" constants of C. Wellons). */
function scramble(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x7feb352d)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b)
  return mixed ^ (mixed >>> 16)
}
