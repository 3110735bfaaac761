/**
 * Where a peer can be dialled. Text forms: `host:port`, `[v6]:port`; a bare IPv6 address is told apart by its
 * second colon (RFC 3986 §3.2.2 brackets).
 */
export interface Address {
  /** A host name, an IPv4 address, or an IPv6 address without brackets. */
  readonly host: string
  /** 1 to 65535. */
  readonly port: number
}

const HOST_CHARS_MAX = 253 // RFC 1035 §2.3.4, less the root's length byte and dot
const HOST_PATTERN = /^[A-Za-z0-9._%:-]+$/

/** `host:port`, with brackets where the host holds a colon. */
export function formatAddress(address: Address): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}

/** Reads `host:port` or `[v6]:port`; null where it is neither. */
export function parseAddress(text: string): Address | null {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text.trim())
  if (match === null) return null
  return makeAddress((match[1] ?? match[2])!, match[3]!)
}

/** Joins a host and a port given apart (`/connect <host> <port>`); null where either cannot be. */
export function makeAddress(host: string, port: string): Address | null {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0
  if (number < 1 || number > 65535) return null
  if (bare.length === 0 || bare.length > HOST_CHARS_MAX || !HOST_PATTERN.test(bare)) return null
  return { host: bare, port: number }
}
