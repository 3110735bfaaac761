/**
 * IP addresses as text and as bytes, how far one reaches, and whose neighbourhood it is in. Text from others is parsed strictly and
 * written in one form only, so that one address is one string.
 */

/** Four bytes (IPv4, also where it was mapped into IPv6) or sixteen; null for anything else, names and zones included. */
export function parseIp(host: string): Uint8Array | null {
  if (host.length > IP_CHARS_MAX) return null
  return host.includes(':') ? parseIpv6(host) : parseIpv4(host)
}

/** The longest is IPv6 with an IPv4 tail (RFC 4291 §2.2). */
const IP_CHARS_MAX = 45

function parseIpv4(host: string): Uint8Array | null {
  const bytes = new Uint8Array(4)
  let part = -1
  let at = 0
  for (let i = 0; i <= host.length; i++) {
    const digit = i === host.length ? DOT : host.charCodeAt(i) - 48
    if (digit === DOT) {
      if (part < 0 || at > 3) return null
      bytes[at++] = part
      part = -1
    } else {
      // A leading zero would be octal to some readers (RFC 6943 §3.1.1).
      if (digit < 0 || digit > 9 || part === 0) return null
      part = Math.max(0, part) * 10 + digit
      if (part > 255) return null
    }
  }
  return at === 4 ? bytes : null
}

const DOT = -2

function parseIpv6(host: string): Uint8Array | null {
  const halves = host.split('::')
  if (halves.length > 2) return null
  const head = groups(halves[0]!, halves.length === 1)
  const tail = halves.length === 2 ? groups(halves[1]!, true) : []
  if (head === null || tail === null) return null
  const gap = 16 - head.length - tail.length
  if (halves.length === 2 ? gap < 2 : gap !== 0) return null
  const bytes = new Uint8Array(16)
  bytes.set(head)
  bytes.set(tail, 16 - tail.length)
  return isMappedIp(bytes) ? bytes.slice(12) : bytes
}

/** The bytes of colon-separated groups; the last may be an IPv4 address where the text ends. */
function groups(text: string, last: boolean): number[] | null {
  if (text === '') return []
  const bytes: number[] = []
  const parts = text.split(':')
  for (const [i, part] of parts.entries()) {
    if (last && i === parts.length - 1 && part.includes('.')) {
      const tail = parseIpv4(part)
      if (tail === null) return null
      bytes.push(...tail)
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(part)) return null
      const group = Number.parseInt(part, 16)
      bytes.push(group >> 8, group & 0xff)
    }
  }
  return bytes.length <= 16 ? bytes : null
}

/** `::ffff:a.b.c.d` (RFC 4291 §2.5.5.2): what a socket open to both families shows of IPv4. */
export function isMappedIp(bytes: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false
  return bytes[10] === 0xff && bytes[11] === 0xff
}

/** One text for one address: a peer that reaches a socket of both families over IPv4 is shown by its IPv4 address. Names are left as they are. */
export function plainHost(host: string): string {
  const bytes = host.startsWith('::') ? parseIp(host) : null
  return bytes === null || bytes.length !== 4 ? host : formatIp(bytes)
}

/** Dotted, or as RFC 5952 §4 has it: lowercase, the longest run of zero groups (the first of equals) as `::`. */
export function formatIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  const words = Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!)
  let start = 0
  let length = 0
  for (let i = 0, run = 0; i < 8; i++) {
    run = words[i] === 0 ? run + 1 : 0
    if (run > length) {
      length = run
      start = i - run + 1
    }
  }
  const text = (from: number, to: number): string =>
    words
      .slice(from, to)
      .map((word) => word.toString(16))
      .join(':')
  return length < 2 ? text(0, 8) : `${text(0, start)}::${text(start + length, 8)}`
}

/** Whether an address of 4 or 16 bytes is a multicast group (RFC 5771, RFC 4291 section 2.7). */
export function isMulticastIp(bytes: Uint8Array): boolean {
  return bytes.length === 4 ? bytes[0]! >> 4 === 0xe : bytes[0] === 0xff
}

/** How far an address reaches; `none` can be dialled by nobody (unspecified, multicast, broadcast, reserved). */
export type IpScope = 'none' | 'loopback' | 'link' | 'private' | 'global'

/** By the registries of special addresses (RFC 6890 and what it was extended by). */
export function ipScope(bytes: Uint8Array): IpScope {
  const [a, b] = [bytes[0]!, bytes[1]!]
  if (bytes.length === 4) {
    if (a === 0 || a >= 224) return 'none'
    if (a === 127) return 'loopback'
    if (a === 169 && b === 254) return 'link'
    const isPrivate = a === 10 || (a === 172 && (b & 0xf0) === 16) || (a === 192 && b === 168)
    // 100.64/10 is shared behind a carrier's translator (RFC 6598).
    return isPrivate || (a === 100 && (b & 0xc0) === 64) ? 'private' : 'global'
  }
  if (a === 0xff) return 'none'
  if (bytes.subarray(0, 15).every((byte) => byte === 0)) return bytes[15] === 1 ? 'loopback' : 'none'
  if (a === 0xfe && (b & 0xc0) === 0x80) return 'link'
  return (a & 0xfe) === 0xfc ? 'private' : 'global'
}

/**
 * What one holder usually has whole: the /24 of an IPv4 address, the /48 of an IPv6 one (RFC 6177: what a site may be given).
 * A key for tables, not for people.
 */
export function ipBlock(bytes: Uint8Array): string {
  return bytes.length === 4 ? `${bytes[0]}.${bytes[1]}.${bytes[2]}` : `${formatIp(bytes.slice().fill(0, 6))}/48`
}
