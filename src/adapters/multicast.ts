import { createSocket, type Socket } from 'node:dgram'
import { BlockList } from 'node:net'
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'
import type { Interfaces, Multicast, MulticastGroup } from '../ports/multicast.ts'

/** The local network only: no router passes it on. */
const HOPS = 1
/** Interfaces served at once; a machine with more is a router, not somebody's. */
const INTERFACES_MAX = 32

/** One interface a group is joined on: a socket of its own, because the sending interface belongs to the socket. */
interface Joined {
  readonly key: string
  readonly socket: Socket
}

interface Place {
  /** Tells interfaces apart: its IPv4 address, or the name for IPv6. */
  readonly key: string
  readonly name: string
  /** What the system wants to be told when joining and sending. */
  readonly address: string
}

/**
 * Multicast over `node:dgram`, because it can share the port with other processes (`reuseAddr`), which `Bun.udpSocket` has no
 * documented way to. Every interface has a socket; what cannot be joined is left out, and tried again at `refresh`.
 *
 * Only what comes from one of our own networks is taken, so that nobody far off can pretend to be near: sockets are bound to the group where
 * the system allows that, and so never hear a datagram that was sent to this machine alone; and the source must be a neighbour's.
 */
export const systemMulticast: Multicast = {
  async join(where, bytesMax, receive) {
    const six = where.group.includes(':')
    const joined = new Map<string, Joined>()
    let closed = false
    let lastFault = 'there is no interface to join on'
    let nearby = networksOf(where.interfaces)

    const open = async (place: Place): Promise<void> => {
      let socket: Socket
      try {
        socket = await bound(where, place.name)
      } catch (error) {
        lastFault = sentenceOf(error, where.port)
        return
      }
      const drop = (): void => {
        if (joined.get(place.key)?.socket === socket) joined.delete(place.key)
        close(socket)
      }
      try {
        socket.on('error', drop)
        socket.on('message', (datagram, source) => {
          if (datagram.length <= bytesMax && isNear(nearby, source.address))
            receive(datagram, { host: source.address, port: source.port })
        })
        socket.addMembership(where.group, place.address)
        socket.setMulticastInterface(place.address)
        socket.setMulticastTTL(HOPS)
        socket.setMulticastLoopback(true)
      } catch (error) {
        lastFault = sentenceOf(error, where.port)
        return close(socket)
      }
      if (closed || joined.has(place.key)) return close(socket)
      joined.set(place.key, { key: place.key, socket })
    }
    const refresh = (): Promise<unknown> => {
      const places = placesOf(where.interfaces, six).slice(0, INTERFACES_MAX)
      nearby = networksOf(where.interfaces)
      for (const [key, { socket }] of joined) {
        if (places.some((place) => place.key === key)) continue
        joined.delete(key)
        close(socket)
      }
      return Promise.all(places.filter((place) => !joined.has(place.key)).map(open))
    }
    await refresh()
    if (joined.size === 0) return lastFault
    const group: MulticastGroup = {
      send(datagram) {
        for (const { socket } of joined.values()) socket.send(datagram, where.port, where.group, () => {})
      },
      refresh: () => void refresh(),
      close() {
        closed = true
        for (const { socket } of joined.values()) close(socket)
        joined.clear()
      },
    }
    return group
  },
}

/** A socket bound to the group, or to the port alone where the system does not bind to groups (Windows). */
async function bound({ group, port }: { group: string; port: number }, interfaceName: string): Promise<Socket> {
  if (process.platform !== 'win32') {
    // Below the scope of a site a group is another one on each interface (RFC 4007, section 5).
    const zone = /^ff.[12]:/i.test(group) ? `%${interfaceName}` : ''
    try {
      return await bind(group, { port, address: `${group}${zone}` })
    } catch {
      // The port alone will do: sources are looked at in any case.
    }
  }
  return bind(group, { port })
}

async function bind(group: string, to: { port: number; address?: string }): Promise<Socket> {
  const socket = createSocket({ type: group.includes(':') ? 'udp6' : 'udp4', reuseAddr: true })
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.bind(to, () => {
        socket.off('error', reject)
        resolve()
      })
    })
  } catch (error) {
    close(socket)
    throw error
  }
  return socket
}

function sentenceOf(error: unknown, port: number): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'EADDRINUSE') return `another program has UDP port ${port} for itself`
  if (code === 'EACCES' || code === 'EPERM') return `UDP port ${port} may not be used without more rights`
  const text = error instanceof Error ? error.message : String(error)
  return `this machine could not join the group (${text})`
}

/** The networks that the interfaces served are in: to be looked at again as interfaces come and go. */
export function networksOf(which: Interfaces): BlockList {
  const networks = new BlockList()
  for (const addresses of Object.values(networkInterfaces())) {
    if (!isMeant(which, addresses ?? [])) continue
    for (const { cidr, family } of addresses ?? []) {
      const [address, prefix] = cidr?.split('/') ?? []
      if (address !== undefined && prefix !== undefined) networks.addSubnet(address, Number(prefix), familyName(family))
    }
  }
  return networks
}

/** Whether an address is in one of those networks; its zone is let be. */
export function isNear(networks: BlockList, host: string): boolean {
  return networks.check(host.replace(/%.*$/, ''), host.includes(':') ? 'ipv6' : 'ipv4')
}

function familyName(family: NetworkInterfaceInfo['family']): 'ipv4' | 'ipv6' {
  return family === 'IPv6' ? 'ipv6' : 'ipv4'
}

function close(socket: Socket): void {
  try {
    socket.close()
  } catch {
    // Closed already by the error that brought us here.
  }
}

function placesOf(which: Interfaces, six: boolean): Place[] {
  const family = six ? 'IPv6' : 'IPv4'
  const places: Place[] = []
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    const own = (addresses ?? []).find((address) => address.family === family && fits(address, six))
    if (own === undefined || !isMeant(which, addresses ?? [])) continue
    places.push({ key: six ? name : own.address, name, address: six ? `::%${name}` : own.address })
  }
  return places
}

function isMeant(which: Interfaces, addresses: readonly NetworkInterfaceInfo[]): boolean {
  if (typeof which === 'object') return addresses.some(({ address }) => address === which.address)
  return addresses.some(({ internal }) => internal) === (which === 'loopback')
}

/** IPv6 groups are joined by the interface's link-local address where it is not the loopback. */
function fits(address: NetworkInterfaceInfo, six: boolean): boolean {
  return !six || address.internal || address.address.startsWith('fe80:')
}
