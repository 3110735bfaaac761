import { createSocket, type Socket } from 'node:dgram'
import { BlockList } from 'node:net'
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'
import { type Place, Places } from '../core/discovery/places.ts'
import type { DatagramSource, GroupPlace, Interfaces, Multicast, MulticastGroup } from '../ports/multicast.ts'

/** The local network only: no router passes it on. */
const HOPS = 1
/** Interfaces served at once; a machine with more is a router, not somebody's. */
const INTERFACES_MAX = 32
/** The card that was joined on is no longer in the machine: where an interface is there all the same, it is another that only looks the same. */
const CARD_GONE = 'ENODEV'
const NO_INTERFACE = 'there is no interface to join on'

/** What every interface of this machine has. */
type Snapshot = ReturnType<typeof networkInterfaces>

interface JoinPlace extends Place {
  readonly name: string
  /** What the system wants to be told when joining and sending. */
  readonly address: string
}

/**
 * Multicast over `node:dgram`, because it can share the port with other processes (`reuseAddr`), which `Bun.udpSocket` has no
 * documented way to. Every interface has a socket, because the sending interface belongs to the socket; what cannot be joined is left out, and
 * tried again at `refresh`.
 *
 * Only what comes from one of our own networks is taken, so that nobody far off can pretend to be near: sockets are bound to the group where
 * the system allows that, and so never hear a datagram that was sent to this machine alone; and the source must be a neighbour's.
 */
export const systemMulticast: Multicast = {
  open: (where, bytesMax, receive) =>
    new SystemGroup(where, (datagram, source) => {
      if (datagram.length <= bytesMax) receive(datagram, source)
    }),
}

class SystemGroup implements MulticastGroup {
  private readonly places = new Places()
  /** By the key of the place. */
  private readonly sockets = new Map<string, Socket>()
  private lastFault = NO_INTERFACE
  private nearby = new BlockList()
  private nearbyText = ''
  private lookedAtMs = 0
  private isClosed = false

  constructor(
    private readonly where: GroupPlace,
    private readonly receive: (datagram: Uint8Array, source: DatagramSource) => void,
  ) {}

  get fault(): string | null {
    return this.sockets.size > 0 ? null : this.lastFault
  }

  send(datagram: Uint8Array): void {
    const { port, group } = this.where
    for (const [key, socket] of this.sockets) {
      socket.send(datagram, port, group, (error) => {
        if (error === null || codeOf(error) !== CARD_GONE || this.sockets.get(key) !== socket) return
        this.places.lost(key)
        this.drop(key)
      })
    }
  }

  async refresh(nowMs: number): Promise<boolean> {
    if (this.isClosed) return false
    this.lookedAtMs = nowMs
    const snapshot = networkInterfaces()
    this.lookNearby(snapshot)
    const places = placesOf(snapshot, this.where).slice(0, INTERFACES_MAX)
    if (places.length === 0) this.lastFault = NO_INTERFACE
    const { join, leave, hasMore } = this.places.look(places, nowMs)
    for (const key of leave) this.drop(key)
    const joined = await Promise.all(join.map((place) => this.join(place)))
    return hasMore || joined.includes(true)
  }

  close(): void {
    this.isClosed = true
    for (const key of [...this.sockets.keys()]) this.drop(key)
  }

  /** Answers whether it is joined there now. */
  private async join(place: JoinPlace): Promise<boolean> {
    const { key, name } = place
    const { where } = this
    let socket: Socket | null = null
    try {
      socket = await bound(where, name)
      this.listen(socket, place)
    } catch (error) {
      if (socket !== null) close(socket)
      this.lastFault = sentenceOf(error, where.port)
      this.places.failed(key, this.lookedAtMs)
      return false
    }
    if (this.isClosed || !this.places.didJoin(key)) {
      close(socket)
      return false
    }
    this.sockets.set(key, socket)
    return true
  }

  private listen(socket: Socket, { key, address }: JoinPlace): void {
    const { group } = this.where
    socket.on('error', (error) => {
      if (this.sockets.get(key) !== socket) return close(socket)
      this.lastFault = sentenceOf(error, this.where.port)
      this.places.failed(key, this.lookedAtMs)
      this.drop(key)
    })
    socket.on('message', (datagram, source) => {
      if (isNear(this.nearby, source.address)) this.receive(datagram, { host: source.address, port: source.port })
    })
    socket.addMembership(group, address)
    socket.setMulticastInterface(address)
    socket.setMulticastTTL(HOPS)
    socket.setMulticastLoopback(true)
  }

  private drop(key: string): void {
    const socket = this.sockets.get(key)
    this.sockets.delete(key)
    if (socket !== undefined) close(socket)
  }

  /** Made anew only when it has changed: it costs more than looking. */
  private lookNearby(snapshot: Snapshot): void {
    const networks = networksIn(snapshot, this.where.interfaces)
    const text = networks.join()
    if (text === this.nearbyText) return
    this.nearbyText = text
    this.nearby = blockList(networks)
  }
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

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

function sentenceOf(error: unknown, port: number): string {
  const code = codeOf(error)
  if (code === 'EADDRINUSE') return `another program has UDP port ${port} for itself`
  if (code === 'EACCES' || code === 'EPERM') return `UDP port ${port} may not be used without more rights`
  const text = error instanceof Error ? error.message : String(error)
  return `this machine could not join the group (${text})`
}

/** The networks that the interfaces served are in now. */
export function networksOf(which: Interfaces): BlockList {
  return blockList(networksIn(networkInterfaces(), which))
}

/** As `address/prefix`. */
function networksIn(snapshot: Snapshot, which: Interfaces): string[] {
  return Object.values(snapshot).flatMap((addresses = []) =>
    isMeant(which, addresses) ? addresses.flatMap(({ cidr }) => cidr ?? []) : [],
  )
}

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', prefix] = network.split('/')
    list.addSubnet(address, Number(prefix), familyOf(address))
  }
  return list
}

/** Whether an address is in one of those networks; its zone is let be. */
export function isNear(networks: BlockList, host: string): boolean {
  return networks.check(host.replace(/%.*$/, ''), familyOf(host))
}

function familyOf(host: string): 'ipv4' | 'ipv6' {
  return host.includes(':') ? 'ipv6' : 'ipv4'
}

function close(socket: Socket): void {
  try {
    socket.close()
  } catch {
    // Closed already by the error that brought us here.
  }
}

function placesOf(snapshot: Snapshot, { group, interfaces }: GroupPlace): JoinPlace[] {
  const six = group.includes(':')
  const places: JoinPlace[] = []
  for (const [name, all = []] of Object.entries(snapshot)) {
    const ours = all.filter(({ family }) => family === (six ? 'IPv6' : 'IPv4'))
    const own = ours.find((address) => fits(address, six))
    if (own === undefined || !isMeant(interfaces, all)) continue
    // A card that was taken out and put in again may be another one, by the same name and with the same address.
    const key = [name, own.mac, ...(six ? [own.scopeid] : [own.address])].join(' ')
    const addresses = ours.map(({ address }) => address)
    places.push({ key, name, addresses, address: six ? `::%${name}` : own.address })
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
