import { SAMPLE_RATE_HZ } from '../../src/ports/sound.ts'

/** A sweep that is like nothing else, and stands out of its own correlation by a few samples. */
const CHIRP_MS = 12
const FROM_HZ = 400
const TO_HZ = 3_400
/** Of the greatest correlation. */
const FOUND_MIN = 0.04
/** Nothing else is an echo of it so soon, or so late. */
const ECHO_MS_MIN = 15
const ECHO_MS_MAX = 400

const CHIRP = Float32Array.from({ length: (CHIRP_MS * SAMPLE_RATE_HZ) / 1_000 }, (_, i, length = CHIRP_MS / 1_000) => {
  const t = i / SAMPLE_RATE_HZ
  const phase = 2 * Math.PI * (FROM_HZ * t + ((TO_HZ - FROM_HZ) * t * t) / (2 * length))
  return 0.5 * Math.sin((Math.PI * t) / length) ** 2 * Math.sin(phase)
})

/** So many, `everyMs` apart. */
export function chirps(count: number, everyMs: number): Float32Array<ArrayBuffer> {
  const sound = new Float32Array((count * everyMs * SAMPLE_RATE_HZ) / 1_000)
  for (let i = 0; i < count; i++) sound.set(CHIRP, (i * everyMs * SAMPLE_RATE_HZ) / 1_000)
  return sound
}

export interface Echo {
  /** When the chirp was made, in the recording. */
  readonly atMs: number
  readonly delayMs: number
}

/** From each chirp to its loudest echo, to the sample; those without one are left out. */
export function echoes(sound: Float32Array): Echo[] {
  const likeness = correlation(sound)
  const greatest = likeness.reduce((a, b) => Math.max(a, b), 0)
  const toSamples = (ms: number): number => (ms * SAMPLE_RATE_HZ) / 1_000
  const toMs = (samples: number): number => (samples * 1_000) / SAMPLE_RATE_HZ
  const found: Echo[] = []
  for (let at = 0; at < likeness.length; at++) {
    if (likeness[at]! < greatest / 2) continue
    const first = peak(likeness, at, at + toSamples(CHIRP_MS))
    const echo = peak(likeness, first + toSamples(ECHO_MS_MIN), first + toSamples(ECHO_MS_MAX))
    if (likeness[echo]! > greatest * FOUND_MIN) found.push({ atMs: toMs(first), delayMs: toMs(echo - first) })
    at = first + toSamples(ECHO_MS_MAX)
  }
  return found
}

function peak(values: Float32Array, from: number, to: number): number {
  let best = from
  for (let i = from; i < Math.min(to, values.length); i++) if (values[i]! > values[best]!) best = i
  return best
}

/** Where there is silence, which is most of the time, nothing is computed. */
function correlation(sound: Float32Array): Float32Array {
  const likeness = new Float32Array(Math.max(0, sound.length - CHIRP.length))
  for (let at = 0; at < likeness.length; at++) {
    if (Math.abs(sound[at + CHIRP.length / 2]!) < 1e-3 && Math.abs(sound[at + CHIRP.length / 2 + 3]!) < 1e-3) continue
    let product = 0
    for (let i = 0; i < CHIRP.length; i++) product += CHIRP[i]! * sound[at + i]!
    likeness[at] = Math.abs(product)
  }
  return likeness
}
