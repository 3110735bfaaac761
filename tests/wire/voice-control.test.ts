import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { formatIp, plainHost } from '../../src/base/ip.ts'
import {
  decodeControl,
  encodeControl,
  PROBE_BYTES,
  REACH_MAX,
  type VoiceControl,
} from '../../src/wire/voice-control.ts'
import { VOICE_PAYLOAD_BYTES_MAX } from '../../src/wire/voice-datagram.ts'
import { exactly, obeysTheLaws } from './codec-laws.ts'

const u16 = fc.nat(0xffff)
const u32 = fc.nat(0xffff_ffff)
const hosts = fc.oneof(
  exactly(4).map(formatIp),
  exactly(16).map((ip) => plainHost(formatIp(ip))),
)
const endpoints = fc.record({ host: hosts, port: fc.integer({ min: 1, max: 65_535 }) })
const reports = fc.record({
  expected: u16,
  lost: u16,
  bursts: u16,
  late: u16,
  concealedTicks: u16,
  jitterMs: u16,
  delayMs: u16,
  queueMs: u16,
})

describe('payloads of a control stream', () => {
  const codec = (values: fc.Arbitrary<VoiceControl>) => ({ values, encode: encodeControl, decode: decodeControl })
  obeysTheLaws('probe', codec(u32.map((token) => ({ kind: 'probe', token }))))
  obeysTheLaws(
    'answer',
    codec(fc.tuple(u32, fc.option(endpoints)).map(([token, seenAs]) => ({ kind: 'answer', token, seenAs }))),
  )
  obeysTheLaws('report', codec(reports.map((report) => ({ kind: 'report', report }))))

  test('reach: what is written is read back, and half an entry or one too many is refused', () => {
    const entries = fc.array(fc.record({ tag: u32, rttMs: u16 }), { maxLength: REACH_MAX })
    fc.assert(
      fc.property(entries, (entries) => {
        const bytes = encodeControl({ kind: 'reach', entries })
        expect(bytes.length).toBeLessThanOrEqual(VOICE_PAYLOAD_BYTES_MAX)
        expect(decodeControl(bytes)).toEqual({ kind: 'reach', entries })
        expect(decodeControl(Uint8Array.of(...bytes, 0))).toBeNull()
        const another = new Uint8Array(bytes.length + 6)
        another.set(bytes)
        expect(decodeControl(another) === null).toBe(entries.length === REACH_MAX)
      }),
    )
  })

  test('a probe is as long as its answer, wherever it came from', () => {
    fc.assert(
      fc.property(u32, fc.option(endpoints), (token, seenAs) => {
        expect(encodeControl({ kind: 'probe', token }).length).toBe(PROBE_BYTES)
        expect(encodeControl({ kind: 'answer', token, seenAs }).length).toBe(PROBE_BYTES)
      }),
    )
  })

  test('figures that do not fit are cut to what does', () => {
    const report = {
      expected: 70_000,
      lost: -3,
      bursts: 1.6,
      late: 0,
      concealedTicks: 0,
      jitterMs: 2.4,
      delayMs: 9,
      queueMs: 0,
    }
    const read = decodeControl(encodeControl({ kind: 'report', report }))
    expect(read).toEqual({ kind: 'report', report: { ...report, expected: 65_535, lost: 0, bursts: 2, jitterMs: 2 } })
  })
})
