import type { Rng } from '../base/rng.ts'
import { LanDiscovery, type LanPeer } from '../core/discovery/lan.ts'
import type { SigningKey } from '../crypto/sign.ts'
import type { Clock } from '../ports/clock.ts'
import type { Interfaces, Multicast, MulticastGroup } from '../ports/multicast.ts'
import { ANNOUNCEMENT_BYTES } from '../wire/announcement.ts'

/** Interfaces come and go with cables and lids. */
const REFRESH_EVERY_MS = 10_000

export interface LanOptions {
  readonly key: SigningKey
  readonly rng: Rng
  readonly tcpPort: number
  readonly groups: readonly { readonly group: string; readonly port: number }[]
  readonly interfaces: Interfaces
  readonly found: (peer: LanPeer) => void
  readonly log: (code: string, message: string) => void
}

/** Runs the discovery machine over multicast: the driver of its timers and datagrams. */
export class LanDriver {
  private readonly machine: LanDiscovery
  private joined: MulticastGroup[] = []
  private cancel: (() => void) | null = null
  private cancelRefresh: (() => void) | null = null
  private stopped = false
  /** Why a group could not be joined, as sentences for the curious. */
  readonly faults: string[] = []

  constructor(
    private readonly clock: Clock,
    private readonly multicast: Multicast,
    private readonly options: LanOptions,
  ) {
    this.machine = new LanDiscovery(options.key, () => options.tcpPort, options.rng, {
      send: (datagram) => {
        for (const group of this.joined) group.send(datagram)
      },
      found: (peer) => options.found(peer),
      gone: () => {},
    })
  }

  async start(): Promise<void> {
    const { groups, interfaces, log } = this.options
    const receive = (datagram: Uint8Array, source: { host: string }): void => {
      // A zone means something here alone, and who is known by it could be passed on to nobody. From a machine with any better address a group
      // of wider scope is sent to with that (RFC 6724, section 5, rule 2).
      if (source.host.includes('%')) return
      this.machine.received(datagram, source.host, this.clock.nowMs())
      this.settle()
    }
    for (const { group, port } of groups) {
      const joined = await this.multicast.join({ group, port, interfaces }, ANNOUNCEMENT_BYTES, receive)
      if (typeof joined !== 'string') this.joined.push(joined)
      else {
        this.faults.push(`${group}: ${joined}`)
        log('lan', `The local network cannot be searched through ${group}: ${joined}.`)
      }
    }
    if (this.stopped) return this.close()
    this.machine.start(this.clock.nowMs())
    this.settle()
    this.planRefresh()
  }

  /** How many nodes are known on the local network. */
  get size(): number {
    return this.machine.peers.size
  }

  /** Says goodbye, so that nobody has to wait for our silence. */
  stop(): void {
    if (this.stopped) return
    this.stopped = true
    this.cancel?.()
    this.cancelRefresh?.()
    this.machine.goodbye(this.clock.wallMs())
    this.close()
  }

  private settle(): void {
    if (this.stopped) return
    this.cancel?.()
    this.cancel = this.clock.timer(this.machine.nextWakeMs(), () => {
      this.machine.wake(this.clock.nowMs(), this.clock.wallMs())
      this.settle()
    })
  }

  private planRefresh(): void {
    this.cancelRefresh = this.clock.timer(this.clock.nowMs() + REFRESH_EVERY_MS, () => {
      for (const group of this.joined) group.refresh()
      this.planRefresh()
    })
  }

  private close(): void {
    for (const group of this.joined) group.close()
    this.joined = []
  }
}
