import { SAMPLE_RATE_HZ } from '../../src/ports/sound.ts'

const PITCH_HZ = 220
const HARMONICS = 6
const SYLLABLE_S = 0.25

/** Something like speech for a codec: a voice whose pitch wanders, syllable by syllable, in three vowels by turns. */
export function voiceSound(samples: number, gain = 0.3): Float32Array {
  const sound = new Float32Array(samples)
  for (let i = 0; i < samples; i++) {
    const seconds = i / SAMPLE_RATE_HZ
    const phase = 2 * Math.PI * PITCH_HZ * seconds + 2 * Math.sin(2 * Math.PI * 0.5 * seconds)
    const syllable = Math.floor(seconds / SYLLABLE_S)
    const loudness = Math.sin(Math.PI * (seconds / SYLLABLE_S - syllable)) ** 0.5
    let sum = 0
    for (let harmonic = 1; harmonic <= HARMONICS; harmonic++) {
      sum += (Math.sin(harmonic * phase + harmonic) / harmonic) * (1 + Math.cos(harmonic * (1 + (syllable % 3))))
    }
    sound[i] = 0.5 * gain * loudness * sum
  }
  return sound
}

/** So long does a codec take to find out what it has before it. */
const SETTLED_SAMPLES = 24_000

/** Low and high parts of a sound lag behind by a little more and less. */
const SPREAD_SAMPLES = 12

/**
 * How alike two sounds are after half a second, whatever their level: 1 for the same. `got` lags behind by `delay` samples, a quarter of a
 * millisecond more or less. Codecs for speech reach 0.9.
 */
export function likeness(wanted: Float32Array, got: Float32Array, delay: number): number {
  let most = -1
  for (let lag = Math.max(0, delay - SPREAD_SAMPLES); lag <= delay + SPREAD_SAMPLES; lag += 2) {
    most = Math.max(most, likenessAt(wanted, got, lag))
  }
  return most
}

function likenessAt(wanted: Float32Array, got: Float32Array, lag: number): number {
  let [both, one, other] = [0, 0, 0]
  for (let i = SETTLED_SAMPLES; i + lag < got.length && i < wanted.length; i++) {
    both += wanted[i]! * got[i + lag]!
    one += wanted[i]! ** 2
    other += got[i + lag]! ** 2
  }
  return both / Math.sqrt(one * other)
}

export function energy(sound: Float32Array): number {
  let sum = 0
  for (const sample of sound) sum += sample * sample
  return sum
}
