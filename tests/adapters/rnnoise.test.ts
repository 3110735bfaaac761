import { expect, test } from 'bun:test'
import { openRnnoise } from '../../src/adapters/rnnoise.ts'
import { seededRng } from '../../src/base/rng.ts'
import type { NoiseSuppressor } from '../../src/ports/codec.ts'
import { energy, likeness, voiceSound } from '../ports/voice-sound.ts'

const SECOND = 48_000

async function opened(): Promise<NoiseSuppressor> {
  const suppressor = await openRnnoise()
  if (!suppressor.ok) throw suppressor.cause
  return suppressor
}

/** Cleans all of it in place; answers the mean probability of a voice after the first second. */
function clean(suppressor: NoiseSuppressor, sound: Float32Array): number {
  let sum = 0
  let frames = 0
  for (let at = 0; at + 480 <= sound.length; at += 480) {
    const probability = suppressor.suppress(sound.subarray(at, at + 480))
    expect(probability).toBeGreaterThanOrEqual(0)
    expect(probability).toBeLessThanOrEqual(1)
    if (at < SECOND) continue
    sum += probability
    frames++
  }
  return sum / frames
}

/** Like a fan: stronger at low frequencies. */
function hum(samples: number, gain: number): Float32Array {
  const random = seededRng(3)
  let low = 0
  return Float32Array.from({ length: samples }, () => {
    low += (random.float() * 2 - 1 - low) * 0.1
    return low * gain
  })
}

test('a voice comes through as it was, as loud, so much later as it says', async () => {
  const suppressor = await opened()
  const sound = voiceSound(3 * SECOND)
  const cleaned = sound.slice()
  expect(clean(suppressor, cleaned)).toBeGreaterThan(0.5)
  expect(likeness(sound, cleaned, suppressor.delaySamples)).toBeGreaterThan(0.9)
  const [before, after] = [sound.subarray(SECOND, 2 * SECOND), cleaned.subarray(SECOND + 480, 2 * SECOND + 480)]
  expect(Math.abs(10 * Math.log10(energy(after) / energy(before)))).toBeLessThan(2)
})

test('a fan is made quieter by 15 dB, and is not taken for a voice', async () => {
  const noise = hum(3 * SECOND, 0.1)
  const cleaned = noise.slice()
  expect(clean(await opened(), cleaned)).toBeLessThan(0.2)
  const settled = (sound: Float32Array): number => energy(sound.subarray(SECOND))
  expect(10 * Math.log10(settled(noise) / settled(cleaned))).toBeGreaterThan(15)
})

test.each([Number.NaN, Number.NEGATIVE_INFINITY, 1e30])('samples of %d do no lasting harm', async (sample) => {
  const suppressor = await opened()
  clean(suppressor, new Float32Array(48_000).fill(sample))
  const sound = voiceSound(3 * SECOND)
  const cleaned = sound.slice()
  clean(suppressor, cleaned)
  expect(cleaned.every((each) => Math.abs(each) <= 1)).toBe(true)
  expect(likeness(sound, cleaned, suppressor.delaySamples)).toBeGreaterThan(0.9)
})

test('two do not hear each other; after a reset one does as a new one would; its memory stays', async () => {
  const [one, other] = [await opened(), await opened()]
  const { memoryBytes } = one
  const heard = [voiceSound(SECOND), voiceSound(SECOND), voiceSound(SECOND)]
  clean(one, heard[0]!)
  clean(one, hum(SECOND, 0.2))
  one.reset()
  clean(one, heard[1]!)
  clean(other, heard[2]!)
  expect(heard[1]!).toEqual(heard[0]!)
  expect(heard[2]!).toEqual(heard[0]!)
  for (let i = 0; i < 1_000; i++) one.reset()
  const again = voiceSound(SECOND)
  clean(one, again)
  expect(again).toEqual(heard[0]!)
  expect(one.memoryBytes).toBe(memoryBytes)
  expect(memoryBytes).toBeLessThan(20e6)
})

test('a frame of another length is the caller’s fault', async () => {
  const suppressor = await opened()
  for (const samples of [0, 479, 960]) expect(() => suppressor.suppress(new Float32Array(samples))).toThrow(RangeError)
})
