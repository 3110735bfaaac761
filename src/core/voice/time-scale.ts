/**
 * Makes sound shorter or longer by one period of it, so that nobody hears: overlap-add of a waveform with itself (W. Verhelst and M. Roelands,
 * "An overlap-add technique based on waveform similarity", ICASSP 1993), at the lag where it is most like itself. What is joined continues the
 * samples on both sides, so there is no click whatever the sound is; where it is not like itself, there is a short blur.
 *
 * All at 48 kHz. A search takes some 30 µs and happens only when there is something to correct.
 */

/** 400 Hz, above the voices of most children, to 80 Hz, below those of most men; and longer periods are multiples of shorter ones. */
export const LAG_MIN = 120
export const LAG_MAX = 600
/** The first pass looks at every fourth sample. */
const STEP = 4
/** -50 dBFS: nobody hears what is done to it. */
const QUIET_POWER = 1e-5

/** What `findLag` found, filled again each time. */
export interface Similarity {
  lag: number
  /** Normalised correlation, -1 to 1; 1 where it is too quiet to matter. */
  likeness: number
}

const coarse = new Float32Array((2 * LAG_MAX) / STEP)

/**
 * The lag, from `LAG_MIN` to `lagMax` (at most `LAG_MAX`, a multiple of 4), at which two neighbouring pieces of that length are most alike:
 * the two from `at` on, or, `around` it, the one that ends there and the one that begins there. Reads `lagMax` samples on both sides of `at`, or
 * `2·lagMax` from it.
 */
export function findLag(samples: Float32Array, at: number, around: boolean, lagMax: number, found: Similarity): void {
  const points = (2 * lagMax) / STEP
  const from = around ? at - lagMax : at
  let power = 0
  for (let i = 0; i < points; i++) {
    const first = from + i * STEP
    const mean = (samples[first]! + samples[first + 1]! + samples[first + 2]! + samples[first + 3]!) / STEP
    coarse[i] = mean
    power += mean * mean
  }
  found.lag = lagMax
  found.likeness = 1
  if (power <= QUIET_POWER * points) return
  let best = -2
  let bestLag = LAG_MIN / STEP
  for (let lag = LAG_MIN / STEP; 2 * lag <= points; lag++) {
    const likeness = correlate(coarse, around ? points / 2 - lag : 0, lag, 1)
    // Of lags that are as good the shorter ones are found again in the longer; a clear gain alone takes the longer.
    if (likeness <= best + 0.005) continue
    best = likeness
    bestLag = lag
  }
  best = -2
  for (let lag = bestLag * STEP - STEP + 1; lag < bestLag * STEP + STEP; lag++) {
    if (lag < LAG_MIN || lag > lagMax) continue
    const likeness = correlate(samples, around ? at - lag : at, lag, 2)
    if (likeness <= best) continue
    best = likeness
    found.lag = lag
  }
  found.likeness = best
}

/** How alike `samples[at, at + lag)` and the `lag` samples after it are, by every `step`th of them. */
function correlate(samples: Float32Array, at: number, lag: number, step: number): number {
  let product = 0
  let first = 1e-9
  let second = 1e-9
  for (let i = 0; i < lag; i += step) {
    const a = samples[at + i]!
    const b = samples[at + lag + i]!
    product += a * b
    first += a * a
    second += b * b
  }
  return product / Math.sqrt(first * second)
}

/**
 * Writes `length` samples that begin as `from` at `fromAt` and end as `to` at `toAt`; `into` may be either. For sounds that are alike the two
 * shares add up to one, for sounds that are not their powers do, so neither is a dip or a bump.
 */
export function crossfade(
  from: Float32Array,
  fromAt: number,
  to: Float32Array,
  toAt: number,
  into: Float32Array,
  intoAt: number,
  length: number,
  likeness: number,
): void {
  const alike = Math.min(1, Math.max(0, likeness))
  for (let i = 0; i < length; i++) {
    const share = smoothStep((i + 0.5) / length)
    const rest = 1 - share
    const norm = Math.sqrt(rest * rest + share * share + 2 * alike * rest * share)
    into[intoAt + i] = (from[fromAt + i]! * rest + to[toAt + i]! * share) / norm
  }
}

/** From 0 to 1 without a corner at either end, for shares and fades. */
export function smoothStep(x: number): number {
  return x * x * (3 - 2 * x)
}
