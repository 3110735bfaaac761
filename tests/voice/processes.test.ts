import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SAMPLE_RATE_HZ } from '../../src/ports/sound.ts'
import { PulseServer, soundTests } from '../ports/pulse-server.ts'
import { chirps, echoesMs, median } from './chirps.ts'
import { speechTests } from './requirements.ts'
import { speech } from './speech.ts'
import { stoiOf } from './stoi.ts'
import { VoiceNode, type VoiceNodeOptions } from './voice-node.ts'
import { readWav, writeWav } from './wav.ts'

setDefaultTimeout(90_000)

const LEAD_S = 3
/** The delay changes as a busy machine has it; a word is understood as a whole. */
const PIECE_S = 0.5
const CHIRPS = 16
const CHIRPS_EVERY_MS = 500
/** What RNNoise holds back, which takes chirps for noise and is off while they are measured. */
const SUPPRESSOR_MS = 10
/** Echoes of the echo are each so much quieter. */
const ECHO_GAIN_DB = -12
/** A machine that does other things at the same time is late: the figure for an idle one is the bench's to tell. */
const MOUTH_TO_EAR_MS_MAX = 200

const nodes: VoiceNode[] = []
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.stop()))
})

async function meeting(first: VoiceNodeOptions, second: VoiceNodeOptions): Promise<[VoiceNode, VoiceNode]> {
  const pair: [VoiceNode, VoiceNode] = [new VoiceNode('a', first), new VoiceNode('b', second)]
  nodes.push(...pair)
  await Promise.all(pair.map((node) => node.start()))
  await Promise.all(pair.map((node) => node.begin()))
  await Promise.all(pair.map((node) => node.until('sound', ({ input, output }) => input && output)))
  pair[0].meet(pair[1])
  return pair
}

describe('two voice processes', () => {
  test.skipIf(!speechTests)('speech that goes into the one as a file comes out of the other as one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hearsay-voices-'))
    try {
      const file = (name: string): string => join(folder, `${name}.wav`)
      const spoken = speech('en-us')
      const said = new Float32Array(LEAD_S * SAMPLE_RATE_HZ + spoken.length)
      said.set(spoken, LEAD_S * SAMPLE_RATE_HZ)
      writeWav(file('said'), said, SAMPLE_RATE_HZ)
      writeWav(file('nothing'), new Float32Array(SAMPLE_RATE_HZ), SAMPLE_RATE_HZ)
      const [a, b] = await meeting(
        { files: { input: file('said'), output: file('a') }, settings: { mode: 'open' } },
        { files: { input: file('nothing'), output: file('heard') }, settings: { muted: true } },
      )
      await b.until('speaking', ({ ids }) => ids.includes(a.id))
      await Bun.sleep((1_000 * spoken.length) / SAMPLE_RATE_HZ)
      await b.until('speaking', ({ ids }) => ids.length === 0)
      const { path, hearing } = b.about(a)!
      expect([path, hearing!.lost]).toEqual(['direct', 0])
      await Promise.all([a.stop(), b.stop()])
      const degraded = readWav(file('heard')).sound
      const [result] = await stoiOf([{ reference: said, degraded, rateHz: SAMPLE_RATE_HZ, pieceS: PIECE_S }])
      expect(result!.stoi).toBeGreaterThan(0.85)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test.skipIf(!soundTests)('from mouth to ear, through a sound server', async () => {
    const server = await PulseServer.start()
    try {
      const environment = { ...server.environment, ALSA_CONFIG_PATH: undefined }
      const settings = { mode: 'open', noiseSuppression: false, automaticGain: false, gainDb: ECHO_GAIN_DB } as const
      // What is heard is played where it was said, so that one recording has both.
      const [a, b] = await meeting(
        { environment, settings: { ...settings, input: 'mic.monitor', output: 'ear' } },
        { environment, settings: { ...settings, muted: true, input: 'ear.monitor', output: 'mic' } },
      )
      await b.until('statistics', () => (b.about(a)?.hearing?.received ?? 0) > 100)
      const recorded = record(server.record('mic'), (CHIRPS + 1) * CHIRPS_EVERY_MS)
      server.play('mic', chirps(CHIRPS, CHIRPS_EVERY_MS))
      const echoes = echoesMs(await recorded)
      const delayMs = median(echoes) + SUPPRESSOR_MS
      expect(echoes.length).toBeGreaterThan(CHIRPS / 2)
      expect(delayMs, `mouth to ear, of ${echoes.map(Math.round)}`).toBeLessThan(MOUTH_TO_EAR_MS_MAX)
      expect(delayMs).toBeGreaterThan(2 * SUPPRESSOR_MS)
    } finally {
      await Promise.all(nodes.splice(0).map((node) => node.stop()))
      await server.close()
    }
  })
})

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
