import type { Rng } from '../../src/base/rng.ts'
import type { Tcp, TcpFault } from '../../src/ports/tcp.ts'
import { dial } from './dialling.ts'
import type { Pipe } from './pipe.ts'
import { Process } from './process.ts'
import type { VirtualTime } from './time.ts'

/** How a network behaves. Times in milliseconds, chances from 0 to 1. */
export interface NetworkOptions {
  /** One-way delay of a pair of hosts, drawn once for each pair from between these two. */
  readonly latencyMs: readonly [number, number]
  /** Each segment takes up to this part of the delay longer. */
  readonly jitter: number
  /** A lost segment comes after a retransmission time-out, and so does all that was sent after it. */
  readonly loss: number
  /** For each segment: that its connection is reset instead. */
  readonly reset: number
  /** For each arrival: that it is cut in two at some byte. */
  readonly split: number
  /** What the kernel takes before `write` answers false, drawn once for each direction of a connection. */
  readonly bufferBytes: readonly [number, number]
}

export const CALM: NetworkOptions = {
  latencyMs: [5, 40],
  jitter: 0.2,
  loss: 0,
  reset: 0,
  split: 0.1,
  bufferBytes: [64 * 1024, 256 * 1024],
}

const PORT_EPHEMERAL_FIRST = 49_152
const PORT_MAX = 65_535

export const FAULTS = {
  refused: { code: 'refused', message: 'refused the connection: nothing listens there' },
  unreachable: { code: 'unreachable', message: 'cannot be reached from here: there is no way to that host' },
  timeout: { code: 'timeout', message: 'did not answer within 10 seconds' },
  reset: { code: 'reset', message: 'broke the connection off' },
  'no-such-host': { code: 'no-such-host', message: 'is not a host name that can be found' },
  'port-taken': { code: 'port-taken', message: 'is taken by another program' },
} as const satisfies Record<string, TcpFault>

/** A machine: an address, and at most one process. */
export class Host {
  process: Process | null = null
  /** Without power a host answers nothing, not even that nobody listens. */
  powered = true
  /** Behind an address translator: it dials out, and nobody can dial it. */
  isTranslated = false

  constructor(
    readonly index: number,
    readonly address: string,
  ) {}
}

/** Divides the hosts in two until it is healed. */
export interface Cut {
  /** By host index: which side it is on. */
  readonly sides: Uint8Array
}

/** A network of hosts that delays, loses, splits, merges, resets, partitions and heals as its seed says. */
export class Network {
  readonly hosts: Host[] = []
  /** Connections that are open somewhere, by the order in which they were made. */
  readonly pipes = new Set<Pipe>()
  private readonly byName = new Map<string, Host>()
  private readonly cuts = new Set<Cut>()
  private readonly pairLatency = new Map<number, number>()
  private readonly pairBandwidth = new Map<number, number>()

  constructor(
    readonly time: VirtualTime,
    readonly rng: Rng,
    readonly options: NetworkOptions,
  ) {}

  addHost(): Host {
    const index = this.hosts.length
    const host = new Host(index, `10.0.${index >> 8}.${index & 255}`)
    this.hosts.push(host)
    this.byName.set(host.address, host)
    return host
  }

  find(name: string): Host | null {
    return this.byName.get(name) ?? null
  }

  /** Starts a process on a host that has none. */
  boot(host: Host): Process {
    host.powered = true
    const process = new Process(host)
    host.process = process
    this.resume()
    return process
  }

  /** The process is gone. Its kernel tells the others, unless the `power` failed. */
  kill(host: Host, how: 'process' | 'power'): void {
    const { process } = host
    if (process === null) return
    host.process = null
    host.powered = how === 'process'
    process.die(how === 'process')
  }

  /** Latency of one segment from here to there, jitter included. */
  latencyMs(from: Host, to: Host): number {
    return this.withJitter(this.baseLatencyMs(from, to))
  }

  withJitter(baseMs: number): number {
    return baseMs * (1 + this.options.jitter * this.rng.float())
  }

  baseLatencyMs(from: Host, to: Host): number {
    const key = pairKey(from, to)
    let base = this.pairLatency.get(key)
    if (base === undefined) {
      base = this.between(this.options.latencyMs)
      this.pairLatency.set(key, base)
    }
    return base
  }

  /** Bytes a millisecond from one host to the other and back; infinite unless it was throttled. */
  bandwidth(from: Host, to: Host): number {
    if (this.pairBandwidth.size === 0) return Number.POSITIVE_INFINITY
    return this.pairBandwidth.get(pairKey(from, to)) ?? Number.POSITIVE_INFINITY
  }

  throttle(a: Host, b: Host, bytesPerMs: number): void {
    this.pairBandwidth.set(pairKey(a, b), bytesPerMs)
  }

  between([least, most]: readonly [number, number]): number {
    return least + (most - least) * this.rng.float()
  }

  /** Divides the network: the hosts given from all others. What crosses the cut stalls, or is reset for some. */
  cut(inside: Iterable<Host>, resetChance: number): Cut {
    const sides = new Uint8Array(this.hosts.length)
    for (const host of inside) sides[host.index] = 1
    const cut = { sides }
    this.cuts.add(cut)
    for (const pipe of [...this.pipes]) {
      const across = sides[pipe.from.host.index] !== sides[pipe.to.host.index]
      // A firewall or an address translator on the way gives up for one end or both.
      if (across && this.rng.float() < resetChance) pipe.from.die(FAULTS.reset)
    }
    return cut
  }

  heal(cut: Cut): void {
    this.cuts.delete(cut)
    this.resume()
  }

  reachable(from: Host, to: Host): boolean {
    if (!from.powered || !to.powered) return false
    for (const { sides } of this.cuts) if (sides[from.index] !== sides[to.index]) return false
    return true
  }

  private resume(): void {
    for (const pipe of [...this.pipes]) pipe.resume()
  }

  /** The Tcp port of one process. */
  tcp(process: Process): Tcp {
    return {
      listen: (local, accept) => {
        const port = local.port === 0 ? this.freePort(process) : local.port
        if (process.listeners.has(port)) return Promise.resolve(FAULTS['port-taken'])
        if (!process.host.isTranslated) process.listeners.set(port, accept)
        const stop = (): void => {
          if (process.listeners.get(port) === accept) process.listeners.delete(port)
        }
        return Promise.resolve({ local: { host: process.host.address, port }, stop })
      },
      dial: (remote, handlers) => dial(this, process, remote, handlers),
    }
  }

  freePort(process: Process): number {
    do {
      process.lastPort = process.lastPort >= PORT_MAX ? PORT_EPHEMERAL_FIRST : process.lastPort + 1
    } while (process.listeners.has(process.lastPort))
    return process.lastPort
  }
}

function pairKey(a: Host, b: Host): number {
  return Math.min(a.index, b.index) * 65_536 + Math.max(a.index, b.index)
}
