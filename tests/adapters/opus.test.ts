import { expect, test } from 'bun:test'
import { openOpus } from '../../src/adapters/opus.ts'
import { seededRng } from '../../src/base/rng.ts'
import { opusSamples } from '../../src/wire/voice-opus.ts'
import { decoderOf, encodeAll, Listener } from '../ports/codec-ends.ts'
import { energy, voiceSound } from '../ports/voice-sound.ts'

const codec = await openOpus()
if (!codec.ok) throw codec.cause

const SOUND = voiceSound(3 * 48_000)
/** One full-band CELT frame of 20 ms (RFC 6716 table 2), the form in which the loudest sound can be said. */
const CELT_20_MS = 0xf8

test.each([12_000, 24_000, 64_000])(
  '%d bits a second are what it takes for a voice, or up to a third less',
  (bitrate) => {
    const encoder = codec.encoder({ bitrate })
    const { payloads } = encodeAll(encoder, SOUND, 960)
    const taken = (payloads.reduce((sum, { length }) => sum + length, 0) * 8 * 50) / payloads.length
    expect(taken).toBeLessThan(bitrate * 1.05)
    expect(taken).toBeGreaterThan((bitrate * 2) / 3)
    encoder.close()
  },
)

test.each([1, 3, 5, 25])(
  'frames say the one before them again where %d in a hundred are lost, at 18 kbit/s already',
  (lossPercent) => {
    for (const bitrate of [18_000, 32_000, 64_000]) {
      const encoder = codec.encoder({ bitrate, lossPercent })
      const { recovers } = encodeAll(encoder, SOUND, 960)
      expect(recovers.filter(Boolean).length).toBeGreaterThan(recovers.length / 2)
      encoder.configure({ lossPercent: 0 })
      expect(encodeAll(encoder, SOUND, 960).recovers.slice(1)).not.toContain(true)
      encoder.close()
    }
  },
)

test('a payload that decodes to more than any sound is refused, and nothing of it is heard after', () => {
  const random = seededRng(5)
  const decoder = decoderOf(codec)
  const into = new Float32Array(960)
  let refused = 0
  for (let i = 0; i < 1_000; i++) {
    const payload = Uint8Array.from({ length: 100 }, (_, at) => (at === 0 ? CELT_20_MS : random.below(256)))
    expect(opusSamples(payload)).toBe(960)
    if (decoder.decode(payload, into, 960)) continue
    refused++
    decoder.conceal(into, 960)
    expect(energy(into)).toBe(0)
  }
  expect(refused).toBeGreaterThan(0)
  const encoder = codec.encoder()
  const [shaken, fresh] = [new Listener(decoder), new Listener(decoderOf(codec))]
  decoder.reset()
  for (const payload of encodeAll(encoder, SOUND, 960).payloads) {
    for (const listener of [shaken, fresh]) listener.decode(payload, 960)
  }
  expect(shaken.heard()).toEqual(fresh.heard())
  shaken.close()
  fresh.close()
  encoder.close()
})

test('its memory is what it began with, whatever is opened and decoded', () => {
  const { memoryBytes } = codec
  expect(memoryBytes).toBeLessThan(20e6)
  const random = seededRng(6)
  const listeners = Array.from({ length: 128 }, () => new Listener(decoderOf(codec)))
  const encoder = codec.encoder({ lossPercent: 20 })
  const { payloads } = encodeAll(encoder, SOUND, 960)
  for (let i = 0; i < 5_000; i++) {
    const payload = payloads[random.below(payloads.length)]!.slice()
    for (let change = random.below(4); change > 0; change--) payload[random.below(payload.length)] = random.below(256)
    const listener = listeners[random.below(listeners.length)]!
    const call = random.below(3)
    if (call === 0) listener.recover(payload, 960)
    else if (call === 1) listener.conceal(480)
    else listener.decode(payload, 960)
  }
  expect(codec.memoryBytes).toBe(memoryBytes)
  for (const listener of listeners) listener.close()
  encoder.close()
})
