import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { seededRng } from '../../../src/base/rng.ts'
import { chime } from '../../../src/core/voice/chimes.ts'
import { Framer } from '../../../src/core/voice/framer.ts'
import { GAIN_DB_MAX, GAIN_DB_MIN, GainControl } from '../../../src/core/voice/gain-control.ts'
import { Gate, type GateMode, LOOK_BACK_FRAMES } from '../../../src/core/voice/gate.ts'
import { HighPass } from '../../../src/core/voice/high-pass.ts'
import { LevelMeter, levelBelowFullScale, peakOf, rmsOf, SILENT_DB, toDecibels } from '../../../src/core/voice/level.ts'

const TICK = 480

function tone(hertz: number, gain: number, from = 0, samples = TICK): Float32Array {
  return Float32Array.from({ length: samples }, (_, i) => gain * Math.sin((2 * Math.PI * hertz * (from + i)) / 48_000))
}

const noise = (gain: number, seed: number): Float32Array => {
  const rng = seededRng(seed)
  return Float32Array.from({ length: TICK }, () => gain * (2 * rng.float() - 1))
}

describe('levels', () => {
  test('are decibels of full scale', () => {
    expect(toDecibels(peakOf(tone(1_000, 1)))).toBeCloseTo(0, 1)
    expect(toDecibels(rmsOf(tone(1_000, 1)))).toBeCloseTo(-3, 1)
    expect(levelBelowFullScale(tone(1_000, 0.1))).toBe(23)
    expect(levelBelowFullScale(new Float32Array(TICK))).toBe(-SILENT_DB)
    expect(levelBelowFullScale(new Float32Array(TICK).fill(5))).toBe(0)
  })

  test('of a meter go up at once and down slowly', () => {
    const meter = new LevelMeter()
    meter.hear(tone(1_000, 0.5))
    expect([meter.peakDb, meter.levelDb].map(Math.round)).toEqual([-6, -9])
    for (let i = 0; i < 50; i++) meter.hear(new Float32Array(TICK))
    expect(meter.peakDb).toBeCloseTo(-16, 0)
    for (let i = 0; i < 1_000; i++) meter.hear(new Float32Array(TICK))
    expect(meter.peakDb).toBe(SILENT_DB)
  })
})

describe('the high-pass', () => {
  /** What is left of a tone, in decibels, once settled. */
  const through = (hertz: number): number => {
    const filter = new HighPass()
    filter.process(tone(hertz, 0.5, 0, 48_000))
    const last = tone(hertz, 0.5, 0, 48_000)
    filter.process(last)
    return toDecibels(rmsOf(last) / rmsOf(tone(hertz, 0.5, 0, 48_000)))
  }

  test('takes away hum and lets the voice through', () => {
    // The ideal answer of a second-order Butterworth filter: half at the corner, 12 dB an octave below.
    expect(through(80)).toBeCloseTo(-3, 0)
    expect(through(40)).toBeLessThan(-11.5)
    expect(through(200)).toBeGreaterThan(-0.2)
    expect(Math.abs(through(3_000))).toBeLessThan(0.01)
  })

  test('takes away an offset', () => {
    const filter = new HighPass()
    const frame = new Float32Array(TICK)
    for (let i = 0; i < 20; i++) {
      frame.fill(0.3)
      filter.process(frame)
    }
    expect(peakOf(frame)).toBeLessThan(1e-4)
  })
})

