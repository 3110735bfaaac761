import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { PASSING_BODY_BYTES_MAX } from '../../src/wire/limits.ts'
import {
  decodeEndpoints,
  decodeSignal,
  ENDPOINTS_MAX,
  encodeEndpoints,
  encodeSignal,
  GRANT_SEALED_BYTES,
  grantsThatFit,
  LACKS_MAX,
  tellableEndpoints,
  type VoiceHere,
} from '../../src/wire/voice-signal.ts'
import { numbers, obeysTheLaws, spoiling } from './codec-laws.ts'
import { endpointLists, endpointsCodec, signalCodec } from './voice-codecs.ts'

const LEAST: VoiceHere = {
  kind: 'here',
  session: new Uint8Array(32),
  muted: false,
  deafened: false,
  ageTenths: 0,
  generation: 1,
  revision: 0,
  endpoints: new Uint8Array(16),
  lacks: [],
  grants: [],
}
const grant = (admission: number) => ({ tag: 2 ** 32 - 1, admission, sealed: new Uint8Array(GRANT_SEALED_BYTES) })

describe('what is said of voice', () => {
  obeysTheLaws('signal', signalCodec)

  test('says nothing of a generation 0 or of flags that nobody knows, and 65 lacks are too many', () => {
    const bytes = encodeSignal(LEAST)
    expect(decodeSignal(bytes)).toEqual(LEAST)
    for (const flags of [4, 8, 0x80, 0xff]) expect(decodeSignal(bytes.with(33, flags))).toBeNull()
    expect(decodeSignal(bytes.with(35, 0))).toBeNull()
    const lacks = (count: number) => Array.from({ length: count }, (_, tag) => ({ tag, floor: 0 }))
    expect(decodeSignal(encodeSignal({ ...LEAST, lacks: lacks(LACKS_MAX) }))).toMatchObject({ lacks: lacks(64) })
    expect(() => encodeSignal({ ...LEAST, lacks: lacks(65) })).toThrow(RangeError)
  })

  test('is as short as it can be where nothing is new, and has 18 keys in it where many are', () => {
    expect(encodeSignal(LEAST).length).toBeLessThan(60)
    const grants = Array.from({ length: 100 }, (_, at) => at + 1)
    expect(grantsThatFit({ ...LEAST, endpoints: new Uint8Array(16 + 2 * 7) }, grants)).toBe(18)
  })

  test('with as many grants as are said to fit it does fit, and with one more it does not', () => {
    const admissions = fc.array(numbers(1, 2 ** 32 - 1), { maxLength: 25 })
    const heres = signalCodec.values.filter((signal) => signal.kind === 'here')
    fc.assert(
      fc.property(heres, admissions, (here, all) => {
        const count = grantsThatFit(here, all)
        const bytes = encodeSignal({ ...here, grants: all.slice(0, count).map(grant) })
        expect(bytes.length).toBeLessThanOrEqual(PASSING_BODY_BYTES_MAX)
        if (count === all.length) return
        expect(() => encodeSignal({ ...here, grants: all.slice(0, count + 1).map(grant) })).toThrow(RangeError)
      }),
    )
  })

  test('has room for some grants beside all else that there can be', () => {
    const most = 2 ** 32 - 1
    const lacks = Array.from({ length: LACKS_MAX }, () => ({ tag: most, floor: most }))
    const numbers = { ageTenths: most, generation: most, revision: most }
    const here = { ...LEAST, ...numbers, endpoints: new Uint8Array(168), lacks }
    expect(grantsThatFit(here, [most, most, most, most, most])).toBe(3)
  })
})

describe('endpoints', () => {
  test('what is written is read back', () => {
    fc.assert(
      fc.property(endpointLists, (endpoints) => {
        expect(decodeEndpoints(encodeEndpoints(endpoints))).toEqual(endpoints)
      }),
    )
  })

  test('no bytes make the reader throw, and what it reads it would write the same', () => {
    const mutated = fc.tuple(endpointLists, spoiling()).map(([some, spoil]) => spoil(encodeEndpoints(some)))
    fc.assert(
      fc.property(mutated, (bytes) => {
        const read = endpointsCodec.decode(bytes)
        if (read !== null) expect(encodeEndpoints(read)).toEqual(bytes)
      }),
      { numRuns: 400 },
    )
  })

  test('only addresses that one host has are told, each once, and eight of them', () => {
    const at = (host: string, port = 5_000) => ({ host, port })
    const good = [at('192.0.2.1'), at('2001:db8::1'), at('10.0.0.1', 65_535), at('127.0.0.1')]
    const bad = [at('example.org'), at('0.0.0.0'), at('224.0.0.1'), at('::'), at('1.2.3'), at('1.2.3.4', 0), at('', 1)]
    expect(tellableEndpoints([...bad, ...good, ...good, at('1.1.1.1', 1.5), at('1.1.1.1', 65_536)])).toEqual(good)
    const many = Array.from({ length: 20 }, (_, i) => at(`192.0.2.${i}`))
    expect(tellableEndpoints(many)).toEqual(many.slice(0, ENDPOINTS_MAX))
    expect(decodeEndpoints(encodeEndpoints(tellableEndpoints([at('::ffff:192.0.2.1')])))).toEqual([at('192.0.2.1')])
  })
})
