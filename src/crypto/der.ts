import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { joinBytes } from './hash.ts'

/** Raw 32-byte keys to the runtime's key objects, by the fixed DER prefixes of RFC 8410. */
const PREFIXES = {
  ed25519: { secret: '302e020100300506032b657004220420', open: '302a300506032b6570032100' },
  x25519: { secret: '302e020100300506032b656e04220420', open: '302a300506032b656e032100' },
} as const

export function secretKeyObject(kind: keyof typeof PREFIXES, secret: Uint8Array): KeyObject {
  const der = joinBytes([Buffer.from(PREFIXES[kind].secret, 'hex'), secret])
  return createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' })
}

export function publicKeyObject(kind: keyof typeof PREFIXES, key: Uint8Array): KeyObject {
  const der = joinBytes([Buffer.from(PREFIXES[kind].open, 'hex'), key])
  return createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' })
}

/** The public half of a secret key object, raw. */
export function rawPublicKey(secret: KeyObject): Uint8Array {
  const der = createPublicKey(secret).export({ format: 'der', type: 'spki' })
  return new Uint8Array(der.subarray(der.length - 32))
}
