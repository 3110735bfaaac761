import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { seededRng } from '../../../src/base/rng.ts'
import { LIMIT, LIMITER_DELAY_SAMPLES, Limiter } from '../../../src/core/voice/limiter.ts'
import { Fader, Mixer } from '../../../src/core/voice/mixer.ts'
import { fromInt16, toInt16 } from '../../../src/core/voice/pcm.ts'
import { ClickMeter, roughness, voiced } from './known-decoder.ts'

const TICK = 480

/** Runs a signal through in frames. */
function limited(input: Float32Array): Float32Array {
  const limiter = new Limiter()
  const out = input.slice()
  for (let at = 0; at < out.length; at += TICK) limiter.process(out.subarray(at, at + TICK))
  return out
}

const tone = (hertz: number, gain: number, samples: number): Float32Array =>
  Float32Array.from({ length: samples }, (_, i) => gain * Math.sin((2 * Math.PI * hertz * i) / 48_000))

describe('the limiter', () => {
  test('lets nothing above its threshold, whatever comes', () => {
    const pieces = fc.array(fc.tuple(fc.double({ min: 0, max: 30, noNaN: true }), fc.nat(200)), { maxLength: 12 })
    fc.assert(
      fc.property(fc.nat(), pieces, (seed, pieces) => {
        const rng = seededRng(seed)
        const samples = pieces.flatMap(([gain, length]) =>
          Array.from({ length }, () => gain * (2 * rng.float() - 1) * (rng.float() < 0.1 ? 1 : 0.1)),
        )
        const input = new Float32Array(Math.ceil((samples.length + 1) / TICK) * TICK)
        input.set(samples)
        for (const sample of limited(input)) expect(Math.abs(sample)).toBeLessThanOrEqual(LIMIT + 1e-6)
      }),
    )
  })

  test('gives back what stays below it bit for bit, one look ahead later', () => {
    const input = tone(330, LIMIT * 0.999, 48_000)
    const out = limited(input)
    expect(out.subarray(LIMITER_DELAY_SAMPLES)).toEqual(input.subarray(0, 48_000 - LIMITER_DELAY_SAMPLES))
  })

  test('is bit for bit again a while after something was too loud', () => {
    const input = tone(330, 0.5, 96_000)
    input.set(tone(200, 4, 4_800), 4_800)
    const out = limited(input)
    const from = 60_000
    expect(out.subarray(from)).toEqual(input.subarray(from - LIMITER_DELAY_SAMPLES, 96_000 - LIMITER_DELAY_SAMPLES))
  })

  test('turns down without distortion: a loud tone stays that tone', () => {
    const out = limited(tone(400, 5, 48_000)).subarray(24_000)
    let [real, imaginary, power] = [0, 0, 0]
    for (const [i, sample] of out.entries()) {
      real += sample * Math.cos((2 * Math.PI * 400 * i) / 48_000)
      imaginary += sample * Math.sin((2 * Math.PI * 400 * i) / 48_000)
      power += sample * sample
    }
    const ofTone = (2 * (real * real + imaginary * imaginary)) / out.length
    // Clipped at the same level it would be a fifth of the power.
    expect(1 - ofTone / power).toBeLessThan(0.002)
    expect(Math.sqrt((2 * power) / out.length)).toBeGreaterThan(0.85 * LIMIT)
  })
})

/** Mixes some frames of each voice. */
function mixed(voices: readonly Float32Array[], faders = voices.map(() => new Fader())): Float32Array {
  const mixer = new Mixer(TICK)
  const out = new Float32Array(voices[0]!.length)
  for (let at = 0; at < out.length; at += TICK) {
    mixer.begin()
    for (const [i, voice] of voices.entries()) mixer.add(voice.subarray(at, at + TICK), faders[i]!)
    mixer.finish(out.subarray(at, at + TICK))
  }
  return out
}

