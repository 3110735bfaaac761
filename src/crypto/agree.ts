import { createHash, diffieHellman } from 'node:crypto'
import { publicKeyObject, rawPublicKey, secretKeyObject } from './der.ts'
import { yOf } from './sign.ts'

/** X25519 (RFC 7748) over 32-byte raw keys, and the X25519 side of an Ed25519 identity. About 35 µs an agreement. */
export interface AgreementKey {
  readonly publicKey: Uint8Array
  /** 32 bytes; null when theirs is of small order and the result would be zero whatever our key (RFC 7748, section 6.1). */
  agree(theirPublic: Uint8Array): Uint8Array | null
}

export function agreementKeyFromSecret(secret: Uint8Array): AgreementKey {
  const privateKey = secretKeyObject('x25519', secret)
  return {
    publicKey: rawPublicKey(privateKey),
    agree(theirPublic) {
      try {
        const shared = diffieHellman({ privateKey, publicKey: publicKeyObject('x25519', theirPublic) })
        return shared.every((byte) => byte === 0) ? null : shared
      } catch {
        return null
      }
    },
  }
}

/** The X25519 key whose secret is the identity's scalar: the first half of SHA-512 of the seed (RFC 8032, section 5.1.5). */
export function agreementKeyFromSigningSeed(seed: Uint8Array): AgreementKey {
  return agreementKeyFromSecret(createHash('sha512').update(seed).digest().subarray(0, 32))
}

const P = 2n ** 255n - 19n

/**
 * The X25519 public key of an Ed25519 identity: u = (1 + y) / (1 - y) (RFC 7748, section 4.1). Null for y = 1, which has no
 * image. Costs about 100 µs; keep the result.
 */
export function agreementPublicFromIdentity(identity: Uint8Array): Uint8Array | null {
  const y = yOf(identity)
  if (y >= P || y === 1n) return null
  let u = ((1n + y) * power(P + 1n - y, P - 2n)) % P
  const bytes = new Uint8Array(32)
  for (let i = 0; i < 32; i++) {
    bytes[i] = Number(u & 0xffn)
    u >>= 8n
  }
  return bytes
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  let square = base % P
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % P
    square = (square * square) % P
  }
  return result
}
