import type { Address } from '../base/address.ts'
import { ByteReader } from '../base/bytes.ts'
import { formatIp, parseIp, plainHost } from '../base/ip.ts'
import { BRIDGED_PEOPLE, type Bridged, decodeBridged, encodeBridged } from './voice-bridged.ts'
import { writeU32 } from './voice-datagram.ts'

/**
 * The payloads of a control stream, between two members only. The first byte is the kind.
 *
 *     probe   0x30 · token 4 · zeros 18
 *     answer  0x40 · token 4 · port 2 · IPv6, or IPv4 mapped into it, 16: where the probe came from
 *     report  0x50 · eight numbers of 2: what was heard of the other's audio stream
 *     reach   0x60 · up to 150 × (member's tag 4 · round trip 2): whom the sender reaches directly
 *
 * A probe is as long as its answer, so that nobody gets more bytes sent to a place than they spend themselves.
 */
const PROBE = 0x30
const ANSWER = 0x40
const REPORT = 0x50
const REACH = 0x60
export const PROBE_BYTES = 23
const REPORT_BYTES = 17
const REACH_ENTRY_BYTES = 6
/** In one datagram; a voice room has no more members. */
export const REACH_MAX = 150
const U16_MAX = 0xffff

/** How the listener fared since its last report. */
export interface VoiceReport {
  /** Datagrams the sender sent in that time, and of these not arrived. 0 to 65,535. */
  readonly expected: number
  readonly lost: number
  /** Runs of lost ones: `lost / bursts` is how long a run is. */
  readonly bursts: number
  /** Arrived, but after their turn. */
  readonly late: number
  /** Frames' worth of sound made up, in ticks of 10 ms. */
  readonly concealedTicks: number
  /** Variation of the transit time (RFC 3550 section 6.4.1). */
  readonly jitterMs: number
  /** From the fastest packet's arrival to being heard. */
  readonly delayMs: number
  /** How much longer packets take of late than the fastest did: a queue that fills on the way. */
  readonly queueMs: number
}

/** Whom the sender of a reach list has a direct path to. */
export interface ReachEntry {
  readonly tag: number
  readonly rttMs: number
}

export type VoiceControl =
  | { readonly kind: 'probe'; readonly token: number }
  | { readonly kind: 'answer'; readonly token: number; readonly seenAs: Address | null }
  | { readonly kind: 'report'; readonly report: VoiceReport }
  | { readonly kind: 'reach'; readonly entries: readonly ReachEntry[] }
  /** Whom the sender reaches in a network of another protocol (voice-bridged.ts). */
  | { readonly kind: 'bridged'; readonly people: readonly Bridged[] }

/** A payload in a fresh buffer. Numbers are rounded and cut to what fits; `token` and tags are 32 bits. */
export function encodeControl(control: VoiceControl): Uint8Array {
  if (control.kind === 'report') return encodeReport(control.report)
  if (control.kind === 'reach') return encodeReach(control.entries)
  if (control.kind === 'bridged') return encodeBridged(control.people)
  const bytes = new Uint8Array(PROBE_BYTES)
  bytes[0] = control.kind === 'probe' ? PROBE : ANSWER
  writeU32(bytes, 1, control.token)
  if (control.kind === 'answer' && control.seenAs !== null) {
    const ip = parseIp(control.seenAs.host)
    if (ip !== null) {
      writeU16(bytes, 5, control.seenAs.port)
      if (ip.length === 4) bytes.fill(0xff, 17, 19)
      bytes.set(ip, PROBE_BYTES - ip.length)
    }
  }
  return bytes
}

/** Null where it is none. */
export function decodeControl(payload: Uint8Array): VoiceControl | null {
  const reader = new ByteReader(payload)
  switch (reader.u8()) {
    case PROBE:
    case ANSWER:
      return payload.length === PROBE_BYTES ? decodeProbe(reader) : null
    case REPORT:
      return payload.length === REPORT_BYTES ? { kind: 'report', report: decodeReport(reader) } : null
    case REACH:
      return decodeReach(reader)
    case BRIDGED_PEOPLE: {
      const people = decodeBridged(payload)
      return people === null ? null : { kind: 'bridged', people }
    }
    default:
      return null
  }
}

function decodeProbe(reader: ByteReader): VoiceControl | null {
  const isProbe = reader.bytes[0] === PROBE
  const token = reader.u32()
  if (isProbe) return reader.take(PROBE_BYTES - 5).every((byte) => byte === 0) ? { kind: 'probe', token } : null
  const port = reader.u16()
  const ip = reader.take(16)
  if (port === 0) return ip.every((byte) => byte === 0) ? { kind: 'answer', token, seenAs: null } : null
  return { kind: 'answer', token, seenAs: { host: plainHost(formatIp(ip)), port } }
}

function encodeReport(report: VoiceReport): Uint8Array {
  const bytes = new Uint8Array(REPORT_BYTES)
  bytes[0] = REPORT
  const { expected, lost, bursts, late, concealedTicks, jitterMs, delayMs, queueMs } = report
  for (const [i, value] of [expected, lost, bursts, late, concealedTicks, jitterMs, delayMs, queueMs].entries()) {
    writeU16(bytes, 1 + 2 * i, Math.round(Math.max(0, Math.min(U16_MAX, value))))
  }
  return bytes
}

function decodeReport(reader: ByteReader): VoiceReport {
  return {
    expected: reader.u16(),
    lost: reader.u16(),
    bursts: reader.u16(),
    late: reader.u16(),
    concealedTicks: reader.u16(),
    jitterMs: reader.u16(),
    delayMs: reader.u16(),
    queueMs: reader.u16(),
  }
}

function encodeReach(entries: readonly ReachEntry[]): Uint8Array {
  const count = Math.min(entries.length, REACH_MAX)
  const bytes = new Uint8Array(1 + count * REACH_ENTRY_BYTES)
  bytes[0] = REACH
  for (let i = 0; i < count; i++) {
    const { tag, rttMs } = entries[i]!
    writeU32(bytes, 1 + i * REACH_ENTRY_BYTES, tag)
    writeU16(bytes, 5 + i * REACH_ENTRY_BYTES, Math.round(Math.max(0, Math.min(U16_MAX, rttMs))))
  }
  return bytes
}

function decodeReach(reader: ByteReader): VoiceControl | null {
  if (reader.left % REACH_ENTRY_BYTES !== 0 || reader.left > REACH_MAX * REACH_ENTRY_BYTES) return null
  const entries: ReachEntry[] = []
  while (reader.left > 0) entries.push({ tag: reader.u32(), rttMs: reader.u16() })
  return { kind: 'reach', entries }
}

function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8
  bytes[at + 1] = value
}
