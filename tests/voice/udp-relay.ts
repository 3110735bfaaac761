import type { Address } from '../../src/base/address.ts'
import { seededRng } from '../../src/base/rng.ts'
import { type Loss, lossPattern } from './lossy.ts'

const HOST = '127.0.0.1'
/** The pattern of what is lost begins anew after so many datagrams: 20 minutes of talk. */
const PATTERN_DATAGRAMS = 60_000

export interface RelayWeather {
  readonly loss: Loss
  readonly latencyMs: number
  /** Each datagram takes up to so much longer, by chance. */
  readonly jitterMs: number
  /** By chance one of so many takes so much longer still, and is overtaken. */
  readonly stragglerOf: number
  readonly stragglerMs: number
  readonly seed: number
}

export interface RelayCounts {
  passed: number
  dropped: number
  /** Came to the other side before one that was sent earlier. */
  overtook: number
}

/**
 * A network between two: each sends to a socket that stands for the other. What is dropped and what is late comes from a seed, by the
 * order in which datagrams come.
 */
export class UdpRelay {
  readonly counts = [newCounts(), newCounts()] as const
  private readonly ends: Bun.udp.Socket<'buffer'>[] = []
  /** Who sent to that end; from where datagrams to the other are delivered. */
  private readonly known: (Address | null)[] = [null, null]
  private readonly timers = new Set<Timer>()
  private isOver = false

  static async open(weather: RelayWeather): Promise<UdpRelay> {
    const relay = new UdpRelay()
    for (const side of [0, 1]) {
      const carry = relay.carrier(side, weather)
      const data = (_: unknown, bytes: Buffer, port: number, host: string): void => {
        relay.known[side] = { host, port }
        carry(new Uint8Array(bytes))
      }
      relay.ends.push(await Bun.udpSocket({ hostname: HOST, port: 0, socket: { data, error() {} } }))
    }
    return relay
  }

  /** Where the first of the two reaches the second (0), and the second the first (1). */
  endpoint(side: 0 | 1): Address {
    return { host: HOST, port: this.ends[side]!.port }
  }

  /** What comes next is said to come from there, before anybody has sent. */
  expect(side: 0 | 1, address: Address): void {
    this.known[side] ??= address
  }

  close(): void {
    this.isOver = true
    for (const timer of this.timers) clearTimeout(timer)
    for (const end of this.ends) end.close()
  }

  private carrier(side: number, weather: RelayWeather): (bytes: Uint8Array) => void {
    const { loss, latencyMs, jitterMs, stragglerOf, stragglerMs, seed } = weather
    const lost = lossPattern(PATTERN_DATAGRAMS, loss, seededRng(2 * seed + side))
    const random = seededRng(2 * seed + side + 1_000_000)
    const counts = this.counts[side]!
    let at = 0
    let delivered = -1
    return (bytes) => {
      const number = at++
      const delayMs = latencyMs + jitterMs * random.float() + (random.below(stragglerOf) === 0 ? stragglerMs : 0)
      if (lost[number % PATTERN_DATAGRAMS]) {
        counts.dropped++
        return
      }
      const timer = setTimeout(() => {
        this.timers.delete(timer)
        counts.passed++
        if (number < delivered) counts.overtook++
        delivered = Math.max(delivered, number)
        const to = this.known[1 - side]
        if (to && !this.isOver) post(this.ends[1 - side]!, bytes, to)
      }, delayMs)
      this.timers.add(timer)
    }
  }
}

function post(from: Bun.udp.Socket<'buffer'>, bytes: Uint8Array, { host, port }: Address): void {
  try {
    from.send(bytes, port, host)
  } catch {
    // Nobody is there any more.
  }
}

function newCounts(): RelayCounts {
  return { passed: 0, dropped: 0, overtook: 0 }
}
