import type { Address } from '../../base/address.ts'
import { ipScope, parseIp } from '../../base/ip.ts'
import { type Machines, MESH_ID_PREFIX } from './machines.ts'
import { bridgeId } from './native-words.ts'

/** Who of our own kind is there, as far as the node knows. */
export interface Fellowship {
  /** Everybody in our rooms, by key in hexadecimal. */
  members(): Iterable<string>
  /** Our neighbours, and where they listen. */
  neighbours(): Iterable<{ readonly key: string; readonly address: Address }>
}

/** Who else can be known to bridge each network: by an id that tells it, or by listening where one of our neighbours does. */
export function fellowsOn(machines: Machines, fellowship: Fellowship): [side: string, ids: string[]][] {
  const neighbours = [...fellowship.neighbours()]
  const native = [...fellowship.members()].map(bridgeId)
  const fellows: [string, string[]][] = [
    ['native', [...new Set([...native, ...neighbours.map(({ key }) => bridgeId(key))])]],
  ]
  const { mesh, tracker } = machines
  if (mesh !== undefined) {
    const linked = [...mesh.roster.peers.values()].filter(
      ({ id, link }) => link !== null && id.startsWith(MESH_ID_PREFIX),
    )
    fellows.push(['mesh', linked.map(({ id }) => id.slice(MESH_ID_PREFIX.length))])
  }
  if (tracker !== undefined) {
    // All peers of a tracker are on its host, and are told apart by port alone.
    const there = neighbours.filter(({ address }) => isHere(address.host) && tracker.peers.has(address.port))
    fellows.push(['tracker', there.map(({ key }) => bridgeId(key))])
  }
  return fellows
}

function isHere(host: string): boolean {
  const ip = parseIp(host)
  return ip !== null && ipScope(ip) === 'loopback'
}
