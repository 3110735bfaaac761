import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { seededRng } from '../../../src/base/rng.ts'
import { QUEUE_SAMPLES_MAX, SoundQueue } from '../../../src/core/voice/sound-queue.ts'
import { findLag, LAG_MAX, LAG_MIN } from '../../../src/core/voice/time-scale.ts'
import { ClickMeter, roughness, type Signal, voiced } from './known-decoder.ts'

const TICK = 480

function sound(signal: Signal, from: number, samples: number): Float32Array {
  return Float32Array.from({ length: samples }, (_, i) => signal(from + i))
}

/** Plays a signal for a while, doing something every tenth tick; answers what came out. */
function played(
  signal: Signal,
  ticks: number,
  each: (queue: SoundQueue) => number,
): { out: Float32Array; done: number[] } {
  const queue = new SoundQueue()
  const pieces: number[] = []
  const done: number[] = []
  const out = new Float32Array(TICK)
  let at = 0
  for (let tick = 0; tick < ticks; tick++) {
    while (queue.length < 1_500) {
      queue.append(sound(signal, at, 960), 960)
      at += 960
    }
    if (tick % 10 === 9) done.push(each(queue))
    queue.take(out)
    pieces.push(...out)
  }
  return { out: Float32Array.from(pieces), done }
}

const noise = (gain: number): Signal => {
  const rng = seededRng(3)
  const samples = Array.from({ length: 100_000 }, () => gain * (2 * rng.float() - 1))
  return (sample) => samples[sample % samples.length]!
}

