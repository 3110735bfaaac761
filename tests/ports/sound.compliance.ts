import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { Clock } from '../../src/ports/clock.ts'
import {
  DEVICE_NAME_GRAPHEMES_MAX,
  FRAME_MS,
  type Sound,
  type SoundDevice,
  type SoundFault,
  type SoundStream,
} from '../../src/ports/sound.ts'
import { highestAt, levelAt, Player, Recorder } from './sound-ends.ts'

/** Somewhere that sound comes from and goes to. */
export interface SoundWorld {
  readonly sound: Sound
  readonly clock: Clock
  /** Waits for a promise, letting the world's time go on. */
  settle<T>(promise: Promise<T>): Promise<T>
  /** What the microphone hears from now on, for three seconds at least. */
  speak(hz: number): Promise<void>
  /** The last of what was played, half a second at least, where so much was. */
  heard(): Promise<Float32Array>
  close(): Promise<void>
}

export interface HeadsetWorld extends SoundWorld {
  /** Plugs in a headset of that id, and pulls it out. */
  readonly headset: { readonly id: string; plug(): Promise<void>; unplug(): Promise<void> }
}

/** 100 frames are a second; a busy machine may take twice that. */
const SLOWNESS_MAX = 2
const VOICE_HZ = 400
const PLAYED_HZ = 1_000

/** Every implementation of the port must pass all of this. */
export function soundCompliance(name: string, makeWorld: () => Promise<SoundWorld>): void {
  describe(`${name} promises`, () => {
    let world: SoundWorld
    beforeEach(async () => {
      world = await makeWorld()
    })
    afterEach(() => world.close())

    test('devices that can be told apart, and at most one default of each direction', async () => {
      const devices = await world.settle(world.sound.devices())
      if (!devices.ok) throw new Error(devices.message)
      for (const side of [devices.inputs, devices.outputs]) {
        expect(side.length).toBeGreaterThan(0)
        expect(new Set(side.map(({ id }) => id)).size).toBe(side.length)
        expect(new Set(side.map((each) => each.name)).size).toBe(side.length)
        expect(side.filter(({ isDefault }) => isDefault).length).toBeLessThanOrEqual(1)
        for (const each of side) expect(isShowable(each)).toBe(true)
      }
    })

    test('to record as fast as people speak, in one frame that is used again and again', async () => {
      await world.speak(VOICE_HZ)
      const recorded = new Recorder(100)
      const stream = opened(await world.settle(world.sound.openCapture({ device: null }, recorded)))
      await world.settle(recorded.first)
      const startedMs = world.clock.nowMs()
      await world.settle(recorded.enough)
      const tookMs = world.clock.nowMs() - startedMs
      expect(tookMs).toBeGreaterThan((100 * FRAME_MS) / SLOWNESS_MAX)
      expect(tookMs).toBeLessThan(100 * FRAME_MS * SLOWNESS_MAX)
      expect(recorded.buffers.size).toBe(1)
      expect(stream.statistics.frames).toBeGreaterThanOrEqual(100)
      await world.settle(stream.close())
      expect(highestAt(VOICE_HZ, recorded.last())).toBeGreaterThan(0.2)
      expect(levelAt(PLAYED_HZ, recorded.last())).toBeLessThan(0.02)
    })

    test('to ask for silent frames as fast as people hear, and to play them', async () => {
      const playing = new Player(PLAYED_HZ, 100)
      const stream = opened(await world.settle(world.sound.openPlayback({ device: null }, playing)))
      await world.settle(playing.enough)
      const heard = await world.settle(world.heard())
      await world.settle(stream.close())
      expect(playing.wasSilent).toBe(true)
      expect(playing.buffers.size).toBe(1)
      expect(highestAt(PLAYED_HZ, heard)).toBeGreaterThan(0.2)
      expect(levelAt(VOICE_HZ, heard)).toBeLessThan(0.02)
    })

    test('that nothing comes of a stream that was closed, and that it can be opened again', async () => {
      for (let round = 0; round < 3; round++) {
        const recorded = new Recorder(5)
        const playing = new Player(PLAYED_HZ, 5)
        const streams = [
          opened(await world.settle(world.sound.openCapture({ device: null }, recorded))),
          opened(await world.settle(world.sound.openPlayback({ device: null }, playing))),
        ]
        await world.settle(Promise.all([recorded.enough, playing.enough]))
        const closing = streams.map((stream) => stream.close())
        const counts = [recorded.count, playing.count]
        await world.settle(Promise.all([...closing, ...streams.map((stream) => stream.close())]))
        await world.settle(passed(world.clock, 50))
        expect([recorded.count, playing.count]).toEqual(counts)
        expect([recorded.faults, playing.faults]).toEqual([[], []])
      }
    })

    test('a sentence where the device asked for is not there', async () => {
      const outcomes = [
        await world.settle(world.sound.openCapture({ device: 'nowhere' }, new Recorder(1))),
        await world.settle(world.sound.openPlayback({ device: 'nowhere' }, new Player(PLAYED_HZ, 1))),
      ]
      for (const outcome of outcomes) {
        expect(outcome).toMatchObject({ ok: false, code: 'gone' })
        expect('message' in outcome && /^[A-Z].*\.$/.test(outcome.message)).toBe(true)
      }
    })
  })
}

/** Those whose devices come and go must pass this too. */
export function headsetCompliance(name: string, makeWorld: () => Promise<HeadsetWorld>): void {
  describe(`${name} promises`, () => {
    let world: HeadsetWorld
    beforeEach(async () => {
      world = await makeWorld()
    })
    afterEach(() => world.close())

    test('that what is plugged in is told, can be used, and ends with a fault when it is pulled out', async () => {
      const { id, plug, unplug } = world.headset
      const other = new Player(PLAYED_HZ, 100)
      const kept = opened(await world.settle(world.sound.openPlayback({ device: null }, other)))
      let tell = (): void => {}
      const told = new Promise<void>((resolve) => {
        tell = resolve
      })
      const stop = world.sound.watch(() => tell())
      // Until it is known what was there before.
      await world.settle(passed(world.clock, 1_000))
      await world.settle(plug())
      await world.settle(told)
      const devices = await world.settle(world.sound.devices())
      expect(devices.ok && devices.outputs.some((device) => device.id === id)).toBe(true)
      const playing = new Player(PLAYED_HZ, 10)
      opened(await world.settle(world.sound.openPlayback({ device: id }, playing)))
      await world.settle(playing.enough)
      await world.settle(unplug())
      expect((await world.settle(playing.over)).message).toMatch(/\.$/)
      const before = other.count
      await world.settle(other.enough)
      await world.settle(passed(world.clock, 100))
      expect(other.count).toBeGreaterThan(before)
      expect(playing.faults.length).toBe(1)
      expect(other.faults).toEqual([])
      stop()
      await world.settle(kept.close())
    })
  })
}

function isShowable({ id, name }: SoundDevice): boolean {
  return id !== '' && name !== '' && name.length <= 8 * DEVICE_NAME_GRAPHEMES_MAX && !/[\p{C}\n]/u.test(name)
}

function opened(outcome: SoundStream | SoundFault): SoundStream {
  if (!outcome.ok) throw new Error(outcome.message, { cause: outcome.cause })
  return outcome
}

function passed(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.timer(clock.nowMs() + ms, resolve)
  })
}
