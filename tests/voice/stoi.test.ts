import { describe, expect, test } from 'bun:test'
import { seededRng } from '../../src/base/rng.ts'
import { stoiTests } from './requirements.ts'
import { type StoiPair, stoiOf } from './stoi.ts'

const RATE_HZ = 10_000
/** Python takes seconds to start with scipy where other tests run beside. */
const START_MS_MAX = 60_000

/** Noise in syllables and pauses, and the same with noise `mixed` into it: no speech, but the same on every machine. */
function knownPair(mixed: number, rateHz = RATE_HZ): StoiPair {
  const random = seededRng(11)
  const samples = 4 * rateHz
  const whole = (limit: number): number => random.below(2 * limit + 1) - limit
  let gain = 0
  const reference = new Float32Array(samples)
  const degraded = new Float32Array(samples)
  for (let i = 0; i < samples; i++) {
    if (i % (rateHz / 10) === 0) gain = [0, 1, 4, 8][random.below(4)]!
    const sample = whole(1_000) * gain
    reference[i] = sample / 32_767
    degraded[i] = (sample + whole(mixed)) / 32_767
  }
  return { reference, degraded, rateHz }
}

function lateBy(sound: Float32Array, samples: number): Float32Array {
  const late = new Float32Array(sound.length + samples)
  late.set(sound, samples)
  return late
}

describe.skipIf(!stoiTests)('STOI', () => {
  // Computed from the same samples by its authors' own MATLAB program (C. Taal, Delft 2009, updated 2011) in GNU Octave 7.3 with MATLAB's
  // `hanning`, which has no zeros at its ends. At 48 kHz the resamplers differ a little.
  const known = [
    [500, RATE_HZ, 0.993871, 2e-6],
    [4_000, RATE_HZ, 0.726284, 2e-6],
    [20_000, RATE_HZ, 0.191286, 2e-6],
    [4_000, 48_000, 0.828046, 1e-4],
  ] as const

  test(
    'noise in a sound is judged as by its authors',
    async () => {
      const found = await stoiOf(known.map(([mixed, rateHz]) => knownPair(mixed, rateHz)))
      for (const [i, [, , expected, tolerance]] of known.entries()) {
        expect(Math.abs(found[i]!.stoi - expected)).toBeLessThan(tolerance)
        expect(found[i]!.delayMs).toBe(0)
      }
    },
    START_MS_MAX,
  )

  test(
    'a sound that is late, early, or quieter is as intelligible, and how late is told',
    async () => {
      const { reference } = knownPair(0)
      const rateHz = RATE_HZ
      const quiet = reference.map((sample) => sample / 8)
      const found = await stoiOf([
        { reference, degraded: lateBy(reference, 1_234), rateHz },
        { reference: lateBy(reference, 321), degraded: reference, rateHz },
        { reference, degraded: quiet, rateHz },
      ])
      expect(found.map(({ delayMs }) => Math.round(delayMs * 10) / 10)).toEqual([123.4, -32.1, 0])
      for (const { stoi } of found) expect(stoi).toBeGreaterThan(0.999)
    },
    START_MS_MAX,
  )

  test(
    'a sound is looked for where it is expected, with its beginning, and not where another like it is',
    async () => {
      const { reference } = knownPair(0)
      const rateHz = RATE_HZ
      const degraded = lateBy(reference, 4 * reference.length - 321)
      degraded.set(reference.map((sample) => 2 * sample))
      const expectedDelayMs = 16_000
      const [found] = await stoiOf([{ reference, degraded, rateHz, expectedDelayMs }])
      expect(found!.delayMs).toBeCloseTo(expectedDelayMs - 32.1, 1)
      expect(found!.stoi).toBeGreaterThan(0.999)
    },
    START_MS_MAX,
  )

  test(
    'where the delay changes on the way, only pieces can be aligned',
    async () => {
      const { reference } = knownPair(0)
      const half = reference.length / 2
      const degraded = new Float32Array(reference.length + 600)
      degraded.set(reference.subarray(0, half), 200)
      degraded.set(reference.subarray(half), half + 600)
      const pair = { reference, degraded, rateHz: RATE_HZ }
      const [whole, pieces] = await stoiOf([pair, { ...pair, pieceS: 1 }])
      expect(whole!.stoi).toBeLessThan(0.8)
      expect(pieces!.stoi).toBeGreaterThan(0.98)
      expect(pieces!.delaysMs.map(Math.round)).toEqual([20, 20, 60, 60])
    },
    START_MS_MAX,
  )

  test(
    'what is missing counts, as does another sound',
    async () => {
      const { reference } = knownPair(0)
      const rateHz = RATE_HZ
      const [cut, other] = await stoiOf([
        { reference, degraded: reference.subarray(0, reference.length / 2), rateHz },
        { reference, degraded: reference.toReversed(), rateHz },
      ])
      expect(cut!.stoi).toBeLessThan(0.7)
      expect(other!.stoi).toBeLessThan(0.3)
    },
    START_MS_MAX,
  )
})
