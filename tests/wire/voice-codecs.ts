import fc from 'fast-check'
import type { Address } from '../../src/base/address.ts'
import { formatIp } from '../../src/base/ip.ts'
import { type AudioPayload, emptyAudio, readAudio, writeAudio } from '../../src/wire/voice-audio.ts'
import { decodeControl, encodeControl, type VoiceControl } from '../../src/wire/voice-control.ts'
import { VOICE_PAYLOAD_BYTES_MAX } from '../../src/wire/voice-datagram.ts'
import {
  decodeEndpoints,
  decodeSignal,
  ENDPOINTS_MAX,
  encodeEndpoints,
  encodeSignal,
  GRANT_SEALED_BYTES,
  type VoiceSignal,
} from '../../src/wire/voice-signal.ts'
import { anyBytes, type Codec, exactly, numbers } from './codec-laws.ts'

const u32 = numbers(0, 2 ** 32 - 1)
const fromOne = numbers(1, 2 ** 32 - 1)
const ipv4 = fc.tuple(fc.integer({ min: 1, max: 223 }), fc.nat(255), fc.nat(255), fc.nat(255)).map((ip) => ip.join('.'))
const ipv6 = exactly(15).map((rest) => formatIp(Uint8Array.of(0x20, ...rest)))
const endpoint = fc.record({ host: fc.oneof(ipv4, ipv6), port: fc.integer({ min: 1, max: 65_535 }) })

export const endpointLists: fc.Arbitrary<Address[]> = fc.array(endpoint, { maxLength: ENDPOINTS_MAX })

const heres = fc.record({
  kind: fc.constant('here' as const),
  session: exactly(32),
  muted: fc.boolean(),
  deafened: fc.boolean(),
  ageTenths: u32,
  generation: fromOne,
  revision: u32,
  endpoints: anyBytes(168),
  lacks: fc.array(fc.record({ tag: u32, floor: u32 }), { maxLength: 6 }),
  grants: fc.array(fc.record({ tag: u32, admission: fromOne, sealed: exactly(GRANT_SEALED_BYTES) }), { maxLength: 3 }),
})

export const signalCodec: Codec<VoiceSignal> = {
  values: fc.oneof({ weight: 9, arbitrary: heres }, { weight: 1, arbitrary: fc.constant({ kind: 'left' as const }) }),
  encode: encodeSignal,
  decode: decodeSignal,
}

/** Several in a row have no end of their own: the law of shortness is not theirs. */
export const endpointsCodec: Codec<Address[]> = {
  values: endpointLists,
  encode: encodeEndpoints,
  decode: decodeEndpoints,
}

const u16 = fc.nat(0xffff)
const report = fc.record({
  ...{ expected: u16, lost: u16, bursts: u16, late: u16 },
  ...{ concealedTicks: u16, jitterMs: u16, delayMs: u16, queueMs: u16 },
})

export const controlCodec: Codec<VoiceControl> = {
  values: fc.oneof<fc.Arbitrary<VoiceControl>[]>(
    fc.record({ kind: fc.constant('probe' as const), token: u32 }),
    fc.record({ kind: fc.constant('answer' as const), token: u32, seenAs: fc.option(endpoint, { nil: null }) }),
    fc.record({ kind: fc.constant('report' as const), report }),
    fc.record({
      kind: fc.constant('reach' as const),
      entries: fc.array(fc.record({ tag: u32, rttMs: u16 }), { maxLength: 5 }),
    }),
  ),
  encode: encodeControl,
  decode: decodeControl,
}

/** One frame of that many ticks, as CELT has them (RFC 6716 section 3.1). */
const packet = (ticks: number): fc.Arbitrary<Uint8Array> =>
  anyBytes(60, 1).map((bytes) => {
    bytes[0] = ticks === 2 ? 0x78 : 0x70
    return bytes
  })

const audios: fc.Arbitrary<AudioPayload> = fc.constantFrom(1, 2).chain((ticks) => {
  const flags = { begins: fc.boolean(), ends: fc.boolean(), recovers: fc.boolean(), heldBack: fc.boolean() }
  const older = fc.array(fc.record({ age: fc.integer({ min: 1, max: 8 }), opus: packet(ticks) }), { maxLength: 3 })
  const numbers = { level: fc.nat(127), time: fc.nat(2 ** 24 - 1) }
  return fc.record({ ...flags, ...numbers, newest: packet(ticks), given: older }).map(({ given, ...rest }) => {
    const all = emptyAudio().older.map((none, i) => given[i] ?? none)
    return { ...rest, ticks, olderCount: given.length, older: all }
  })
})

export const audioCodec: Codec<AudioPayload> = {
  values: audios,
  encode(audio) {
    const into = new Uint8Array(VOICE_PAYLOAD_BYTES_MAX)
    return into.slice(0, writeAudio(audio, into))
  },
  decode(bytes) {
    const audio = emptyAudio()
    return bytes.length <= VOICE_PAYLOAD_BYTES_MAX && readAudio(bytes, audio) ? audio : null
  },
}
