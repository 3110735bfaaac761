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
/** Of lags that are as good the shorter ones are found again in the longer; a clear gain alone takes the longer. */
const LIKENESS_GAIN = 0.005
/** -50 dBFS: nobody hears what is done to it. */
const QUIET_POWER = 1e-5

/** What a search found, filled again each time. */
export interface Similarity {
  lag: number
  /** Normalised correlation, -1 to 1; 1 where it is too quiet to matter. */
  likeness: number
}

/** Room for either search. */
const coarse = new Float32Array((2 * LAG_MAX) / STEP)

/**
 * The lag, from `LAG_MIN` to `lagMax` (at most `LAG_MAX`, a multiple of 4), at which two neighbouring pieces of that length are most alike:
 * the two from `at` on, or, `around` it, the one that ends there and the one that begins there. Reads `lagMax` samples on both sides of `at`, or
 * `2·lagMax` from it.
 */
export function findLag(samples: Float32Array, at: number, around: boolean, lagMax: number, found: Similarity): void {
  found.lag = lagMax
  const [from, points] = [around ? at - lagMax : at, (2 * lagMax) / STEP]
  search(samples, { from, points, at, isBefore: around, length: 0, lagMax }, found)
}

/** Samples that are compared with those a lag before them. */
const PERIOD_SAMPLES = 480
/** What `findPeriod` reads. */
export const PERIOD_REACH = PERIOD_SAMPLES + LAG_MAX

/** The lag, from `LAG_MIN` to `LAG_MAX`, at which the last 10 ms before `end` are most like what came before. Reads `PERIOD_REACH` samples. */
export function findPeriod(samples: Float32Array, end: number, found: Similarity): void {
  found.lag = PERIOD_SAMPLES
  const [at, from, points] = [end - PERIOD_SAMPLES, end - PERIOD_REACH, PERIOD_REACH / STEP]
  search(samples, { from, points, at, isBefore: true, length: PERIOD_SAMPLES, lagMax: LAG_MAX }, found)
}

/** Which two neighbouring pieces are compared: the later one begins at `at` where the earlier lies before it (`isBefore`), else a lag after. */
interface Pieces {
  /** All that is read: from here on, four times so many samples. */
  readonly from: number
  readonly points: number
  readonly at: number
  readonly isBefore: boolean
  /** Of each, in samples; 0 where it is the lag. */
  readonly length: number
  readonly lagMax: number
}

/** Sets the lag at which the pieces are most alike, first among every fourth; where they are too quiet to matter `found.lag` stays as it is. */
function search(samples: Float32Array, pieces: Pieces, found: Similarity): void {
  const { from, points, at, isBefore, length, lagMax } = pieces
  const power = decimate(samples, from, points)
  found.likeness = 1
  if (power <= QUIET_POWER * points) return
  const coarseAt = (at - from) / STEP
  let best = -2
  let bestLag = LAG_MIN / STEP
  for (let lag = LAG_MIN / STEP; lag <= lagMax / STEP; lag++) {
    const likeness = correlate(coarse, isBefore ? coarseAt - lag : coarseAt, lag, length / STEP || lag, 1)
    if (likeness <= best + LIKENESS_GAIN) continue
    best = likeness
    bestLag = lag
  }
  best = -2
  for (let lag = bestLag * STEP - STEP + 1; lag < bestLag * STEP + STEP; lag++) {
    if (lag < LAG_MIN || lag > lagMax) continue
    const likeness = correlate(samples, isBefore ? at - lag : at, lag, length || lag, 2)
    if (likeness <= best) continue
    best = likeness
    found.lag = lag
  }
  found.likeness = best
}

/** Means of four samples each into `coarse`; answers their power. */
function decimate(samples: Float32Array, from: number, points: number): number {
  let power = 0
  for (let i = 0; i < points; i++) {
    const first = from + i * STEP
    const mean = (samples[first]! + samples[first + 1]! + samples[first + 2]! + samples[first + 3]!) / STEP
    coarse[i] = mean
    power += mean * mean
  }
  return power
}

/** How alike `length` samples from `at` on are and those that come `lag` later, by every `step`th of them. */
function correlate(samples: Float32Array, at: number, lag: number, length: number, step: number): number {
  return likenessOf(samples, at, samples, at + lag, length, step)
}

/** Normalised correlation of `length` samples of each, by every `step`th of them: -1 to 1. */
export function likenessOf(
  one: Float32Array,
  oneAt: number,
  other: Float32Array,
  otherAt: number,
  length: number,
  step = 1,
): number {
  let product = 0
  let first = 1e-9
  let second = 1e-9
  for (let i = 0; i < length; i += step) {
    const a = one[oneAt + i]!
    const b = other[otherAt + i]!
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
