import { createHmac, hash } from 'node:crypto'
import { EMPTY, joinBytes } from '../base/bytes.ts'
import { bare } from './bare.ts'

/**
 * SHA-256 (FIPS 180-4), HMAC (RFC 2104) and the key derivation of Noise (revision 34, section 4.3). Every result is 32
 * fresh bytes that belong to the caller.
 */

/** One call of the runtime, some 0.4 µs for 256 bytes; `createHash` with its object costs a third more. */
export function sha256(data: Uint8Array): Uint8Array {
  return bare(hash('sha256', data, 'buffer'))
}

/** The same into `into[at, at + 32)`, for those who hash by the thousand and keep nothing of it apart. */
export function sha256Into(data: Uint8Array, into: Uint8Array, at: number): void {
  into.set(hash('sha256', data, 'buffer'), at)
}

/** The hash of several parts one after the other. The caller keeps their borders unambiguous, by fixed lengths. */
export function sha256Of(...parts: Uint8Array[]): Uint8Array {
  return sha256(joinBytes(parts))
}

/** The authentication code of several parts one after the other. */
export function hmacSha256(key: Uint8Array, ...parts: Uint8Array[]): Uint8Array {
  const mac = createHmac('sha256', key)
  for (const part of parts) mac.update(part)
  return bare(mac.digest())
}

/**
 * Noise's HKDF: two or three outputs. It is RFC 5869 with the chaining key as salt and an empty `info`, cut after 64
 * or 96 bytes.
 */
export function hkdf(chainingKey: Uint8Array, input: Uint8Array, outputs: 2): [Uint8Array, Uint8Array]
export function hkdf(chainingKey: Uint8Array, input: Uint8Array, outputs: 3): [Uint8Array, Uint8Array, Uint8Array]
export function hkdf(chainingKey: Uint8Array, input: Uint8Array, outputs: 2 | 3): Uint8Array[] {
  const secret = hmacSha256(chainingKey, input)
  const results: Uint8Array[] = []
  let last: Uint8Array = EMPTY
  for (let i = 1; i <= outputs; i++) {
    last = hmacSha256(secret, last, new Uint8Array([i]))
    results.push(last)
  }
  return results
}
