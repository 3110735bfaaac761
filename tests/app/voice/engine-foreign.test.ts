import { describe, expect, test } from 'bun:test'
import { Foreign } from '../../../src/app/voice/engine-foreign.ts'
import { DATAGRAM_BYTES, encodeSound, readSound, SAMPLES } from '../../../src/dialects/framed/sound.ts'
import { FRAME_SAMPLES } from '../../../src/ports/sound.ts'
import { DIRECT, RELAYED } from '../../../src/wire/voice-datagram.ts'
import { levelAt } from '../../ports/sound-ends.ts'
import { VirtualClock } from '../../sim/time.ts'
import { World } from '../../sim/world.ts'

const ANN = { id: '127.0.0.1:5001', host: '10.0.0.2', port: 6_001 }
const FROM = { host: ANN.host, port: ANN.port }

function tone(hz: number, rateHz: number, first: number, samples: number): Float32Array {
  return Float32Array.from({ length: samples }, (_, i) => 0.5 * Math.sin((2 * Math.PI * hz * (first + i)) / rateHz))
}

function setUp() {
  const world = new World(1)
  const clock = new VirtualClock(world.time)
  const sent: { bytes: Uint8Array; port: number }[] = []
  const foreign = new Foreign(clock, (bytes, { port }) => sent.push({ bytes, port }))
  foreign.tell('127.0.0.1:5000', 'general', [ANN])
  return { world, clock, sent, foreign }
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

  test('are heard here, as loud, in the order they spoke, and seen to speak', () => {
    const { world, clock, foreign } = setUp()
    const heard = new Float32Array(100 * FRAME_SAMPLES)
    const frame = new Float32Array(FRAME_SAMPLES)
    expect(foreign.pull(frame)).toBe(false)
    let frames = 0
    for (let sequence = 1; sequence <= 50; sequence++) {
      const samples = Int16Array.from(tone(1_000, 16_000, sequence * SAMPLES, SAMPLES), (each) => each * 32_767)
      expect(foreign.received(theirs(sequence, samples), FROM, clock.nowMs())).toBe(true)
      for (let i = 0; i < 2; i++) if (foreign.pull(frame)) heard.set(frame, frames++ * FRAME_SAMPLES)
      world.pass(20)
    }
    expect(frames).toBeGreaterThan(95)
    expect(levelAt(1_000, heard.subarray(4_800, 40_000))).toBeWithin(0.45, 0.52)
    expect(foreign.speaking(clock.nowMs())).toEqual([ANN.id])
    world.pass(1_000)
    expect(foreign.speaking(clock.nowMs())).toEqual([])
    foreign.close()
  })

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
