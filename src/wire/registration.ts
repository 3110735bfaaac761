import { ByteReader, ByteWriter, utf8 } from '../base/bytes.ts'
import { sha256Of } from '../crypto/hash.ts'
import type { SigningKey, Verifier } from '../crypto/sign.ts'

/**
 * What a node hands to a tracker: I am here, for so long, and listen on this port.
 *
 *     identity 32 · milliseconds 6 · lasts (seconds) 2 · TCP port 2 · signature 64
 *
 * It is passed on as it is, so that a tracker can leave peers out but not make any up. The host is not in it: a node does not know
 * its own, and the tracker sees it.
 */
export interface Registration {
  readonly identity: Uint8Array
  /** The sender's clock; compared with what the same sender said before, and roughly with ours. */
  readonly ms: number
  /** Seconds it is good for; 0 from somebody who leaves. */
  readonly lastsS: number
  /** 0: nobody can dial it from where others are; it wants the list and is not told to others. */
  readonly tcpPort: number
}

export const REGISTRATION_BYTES = 32 + 6 + 2 + 2 + 64
const SIGNATURE_BYTES = 64
const SIGN_DOMAIN = utf8('hearsay registration 1')

export function sealRegistration(registration: Registration, key: SigningKey): Uint8Array {
  const { identity, ms, lastsS, tcpPort } = registration
  const out = new ByteWriter(REGISTRATION_BYTES).bytes(identity).u48(ms).u16(lastsS).u16(tcpPort)
  return out.bytes(key.sign(sha256Of(SIGN_DOMAIN, out.view()))).copy()
}

/** Null for anything else; the signature is not looked at. Shares nothing with `sealed`. */
export function readRegistration(sealed: Uint8Array): Registration | null {
  if (sealed.length !== REGISTRATION_BYTES) return null
  const reader = new ByteReader(sealed)
  const identity = reader.take(32).slice()
  return { identity, ms: reader.u48(), lastsS: reader.u16(), tcpPort: reader.u16() }
}

export function verifyRegistration(sealed: Uint8Array, verifier: Verifier): boolean {
  const signedEnd = REGISTRATION_BYTES - SIGNATURE_BYTES
  return verifier.verify(sha256Of(SIGN_DOMAIN, sealed.subarray(0, signedEnd)), sealed.subarray(signedEnd))
}