describe('gain control', () => {
  const settle = (control: GainControl, gain: number, frames: number, speech = 1): Float32Array => {
    let frame = tone(300, gain)
    for (let i = 0; i < frames; i++) {
      frame = tone(300, gain, i * TICK)
      control.process(frame, speech)
    }
    return frame
  }

  test('brings quiet and loud speakers to about the same level, slowly', () => {
    const levels = [0.02, 0.1, 0.6].map((gain) => toDecibels(rmsOf(settle(new GainControl(), gain, 3_000))))
    for (const level of levels) expect(Math.abs(level + 22)).toBeLessThan(3.5)
    const control = new GainControl()
    settle(control, 0.02, 100)
    expect(control.gainDb).toBeLessThan(3.5)
  })

  test('does not raise what is not speech, however long it lasts', () => {
    const control = new GainControl()
    settle(control, 0.01, 5_000, 0.1)
    expect(control.gainDb).toBe(0)
    settle(control, 0.1, 1_000)
    const before = control.gainDb
    settle(control, 0.003, 5_000, 0.2)
    expect(control.gainDb).toBe(before)
  })

  test('stays within its bounds and full scale, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.double({ min: 0, max: 3, noNaN: true }), fc.double({ min: 0, max: 1 })), {
          maxLength: 60,
        }),
        (frames) => {
          const control = new GainControl()
          for (const [i, [gain, speech]] of frames.entries()) {
            const frame = tone(250, gain, i * TICK)
            control.process(frame, speech)
            expect(peakOf(frame)).toBeLessThanOrEqual(1)
            expect(control.gainDb).toBeGreaterThanOrEqual(GAIN_DB_MIN - 0.001)
            expect(control.gainDb).toBeLessThanOrEqual(GAIN_DB_MAX + 0.001)
          }
        },
      ),
      { numRuns: 40 },
    )
  })
})

/** Puts frames through a gate; the numbers of those that came out, as told by a sample that fades leave alone. */
class GateBench {
  readonly gate = new Gate(TICK)
  readonly sent: number[] = []
  readonly ends: number[] = []
  number = 0

  constructor(mode: GateMode) {
    this.gate.mode = mode
  }

  frames(count: number, gain: number, speech: number): this {
    for (let i = 0; i < count; i++) {
      const verdict = this.gate.push(tone(300, gain, this.number * TICK), speech)
      for (let k = 0; k < verdict.count; k++) this.sent.push(this.number - (verdict.count - 1 - k))
      if (verdict.ends) this.ends.push(this.number)
      this.number++
    }
    return this
  }
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)

describe('the gate by voice', () => {
  test('opens on speech with the beginning of the word, and closes a while after it', () => {
    // A consonant is louder than the room, but no speech for certain.
    const bench = new GateBench('voice').frames(100, 0.0005, 0.02).frames(3, 0.01, 0.2).frames(50, 0.1, 0.95)
    bench.frames(100, 0.0005, 0.02)
    expect(bench.sent).toEqual(range(100, 153 + 60))
    expect(bench.ends).toEqual([212])
  })

  test('opens with no more than it holds, bridges what is quiet within a word, and leaves out the silence before it', () => {
    const opensWith = (...levels: number[]): number => {
      const bench = new GateBench('voice').frames(100, 0.0005, 0.02)
      for (const level of levels) bench.frames(1, level, 0.2)
      return bench.frames(1, 0.1, 0.95).sent.length
    }
    expect(opensWith(...new Array<number>(20).fill(0.01))).toBe(LOOK_BACK_FRAMES + 1)
    expect(opensWith(0.01, 0.0005)).toBe(3)
    expect(opensWith(0.01, 0.0005, 0.0005)).toBe(1)
  })

  test('stays open over pauses between words, and sends no frame twice when it opens again', () => {
    const bench = new GateBench('voice').frames(100, 0.0005, 0.02)
    for (let word = 0; word < 5; word++) bench.frames(20, 0.1, 0.95).frames(20, 0.0005, 0.05)
    expect(bench.ends).toEqual([])
    bench.frames(70, 0.0005, 0.02).frames(10, 0.1, 0.95)
    expect(bench.sent).toEqual([...new Set(bench.sent)].toSorted((a, b) => a - b))
    bench.frames(90, 0.0005, 0.02)
    const last = bench.ends.at(-1)!
    bench.frames(100, 0.0005, 0.02)
    expect(bench.sent.at(-1)).toBe(last)
  })

  test('does not open on noise, however loud, nor on speech that is no louder than the room', () => {
    expect(new GateBench('voice').frames(500, 0.2, 0.1).sent).toEqual([])
    expect(new GateBench('voice').frames(1_500, 0.02, 0.1).frames(50, 0.02, 0.95).sent).toEqual([])
    expect(new GateBench('voice').frames(500, 0.0001, 1).sent).toEqual([])
  })

  test('does not open on a single frame that might be speech', () => {
    const bench = new GateBench('voice').frames(100, 0.0005, 0.02)
    for (let i = 0; i < 10; i++) bench.frames(1, 0.1, 0.6).frames(5, 0.1, 0.1)
    expect(bench.sent).toEqual([])
    expect(bench.frames(2, 0.1, 0.6).sent.length).toBeGreaterThan(0)
  })
})

