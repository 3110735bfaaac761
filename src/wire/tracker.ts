import type { ByteReader, ByteWriter } from '../base/bytes.ts'
import { formatIp, ipScope, isMappedIp, parseIp } from '../base/ip.ts'
import { REGISTRATION_BYTES } from './registration.ts'

/**
 * The frames between a node and a tracker, which may be a program of its own or a node that serves as one.
 *
 *     REGISTER   registration 106                     to the tracker, every few seconds; answered by
 *     PEERS      office 1 · seen host · registered 2 · count 1 · entries   where an entry is host · registration 106, or by
 *     CLOSED     nothing                              we keep no list, or no longer
 *     YIELD      nothing                              to a node that stands in for us on our port: give it back
 *
 *     host: family 1 (4 or 6; 0: the tracker's own machine) · address 4, 16 or 0
 *
 * A tracker sees those of its own machine at a loopback address, which means another machine to everybody else; hence family 0.
 *
 * Who visits a tracker dials it and says REGISTER or YIELD where others say HELLO: such a link carries these frames alone and is no
 * peer's, so that it neither takes part in the network nor stands in the way of another link with the same node.
 */
export const TrackerType = { register: 0x30, peers: 0x31, closed: 0x32, yield: 0x33 } as const

/**
 * How somebody came to keep the list: `appointed` is a tracker and nothing else; `first` is a node that found nobody at the address it
 * was given; `elected` stands in until one of those is back.
 */
export type Office = 'appointed' | 'first' | 'elected'

/** A peer as a tracker tells of it. */
export interface ListedPeer {
  /** An IP address; null: the tracker's own machine. */
  readonly host: string | null
  /** 106 bytes, as the peer signed them. */
  readonly registration: Uint8Array
}

export type TrackerMessage =
  | { readonly kind: 'register'; readonly registration: Uint8Array }
  | {
      readonly kind: 'peers'
      readonly office: Office
      /** Where the tracker sees the one it answers; null: on its own machine. */
      readonly seen: string | null
      /** How many are registered; the list may be a part. */
      readonly registered: number
      readonly peers: readonly ListedPeer[]
    }
  | { readonly kind: 'closed' }
  | { readonly kind: 'yield' }

/** One answer: of more, a random part is told. 50 × 123 bytes are 6 KB every 5 s; three of them hold more than a passive view. */
export const LISTED_MAX = 50
const REGISTERED_MAX = 0xffff

const OFFICES: readonly Office[] = ['appointed', 'first', 'elected']

export function isTrackerType(type: number): boolean {
  return type >= TrackerType.register && type <= TrackerType.yield
}

/** Whether a link that begins with such a frame is a visitor's. */
export function isVisit(type: number): boolean {
  return type === TrackerType.register || type === TrackerType.yield
}

/** The type of the frame that carries `message`. */
export function trackerType(message: TrackerMessage): number {
  return TrackerType[message.kind]
}

/** Writes a frame's body. Throws where there are too many peers, or a host is no IP address. */
export function writeTracker(out: ByteWriter, message: TrackerMessage): void {
  if (message.kind === 'register') out.bytes(message.registration)
  else if (message.kind === 'peers') {
    const { office, seen, registered, peers } = message
    if (peers.length > LISTED_MAX) throw new RangeError(`${peers.length} peers in one frame`)
    out.u8(OFFICES.indexOf(office))
    writeHost(out, seen)
    out.u16(Math.min(registered, REGISTERED_MAX)).u8(peers.length)
    for (const { host, registration } of peers) {
      writeHost(out, host)
      out.bytes(registration)
    }
  }
}

/** Reads the body of a frame of `type`; null when it is broken, or no such frame. Registrations are copies, not yet looked at. */
export function readTracker(type: number, body: ByteReader): TrackerMessage | null {
  const message = readFields(type, body)
  return body.done ? message : null
}

function readFields(type: number, body: ByteReader): TrackerMessage | null {
  switch (type) {
    case TrackerType.register:
      return { kind: 'register', registration: body.take(REGISTRATION_BYTES).slice() }
    case TrackerType.peers:
      return readPeers(body)
    case TrackerType.closed:
      return { kind: 'closed' }
    case TrackerType.yield:
      return { kind: 'yield' }
    default:
      return null
  }
}

function readPeers(body: ByteReader): TrackerMessage | null {
  const office = OFFICES[body.u8()]
  const seen = readHost(body)
  const registered = body.u16()
  const count = body.u8()
  if (office === undefined || count > LISTED_MAX) return null
  const peers: ListedPeer[] = []
  for (let i = 0; i < count && body.ok; i++) {
    peers.push({ host: readHost(body), registration: body.take(REGISTRATION_BYTES).slice() })
  }
  return { kind: 'peers', office, seen, registered, peers }
}

/** `host`: an IP address, or null for "here". Throws on a name. */
export function writeHost(out: ByteWriter, host: string | null): void {
  const ip = host === null ? null : parseIp(host)
  if (host !== null && ip === null) throw new TypeError('a host without an IP address cannot be passed on')
  if (ip === null) out.u8(0)
  else out.u8(ip.length === 4 ? 4 : 6).bytes(ip)
}

/** What `writeHost` wrote; the reader fails for an address that nobody can dial, or one with two encodings. */
export function readHost(body: ByteReader): string | null {
  const family = body.u8()
  if (family === 0) return null
  if (family !== 4 && family !== 6) body.ok = false
  const ip = body.take(family === 4 ? 4 : 16)
  if (!body.ok || ipScope(ip) === 'none' || (ip.length === 16 && isMappedIp(ip))) {
    body.ok = false
    return null
  }
  return formatIp(ip)
}