describe('sound that is made shorter or longer', () => {
  test('by one period of a voice has no click, at any pitch', () => {
    fc.assert(
      fc.property(fc.integer({ min: 90, max: 390 }), fc.boolean(), (hertz, shorter) => {
        const signal = voiced(hertz)
        const { out, done } = played(signal, 100, (queue) =>
          shorter ? queue.shorten(LAG_MAX, false) : queue.lengthen(LAG_MAX, false),
        )
        expect(done.filter((lag) => lag > 0).length).toBeGreaterThan(5)
        for (const lag of done) expect(lag === 0 || (lag >= LAG_MIN && lag <= LAG_MAX)).toBe(true)
        const meter = new ClickMeter()
        meter.hear(out)
        expect(meter.largest).toBeLessThan(1.35 * roughness(signal))
      }),
      { numRuns: 25 },
    )
  })

  test('by what has no period in it has no click either, also one after the other', () => {
    // A tone whose period is longer than any that is looked for.
    const signal: Signal = (sample) => 0.5 * Math.sin((2 * Math.PI * 45 * sample) / 48_000)
    const { out, done } = played(signal, 100, (queue) => {
      const out = queue.shorten(LAG_MIN + 80, true)
      return out + queue.lengthen(LAG_MIN, true)
    })
    expect(done.every((lags) => lags > LAG_MIN)).toBe(true)
    const meter = new ClickMeter()
    meter.hear(out)
    expect(meter.largest).toBeLessThan(0.0015)
  })

  test('is compared where it will be joined: before and after a place, or after it alone', () => {
    const at = 700
    const rng = seededRng(8)
    const samples = Float32Array.from({ length: 2_000 }, (_, i) =>
      i < at + 200 ? 0.5 * Math.sin((2 * Math.PI * i) / 200) : 2 * rng.float() - 1,
    )
    const found = { lag: 0, likeness: 0 }
    findLag(samples, at, true, LAG_MAX, found)
    expect(found.lag).toBe(200)
    expect(found.likeness).toBeGreaterThan(0.99)
    findLag(samples, at, false, LAG_MAX, found)
    expect(found.likeness).toBeLessThan(0.9)
  })

  test('is made longer by what was played as well as by what is to come', () => {
    const rng = seededRng(9)
    const queue = new SoundQueue()
    const samples = Float32Array.from({ length: 1_920 }, (_, i) =>
      i < 960 + 200 ? 0.5 * Math.sin((2 * Math.PI * i) / 200) : 2 * rng.float() - 1,
    )
    queue.append(samples, 1_920)
    queue.take(new Float32Array(960))
    expect(queue.lengthen(LAG_MAX, false)).toBe(200)
    const out = new Float32Array(400)
    queue.take(out)
    for (const [i, sample] of out.entries()) expect(sample).toBeCloseTo(samples[960 + (i % 200)]!, 2)
  })

  test('is left alone where it is not like itself, unless one insists, and then keeps its loudness', () => {
    const signal = noise(0.3)
    expect(played(signal, 50, (queue) => queue.shorten(LAG_MAX, false)).done).toEqual([0, 0, 0, 0, 0])
    const power = (out: Float32Array): number => out.reduce((sum, x) => sum + x * x, 0) / out.length
    const { out, done } = played(signal, 200, (queue) => queue.shorten(LAG_MAX, true))
    expect(done.every((lag) => lag > 0)).toBe(true)
    expect(power(out) / 0.03).toBeGreaterThan(0.9)
    expect(power(out) / 0.03).toBeLessThan(1.1)
  })

  test('may go on as it has been, at any pitch, and be joined by what comes next without a click', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 85, max: 390 }),
        fc.integer({ min: 1, max: 3 }),
        fc.boolean(),
        (hertz, times, leaps) => {
          const signal = voiced(hertz)
          const queue = new SoundQueue()
          const meter = new ClickMeter()
          queue.append(sound(signal, 0, 1_920), 1_920)
          let length = 1_920
          for (let i = 0; i < times; i++) {
            const repeated = queue.repeat(TICK)
            expect(repeated).toBeGreaterThanOrEqual(TICK)
            expect(repeated).toBeLessThan(TICK + LAG_MAX)
            length += repeated
          }
          const next = sound(signal, leaps ? 1_920 + 700 : 1_920, 960)
          if (leaps) queue.join(next)
          queue.append(next, 960)
          expect(queue.length).toBe(length + 960)
          const out = new Float32Array(length + 960)
          queue.take(out)
          meter.hear(out)
          expect(meter.largest).toBeLessThan(1.6 * roughness(signal))
          expect(Math.max(...out.map(Math.abs))).toBeLessThan(1.2 * Math.max(...sound(signal, 0, 4_800).map(Math.abs)))
        },
      ),
      { numRuns: 60 },
    )
  })

  test('may go on after less or more than a period of it was left out, at any place of the voice', () => {
    const signal = voiced(140)
    const clean = roughness(signal)
    const rough: string[] = []
    for (let at = 0; at < 343 * 4; at += 7) {
      for (const most of [200, 300, 380]) {
        const queue = new SoundQueue()
        queue.append(sound(signal, at, 1_920), 1_920)
        queue.take(new Float32Array(960))
        queue.shorten(most, true)
        queue.repeat(TICK)
        const [out, meter] = [new Float32Array(queue.length), new ClickMeter()]
        queue.take(out)
        meter.hear(out)
        const times = meter.largest / clean
        if (times > 2.5) rough.push(`${most} at ${at}: ${times.toFixed(1)} times`)
      }
    }
    expect(rough).toEqual([])
  })

  test('takes no click for a flank that goes on, though it is where what is said again begins', () => {
    let loudest = 0
    for (const hertz of [90, 140, 220]) {
      for (let at = 0; at < 700; at += 5) {
        const queue = new SoundQueue()
        const said = sound(voiced(hertz), at, 1_920)
        said[1_919 - Math.round(48_000 / hertz)]! += 0.08
        queue.append(said, 1_920)
        queue.repeat(TICK)
        const out = new Float32Array(queue.length)
        queue.take(out)
        loudest = Math.max(loudest, ...out.map(Math.abs))
      }
    }
    // The click and the voice.
    expect(loudest).toBeLessThan(0.42)
  })

  test('does not go on as it has been where it is not like itself, nor beyond the room there is', () => {
    const queue = new SoundQueue()
    queue.append(sound(noise(0.3), 0, 1_920), 1_920)
    expect(queue.repeat(TICK)).toBe(0)
    expect(queue.length).toBe(1_920)
    queue.append(sound(voiced(), 0, 1_920), 1_920)
    while (queue.repeat(TICK) > 0) expect(queue.length).toBeLessThanOrEqual(QUEUE_SAMPLES_MAX)
    expect(queue.length).toBeGreaterThan(QUEUE_SAMPLES_MAX - TICK - LAG_MAX)
  })

  test('may always be where it is nearly silent', () => {
    const { done } = played(noise(0.001), 50, (queue) => queue.shorten(LAG_MAX, false))
    expect(done).toEqual([LAG_MAX, LAG_MAX, LAG_MAX, LAG_MAX, LAG_MAX])
  })

  test('is as long as it says, whatever was done to it', () => {
    const actions = fc.array(fc.constantFrom('append', 'take', 'shorten', 'lengthen'), { maxLength: 300 })
    fc.assert(
      fc.property(actions, (actions) => {
        const queue = new SoundQueue()
        const signal = voiced(200)
        let [length, at] = [0, 0]
        for (const action of actions) {
          if (action === 'append' && length + 960 <= QUEUE_SAMPLES_MAX) {
            queue.append(sound(signal, at, 960), 960)
            length += 960
            at += 960
          } else if (action === 'take' && length >= TICK) {
            queue.take(new Float32Array(TICK))
            length -= TICK
          } else if (action === 'shorten') length -= queue.shorten(LAG_MAX, true)
          else if (action === 'lengthen') length += queue.lengthen(LAG_MAX, true)
          expect(queue.length).toBe(length)
          expect(length).toBeLessThanOrEqual(QUEUE_SAMPLES_MAX)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('comes out as it went in where nothing is done', () => {
    const signal = voiced()
    const { out } = played(signal, 100, () => 0)
    expect(out).toEqual(sound(signal, 0, out.length))
  })

  test('more than is ever decoded ahead, or less than is asked for, is the caller’s fault', () => {
    const queue = new SoundQueue()
    expect(() => queue.take(new Float32Array(1))).toThrow(RangeError)
    expect(() => queue.append(new Float32Array(QUEUE_SAMPLES_MAX + 1), QUEUE_SAMPLES_MAX + 1)).toThrow(RangeError)
  })
})
