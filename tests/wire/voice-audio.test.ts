import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  AGE_MAX,
  type AudioPayload,
  emptyAudio,
  isAudio,
  OLDER_FRAME_BYTES_MAX,
  OLDER_FRAMES_MAX,
  OPUS_BYTES_MAX,
  readAudio,
  TIME_TICKS,
  writeAudio,
} from '../../src/wire/voice-audio.ts'
import { VOICE_PAYLOAD_BYTES_MAX } from '../../src/wire/voice-datagram.ts'
import { spoiling } from './codec-laws.ts'

/** One frame of that many ticks, as CELT has them. */
const packets = (ticks: number, lengthMax: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: 1, maxLength: lengthMax }).map((bytes) => {
    bytes[0] = ticks === 2 ? 0x78 : 0x70
    return bytes
  })

const payloads: fc.Arbitrary<AudioPayload> = fc.constantFrom(1, 2).chain((ticks) =>
  fc
    .record({
      begins: fc.boolean(),
      ends: fc.boolean(),
      recovers: fc.boolean(),
      heldBack: fc.boolean(),
      level: fc.nat(127),
      time: fc.nat(TIME_TICKS - 1),
      newest: packets(ticks, 300),
      given: fc.array(fc.record({ age: fc.integer({ min: 1, max: AGE_MAX }), opus: packets(ticks, 200) }), {
        maxLength: OLDER_FRAMES_MAX,
      }),
    })
    .map(({ given, ...rest }) => ({
      ...rest,
      ticks,
      olderCount: given.length,
      older: emptyAudio().older.map((none, i) => given[i] ?? none),
    })),
)

function encode(audio: AudioPayload): Uint8Array {
  const into = new Uint8Array(VOICE_PAYLOAD_BYTES_MAX)
  return into.slice(0, writeAudio(audio, into))
}

/** What was read, less what was left over from before in places that do not count. */
function decode(bytes: Uint8Array): AudioPayload | null {
  const audio = emptyAudio()
  return readAudio(bytes, audio) ? audio : null
}

describe('an audio payload', () => {
  test('what is written is read back', () => {
    fc.assert(fc.property(payloads, (audio) => expect(decode(encode(audio))).toEqual(audio)))
  })

  test('reading one does not keep what another had', () => {
    fc.assert(
      fc.property(payloads, payloads, (first, second) => {
        const audio = emptyAudio()
        readAudio(encode(first), audio)
        expect(readAudio(encode(second), audio)).toBe(true)
        const { older, ...rest } = second
        expect(audio).toMatchObject(rest)
        expect(audio.older.slice(0, second.olderCount)).toEqual(older.slice(0, second.olderCount))
      }),
    )
  })

  test('no bytes make it throw; what it reads it would write the same, and each frame decodes to the length it says', () => {
    const mutated = fc.tuple(payloads, spoiling()).map(([audio, spoil]) => spoil(encode(audio)))
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), mutated), (bytes) => {
        const audio = decode(bytes)
        if (audio !== null && bytes.length <= VOICE_PAYLOAD_BYTES_MAX) expect(encode(audio)).toEqual(bytes)
      }),
      { numRuns: 1_000 },
    )
  })

  test('a frame of another length than it is said to have is refused, the newest or an older one', () => {
    const short = Uint8Array.of(0x70, 1)
    const long = Uint8Array.of(0x78, 1)
    const older = emptyAudio().older
    const odd = { ...emptyAudio(), newest: long, olderCount: 1, older: [{ age: 1, opus: short }, ...older.slice(1)] }
    expect(decode(encode({ ...emptyAudio(), newest: short }))).toBeNull()
    expect(decode(encode({ ...emptyAudio(), newest: long }))).not.toBeNull()
    expect(decode(encode(odd))).toBeNull()
    expect(decode(encode({ ...odd, ticks: 1, newest: short }))).not.toBeNull()
  })

  test('more older frames, an older age, or more bytes than the format has are the caller’s fault', () => {
    const into = new Uint8Array(VOICE_PAYLOAD_BYTES_MAX)
    const base = { ...emptyAudio(), newest: Uint8Array.of(0x78, 1) }
    const withOlder = (age: number, length: number): AudioPayload => ({
      ...base,
      olderCount: 1,
      older: [{ age, opus: new Uint8Array(length) }],
    })
    expect(() => writeAudio({ ...base, olderCount: OLDER_FRAMES_MAX + 1 }, into)).toThrow(RangeError)
    expect(() => writeAudio(withOlder(0, 1), into)).toThrow(RangeError)
    expect(() => writeAudio(withOlder(AGE_MAX + 1, 1), into)).toThrow(RangeError)
    expect(() => writeAudio(withOlder(1, OLDER_FRAME_BYTES_MAX + 1), into)).toThrow(RangeError)
    expect(() => writeAudio({ ...base, newest: new Uint8Array(OPUS_BYTES_MAX + 1) }, into)).toThrow(RangeError)
    expect(writeAudio({ ...base, newest: new Uint8Array(OPUS_BYTES_MAX) }, into)).toBe(VOICE_PAYLOAD_BYTES_MAX)
  })

  test('is told from a control payload by its first byte', () => {
    const first = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => isAudio(Uint8Array.of(byte)))
    expect(first).toEqual(Array.from({ length: 32 }, (_, i) => 16 + i))
  })
})
