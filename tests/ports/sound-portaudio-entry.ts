import { setDefaultTimeout } from 'bun:test'
import { openPortAudio } from '../../src/adapters/portaudio.ts'
import { AlsaServer } from '../../src/adapters/sound-server.ts'
import { systemClock } from '../../src/adapters/system-clock.ts'
import { SAMPLE_RATE_HZ } from '../../src/ports/sound.ts'
import { PulseClient } from './pulse-server.ts'
import { type HeadsetWorld, headsetCompliance, soundCompliance } from './sound.compliance.ts'
import { Tone } from './sound-ends.ts'

/** Started by sound.test.ts in a process of its own: ALSA looks for its configuration and its server where the process began. */

setDefaultTimeout(20_000)

/** Long enough for the test that hears it. */
const SPOKEN_SECONDS = 5
const HEARD_BYTES = (SAMPLE_RATE_HZ / 2) * Float32Array.BYTES_PER_ELEMENT

async function realDevices(): Promise<HeadsetWorld> {
  const client = new PulseClient(process.env)
  const server = new AlsaServer(process.env['ALSA_CONFIG_PATH']!, process.env, systemClock)
  const sound = openPortAudio(systemClock, server)
  if ('ok' in sound) throw new Error(sound.message, { cause: sound.cause })
  let heard = new Uint8Array(0)
  const listen = async (): Promise<void> => {
    for await (const piece of client.record('ear')) {
      heard = new Uint8Array(Buffer.concat([heard, piece]).subarray(-HEARD_BYTES))
    }
  }
  listen().catch(() => {})
  let headset = ''
  return {
    sound,
    clock: systemClock,
    settle: (promise) => promise,
    async speak(hz) {
      const samples = new Float32Array(SPOKEN_SECONDS * SAMPLE_RATE_HZ)
      new Tone(hz).fill(samples)
      client.play('mic', samples)
    },
    heard: async () => new Float32Array(heard.slice().buffer),
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

soundCompliance('PortAudio on a sound server', realDevices)
headsetCompliance('PortAudio on a sound server', realDevices)
