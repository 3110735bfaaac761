import { expect, test } from 'bun:test'
import { openOpus } from '../../../src/adapters/opus.ts'
import { Speech } from '../../../src/app/voice/engine-speech.ts'
import { rmsOf } from '../../../src/core/voice/level.ts'
import { FRAME_MS, FRAME_SAMPLES } from '../../../src/ports/sound.ts'
import { emptyAudio, readAudio } from '../../../src/wire/voice-audio.ts'
import { decoderOf } from '../../ports/codec-ends.ts'
import { SETTINGS } from './engine-lab.ts'

const opened = await openOpus()
if (!opened.ok) throw opened.cause
const codec = opened

/** A tone of 1 kHz: what a codec that leans on what was before says worst, where that was not heard. */
const TONE = Float32Array.from({ length: FRAME_SAMPLES }, (_, i) => 0.4 * Math.sin((2 * Math.PI * i) / 48))

/** The Opus packets of a tone that goes on while somebody is muted now and then, spurt by spurt. */
function spurtsOf(frames: number, isMuted: (frame: number) => boolean): Uint8Array[][] {
  const spurts: Uint8Array[][] = []
  const audio = emptyAudio()
  const spoken = (payload: Uint8Array): void => {
    expect(readAudio(payload, audio)).toBe(true)
    if (audio.begins) spurts.push([])
    spurts.at(-1)!.push(audio.newest.slice())
  }
  const settings = { ...SETTINGS, mode: 'open', noiseSuppression: false, automaticGain: false, gainDb: 0 } as const
  const speech = new Speech(codec, null, settings, { said: () => {}, spoken }, 0)
  for (let frame = 0; frame < frames; frame++) {
    speech.set({ ...settings, muted: isMuted(frame) })
    speech.captured(TONE, frame * FRAME_MS)
  }
  speech.close()
  return spurts
}

test('whoever comes while somebody is muted hears the next words as loud as they are, from the first', () => {
  // What is broken off, nearly six seconds of nothing, and two of what is heard.
  const [, second] = spurtsOf(800, (frame) => frame >= 8 && frame < 600)
  const decoder = decoderOf(codec)
  const sound = new Float32Array(2 * FRAME_SAMPLES)
  const levels = second!.slice(0, 60).map((packet) => {
    expect(decoder.decode(packet, sound, sound.length)).toBe(true)
    return 20 * Math.log10((rmsOf(sound) * Math.SQRT2) / 0.4)
  })
  decoder.close()
  // The first holds what the codec lags behind by; a tenth of a decibel is a hundredth part.
  for (const level of levels.slice(1)) expect(Math.abs(level)).toBeLessThan(0.15)
})
