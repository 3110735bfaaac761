import { type ByteReader, type ByteWriter, utf8 } from '../base/bytes.ts'
import { decodeUtf8 } from '../base/text.ts'
import { NAME_BYTES_MAX, REASON_BYTES_MAX } from './limits.ts'

/** The first frame on an authenticated link: what the peer would like to be called and where it listens. */
export interface Hello {
  /** As sent: clean it before it is shown. */
  readonly name: string
  /** Where it listens for links, 0 if nowhere. */
  readonly tcpPort: number
  readonly udpPort: number
  /** The program and its version, for diagnostics. */
  readonly agent: string
}

const AGENT_BYTES_MAX = 64

export function writeHello(out: ByteWriter, hello: Hello): void {
  out.u16(hello.tcpPort).u16(hello.udpPort).sized(utf8(hello.name)).sized(utf8(hello.agent))
}

/** Null when broken. Bytes after the known fields are left for later versions. */
export function readHello(body: ByteReader): Hello | null {
  const tcpPort = body.u16()
  const udpPort = body.u16()
  const name = decodeUtf8(body.sized(NAME_BYTES_MAX))
  const agent = decodeUtf8(body.sized(AGENT_BYTES_MAX))
  if (!body.ok || name === null || agent === null) return null
  return { name, tcpPort, udpPort, agent }
}

/** Why a link is being ended, on the wire and in the log. Numbers are the protocol's; never reuse one. */
export const ByeCode = {
  leaving: 1,
  duplicateLink: 2,
  self: 3,
  tooManyLinks: 4,
  protocolFault: 5,
  badSignature: 6,
  tooSlow: 7,
  silent: 8,
  hungUp: 9,
  wornOut: 10,
  /** Membership has no use for the link: nothing is wrong. */
  notNeeded: 11,
  /** It went on sending far more than any peer has reason to. */
  flooding: 12,
} as const

export interface Bye {
  readonly code: number
  readonly reason: string
}

export function writeBye(out: ByteWriter, bye: Bye): void {
  out.u8(bye.code).sized(utf8(bye.reason))
}

export function readBye(body: ByteReader): Bye | null {
  const code = body.u8()
  const reason = decodeUtf8(body.sized(REASON_BYTES_MAX))
  return !body.ok || reason === null ? null : { code, reason }
}
