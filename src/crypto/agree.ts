import { diffieHellman, hash } from 'node:crypto'
import { bare } from './bare.ts'
import { publicKeyObject, rawPublicKey, secretKeyObject } from './der.ts'
import { coordinateOf, encodeCoordinate, inverse, P, SMALL_ORDER_U } from './field.ts'
import { isIdentity } from './sign.ts'

/** X25519 (RFC 7748 section 5) over 32-byte raw keys, and the X25519 side of an Ed25519 identity. */
export interface AgreementKey {
  /** 32 bytes; not to be changed. */
  readonly publicKey: Uint8Array
  /**
   * 32 fresh bytes, some 32 µs. Null when theirs is of the wrong length or of small order: the result would be zero
   * whatever our key, and no secret (RFC 7748 section 6.1).
   */
  agree(theirPublic: Uint8Array): Uint8Array | null
}

const AGREEMENT_BYTES = 32

/** `secret`: 32 random bytes, copied; clamped as RFC 7748 says. Throws on any other length. Some 14 µs. */
export function agreementKeyFromSecret(secret: Uint8Array): AgreementKey {
  const privateKey = secretKeyObject('x25519', secret)
  return {
    publicKey: rawPublicKey(privateKey),
    agree(theirPublic) {
      if (!canAgree(theirPublic)) return null
      return bare(diffieHellman({ privateKey, publicKey: publicKeyObject('x25519', theirPublic) }))
    },
  }
}

/**
 * False for the keys that `agree` answers null to, known by their few values and so without an agreement. Every other 32
 * bytes will do, on the curve or its twist, reduced or not (RFC 7748 section 5).
 */
export function canAgree(theirPublic: Uint8Array): boolean {
  return theirPublic.length === AGREEMENT_BYTES && !SMALL_ORDER_U.has(coordinateOf(theirPublic) % P)
}

/** The X25519 key whose secret is the identity's own scalar: the first half of SHA-512 of its seed (RFC 8032 section 5.1.5). */
export function agreementKeyFromSigningSeed(seed: Uint8Array): AgreementKey {
  return agreementKeyFromSecret(hash('sha512', seed, 'buffer').subarray(0, AGREEMENT_BYTES))
}

/**
 * The X25519 public key of an Ed25519 identity: u = (1 + y) / (1 - y) (RFC 7748 section 4.1), 32 fresh bytes. Null where
 * `verifier` would refuse the identity. Costs some 12 µs; keep the result.
 */
export function agreementPublicFromIdentity(identity: Uint8Array): Uint8Array | null {
  if (!isIdentity(identity)) return null
  const y = coordinateOf(identity)
  return encodeCoordinate(((1n + y) * inverse(P + 1n - y)) % P)
}
