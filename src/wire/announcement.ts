import { ByteReader, ByteWriter, utf8 } from '../base/bytes.ts'
import { sha256Of } from '../crypto/hash.ts'
import type { SigningKey, Verifier } from '../crypto/sign.ts'
import { GREETING } from './magic.ts'

/**
 * What a node says to its local network, one datagram: here I am, or goodbye.
 *
 *     greeting 5 · kind 1 · identity 32 · milliseconds 6 · lasts (seconds) 2 · TCP port 2 · signature 64
 *
 * Where to dial is the datagram's source address with the port given: an address inside could name anybody.
 */
export interface Announcement {
  readonly kind: 'here' | 'goodbye'
  readonly identity: Uint8Array
  /** The sender's clock; only compared with what the same sender said before. */
  readonly ms: number
  /** Seconds it is good for. */
  readonly lastsS: number
  readonly tcpPort: number
}

export const ANNOUNCEMENT_BYTES = 5 + 1 + 32 + 6 + 2 + 2 + 64
const SIGNATURE_BYTES = 64
const SIGN_DOMAIN = utf8('hearsay announcement 1')

export function sealAnnouncement(announcement: Announcement, key: SigningKey): Uint8Array {
  const out = new ByteWriter(ANNOUNCEMENT_BYTES).bytes(GREETING).u8(announcement.kind === 'here' ? 1 : 2)
  out.bytes(announcement.identity).u48(announcement.ms).u16(announcement.lastsS).u16(announcement.tcpPort)
  return out.bytes(key.sign(sha256Of(SIGN_DOMAIN, out.view()))).copy()
}

/** Null for anything else; the signature is not looked at. */
export function readAnnouncement(datagram: Uint8Array): Announcement | null {
  if (datagram.length !== ANNOUNCEMENT_BYTES) return null
  const reader = new ByteReader(datagram)
  const greeting = reader.take(GREETING.length)
  if (!greeting.every((byte, i) => byte === GREETING[i])) return null
  const kind = reader.u8()
  const identity = reader.take(32).slice()
  const ms = reader.u48()
  const lastsS = reader.u16()
  const tcpPort = reader.u16()
  if ((kind !== 1 && kind !== 2) || tcpPort === 0) return null
  return { kind: kind === 1 ? 'here' : 'goodbye', identity, ms, lastsS, tcpPort }
}

export function verifyAnnouncement(datagram: Uint8Array, verifier: Verifier): boolean {
  const signed = datagram.subarray(0, ANNOUNCEMENT_BYTES - SIGNATURE_BYTES)
  return verifier.verify(sha256Of(SIGN_DOMAIN, signed), datagram.subarray(ANNOUNCEMENT_BYTES - SIGNATURE_BYTES))
}