describe('the gate by key', () => {
  test('opens with the key and nothing before, closes a little after, and speech opens nothing', () => {
    const bench = new GateBench('push').frames(50, 0.1, 1)
    bench.gate.setPressed(true)
    bench.frames(30, 0.1, 0)
    bench.gate.setPressed(false)
    bench.frames(50, 0.1, 1)
    expect(bench.sent).toEqual(range(50, 100))
    expect(bench.ends).toEqual([99])
  })
})

describe('the gate, however it opens,', () => {
  test('is shut at once by muting, in every mode, and fades', () => {
    for (const mode of ['voice', 'push', 'open'] as const) {
      const bench = new GateBench(mode)
      bench.gate.setPressed(true)
      bench.frames(100, 0.1, 0.99)
      bench.gate.setMuted(true)
      expect(bench.gate.push(tone(300, 0.1), 1)).toEqual({ count: 1, ends: true })
      expect(Math.abs(bench.gate.frame(0).at(-1)!)).toBeLessThan(1e-6)
      expect(bench.gate.push(tone(300, 0.1), 1).count).toBe(0)
      bench.gate.setMuted(false)
      const opening = bench.gate.push(tone(300, 0.1), 1)
      if (opening.count > 0) expect(bench.gate.frame(0)[0]).toBe(0)
    }
  })

  test('sends each frame at most once, in order, whatever happens', () => {
    const step = fc.record({
      gain: fc.constantFrom(0, 0.0005, 0.1),
      speech: fc.double({ min: 0, max: 1, noNaN: true }),
      what: fc.constantFrom('press', 'release', 'mute', 'unmute', 'voice', 'push', 'open', 'nothing'),
      frames: fc.nat(40),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const bench = new GateBench('voice')
        for (const { gain, speech, what, frames } of steps) {
          if (what === 'press' || what === 'release') bench.gate.setPressed(what === 'press')
          else if (what === 'mute' || what === 'unmute') bench.gate.setMuted(what === 'mute')
          else if (what !== 'nothing') bench.gate.mode = what
          bench.frames(frames, gain, speech)
        }
        expect(bench.sent).toEqual([...new Set(bench.sent)].toSorted((a, b) => a - b))
        expect(bench.ends.every((number) => bench.sent.includes(number))).toBe(true)
      }),
      { numRuns: 60 },
    )
  })
})

describe('frames for the encoder', () => {
  test('are put together two by two, with their time and level, and filled up at the end of a spurt', () => {
    const framer = new Framer(2)
    expect(framer.push(noise(0.1, 1), 7, false, true)).toBeNull()
    expect(framer.push(noise(0.1, 2), 8, false, false)).toMatchObject({
      time: 7,
      heldBack: true,
      ends: false,
      level: 25,
    })
    const last = framer.push(noise(0.1, 3), 9, true, false)
    expect(last).toMatchObject({ time: 9, heldBack: false, ends: true, level: 28 })
    expect(last?.samples.subarray(0, TICK)).toEqual(noise(0.1, 3))
    expect(peakOf(last!.samples.subarray(TICK))).toBe(0)
    expect(framer.push(noise(0.1, 4), 20, false, false)).toBeNull()
    expect(new Framer(1).push(noise(0.1, 4), 20, false, false)?.time).toBe(20)
  })
})

describe('chimes', () => {
  test('are short and quiet, begin and end in silence, and differ', () => {
    const [join, leave] = [chime('join'), chime('leave')]
    for (const sound of [join, leave]) {
      expect(sound.length).toBeLessThanOrEqual(0.2 * 48_000)
      expect(toDecibels(peakOf(sound))).toBeLessThan(-20)
      expect(toDecibels(peakOf(sound))).toBeGreaterThan(-30)
      expect([sound[0], Math.abs(sound.at(-1)!) < 1e-6]).toEqual([0, true])
    }
    expect(join).not.toEqual(leave)
  })
})
