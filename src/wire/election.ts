import { ByteReader, ByteWriter, utf8 } from '../base/bytes.ts'
import { sha256Of } from '../crypto/hash.ts'
import { readHost, writeHost } from './tracker.ts'

/**
 * What nodes that used one tracker say to each other once it is gone: the body of a passing event, whose author and signature are
 * the speaker's and whose room is the group's id.
 *
 *     kind 1 · TCP port 2 · host · port 2          (host as in a tracker's list; family 0 has no port)
 *
 * `election`: I have lost it and could take over. `alive`: so could I, and I come before you. `coordinator`: I keep the list now. `present`: the
 * tracker answers me. The port is the speaker's rank; host and port are where a coordinator serves, if it knows.
 */
export interface ElectionNote {
  readonly kind: NoteKind
  /** Where the speaker listens: its rank among the candidates. */
  readonly tcpPort: number
  /** Where a coordinator can be dialled, as far as it knows. */
  readonly address: { readonly host: string; readonly port: number } | null
}

export type NoteKind = 'election' | 'alive' | 'coordinator' | 'present'

const KINDS: readonly NoteKind[] = ['election', 'alive', 'coordinator', 'present']
const GROUP_DOMAIN = utf8('hearsay tracker group 1')

/** The id under which those who use one tracker talk. `machine`: only where the address means this machine alone. */
export function trackerGroupId(tracker: string, machine: string): Uint8Array {
  return sha256Of(GROUP_DOMAIN, new ByteWriter().sized(utf8(tracker)).sized(utf8(machine)).view())
}

export function encodeNote({ kind, tcpPort, address }: ElectionNote): Uint8Array {
  const out = new ByteWriter(24).u8(KINDS.indexOf(kind)).u16(tcpPort)
  writeHost(out, address?.host ?? null)
  if (address !== null) out.u16(address.port)
  return out.copy()
}

/** Null when broken. */
export function decodeNote(body: Uint8Array): ElectionNote | null {
  const reader = new ByteReader(body)
  const kind = KINDS[reader.u8()]
  const tcpPort = reader.u16()
  const host = readHost(reader)
  const port = host === null ? 0 : reader.u16()
  if (!reader.done || kind === undefined || tcpPort === 0 || (host !== null && port === 0)) return null
  return { kind, tcpPort, address: host === null ? null : { host, port } }
}
