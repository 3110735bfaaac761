import { setDefaultTimeout } from 'bun:test'
import { openPortAudio } from '../../src/adapters/portaudio.ts'
import { AlsaServer } from '../../src/adapters/sound-server.ts'
import { systemClock } from '../../src/adapters/system-clock.ts'
import { SAMPLE_RATE_HZ } from '../../src/ports/sound.ts'
import { PulseClient } from './pulse-server.ts'
import { type HeadsetWorld, headsetCompliance, soundCompliance } from './sound.compliance.ts'
import { levelAt, Tone } from './sound-ends.ts'

/** Started by sound.test.ts in a process of its own: ALSA looks for its configuration and its server where the process began. */

setDefaultTimeout(20_000)

/** Long enough for the test that hears it. */
const SPOKEN_SECONDS = 8
/** Of half of full scale, in a half second that has begun before the tone did. */
const CLEAR = 0.3
const HEARD_BYTES = (SAMPLE_RATE_HZ / 2) * Float32Array.BYTES_PER_ELEMENT

async function realDevices(): Promise<HeadsetWorld> {
  const client = new PulseClient(process.env)
  const server = new AlsaServer(process.env['ALSA_CONFIG_PATH']!, process.env, systemClock)
  const sound = openPortAudio(systemClock, server)
  if ('ok' in sound) throw new Error(sound.message, { cause: sound.cause })
  let headset = ''
  return {
    sound,
    clock: systemClock,
    settle: (promise) => promise,
    async speak(hz) {
      const samples = new Float32Array(SPOKEN_SECONDS * SAMPLE_RATE_HZ)
      new Tone(hz).fill(samples)
      client.play('mic', samples)
      // It takes the player a moment to begin.
      await listen(client, 'mic', (sound) => levelAt(hz, sound) > CLEAR)
    },
    // From now on: what was played just before may still be on its way.
    heard: () => listen(client, 'ear', () => true),
    headset: {
      id: 'headset',
      async plug() {
        headset = await client.addSink('headset')
      },
      async unplug() {
        await client.control('unload-module', headset)
      },
    },
    async close() {
      await sound.close()
      await client.close()
    },
  }
}

/** The first half second, in which there is what is looked for, of what comes out of a sink from now on. */
async function listen(client: PulseClient, sink: string, met: (sound: Float32Array) => boolean): Promise<Float32Array> {
  let last: Buffer<ArrayBufferLike> = Buffer.alloc(0)
  for await (const piece of client.record(sink)) {
    last = Buffer.concat([last, piece]).subarray(-HEARD_BYTES)
    const sound = new Float32Array(new Uint8Array(last).buffer, 0, last.length >> 2)
    if (last.length === HEARD_BYTES && met(sound)) return sound
  }
  throw new Error(`the sound server has ended before anything was heard of ${sink}`)
}

soundCompliance('PortAudio on a sound server', realDevices)
headsetCompliance('PortAudio on a sound server', realDevices)
