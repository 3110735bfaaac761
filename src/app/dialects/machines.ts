import { networkInterfaces } from 'node:os'
import type { Address } from '../../base/address.ts'
import { toHex } from '../../base/bytes.ts'
import { parseIp } from '../../base/ip.ts'
import type { RandomBytes } from '../../base/rng.ts'
import { FramedMachine, type VoiceEars } from '../../dialects/framed/machine.ts'
import { hostForOthers } from '../../dialects/framed/own-id.ts'
import { LineMachine } from '../../dialects/line/machine.ts'
import { MeshMachine } from '../../dialects/mesh/machine.ts'
import { TRACKER_PORT, TrackerMachine } from '../../dialects/tracker/machine.ts'
import type { Interfaces } from '../../ports/multicast.ts'
import type { DialectAsked } from '../options-values.ts'

/** The originals' group; one of all hosts on a network (RFC 1112), which needs no joining. */
const MESH_GROUP: Address = { host: '224.0.0.1', port: 9_999 }
/** In front of the bridge's id: what a mesh peer of ours is called. */
export const MESH_ID_PREFIX = 'hearsay_'

/** The machines of the dialects that are let in. */
export interface Machines {
  readonly framed?: FramedMachine
  readonly mesh?: MeshMachine
  readonly tracker?: TrackerMachine
  readonly line?: LineMachine
}

export interface MachinesAsked {
  readonly asked: readonly DialectAsked[]
  readonly bridge: string
  readonly name: string
  /** Where we listen. */
  readonly local: Address
  /** The room of those who have none. */
  readonly room: string
  /** Where the mesh's group is joined. */
  readonly interfaces: Interfaces
  readonly randomBytes: RandomBytes
  readonly wallMs: () => number
  /** Hears of voice in the framed network. */
  readonly framedVoice: VoiceEars
}

export function makeMachines(wanted: MachinesAsked): Machines {
  const { asked, bridge, name, local, room, randomBytes, wallMs } = wanted
  const isOn = (dialect: DialectAsked['dialect']): boolean => asked.some((each) => each.dialect === dialect)
  const addresses = (dialect: DialectAsked['dialect']): Address[] =>
    asked.flatMap((each) => (each.dialect === dialect && each.address !== null ? [each.address] : []))
  const { port } = local
  const common = { name, bridge, randomBytes, wallMs }
  const id = { host: reachableHost(local.host), port }
  const isIdSure = hostForOthers(local.host) !== null
  const aheadMs = -new Date(wallMs()).getTimezoneOffset() * 60_000
  const tracker = addresses('tracker')[0] ?? { host: '127.0.0.1', port: TRACKER_PORT }
  return {
    ...(isOn('framed') && {
      framed: new FramedMachine({ ...common, id, isIdSure, connect: addresses('framed'), aheadMs }, wanted.framedVoice),
    }),
    ...(isOn('mesh') && { mesh: new MeshMachine({ ...common, peerId: `${MESH_ID_PREFIX}${bridge}`, port }) }),
    ...(isOn('tracker') && { tracker: new TrackerMachine({ tracker, port, bridge, room, wallMs }) }),
    ...(isOn('line') && {
      line: new LineMachine({ name, connect: addresses('line'), room, nonce: toHex(randomBytes(16)) }),
    }),
  }
}

/** The mesh's group, as asked for or the usual one. */
export function meshGroup(asked: readonly DialectAsked[]): Address {
  return asked.find((each) => each.dialect === 'mesh' && each.address !== null)?.address ?? MESH_GROUP
}

/** A host that others can dial, for who listens everywhere: those near before those far, for a link to show which it is. */
function reachableHost(host: string): string {
  const ip = parseIp(host)
  if (ip === null || ip.some((byte) => byte !== 0)) return host
  const hosts = Object.values(networkInterfaces()).flatMap((all) => all ?? [])
  const found = hosts.flatMap(({ address }) => hostForOthers(address) ?? [])
  return found.find((each) => !each.includes(':')) ?? found[0] ?? '127.0.0.1'
}
