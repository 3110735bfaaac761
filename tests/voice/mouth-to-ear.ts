import { SAMPLE_RATE_HZ } from '../../src/ports/sound.ts'
import type { PulseServer } from '../ports/pulse-server.ts'
import { chirps, type Echo, echoes } from './chirps.ts'
import { VoiceNode } from './voice-node.ts'

/** What RNNoise holds back, which takes chirps for noise and is off while they are measured. */
const SUPPRESSOR_MS = 10
/** Echoes of the echo are each so much quieter. */
const ECHO_GAIN_DB = -12
const CHIRPS_EVERY_MS = 500
/** The jitter buffer has come to rest after so many packets. */
const RECEIVED_MIN = 100

/** Two who hear each other, by the devices of one sound server: what is heard is played where it was said, so that one recording has both. */
export async function echoing(server: PulseServer, command?: readonly string[]): Promise<[VoiceNode, VoiceNode]> {
  const environment = { ...server.environment, ALSA_CONFIG_PATH: undefined }
  const quiet = { mode: 'open', noiseSuppression: false, automaticGain: false, gainDb: ECHO_GAIN_DB } as const
  const how = { environment, ...(command !== undefined && { command }) }
  const pair: [VoiceNode, VoiceNode] = [
    new VoiceNode('a', { ...how, settings: { ...quiet, input: 'mic.monitor', output: 'ear' } }),
    new VoiceNode('b', { ...how, settings: { ...quiet, muted: true, input: 'ear.monitor', output: 'mic' } }),
  ]
  try {
    await Promise.all(pair.map((node) => node.start()))
    await Promise.all(pair.map((node) => node.begin()))
    await Promise.all(pair.map((node) => node.until('sound', ({ input, output }) => input && output)))
    const [a, b] = pair
    a.meet(b)
    await b.until('statistics', () => (b.about(a)?.hearing?.received ?? 0) > RECEIVED_MIN)
  } catch (error) {
    await Promise.all(pair.map((node) => node.stop()))
    throw error
  }
  return pair
}

/** From mouth to ear, as if noise were suppressed: one measurement for each of so many chirps whose echo was found. */
export async function mouthToEar(server: PulseServer, count: number, heldBackMs = SUPPRESSOR_MS): Promise<Echo[]> {
  const recorded = record(server.record('mic'), (count + 1) * CHIRPS_EVERY_MS)
  server.play('mic', chirps(count, CHIRPS_EVERY_MS))
  return echoes(await recorded).map(({ atMs, delayMs }) => ({ atMs, delayMs: delayMs + heldBackMs }))
}

async function record(stream: ReadableStream<Uint8Array>, ms: number): Promise<Float32Array> {
  const wanted = (ms * SAMPLE_RATE_HZ * Float32Array.BYTES_PER_ELEMENT) / 1_000
  const bytes = new Uint8Array(wanted)
  let at = 0
  for await (const piece of stream) {
    const taken = piece.subarray(0, wanted - at)
    bytes.set(taken, at)
    at += taken.length
    if (at === wanted) break
  }
  return new Float32Array(bytes.buffer)
}
