import { describe, expect, test } from 'bun:test'
import { Bridging } from '../../../src/app/voice/engine-bridging.ts'
import { Foreign, type ForeignOutput } from '../../../src/app/voice/engine-foreign.ts'
import { Listening } from '../../../src/app/voice/engine-listening.ts'
import { DATAGRAM_BYTES, encodeSound, readSound, SAMPLES } from '../../../src/dialects/framed/sound.ts'
import { FRAME_SAMPLES } from '../../../src/ports/sound.ts'
import { DIRECT, RELAYED } from '../../../src/wire/voice-datagram.ts'
import { PlainCodec } from '../../ports/plain-codec.ts'
import { levelAt } from '../../ports/sound-ends.ts'
import { VirtualClock } from '../../sim/time.ts'
import { World } from '../../sim/world.ts'
import { SETTINGS } from './engine-lab.ts'

const ANN = { id: '127.0.0.1:5001', name: 'Ann', host: '10.0.0.2', port: 6_001 }
const FROM = { host: ANN.host, port: ANN.port }

function tone(hz: number, rateHz: number, first: number, samples: number): Float32Array {
  return Float32Array.from({ length: samples }, (_, i) => 0.5 * Math.sin((2 * Math.PI * hz * (first + i)) / rateHz))
}

function setUp() {
  const world = new World(1)
  const clock = new VirtualClock(world.time)
  const sent: { bytes: Uint8Array; port: number }[] = []
  const bridging = new Bridging(new PlainCodec(), 1, { broadcast() {}, changed() {}, left() {} })
  const out: ForeignOutput = {
    send: (bytes, { port }) => sent.push({ bytes, port }),
    speaks: (speaker, audio, nowMs) => listening.speaks(speaker, audio, nowMs),
    left: (speaker) => listening.left(speaker),
  }
  const foreign = new Foreign(clock, out, bridging, clock.nowMs())
  const listening: Listening = new Listening(new PlainCodec(), SETTINGS, foreign)
  foreign.tell('127.0.0.1:5000', 'general', [ANN])
  return { world, clock, sent, foreign, listening }
}

function theirs(sequence: number, samples = new Int16Array(SAMPLES)): Uint8Array {
  return encodeSound({ room: 'general', sender: ANN.id, sequence, samples })
}

describe('those of another network in a voice room', () => {
  test('hear what is said here, at their rate and as loud', () => {
    const { world, clock, sent, foreign } = setUp()
    for (let frame = 0; frame < 100; frame++) {
      foreign.said(tone(1_000, 48_000, frame * FRAME_SAMPLES, FRAME_SAMPLES), clock.nowMs())
      world.pass(10)
    }
    const sounds = sent
      .map(({ bytes }) => readSound(bytes)!)
      .filter(({ samples }) => samples.some((each) => each !== 0))
    expect(sounds.length).toBeWithin(48, 51)
    expect(sounds.every(({ room, sender }) => room === 'general' && sender === '127.0.0.1:5000')).toBe(true)
    const loud = Math.max(...sounds[20]!.samples) / 32_767
    expect(loud).toBeWithin(0.48, 0.51)
    expect(sent.every(({ port }) => port === ANN.port)).toBe(true)
    foreign.close()
  })

  test.each([0, 20])(
    'are heard here, as loud and whole, though each frame comes up to %d ms late, and seen to speak',
    (lateMs) => {
      const { world, clock, foreign, listening } = setUp()
      const heard: number[] = []
      const frame = new Float32Array(FRAME_SAMPLES)
      const rng = world.rngFor('late')
      for (let sequence = 1; sequence <= 150; sequence++) {
        const samples = Int16Array.from(tone(1_000, 16_000, sequence * SAMPLES, SAMPLES), (each) => each * 32_767)
        const bytes = theirs(sequence, samples)
        const come = (): unknown => foreign.received(bytes, FROM, clock.nowMs())
        clock.timer(sequence * 20 + (lateMs === 0 ? 0 : rng.below(lateMs)), come)
      }
      for (let ms = 0; ms < 3_500; ms += 10) {
        world.pass(10)
        listening.pull(clock.nowMs(), frame)
        heard.push(...frame)
        if (ms === 2_000) expect(foreign.speaking(clock.nowMs())).toEqual([ANN.id])
      }
      // The second second and the third: the way is known by then.
      const sound = Float32Array.from(heard.slice(48_000, 144_000))
      for (let at = 0; at + 4_800 <= sound.length; at += 4_800) {
        expect(levelAt(1_000, sound.subarray(at, at + 4_800))).toBeWithin(0.445, 0.561)
      }
      expect(foreign.speaking(clock.nowMs())).toEqual([])
      expect(Math.max(...heard.slice(-4_800))).toBeLessThan(0.01)
      foreign.close()
    },
  )

  test('take no datagram of ours for theirs, nor any once they have gone', () => {
    const { clock, sent, foreign } = setUp()
    for (const first of [DIRECT, RELAYED]) {
      const ours = new Uint8Array(DATAGRAM_BYTES)
      ours[0] = first
      expect(foreign.received(ours, FROM, clock.nowMs())).toBe(false)
    }
    expect(foreign.received(theirs(1).subarray(1), FROM, clock.nowMs())).toBe(false)
    foreign.tell('127.0.0.1:5000', 'general', [])
    expect(foreign.received(theirs(2), FROM, clock.nowMs())).toBe(false)
    sent.length = 0
    for (let i = 0; i < 4; i++) foreign.said(new Float32Array(FRAME_SAMPLES).fill(0.3), clock.nowMs())
    expect(sent).toEqual([])
    foreign.close()
  })

  test('who only send what their microphone hears of nothing are not seen to speak, and keep the way open', () => {
    const { world, clock, sent, foreign } = setUp()
    foreign.received(theirs(1), FROM, clock.nowMs())
    expect(foreign.speaking(clock.nowMs())).toEqual([])
    world.pass(5_000)
    expect(sent.length).toBeWithin(3, 7)
    foreign.close()
  })
})
