import { describe, expect, test } from 'bun:test'
import { openOpus } from '../../src/adapters/opus.ts'
import { openRnnoise } from '../../src/adapters/rnnoise.ts'
import { SAMPLE_RATE_HZ } from '../../src/ports/sound.ts'
import { Lab } from '../app/voice/engine-lab.ts'
import { speechTests } from './requirements.ts'
import { SENTENCES, speech } from './speech.ts'
import { stoiOf } from './stoi.ts'

/** The whole of voice but for sound cards and wires, in a time of its own: the same figures on a busy machine as on an idle one. */

const LEAD_MS = 6_000
const LATENCY_MS = 20
/** Longer than the gate stays open. */
const PAUSE_S = 1
/** Frames of 20 ms, RNNoise, the codec's look-ahead, the limiter, and the least that a jitter buffer holds back; loss makes it wait for two frames. */
const DELAY_MS_MAX = 40
const DELAY_MS_MAX_LOSSY = 60
/** And where much is lost, for the frame that says another again. */
const DELAY_MS_MAX_AGAIN = 80

class Recording {
  readonly sound: Float32Array
  private at = 0

  constructor(seconds: number) {
    this.sound = new Float32Array(Math.ceil(seconds) * SAMPLE_RATE_HZ)
  }

  take(frame: Float32Array): void {
    if (this.at + frame.length > this.sound.length) return
    this.sound.set(frame, this.at)
    this.at += frame.length
  }

  give(frame: Float32Array): void {
    if (this.at + frame.length > this.sound.length) return
    frame.set(this.sound.subarray(this.at, this.at + frame.length))
    this.at += frame.length
  }

  get afterLead(): Float32Array {
    return this.sound.subarray((LEAD_MS * SAMPLE_RATE_HZ) / 1_000)
  }
}

/** How well what one says is understood by another, and how late; of the last second or so of each where `pieceS` is given. */
async function speakTo(spoken: Float32Array, loss: number, mode: 'open' | 'voice', pieceS: number) {
  const lab = new Lab(5, { loss, jitterMs: 2, latencyMs: LATENCY_MS })
  const [codec, suppressor] = [await openOpus(), await openRnnoise()]
  if (!codec.ok || !suppressor.ok) throw new Error('the codecs cannot be loaded')
  const speaker = await lab.join({ mode, automaticGain: true }, { codec, suppressor })
  const listener = await lab.join({ muted: true }, { codec })
  const seconds = LEAD_MS / 1_000 + spoken.length / SAMPLE_RATE_HZ + 1
  const [said, heard] = [new Recording(seconds), new Recording(seconds)]
  // Said twice: the first time the buffer learns the network, and the codec the loss.
  said.sound.set(spoken.subarray(0, ((LEAD_MS - 1_000) * SAMPLE_RATE_HZ) / 1_000))
  said.afterLead.set(spoken)
  speaker.sound.voice = (frame) => said.give(frame)
  listener.sound.heard = (frame) => heard.take(frame)
  lab.pass(seconds * 1_000)
  await lab.close()
  const sounds = { reference: said.afterLead, degraded: heard.afterLead }
  return (await stoiOf([{ ...sounds, rateHz: SAMPLE_RATE_HZ, pieceS }]))[0]!
}

function withPauses(parts: readonly Float32Array[]): Float32Array {
  const pause = PAUSE_S * SAMPLE_RATE_HZ
  const sound = new Float32Array(parts.reduce((sum, { length }) => sum + length + pause, 0))
  let at = 0
  for (const part of parts) {
    sound.set(part, at)
    at += part.length + pause
  }
  return sound
}

describe.skipIf(!speechTests)('speech through two engines', () => {
  const spoken = speechTests ? speech('en-us') : new Float32Array(0)

  test.each([
    [0, 0.97, DELAY_MS_MAX],
    [0.05, 0.96, DELAY_MS_MAX_LOSSY],
    [0.1, 0.94, DELAY_MS_MAX_AGAIN],
    [0.2, 0.95, DELAY_MS_MAX_AGAIN],
  ])(
    'with a part of %d lost is understood, and soon',
    async (loss, least, delayMsMax) => {
      const { stoi, delayMs } = await speakTo(spoken, loss, 'open', 0)
      expect(stoi).toBeGreaterThan(least)
      expect(delayMs - LATENCY_MS).toBeLessThan(delayMsMax)
    },
    60_000,
  )

  test('opened by the voice is understood as well, and as soon', async () => {
    const { stoi, delayMs } = await speakTo(spoken, 0, 'voice', 0)
    expect(stoi).toBeGreaterThan(0.97)
    expect(delayMs - LATENCY_MS).toBeLessThan(DELAY_MS_MAX)
  }, 60_000)

  // Beginnings come late, since they are sent once they are known for speech, and are caught up with.
  test('opened by the voice for each sentence anew is understood too', async () => {
    const sentences = SENTENCES.map((sentence) => speech('en-us', sentence))
    const { stoi } = await speakTo(withPauses(sentences), 0, 'voice', 0)
    expect(stoi).toBeGreaterThan(0.94)
  }, 60_000)
})
