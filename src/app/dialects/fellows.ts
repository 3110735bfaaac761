import type { Address } from '../../base/address.ts'
import type { DialectName } from '../../base/dialects.ts'
import { parseIp } from '../../base/ip.ts'
import type { MeshPeer } from '../../dialects/mesh/roster.ts'
import { isOwnIp } from '../own-host.ts'
import { type Machines, MESH_ID_PREFIX } from './machines.ts'
import { bridgeId } from './native-words.ts'

/** Who of our own kind is there, as far as the node knows. */
export interface Fellowship {
  /** Everybody in our rooms, by key in hexadecimal. */
  members(): Iterable<string>
  /** Our neighbours, where they listen, and the dialects they say they let in. */
  neighbours(): Iterable<{
    readonly key: string
    readonly address: Address
    readonly dialects: ReadonlySet<DialectName>
  }>
}

/** What is known of who else bridges a network: some are there, some are not, and some are in such a one, which may be another. */
export interface Fellows {
  readonly side: string
  readonly there: readonly string[]
  readonly absent: readonly string[]
  readonly perhaps: readonly string[]
}

/** Who else can be known to bridge each network: by having said so there, by an id that tells it, or by listening where one of our neighbours does. */
export function fellowsOn(machines: Machines, fellowship: Fellowship): Fellows[] {
  const neighbours = [...fellowship.neighbours()]
  const native = [...fellowship.members(), ...neighbours.map(({ key }) => key)].map(bridgeId)
  const of = (dialect: DialectName, there: readonly Iterable<string>[]): Fellows => {
    const told = new Map(neighbours.map((each) => [bridgeId(each.key), each.dialects.has(dialect)]))
    const withIt = (isIt: boolean): string[] => [...told].flatMap(([id, is]) => (is === isIt ? [id] : []))
    // A tracker's network is on one machine, and its peers on one list: whoever is not at a port of it is not there.
    const perhaps = dialect === 'tracker' ? [] : withIt(true)
    return { side: dialect, there: unite(...there), absent: withIt(false), perhaps }
  }
  const { framed, mesh, tracker } = machines
  const atTracker = fellowAddresses(machines, fellowship)
    .filter(({ address }) => isHere(address.host) && tracker?.peers.has(address.port))
    .map(({ id }) => id)
  const inMesh = mesh === undefined ? [] : meshFellows(mesh).map(({ id }) => id.slice(MESH_ID_PREFIX.length))
  return [
    { side: 'native', there: unite(native), absent: [], perhaps: [] },
    ...(framed === undefined ? [] : [of('framed', [framed.fellows])]),
    ...(mesh === undefined ? [] : [of('mesh', [inMesh])]),
    ...(tracker === undefined ? [] : [of('tracker', [atTracker, tracker.fellows])]),
  ]
}

/** Where other bridges listen, as far as that is known for certain: our neighbours of our own kind, and those met in the mesh. */
export function fellowAddresses({ mesh }: Machines, fellowship: Fellowship): { id: string; address: Address }[] {
  const neighbours = [...fellowship.neighbours()].filter(({ dialects }) => dialects.size > 0)
  return [
    ...neighbours.map(({ key, address }) => ({ id: bridgeId(key), address })),
    ...(mesh === undefined ? [] : meshFellows(mesh)).flatMap(({ id, address: { host }, port }) =>
      port === null ? [] : [{ id: id.slice(MESH_ID_PREFIX.length), address: { host, port } }],
    ),
  ]
}

/** Those who have announced themselves, and have not hung up since. */
function meshFellows({ roster }: NonNullable<Machines['mesh']>): MeshPeer[] {
  return [...roster.peers.values()].filter(
    ({ id, isUp, failures }) => id.startsWith(MESH_ID_PREFIX) && (isUp || failures === 0),
  )
}

function unite(...all: readonly Iterable<string>[]): string[] {
  return [...new Set(all.flatMap((each) => [...each]))]
}

/** Whether a peer of a dialect is one of our neighbours, met there too; `id`: as its dialect tells peers apart. */
export function isNeighbour(
  { dialect, id, address }: { readonly dialect: DialectName; readonly id: string; readonly address: Address },
  fellowship: Pick<Fellowship, 'neighbours'>,
): boolean {
  const there = [...fellowship.neighbours()].filter(isOn(dialect))
  if (dialect === 'tracker')
    return there.some((each) => isHere(each.address.host) && each.address.port === address.port)
  if (dialect !== 'mesh') return false
  // Anybody may call himself that, but not at its address.
  const isAt = ({ host }: Address): boolean => isSameHost(host, address.host)
  return there.some((each) => id === `${MESH_ID_PREFIX}${bridgeId(each.key)}` && isAt(each.address))
}

function isOn(dialect: DialectName): (neighbour: { readonly dialects: ReadonlySet<DialectName> }) => boolean {
  return ({ dialects }) => dialects.has(dialect)
}

/** An address of this machine, by which others on it call it too that listen everywhere; a name is none. */
export function isHere(host: string): boolean {
  const ip = parseIp(host)
  return ip !== null && isOwnIp(ip)
}

/** Whether two addresses lead to the same listener. */
export function isSamePlace(one: Address, two: Address): boolean {
  return one.port === two.port && isSameHost(one.host, two.host)
}

function isSameHost(one: string, two: string): boolean {
  return one === two || (isHere(one) && isHere(two))
}
