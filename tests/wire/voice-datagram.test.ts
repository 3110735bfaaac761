import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  DIRECT,
  datagramFault,
  numberOf,
  RELAY_HEADER_BYTES,
  RELAYED,
  relayedDatagram,
  STREAM_DATAGRAMS_MAX,
  type StreamKey,
  tagOf,
  VOICE_DATAGRAM_BYTES_MAX,
  VOICE_DATAGRAM_BYTES_MIN,
  VOICE_OVERHEAD_BYTES,
  VOICE_PAYLOAD_BYTES_MAX,
  VoiceOpener,
  VoiceSealer,
  wrapForRelay,
} from '../../src/wire/voice-datagram.ts'

const stream = (use: 'audio' | 'control' = 'audio'): StreamKey => ({
  tag: 0xfedc_ba98,
  secret: new Uint8Array(32).fill(9),
  use,
})
const payloads = fc.uint8Array({ minLength: 1, maxLength: VOICE_PAYLOAD_BYTES_MAX })
const opened = new Uint8Array(VOICE_PAYLOAD_BYTES_MAX)

function sealed(sealer: VoiceSealer, payload: Uint8Array): Uint8Array {
  const into = new Uint8Array(VOICE_DATAGRAM_BYTES_MAX)
  return into.slice(0, sealer.seal(payload, into))
}

describe('a voice datagram', () => {
  test('says whose it is and which, and opens to what was sealed', () => {
    fc.assert(
      fc.property(payloads, fc.nat(STREAM_DATAGRAMS_MAX - 1), (payload, number) => {
        const datagram = sealed(new VoiceSealer(stream(), number), payload)
        expect(datagram.length).toBe(payload.length + VOICE_OVERHEAD_BYTES)
        expect([datagramFault(datagram), tagOf(datagram), numberOf(datagram)]).toEqual([null, stream().tag, number])
        expect(new VoiceOpener(stream()).open(datagram, opened)).toBe(payload.length)
        expect(opened.subarray(0, payload.length)).toEqual(payload)
      }),
    )
  })

  test('does not open with any bit of it changed, header included, nor as the stream of another use', () => {
    const datagram = sealed(new VoiceSealer(stream()), Uint8Array.of(1, 2, 3))
    const opener = new VoiceOpener(stream())
    for (let bit = 0; bit < datagram.length * 8; bit++) {
      const changed = datagram.slice()
      changed[bit >> 3]! ^= 1 << (bit & 7)
      expect(opener.open(changed, opened)).toBe(-1)
    }
    expect(new VoiceOpener(stream('control')).open(datagram, opened)).toBe(-1)
    expect(new VoiceOpener({ ...stream(), tag: 1 }).open(datagram, opened)).toBe(-1)
  })

  test('never shares its number with another of the stream, and the stream ends before numbers do', () => {
    const sealer = new VoiceSealer(stream(), STREAM_DATAGRAMS_MAX - 3)
    const numbers = [1, 2, 3].map((payload) => numberOf(sealed(sealer, Uint8Array.of(payload))))
    expect(numbers).toEqual([STREAM_DATAGRAMS_MAX - 3, STREAM_DATAGRAMS_MAX - 2, STREAM_DATAGRAMS_MAX - 1])
    expect(sealer.spent).toBe(true)
    expect(() => sealed(sealer, Uint8Array.of(4))).toThrow(RangeError)
  })

  test('holds no empty payload, and none that a path might cut', () => {
    const sealer = new VoiceSealer(stream())
    for (const length of [0, VOICE_PAYLOAD_BYTES_MAX + 1]) {
      expect(() => sealed(sealer, new Uint8Array(length))).toThrow(RangeError)
    }
    expect(sealer.number).toBe(0)
  })
})

describe('bytes of any length and content', () => {
  test('are told to be none by their length and first byte, without opening', () => {
    for (const length of [0, 1, 25, 26, 1_200, 1_201, 65_507]) {
      for (let first = 0; first < 256; first++) {
        const fault = datagramFault(new Uint8Array(length).fill(first, 0, 1))
        const fits = length >= VOICE_DATAGRAM_BYTES_MIN && length <= VOICE_DATAGRAM_BYTES_MAX
        if (first === DIRECT && fits) expect(fault).toBeNull()
        else expect(fault).not.toBeNull()
      }
    }
  })
})

describe('a datagram passed on', () => {
  test('is whole within, byte for byte', () => {
    fc.assert(
      fc.property(payloads, fc.nat(), (payload, tag) => {
        const datagram = sealed(new VoiceSealer(stream()), payload)
        const wrapped = new Uint8Array(VOICE_DATAGRAM_BYTES_MAX + RELAY_HEADER_BYTES)
        const relayed = wrapped.subarray(0, wrapForRelay(tag, datagram, wrapped))
        expect([datagramFault(relayed), tagOf(relayed)]).toEqual([null, tag])
        expect(relayedDatagram(relayed)).toEqual(datagram)
      }),
    )
  })

  test('is never itself passed on within another', () => {
    const datagram = sealed(new VoiceSealer(stream()), Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))
    const once = new Uint8Array(RELAY_HEADER_BYTES + datagram.length)
    wrapForRelay(1, datagram, once)
    const twice = new Uint8Array(RELAY_HEADER_BYTES + once.length)
    wrapForRelay(2, once, twice)
    expect([once[0], datagramFault(once), datagramFault(twice)]).toEqual([RELAYED, null, 'form'])
  })
})