describe('the mix', () => {
  test('of one voice is that voice', () => {
    const voice = tone(300, 0.3, 4_800)
    expect(mixed([voice]).subarray(LIMITER_DELAY_SAMPLES)).toEqual(voice.subarray(0, 4_800 - LIMITER_DELAY_SAMPLES))
  })

  test('of 25 loud voices is loud, never above full scale, and as smooth as they are', () => {
    const signals = Array.from({ length: 25 }, (_, i) => voiced(100 + 9 * i, 0.25))
    const voices = signals.map((signal) => Float32Array.from({ length: 48_000 }, (_, i) => signal(i + 7_000)))
    const out = mixed(voices)
    const meter = new ClickMeter()
    meter.hear(out.subarray(4_800))
    expect(Math.max(...out.map(Math.abs))).toBeLessThanOrEqual(LIMIT + 1e-6)
    expect(Math.max(...out.subarray(4_800).map(Math.abs))).toBeGreaterThan(0.5)
    // Cut off at full scale, the sum would have corners a hundred times as sharp.
    expect(meter.largest).toBeLessThan(3 * Math.max(...signals.map((signal) => roughness(signal, 4_800))))
  })

  test('changes a volume without a click, and leaves out who is muted', () => {
    const voice = tone(100, 0.3, TICK * 20)
    const fader = new Fader()
    const mixer = new Mixer(TICK)
    const meter = new ClickMeter()
    const out = new Float32Array(TICK)
    for (let tick = 0; tick < 20; tick++) {
      if (tick === 5) fader.setVolume(200)
      if (tick === 10) fader.setMuted(true)
      mixer.begin()
      mixer.add(voice.subarray(tick * TICK, (tick + 1) * TICK), fader)
      mixer.finish(out)
      if (tick > 0) meter.hear(out)
    }
    expect(fader.silent).toBe(true)
    expect(Math.max(...out.map(Math.abs))).toBe(0)
    expect(meter.largest).toBeLessThan(0.002)
  })

  test('is silent for whom nobody is to be heard, and back when they are', () => {
    const mixer = new Mixer(TICK)
    const out = new Float32Array(TICK)
    const voice = tone(100, 0.3, TICK)
    const tick = (): number => {
      mixer.begin()
      mixer.add(voice, new Fader())
      mixer.finish(out)
      return Math.max(...out.map(Math.abs))
    }
    tick()
    mixer.everybody.setMuted(true)
    tick()
    tick()
    expect(tick()).toBe(0)
    mixer.everybody.setMuted(false)
    tick()
    expect(tick()).toBeGreaterThan(0.29)
  })

  test('leaves out a voice that holds what is no number, and is not pressed down by one beyond full scale', () => {
    const voice = tone(300, 0.3, TICK)
    for (const broken of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const mixer = new Mixer(TICK)
      const out = new Float32Array(TICK)
      mixer.begin()
      mixer.add(voice, new Fader())
      expect(mixer.add(new Float32Array(TICK).fill(broken, 7, 8), new Fader())).toBe(false)
      mixer.finish(out)
      expect([...out.subarray(LIMITER_DELAY_SAMPLES)]).toEqual([...voice.subarray(0, TICK - LIMITER_DELAY_SAMPLES)])
    }
    const sum = new Float32Array(TICK)
    new Fader().mix(
      Float32Array.from({ length: TICK }, () => 1e30),
      sum,
    )
    expect(Math.max(...sum)).toBe(1)
  })
})

describe('samples of 16 bits', () => {
  test('come back as they were', () => {
    const all = Int16Array.from({ length: 65_536 }, (_, i) => i - 32_768)
    const [floats, back] = [new Float32Array(65_536), new Int16Array(65_536)]
    fromInt16(all, floats)
    toInt16(floats, back)
    expect(back).toEqual(all)
    expect([Math.min(...floats.subarray(0, 2)), floats[32_768]]).toEqual([-1, 0])
  })

  test('are cut and not wrapped beyond full scale', () => {
    const out = new Int16Array(6)
    toInt16(Float32Array.of(1, -1, 1.5, -1.5, 1e9, -1e9), out)
    expect([...out]).toEqual([32_767, -32_768, 32_767, -32_768, 32_767, -32_768])
  })
})
