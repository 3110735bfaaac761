/** Base32 (RFC 4648, section 6) in lowercase and without padding: how identities are written for people. */
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'
const VALUES = new Map([...ALPHABET].map((char, value) => [char, value]))

export function encodeBase32(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let held = 0
  for (const byte of bytes) {
    held = (held << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += ALPHABET[(held >>> bits) & 31]
    }
    held &= (1 << bits) - 1
  }
  if (bits > 0) text += ALPHABET[(held << (5 - bits)) & 31]
  return text
}

/** Strict: null for any other character, an impossible length, or bits left over that are not zero. */
export function decodeBase32(text: string): Uint8Array | null {
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8))
  let at = 0
  let bits = 0
  let held = 0
  for (const char of text) {
    const value = VALUES.get(char)
    if (value === undefined) return null
    held = (held << 5) | value
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes[at++] = held >>> bits
    held &= (1 << bits) - 1
  }
  return bits >= 5 || held !== 0 ? null : bytes
}
