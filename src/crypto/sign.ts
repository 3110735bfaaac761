import { sign as edSign, verify as edVerify } from 'node:crypto'
import { bare } from './bare.ts'
import { publicKeyObject, rawPublicKey, secretKeyObject } from './der.ts'
import { coordinateOf, P, SMALL_ORDER_Y } from './field.ts'

/**
 * Ed25519 (RFC 8032 section 5.1) over 32-byte raw keys. Signing costs some 15 µs, checking 50 µs, making a secret key ready
 * 14 µs. The runtime checks strictly: a signature whose S is not below the group's order, or whose R is not the one
 * encoding of its point, is refused, so nobody can make a second valid signature out of somebody's first.
 */
export interface SigningKey {
  /** 32 bytes; not to be changed. */
  readonly publicKey: Uint8Array
  /** 64 fresh bytes, the same for the same message. */
  sign(message: Uint8Array): Uint8Array
}

export interface Verifier {
  /** False for a wrong signature of any length; never throws. */
  verify(message: Uint8Array, signature: Uint8Array): boolean
}

const IDENTITY_BYTES = 32

/** `seed`: 32 random bytes, copied. Throws on any other length. */
export function signingKeyFromSeed(seed: Uint8Array): SigningKey {
  const key = secretKeyObject('ed25519', seed)
  return { publicKey: rawPublicKey(key), sign: (message) => bare(edSign(null, message, key)) }
}

/**
 * A public key made ready for checking, to be kept for as long as its author speaks; the key is copied. Null when it cannot be an
 * honest key: of the wrong length; not below the field's prime, which would be one author under two spellings; or of small order,
 * because such a key signs nothing in particular (one signature fits many messages) and its author could deny any of them.
 *
 * Whether the bytes are a point of the curve at all is not asked, since finding out costs as much as a check: no signature
 * verifies under one that is not.
 */
export function verifier(publicKey: Uint8Array): Verifier | null {
  if (!isIdentity(publicKey)) return null
  const key = publicKeyObject('ed25519', publicKey)
  return {
    verify: (message, signature) => edVerify(null, message, key, signature),
  }
}

/** True when `verifier` would take the key. */
export function isIdentity(publicKey: Uint8Array): boolean {
  if (publicKey.length !== IDENTITY_BYTES) return false
  const y = coordinateOf(publicKey)
  return y < P && !SMALL_ORDER_Y.has(y)
}
