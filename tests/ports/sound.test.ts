import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/adapters/system-clock.ts'
import { decodeWav, parseWav, WAV_HEADER_BYTES, wavHeader } from '../../src/adapters/wav-format.ts'
import { WavSound } from '../../src/adapters/wav-sound.ts'
import { FRAME_SAMPLES, SAMPLE_RATE_HZ } from '../../src/ports/sound.ts'
import { SimulatedSound } from '../sim/sound.ts'
import { VirtualClock } from '../sim/time.ts'
import { World } from '../sim/world.ts'
import { PulseServer, soundTests } from './pulse-server.ts'
import { type HeadsetWorld, headsetCompliance, type SoundWorld, soundCompliance } from './sound.compliance.ts'
import { Tone } from './sound-ends.ts'

const folder = mkdtempSync(join(tmpdir(), 'hearsay-sound-'))
let files = 0
afterAll(() => rmSync(folder, { recursive: true }))

async function wavFiles(): Promise<SoundWorld> {
  const [input, output] = [join(folder, `${++files}.wav`), join(folder, `${++files}.wav`)]
  const sound = new WavSound({ input, output }, systemClock)
  const speak = async (hz: number): Promise<void> => writeFileSync(input, toneFile(hz, 3))
  await speak(0)
  return {
    sound,
    clock: systemClock,
    settle: (promise) => promise,
    speak,
    heard: async () => readFile(output),
    close: () => sound.close(),
  }
}

function toneFile(hz: number, seconds: number): Uint8Array {
  const samples = new Float32Array(seconds * SAMPLE_RATE_HZ)
  new Tone(hz).fill(samples)
  const data = Int16Array.from(samples, (sample) => sample * 0x7fff)
  return Buffer.concat([wavHeader(SAMPLE_RATE_HZ, data.byteLength), new Uint8Array(data.buffer)])
}

function readFile(path: string): Float32Array {
  const bytes = readFileSync(path)
  const format = parseWav(bytes)
  if (typeof format === 'string') throw new Error(format)
  const samples = new Float32Array((bytes.length - WAV_HEADER_BYTES) / 2)
  decodeWav(format, bytes.subarray(format.dataFrom, format.dataTo), samples)
  return samples
}

async function simulated(): Promise<HeadsetWorld> {
  const world = new World(1)
  const clock = new VirtualClock(world.time)
  const sound = new SimulatedSound(clock)
  const heard: number[] = []
  sound.heard = (frame) => heard.push(...frame)
  const headset = { id: 'headset', name: 'Headset', isDefault: false }
  return {
    sound,
    clock,
    settle: (promise) => world.settle(promise, 60_000),
    async speak(hz) {
      const tone = new Tone(hz)
      sound.voice = (frame) => tone.fill(frame)
    },
    heard: async () => Float32Array.from(heard.slice(-50 * FRAME_SAMPLES)),
    headset: {
      id: headset.id,
      plug: async () => sound.plug(headset),
      unplug: async () => sound.unplug(headset.id),
    },
    close: () => sound.close(),
  }
}

soundCompliance('Sound from and to WAV files', wavFiles)
soundCompliance('The sound of a simulated machine', simulated)
headsetCompliance('The sound of a simulated machine', simulated)

describe.skipIf(!soundTests)('the devices of a real sound server', () => {
  test('pass the same, in a process of their own, where PortAudio finds the server', async () => {
    const server = await PulseServer.start()
    try {
      const command = [process.execPath, 'test', './tests/ports/sound-portaudio-entry.ts']
      const run = Bun.spawn(command, {
        cwd: join(import.meta.dir, '../..'),
        env: { ...server.environment, UV_THREADPOOL_SIZE: '8', FORCE_COLOR: undefined },
        ...{ stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' },
      })
      const [out, err] = await Promise.all([new Response(run.stdout).text(), new Response(run.stderr).text()])
      expect(err + out).toMatch(/^ [6-9] pass$/m)
      expect(await run.exited).toBe(0)
    } finally {
      await server.close()
    }
  }, 60_000)
})
