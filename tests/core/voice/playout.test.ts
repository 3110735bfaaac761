import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { STORE_TICKS } from '../../../src/core/voice/frame-store.ts'
import { SpeakerPlayout } from '../../../src/core/voice/playout.ts'
import { type AudioPayload, TIME_TICKS } from '../../../src/wire/voice-audio.ts'
import { audioAt, ClickMeter, KnownDecoder, packetAt, roughness, type Signal, voiced } from './known-decoder.ts'

/** One speaker and one listener, ten milliseconds at a time. */
class Bench {
  readonly decoder: KnownDecoder
  readonly playout: SpeakerPlayout
  readonly meter = new ClickMeter()
  readonly out = new Float32Array(480)
  tick = 0
  /** Whether each tick sounded. */
  readonly sounded: boolean[] = []

  constructor(signal: Signal = voiced()) {
    this.decoder = new KnownDecoder(signal)
    this.playout = new SpeakerPlayout(this.decoder)
  }

  send(time: number, given: Partial<AudioPayload> = {}): this {
    this.playout.receive(audioAt(time, given), this.tick * 10)
    return this
  }

  pull(ticks = 1): this {
    for (let i = 0; i < ticks; i++) {
      this.sounded.push(this.playout.pull(this.tick * 10, this.out))
      this.meter.hear(this.out)
      this.tick++
    }
    return this
  }

  /** A spurt that comes evenly: frames from `time` on, each when it is made. */
  talk(time: number, frames: number, given: (i: number) => Partial<AudioPayload> | null = () => ({})): this {
    for (let i = 0; i < frames; i++) {
      const marks = { begins: i === 0, ends: i === frames - 1 }
      const more = given(i)
      if (more !== null) this.send(time + 2 * i, { ...marks, ...more })
      this.pull(2)
    }
    return this
  }

  get silent(): boolean {
    return this.out.every((sample) => sample === 0)
  }
}

describe('talk spurts', () => {
  test('come out whole, each after the delay asked for, with silence between that nobody made up', () => {
    const bench = new Bench()
    for (let spurt = 0; spurt < 5; spurt++) bench.talk(spurt * 400, 100).pull(200)
    expect(bench.playout.counts).toMatchObject({ played: 1_000, concealed: 0, recovered: 0, skipped: 0 })
    expect(bench.decoder.played).toHaveLength(500)
    // 1 s of silence after each, but for the tick in which the sound fades and what was held back.
    expect(bench.sounded.filter((sounding) => !sounding).length).toBeGreaterThan(5 * 190)
    expect(bench.silent).toBe(true)
    expect(bench.meter.largest).toBeLessThan(1.6 * roughness(voiced()))
    expect(bench.decoder.resets).toBe(5)
  })

  test('are decoded without what was before them, also where their first packet is lost; what broke off goes on', () => {
    const bench = new Bench().talk(0, 50).pull(30)
    bench.talk(200, 50, (i) => (i === 0 ? null : {})).pull(30)
    expect(bench.decoder.resets).toBe(2)
    bench.talk(400, 50, () => ({ ends: false })).pull(30)
    expect(bench.decoder.resets).toBe(3)
    bench.talk(600, 50, () => ({ begins: false })).pull(30)
    expect(bench.decoder.resets).toBe(3)
  })

  test('whose last packets are lost fade within an eighth of a second, and the next begins anew', () => {
    const bench = new Bench()
    bench.talk(0, 50, (i) => (i > 40 ? null : {})).pull(30)
    expect(bench.silent).toBe(true)
    expect(bench.playout.counts.concealed).toBeLessThanOrEqual(13)
    bench.talk(400, 50).pull(20)
    expect(bench.playout.counts.concealed).toBeLessThanOrEqual(13)
    expect(bench.decoder.played).toHaveLength(91)
  })

  test('whose end was lost are over as soon as the next begins, with nothing made up in between', () => {
    const bench = new Bench().talk(0, 50, (i) => (i === 49 ? null : {})).pull(4)
    const before = bench.playout.counts.concealed
    bench.talk(104 + 20, 50).pull(10)
    expect(bench.playout.counts.concealed).toBeLessThanOrEqual(before + 1)
    expect(bench.decoder.played).toHaveLength(99)
  })

  test('that follow each other without a pause are one', () => {
    const bench = new Bench().talk(0, 25).talk(50, 25).pull(10)
    expect(bench.playout.counts).toMatchObject({ played: 100, concealed: 0 })
  })

  test('that begin with what was held back are whole, and soon as near as any other', () => {
    const bench = new Bench().talk(0, 200).pull(50)
    const first = 450
    // The first is six ticks old when it comes.
    bench.tick = first + 6
    for (let i = 0; i < 3; i++) bench.send(first + 2 * i, { heldBack: true, begins: i === 0 })
    for (let i = 3; i < 203; i++) bench.send(first + 2 * i, { ends: i === 202 }).pull(2)
    bench.pull(10)
    expect(bench.decoder.played.slice(200)).toHaveLength(203)
    expect(bench.playout.counts.concealed).toBe(0)
    expect(bench.playout.targetMs).toBeLessThan(12)
    expect(bench.playout.delayMs).toBeLessThan(25)
  })

  test('that begin with what was held back are heard also where the sender’s clock has begun anew', () => {
    const bench = new Bench().talk(0, 50).pull(50)
    for (let i = 0; i < 3; i++) bench.send(70_000 + 2 * i, { heldBack: true, begins: i === 0, ends: i === 2 })
    bench.pull(20)
    expect(bench.decoder.played.slice(50)).toEqual([70_000, 70_002, 70_004])
  })

  test('of frames of 10 ms play as well', () => {
    const bench = new Bench()
    for (let i = 0; i < 200; i++) bench.send(i, { ticks: 1, begins: i === 0, ends: i === 199 }).pull()
    bench.pull(10)
    expect(bench.playout.counts).toMatchObject({ played: 200, concealed: 0 })
  })

  test('go on where the time of 24 bits begins again', () => {
    const bench = new Bench().talk(TIME_TICKS - 50, 100).pull(10)
    expect(bench.playout.counts).toMatchObject({ played: 200, concealed: 0 })
  })
})

