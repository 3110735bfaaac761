import { SURVEY_BYTES } from '../../wire/reconcile-frames.ts'
import { scramble } from './reconcile-hash.ts'
import type { ReconcileFeed, ReconcileItems, Span } from './reconcile-items.ts'

/**
 * How many feeds of two sets differ, told roughly from 64 bytes of each: an odd sketch (Mitzenmacher, Pagh, Pham: "Efficient Estimation for
 * High Similarities using Odd Sketches", WWW 2014) at eight densities. A feed has its place by its reference and turns the bit there by a
 * bit of its word, so each feed that differs turns it on one side alone with probability 1/2.
 */
const LEVELS = 8
const BITS_PER_LEVEL = 64

/** Adds a span's items to a survey of `SURVEY_BYTES`. */
export function survey<F extends ReconcileFeed>(
  items: ReconcileItems<F>,
  { start, end }: Span,
  into: Uint8Array,
): void {
  for (let item = start; item < end; item++) {
    const low = items.low[item]!
    if ((scramble(low ^ Math.imul(items.words[item]!, 0x9e3779b1)) & 1) === 0) continue
    const place = scramble(~low)
    // Each level has a quarter of the feeds of the one before.
    const level = Math.min(LEVELS - 1, Math.clz32(place) >>> 1)
    const bit = place & (BITS_PER_LEVEL - 1)
    into[level * (BITS_PER_LEVEL / 8) + (bit >>> 3)]! ^= 1 << (bit & 7)
  }
}

/** The most likely number of feeds that differ, of those in steps of a tenth. */
export function estimate(ours: Uint8Array, theirs: Uint8Array): number {
  const turned = new Array<number>(LEVELS).fill(0)
  for (let at = 0; at < SURVEY_BYTES; at++) {
    let bits = ours[at]! ^ theirs[at]!
    for (; bits !== 0; bits &= bits - 1) turned[at >>> 3]!++
  }
  if (turned.every((bits) => bits === 0)) return 0
  let best = 0
  let bestLikelihood = Number.NEGATIVE_INFINITY
  for (let count = 1; count < COUNT_MAX; count *= 1.1) {
    const likelihood = likelihoodOf(count, turned)
    if (likelihood <= bestLikelihood) continue
    best = count
    bestLikelihood = likelihood
  }
  return best
}

const COUNT_MAX = 200_000

/** Logarithm of how likely so many differing feeds turn so many bits of each level. */
function likelihoodOf(count: number, turned: readonly number[]): number {
  let sum = 0
  for (const [level, bits] of turned.entries()) {
    const share = level === LEVELS - 1 ? 4 ** -level : 0.75 * 4 ** -level
    const perBit = (count * share) / 2 / BITS_PER_LEVEL
    // Turned by an odd number of feeds, the numbers being Poisson's.
    const odd = (1 - Math.exp(-2 * perBit)) / 2
    sum += bits * Math.log(odd) + (BITS_PER_LEVEL - bits) * Math.log(1 - odd)
  }
  return sum
}
