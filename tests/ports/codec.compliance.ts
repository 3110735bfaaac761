import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { DECODERS_MAX, PAYLOAD_BYTES_MAX, PAYLOAD_ROOM_MIN, type VoiceCodec } from '../../src/ports/codec.ts'
import { isOpusPause, opusSamples } from '../../src/wire/voice-opus.ts'
import { decoderOf, encodeAll, Listener } from './codec-ends.ts'
import { energy, likeness, voiceSound } from './voice-sound.ts'

const SECOND = 48_000
/** What is left of the likeness to what went in, by few bits. */
const LIKE = 0.8
/** What nothing has written on. */
const UNTOUCHED = 0.123

/** Every implementation of the port must pass all of this. */
export function codecCompliance(name: string, codec: VoiceCodec): void {
  describe(`${name} carries sound`, () => {
    test.each([480, 960])('frames of %d samples come out as they went in, so much later as it says', (samples) => {
      const sound = voiceSound(2 * SECOND)
      const encoder = codec.encoder()
      const { payloads } = encodeAll(encoder, sound, samples)
      for (const payload of payloads) expect(opusSamples(payload)).toBe(samples)
      const listener = new Listener(decoderOf(codec))
      for (const payload of payloads) expect(listener.decode(payload, samples)).toBe(true)
      const heard = listener.heard()
      const { delaySamples } = encoder
      expect(likeness(sound, heard, delaySamples)).toBeGreaterThan(LIKE)
      expect(likeness(sound, heard, delaySamples + 48)).toBeLessThan(LIKE)
      listener.close()
      encoder.close()
    })

    test('the length of frames may change in the middle', () => {
      const sound = voiceSound(SECOND)
      const encoder = codec.encoder()
      const listener = new Listener(decoderOf(codec))
      const payload = new Uint8Array(PAYLOAD_BYTES_MAX)
      for (let at = 0, i = 0; at + 960 <= sound.length; i++) {
        const samples = i % 3 === 0 ? 960 : 480
        const bytes = encoder.encode(sound.subarray(at, at + samples), payload)
        expect(listener.decode(payload.subarray(0, bytes), samples)).toBe(true)
        at += samples
      }
      expect(likeness(sound, listener.heard(), encoder.delaySamples)).toBeGreaterThan(LIKE)
      listener.close()
      encoder.close()
    })

    test('two streams through one codec do not hear each other', () => {
      const sounds = [voiceSound(SECOND), voiceSound(SECOND, 0.05).reverse()]
      const encoders = sounds.map(() => codec.encoder())
      const alone = sounds.map((sound, i) => encodeAll(encoders[i]!, sound, 960).payloads)
      for (const encoder of encoders) encoder.reset()
      const payload = new Uint8Array(PAYLOAD_BYTES_MAX)
      const together = sounds.map(() => new Listener(decoderOf(codec)))
      for (let at = 0; at + 960 <= SECOND; at += 960) {
        for (const [i, sound] of sounds.entries()) {
          const bytes = encoders[i]!.encode(sound.subarray(at, at + 960), payload)
          expect(payload.slice(0, bytes)).toEqual(alone[i]![at / 960]!)
          together[i]!.decode(payload.subarray(0, bytes), 960)
        }
      }
      for (const [i, listener] of together.entries()) {
        const other = new Listener(decoderOf(codec))
        for (const each of alone[i]!) other.decode(each, 960)
        expect(listener.heard()).toEqual(other.heard())
        other.close()
        listener.close()
        encoders[i]!.close()
      }
    })

    test('after a reset both ends do as new ones would', () => {
      const sound = voiceSound(SECOND / 2)
      const encoder = codec.encoder({ lossPercent: 10 })
      const decoder = decoderOf(codec)
      const [first, second] = [0, 1].map(() => {
        const { payloads } = encodeAll(encoder, sound, 960)
        const listener = new Listener(decoder)
        for (const payload of payloads) listener.decode(payload, 960)
        encoder.reset()
        decoder.reset()
        return { payloads, heard: listener.heard() }
      })
      expect(second!).toEqual(first!)
      encoder.close()
      decoder.close()
    })
  })

  describe(`${name} against loss`, () => {
    test('where loss is expected, a frame that is lost is had from the next, better than made up', () => {
      const sound = voiceSound(3 * SECOND)
      const encoder = codec.encoder({ lossPercent: 10 })
      const { payloads, recovers } = encodeAll(encoder, sound, 960)
      expect(recovers.filter(Boolean).length).toBeGreaterThan(payloads.length / 2)
      const [recovering, concealing] = [true, false].map((recover) => {
        const listener = new Listener(decoderOf(codec))
        for (const [i, payload] of payloads.entries()) {
          if (i % 5 !== 4 || i + 1 === payloads.length) listener.decode(payload, 960)
          else if (recover && recovers[i + 1]!) expect(listener.recover(payloads[i + 1]!, 960)).toBe(true)
          else expect(listener.conceal(960)).toBe(true)
        }
        listener.close()
        return likeness(sound, listener.heard(), encoder.delaySamples)
      })
      expect(recovering!).toBeGreaterThan(concealing! + 0.02)
      encoder.close()
    })

    test('where none is expected, no frame says the one before it', () => {
      const encoder = codec.encoder({ lossPercent: 0 })
      expect(encodeAll(encoder, voiceSound(SECOND), 960).recovers).not.toContain(true)
      encoder.close()
    })

    test('what is made up goes on for a while, gets no louder, and ends in silence', () => {
      const encoder = codec.encoder()
      const listener = new Listener(decoderOf(codec))
      // Where it has never been silent, a codec may take the voice for the noise of the room, which goes on.
      const sound = new Float32Array(2 * SECOND)
      sound.set(voiceSound(SECOND + 4_800), SECOND - 4_800)
      for (const payload of encodeAll(encoder, sound, 960).payloads) listener.decode(payload, 960)
      const before = energy(listener.heard().subarray(-4_800))
      for (let i = 0; i < 100; i++) expect(listener.conceal(480)).toBe(true)
      const madeUp = listener.heard().subarray(-100 * 480)
      expect(energy(madeUp.subarray(0, 480))).toBeGreaterThan(0)
      expect(energy(madeUp.subarray(0, 4_800))).toBeLessThan(4 * before)
      expect(energy(madeUp.subarray(-4_800))).toBeLessThan(before / 1_000)
      listener.close()
      encoder.close()
    })

    test('before anything has come, what is made up is silence', () => {
      const listener = new Listener(decoderOf(codec))
      expect(listener.conceal(960)).toBe(true)
      expect(energy(listener.heard())).toBe(0)
      listener.close()
    })
  })

  describe(`${name} in silence`, () => {
    test('sends pauses for nearly all of it, and they decode to silence', () => {
      const encoder = codec.encoder({ dtx: true })
      const listener = new Listener(decoderOf(codec))
      for (const payload of encodeAll(encoder, voiceSound(SECOND), 960).payloads) listener.decode(payload, 960)
      const { payloads } = encodeAll(encoder, new Float32Array(4 * SECOND), 960)
      const settled = payloads.slice(50)
      expect(settled.filter(isOpusPause).length).toBeGreaterThan(settled.length * 0.85)
      for (const payload of payloads) expect(listener.decode(payload, 960)).toBe(true)
      expect(energy(listener.heard().subarray(-SECOND))).toBeLessThan(1e-3)
      listener.close()
      encoder.close()
    })
  })

  describe(`${name} takes bad input`, () => {
    test('any bytes: no throw, no write beyond, nothing beyond full scale, no memory; and it goes on well', () => {
      const encoder = codec.encoder({ lossPercent: 10 })
      const sound = voiceSound(SECOND)
      const { payloads } = encodeAll(encoder, sound, 960)
      const decoder = decoderOf(codec)
      const into = new Float32Array(1_000)
      const memoryBytes = codec.memoryBytes
      fc.assert(
        fc.property(hostilePayload(payloads), fc.constantFrom('decode', 'recover', 'conceal'), (payload, call) => {
          into.fill(UNTOUCHED)
          const made = call === 'conceal' ? decoder.conceal(into, 960) : decoder[call](payload, into, 960)
          const written = into.findLastIndex((sample) => sample !== Math.fround(UNTOUCHED)) + 1
          expect(written).toBeLessThanOrEqual(made ? 960 : 0)
          expect(into.every((sample) => Math.abs(sample) <= 1)).toBe(true)
        }),
        { numRuns: 2_000 },
      )
      expect(codec.memoryBytes).toBe(memoryBytes)
      const [shaken, fresh] = [new Listener(decoder), new Listener(decoderOf(codec))]
      for (const payload of payloads) for (const listener of [shaken, fresh]) listener.decode(payload, 960)
      expect(likeness(fresh.heard(), shaken.heard(), 0)).toBeGreaterThan(0.99)
      fresh.close()
      shaken.close()
      encoder.close()
    })

    test('a payload that is refused changes nothing, and an empty one is refused', () => {
      const encoder = codec.encoder()
      const sound = voiceSound(SECOND)
      const { payloads } = encodeAll(encoder, sound, 960)
      const [short] = encodeAll(encoder, sound, 480).payloads
      const disturbed = decoderOf(codec)
      const [one, other] = [new Listener(disturbed), new Listener(decoderOf(codec))]
      const into = new Float32Array(960)
      for (const payload of payloads) {
        expect(disturbed.decode(new Uint8Array(), into, 960)).toBe(false)
        expect(disturbed.recover(new Uint8Array(), into, 960)).toBe(false)
        expect(disturbed.decode(short!, into, 960)).toBe(false)
        expect(disturbed.decode(payload, into, 480)).toBe(false)
        expect(one.decode(payload, 960)).toBe(true)
        other.decode(payload, 960)
      }
      expect(one.heard()).toEqual(other.heard())
      one.close()
      other.close()
      encoder.close()
    })

    test('sound of another length than is asked for is refused, as is room that is too small', () => {
      const encoder = codec.encoder()
      const [payload] = encodeAll(encoder, voiceSound(960), 960).payloads
      const decoder = decoderOf(codec)
      const into = new Float32Array(960).fill(UNTOUCHED)
      for (const samples of [0, 480, 720, 961, 1_920, -960, Number.NaN]) {
        expect(decoder.decode(payload!, into, samples)).toBe(false)
      }
      expect(decoder.decode(payload!, into.subarray(0, 959), 960)).toBe(false)
      expect(decoder.conceal(into, 961)).toBe(false)
      expect(decoder.conceal(into.subarray(1), 960)).toBe(false)
      expect(into.every((sample) => sample === Math.fround(UNTOUCHED))).toBe(true)
      expect(decoder.decode(payload!, into, 960)).toBe(true)
      decoder.close()
      encoder.close()
    })

    test.each([Number.NaN, Number.POSITIVE_INFINITY, -1e30])('a sample of %d does no lasting harm', (sample) => {
      const encoder = codec.encoder()
      const listener = new Listener(decoderOf(codec))
      const { payloads } = encodeAll(encoder, new Float32Array(9_600).fill(sample), 960)
      for (const payload of payloads) expect(listener.decode(payload, 960)).toBe(true)
      const sound = voiceSound(SECOND)
      for (const payload of encodeAll(encoder, sound, 960).payloads) listener.decode(payload, 960)
      const heard = listener.heard().subarray(9_600)
      expect(likeness(sound, heard, encoder.delaySamples)).toBeGreaterThan(LIKE)
      listener.close()
      encoder.close()
    })

    test('frames of other lengths and too little room are the caller’s fault', () => {
      const encoder = codec.encoder()
      const payload = new Uint8Array(PAYLOAD_BYTES_MAX)
      for (const samples of [0, 1, 479, 720, 1_920]) {
        expect(() => encoder.encode(new Float32Array(samples), payload)).toThrow(RangeError)
      }
      const little = payload.subarray(0, PAYLOAD_ROOM_MIN - 1)
      expect(() => encoder.encode(new Float32Array(960), little)).toThrow(RangeError)
      encoder.close()
    })

    test.each([
      { bitrate: 0 },
      { bitrate: 1e9 },
      { bitrate: Number.NaN },
      { lossPercent: -1 },
      { lossPercent: 101 },
      { complexity: 11 },
      { complexity: -1 },
    ])('settings of %j are refused, and the encoder goes on with what it had', (settings) => {
      expect(() => codec.encoder(settings)).toThrow(RangeError)
      const [asked, spared] = [codec.encoder(), codec.encoder()]
      expect(() => asked.configure({ lossPercent: 20, ...settings })).toThrow(RangeError)
      const sound = voiceSound(SECOND / 4)
      expect(encodeAll(asked, sound, 960)).toEqual(encodeAll(spared, sound, 960))
      asked.close()
      spared.close()
    })
  })

  describe(`${name} and its memory`, () => {
    test('a frame fits into little room', () => {
      const encoder = codec.encoder({ bitrate: 64_000, lossPercent: 10 })
      const room = new Uint8Array(PAYLOAD_ROOM_MIN)
      const listener = new Listener(decoderOf(codec))
      const sound = voiceSound(SECOND)
      for (let at = 0; at + 960 <= sound.length; at += 960) {
        const bytes = encoder.encode(sound.subarray(at, at + 960), room)
        expect(bytes).toBeLessThanOrEqual(PAYLOAD_ROOM_MIN)
        expect(listener.decode(room.subarray(0, bytes), 960)).toBe(true)
      }
      expect(likeness(sound, listener.heard(), encoder.delaySamples)).toBeGreaterThan(LIKE / 2)
      listener.close()
      encoder.close()
    })

    test(`${DECODERS_MAX} decoders may be open, and what is closed makes room for others, without end`, () => {
      for (let round = 0; round < 3; round++) {
        const decoders = Array.from({ length: DECODERS_MAX }, () => decoderOf(codec))
        expect(codec.decoder()).toBe(null)
        for (const decoder of decoders) decoder.close()
        for (const decoder of decoders) decoder.close()
      }
      const memoryBytes = codec.memoryBytes
      for (let i = 0; i < 500; i++) {
        decoderOf(codec).close()
        codec.encoder().close()
      }
      expect(codec.memoryBytes).toBe(memoryBytes)
    })

    test('nothing may be asked of what is closed', () => {
      const [encoder, decoder] = [codec.encoder(), decoderOf(codec)]
      encoder.close()
      decoder.close()
      expect(() => encoder.encode(new Float32Array(960), new Uint8Array(PAYLOAD_BYTES_MAX))).toThrow('closed')
      expect(() => decoder.conceal(new Float32Array(960), 960)).toThrow('closed')
    })
  })
}

/** Arbitrary bytes, honest payloads cut short or changed here and there, and arbitrary bytes that begin as an honest one does. */
function hostilePayload(honest: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const one = fc.constantFrom(...honest)
  const bytes = fc.uint8Array({ maxLength: 1_600 })
  const changes = fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { minLength: 1, maxLength: 8 })
  return fc.oneof(
    bytes,
    fc.tuple(one, fc.nat(200)).map(([payload, length]) => payload.slice(0, length)),
    fc.tuple(one, changes).map(([payload, list]) => {
      const changed = payload.slice()
      for (const [at, value] of list) changed[at % changed.length] = value
      return changed
    }),
    fc.tuple(one, bytes).map(([payload, rest]) => Uint8Array.of(payload[0]!, ...rest)),
  )
}
