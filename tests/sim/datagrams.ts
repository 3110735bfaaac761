import { type Address, formatAddress } from '../../src/base/address.ts'
import { parseIp } from '../../src/base/ip.ts'
import type { Rng } from '../../src/base/rng.ts'
import type { DatagramEvents, DatagramFault, DatagramSocket, Datagrams } from '../../src/ports/datagrams.ts'
import type { VirtualTime } from './time.ts'

/** What UDP over IPv4 carries at most. */
const DATAGRAM_BYTES_MAX = 65_507
const PORT_EPHEMERAL_FIRST = 49_152

/** How datagrams fare. Times in milliseconds, chances from 0 to 1. */
export interface DatagramWeather {
  readonly latencyMs: number
  /** Each takes up to so much longer: they overtake one another then. */
  readonly jitterMs: number
  readonly loss: number
  readonly doubled: number
}

const FAIR: DatagramWeather = { latencyMs: 5, jitterMs: 0, loss: 0, doubled: 0 }

export interface SeenDatagram {
  readonly bytes: Uint8Array
  readonly from: Address
  readonly to: Address
}

/** A network of hosts that loses, delays and doubles datagrams as its seed says. */
export class DatagramNetwork {
  weather: DatagramWeather
  /** Told of all that is sent, before it is lost: an eavesdropper. */
  seen: (datagram: SeenDatagram) => void = () => {}
  private readonly sockets = new Map<string, DatagramEvents>()
  /** Pairs of hosts that do not reach each other. */
  private readonly walls = new Set<string>()
  private lastPort = PORT_EPHEMERAL_FIRST - 1

  constructor(
    private readonly time: VirtualTime,
    private readonly rng: Rng,
    weather: Partial<DatagramWeather> = {},
  ) {
    this.weather = { ...FAIR, ...weather }
  }

  wall(a: string, b: string): void {
    this.walls.add(`${a} ${b}`)
    this.walls.add(`${b} ${a}`)
  }

  openWall(a: string, b: string): void {
    this.walls.delete(`${a} ${b}`)
    this.walls.delete(`${b} ${a}`)
  }

  /** As a host of that address sees it. */
  at(host: string): Datagrams {
    return { bind: async (local, events) => this.bind(host, local, events) }
  }

  /** From anywhere, whether or not anybody is there: false where it could not be sent. */
  send(from: Address, to: Address, datagram: Uint8Array): boolean {
    if (parseIp(to.host) === null || to.port < 1 || datagram.length > DATAGRAM_BYTES_MAX) return false
    const bytes = datagram.slice()
    this.seen({ bytes, from, to })
    const { latencyMs, jitterMs, loss, doubled } = this.weather
    const copies = this.rng.float() < loss ? 0 : this.rng.float() < doubled ? 2 : 1
    for (let i = 0; i < copies; i++) {
      const atMs = this.time.nowMs + latencyMs + jitterMs * this.rng.float()
      this.time.at(atMs, () => this.arrive(from, to, bytes.slice()))
    }
    return true
  }

  private arrive(from: Address, to: Address, bytes: Uint8Array): void {
    if (this.walls.has(`${from.host} ${to.host}`)) return
    this.sockets.get(formatAddress(to))?.received(bytes, from)
  }

  private bind(host: string, local: Address, events: DatagramEvents): DatagramSocket | DatagramFault {
    if (local.host !== host && local.host !== '0.0.0.0') {
      return { ok: false, code: 'no-such-address', message: `${local.host} is not this machine's.`, cause: null }
    }
    const port = local.port === 0 ? ++this.lastPort : local.port
    const bound = { host, port }
    const key = formatAddress(bound)
    if (this.sockets.has(key)) return { ok: false, code: 'port-taken', message: `${key} is taken.`, cause: null }
    this.sockets.set(key, events)
    const isOpen = (): boolean => this.sockets.get(key) === events
    return {
      ok: true,
      local: { host: local.host, port },
      endpoints: () => [bound],
      send: (datagram, to) => isOpen() && this.send(bound, to, datagram),
      close: () => {
        if (isOpen()) this.sockets.delete(key)
      },
    }
  }
}
