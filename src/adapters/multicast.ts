import { createSocket, type Socket } from 'node:dgram'
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
  /** What the system wants to be told when joining and sending. */
  readonly address: string
}

/**
 * Multicast over `node:dgram`, because it can share the port with other processes (`reuseAddr`), which `Bun.udpSocket` has no
 * documented way to. Every interface has a socket; what cannot be joined is left out, and tried again at `refresh`.
 */
export const systemMulticast: Multicast = {
  async join(where, bytesMax, receive) {
    const six = where.group.includes(':')
    const joined = new Map<string, Joined>()
    let closed = false
    let lastFault = 'there is no interface to join on'

    const open = async (place: Place): Promise<void> => {
      const socket = createSocket({ type: six ? 'udp6' : 'udp4', reuseAddr: true })
      const drop = (): void => {
        if (joined.get(place.key)?.socket === socket) joined.delete(place.key)
        close(socket)
      }
      try {
        await bind(socket, where.port)
        socket.on('error', drop)
        socket.on('message', (datagram, source) => {
          if (datagram.length <= bytesMax) receive(datagram, { host: source.address, port: source.port })
        })
        socket.addMembership(where.group, place.address)
        socket.setMulticastInterface(place.address)
        socket.setMulticastTTL(HOPS)
        socket.setMulticastLoopback(true)
      } catch (error) {
        lastFault = error instanceof Error ? error.message : String(error)
        return close(socket)
      }
      if (closed || joined.has(place.key)) return close(socket)
      joined.set(place.key, { key: place.key, socket })
    }
    const refresh = (): Promise<unknown> => {
      const places = placesOf(where.interfaces, six).slice(0, INTERFACES_MAX)
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

function bind(socket: Socket, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(port, () => {
      socket.off('error', reject)
      resolve()
    })
  })
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
    places.push({ key: six ? name : own.address, address: six ? `::%${name}` : own.address })
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