describe('what is missing', () => {
  test('is made of the packet after it, where that repeats it and there is time', () => {
    const bench = new Bench().talk(0, 300, (i) => (i % 10 === 5 ? null : { recovers: true })).pull(10)
    expect(bench.playout.counts.recovered).toBeGreaterThan(45)
    expect(bench.playout.counts.concealed).toBeLessThan(20)
    expect(bench.decoder.played).toEqual(bench.decoder.played.toSorted((a, b) => a - b))
  })

  test('is taken from where it is said again, also three in a row', () => {
    const bench = new Bench()
    const again = (i: number): Partial<AudioPayload> => ({
      olderCount: i >= 3 ? 1 : 0,
      older: [{ age: 3, opus: packetAt(2 * (i - 3)) }],
    })
    bench.talk(0, 600, (i) => (i % 20 >= 10 && i % 20 < 13 ? null : again(i))).pull(20)
    expect(bench.playout.arrivals.repaired).toBeGreaterThan(60)
    // The first bursts teach it to wait for so long.
    expect(bench.playout.counts.concealed).toBeLessThan(40)
    expect(bench.decoder.played).toEqual([...new Set(bench.decoder.played)].toSorted((a, b) => a - b))
  })

  test('and does not decode is made up, and the next is heard', () => {
    const spoilt = packetAt(100).with(4, 1)
    const bench = new Bench().talk(0, 100, (i) => (i === 50 ? { newest: spoilt } : {})).pull(10)
    expect(bench.playout.counts).toMatchObject({ undecodable: 1, played: 198, concealed: 2 })
    expect(bench.meter.largest).toBeLessThan(1.6 * roughness(voiced()))
  })

  test('because the network stalls is played when it comes: no word is lost, and the delay is soon as before', () => {
    const bench = new Bench().talk(0, 100, (i) => ({ begins: i === 0, ends: false }))
    const before = bench.playout.delayMs
    bench.pull(10)
    for (let i = 0; i < 5; i++) bench.send(200 + 2 * i)
    bench.pull(4)
    expect(bench.playout.delayMs).toBeGreaterThan(before + 80)
    bench.tick = 210
    bench.talk(210, 200, () => ({ begins: false })).pull(10)
    expect(bench.playout.arrivals.late + bench.playout.counts.skipped).toBe(0)
    expect(bench.decoder.played).toHaveLength(305)
    expect(bench.playout.delayMs).toBeLessThan(before + 30)
  })

  for (const stallTicks of [3, 4]) {
    test(`for ${stallTicks} ticks is what was heard last, said again: neither the tone nor the decoder is any other for it`, () => {
      const bench = new Bench((sample) => 0.4 * Math.sin((2 * Math.PI * sample) / 48))
      bench.talk(0, 100, () => ({ ends: false })).pull(stallTicks)
      for (let i = 0; i < 60; i++) {
        bench.send(200 + 2 * i).pull(2)
        const power = bench.out.reduce((sum, each) => sum + each * each, 0) / bench.out.length
        expect(power).toBeCloseTo(0.08, 4)
      }
      expect(bench.playout.counts.concealed).toBeGreaterThan(0)
      expect(bench.playout.counts.concealed).toBeLessThanOrEqual(stallTicks)
      expect(bench.decoder.conceals).toBe(0)
      expect(bench.decoder.played).toHaveLength(160)
    })
  }

  test('and turns out to be lost while it was waited for is told to the decoder, and what follows joins without a click', () => {
    const bench = new Bench().talk(0, 100, () => ({ ends: false })).pull(4)
    for (let i = 1; i < 100; i++) bench.send(200 + 2 * i, { ends: i === 99 }).pull(2)
    bench.pull(10)
    expect(bench.decoder.conceals).toBeGreaterThan(0)
    expect(bench.decoder.played).toHaveLength(199)
    expect(bench.meter.largest).toBeLessThan(1.6 * roughness(voiced()))
  })

  test('and comes more than a quarter of a second too late is left out', () => {
    const bench = new Bench().talk(0, 100, (i) => ({ begins: i === 0, ends: false })).pull(60)
    for (let i = 0; i < 30; i++) bench.send(200 + 2 * i)
    bench.talk(260, 50, () => ({ begins: false })).pull(60)
    expect(bench.playout.counts.skipped).toBeGreaterThan(3)
    expect(bench.decoder.played.length).toBe(100 + 30 + 50 - bench.playout.counts.skipped)
    expect(bench.playout.delayMs).toBeLessThan(350)
  })
})

