import type { Address } from '../../base/address.ts'
import type { DialectName } from '../../base/dialects.ts'
import { ipScope, parseIp } from '../../base/ip.ts'
import type { MeshPeer } from '../../dialects/mesh/roster.ts'
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

/** Who else can be known to bridge each network: by an id that tells it, or by listening where one of our neighbours does. */
export function fellowsOn(
  machines: Machines,
  fellowship: Fellowship,
): [side: string, ids: string[], absent: string[]][] {
  const neighbours = [...fellowship.neighbours()]
  const native = [...fellowship.members()].map(bridgeId)
  const fellows: [string, string[], string[]][] = [
    ['native', [...new Set([...native, ...neighbours.map(({ key }) => bridgeId(key))])], []],
  ]
  const without = (dialect: DialectName): string[] =>
    neighbours.filter((each) => !isOn(dialect)(each)).map(({ key }) => bridgeId(key))
  const { framed, mesh, tracker } = machines
  const told = (dialect: DialectName): string[] => neighbours.filter(isOn(dialect)).map(({ key }) => bridgeId(key))
  // Whether theirs is the same network shows in whether they say what we hear in it: the bridge waits for who does.
  if (framed !== undefined) fellows.push(['framed', unite(told('framed'), framed.fellows), without('framed')])
  if (mesh !== undefined) {
    const there = meshFellows(mesh).map(({ id }) => id.slice(MESH_ID_PREFIX.length))
    fellows.push(['mesh', unite(told('mesh'), there), []])
  }
  if (tracker !== undefined) {
    // All peers of a tracker are on its host, and are told apart by port alone.
    const there = fellowAddresses(machines, fellowship)
      .filter(({ address }) => isHere(address.host) && tracker.peers.has(address.port))
      .map(({ id }) => id)
    fellows.push(['tracker', unite(there, tracker.fellows), without('tracker')])
  }
  return fellows
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
    ({ id, link, failures }) => id.startsWith(MESH_ID_PREFIX) && (link !== null || failures === 0),
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

/** An address of this machine alone. */
export function isHere(host: string): boolean {
  const ip = parseIp(host)
  return ip !== null && ipScope(ip) === 'loopback'
}

/** Whether two addresses lead to the same listener. */
export function isSamePlace(one: Address, two: Address): boolean {
  return one.port === two.port && isSameHost(one.host, two.host)
}

function isSameHost(one: string, two: string): boolean {
  return one === two || (isHere(one) && isHere(two))
}
