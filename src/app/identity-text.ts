import { decodeBase32, encodeBase32 } from '../base/base32.ts'

/** An Ed25519 private key before it is expanded (RFC 8032 §5.1.5). */
export const SEED_BYTES = 32

const VERSION = 1
const CHECK_BYTES = 5
const CHECK_DOMAIN = 'hearsay identity 1\n'

type ReadIdentity =
  | { readonly ok: true; readonly seed: Uint8Array }
  /** As the end of "the identity file … is damaged: ". */
  | { readonly ok: false; readonly newer: boolean; readonly said: string }

/** The identity file: a version, the seed in base32, and a checksum that finds a slip of the hand or of the disk. */
export function writeIdentity(seed: Uint8Array): string {
  return [
    '# Your hearsay identity. Whoever has this file can speak as you: keep it secret, and keep a copy.',
    `hearsay-identity ${VERSION}`,
    `seed ${encodeBase32(seed)}`,
    `check ${checkOf(seed)}`,
    '',
  ].join('\n')
}

/** Reads what `writeIdentity` wrote. Empty lines and those that begin with `#` do not count. */
export function readIdentity(text: string): ReadIdentity {
  const lines = text.split(/\r?\n/).map((line) => line.trim())
  const [version, seedLine, checkLine, ...rest] = lines.filter((line) => line !== '' && !line.startsWith('#'))
  const number = /^hearsay-identity (\d{1,9})$/.exec(version ?? '')?.[1]
  if (number === undefined) return damaged('it does not begin like one')
  if (Number(number) !== VERSION) return { ok: false, newer: true, said: `it is of version ${number}` }
  const seed = decodeBase32(/^seed ([a-z2-7]{52})$/.exec(seedLine ?? '')?.[1] ?? '')
  if (seed?.length !== SEED_BYTES) return damaged('its seed is not whole')
  if (checkLine === undefined) return damaged('its checksum is missing')
  if (checkLine !== `check ${checkOf(seed)}`) return damaged('its checksum does not fit')
  return rest.length === 0 ? { ok: true, seed } : damaged('there is more in it than belongs there')
}

function damaged(said: string): ReadIdentity {
  return { ok: false, newer: false, said }
}

function checkOf(seed: Uint8Array): string {
  const digest = new Bun.CryptoHasher('sha256').update(CHECK_DOMAIN).update(seed).digest()
  return encodeBase32(Uint8Array.from(digest.subarray(0, CHECK_BYTES)))
}