describe('packets nobody needs', () => {
  test('are dropped: the same again, those that come after their turn', () => {
    const bench = new Bench().talk(0, 50, () => ({ ends: false }))
    for (let i = 0; i < 50; i++) bench.send(2 * i)
    expect(bench.playout.arrivals.duplicate).toBe(50)
    bench.talk(102, 20, () => ({ begins: false })).send(100)
    expect(bench.playout.arrivals.late).toBe(1)
    expect(bench.decoder.played.filter((time) => time === 100)).toEqual([])
  })

  test('with a time that fits nothing are strays, until the sender insists', () => {
    const bench = new Bench().talk(0, 50, () => ({ ends: false }))
    bench.send(900_000).talk(100, 20, () => ({ begins: false, ends: false }))
    expect(bench.playout.arrivals.stray).toBe(1)
    expect(bench.decoder.played).toHaveLength(70)
    bench.talk(900_000, 50, () => ({ begins: false })).pull(20)
    expect(bench.decoder.played.slice(70).every((time) => time >= 900_000)).toBe(true)
    expect(bench.decoder.played.length).toBeGreaterThan(70 + 45)
  })

  test('are dropped where a way that was given up lets go of what it held: all at once, and said long ago', () => {
    const bench = new Bench().talk(0, 100, () => ({ ends: false }))
    for (let i = 0; i < 10; i++) bench.send(2 * i - 400 + TIME_TICKS)
    bench.talk(200, 50, () => ({ begins: false }))
    expect(bench.playout.arrivals).toMatchObject({ stray: 10, late: 0 })
    expect(bench.playout.counts).toMatchObject({ played: 300, concealed: 0 })
  })

  test('of somebody who is halted are not played, and their next spurt is', () => {
    const bench = new Bench().talk(0, 20, () => ({ ends: false }))
    bench.playout.halt()
    bench.pull()
    expect(bench.silent).toBe(true)
    bench.talk(200, 20).pull(10)
    expect(bench.decoder.played.slice(-20)).toEqual(Array.from({ length: 20 }, (_, i) => 200 + 2 * i))
  })
})

describe('whatever arrives', () => {
  const packet = fc.record({
    jump: fc.oneof(fc.constant(2), fc.integer({ min: -300, max: 300 }), fc.integer({ min: -(2 ** 23), max: 2 ** 23 })),
    begins: fc.boolean(),
    ends: fc.boolean(),
    recovers: fc.boolean(),
    heldBack: fc.boolean(),
    ticks: fc.constantFrom(1, 2),
    age: fc.nat(8),
    pulls: fc.nat(6),
    spoilt: fc.boolean(),
  })

  test('each pull gives 480 finite samples and decodes a bounded number of frames', () => {
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 300 }), (packets) => {
        const bench = new Bench()
        let time = 0
        for (const { jump, age, pulls, spoilt, ...marks } of packets) {
          time = (time + jump + TIME_TICKS) % TIME_TICKS
          const newest = packetAt(time, marks.ticks).with(4, spoilt ? 1 : 0)
          const older = [{ age: Math.max(1, age), opus: packetAt(Math.max(0, time - age * marks.ticks), marks.ticks) }]
          bench.send(time, { ...marks, newest, olderCount: age > 0 ? 1 : 0, older })
          for (let i = 0; i < pulls; i++) {
            const before = bench.decoder.calls
            bench.pull()
            expect(bench.decoder.calls - before).toBeLessThanOrEqual(9)
            expect(bench.out.every((sample) => Math.abs(sample) <= 1)).toBe(true)
          }
        }
        bench.pull(2 * STORE_TICKS + 200)
        expect(bench.silent).toBe(true)
      }),
      { numRuns: 150 },
    )
  })

  test('ten thousand packets a second cost no more decoding than a hundred', () => {
    const bench = new Bench()
    for (let i = 0; i < 1_000; i++) {
      for (let n = 0; n < 100; n++) bench.send((i + n) * 2, { ticks: 2 })
      bench.pull()
    }
    expect(bench.decoder.calls).toBeLessThan(2_000)
  })
})
