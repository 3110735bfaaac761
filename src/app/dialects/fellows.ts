import type { Address } from '../../base/address.ts'
import type { DialectName } from '../../base/dialects.ts'
import { ipScope, parseIp } from '../../base/ip.ts'
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
  // Whether theirs is the same network shows in whether they say what we hear in it: the bridge waits for who does.
  if (framed !== undefined)
    fellows.push(['framed', neighbours.filter(isOn('framed')).map(({ key }) => bridgeId(key)), without('framed')])
  if (mesh !== undefined) {
    const linked = [...mesh.roster.peers.values()].filter(
      ({ id, link }) => link !== null && id.startsWith(MESH_ID_PREFIX),
    )
    fellows.push(['mesh', linked.map(({ id }) => id.slice(MESH_ID_PREFIX.length)), []])
  }
  if (tracker !== undefined) {
    // All peers of a tracker are on its host, and are told apart by port alone.
    const there = neighbours
      .filter(isOn('tracker'))
      .filter(({ address }) => isHere(address.host) && tracker.peers.has(address.port))
    fellows.push(['tracker', there.map(({ key }) => bridgeId(key)), without('tracker')])
  }
  return fellows
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
  const isAt = ({ host }: Address): boolean => host === address.host || (isHere(host) && isHere(address.host))
  return there.some((each) => id === `${MESH_ID_PREFIX}${bridgeId(each.key)}` && isAt(each.address))
}

function isOn(dialect: DialectName): (neighbour: { readonly dialects: ReadonlySet<DialectName> }) => boolean {
  return ({ dialects }) => dialects.has(dialect)
}

function isHere(host: string): boolean {
  const ip = parseIp(host)
  return ip !== null && ipScope(ip) === 'loopback'
}
