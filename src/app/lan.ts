import type { Rng } from '../base/rng.ts'
import { LanDiscovery, type LanPeer } from '../core/discovery/lan.ts'
import type { SigningKey } from '../crypto/sign.ts'
import type { Clock } from '../ports/clock.ts'
import type { DatagramSource, GroupPlace, Multicast } from '../ports/multicast.ts'
import { ANNOUNCEMENT_BYTES } from '../wire/announcement.ts'
import { GroupWatch } from './group-watch.ts'

export interface LanOptions {
  readonly key: SigningKey
  readonly rng: Rng
  readonly tcpPort: number
  readonly groups: readonly GroupPlace[]
  readonly found: (peer: LanPeer) => void
  readonly log: (code: string, message: string) => void
  /** Something the user should know, as a sentence. */
  readonly notice: (code: string, message: string) => void
}

/** Runs the discovery machine over multicast: the driver of its timers and datagrams. */
export class LanDriver {
  private readonly machine: LanDiscovery
  private readonly watch: GroupWatch
  private cancel: (() => void) | null = null
  private stopped = false
  /** The user was told that nothing can be searched: what becomes of it is told once. */
  private isAwaited = false

  constructor(
    private readonly clock: Clock,
    multicast: Multicast,
    private readonly options: LanOptions,
  ) {
    this.machine = new LanDiscovery(options.key, () => options.tcpPort, options.rng, {
      send: (datagram) => this.watch.send(datagram),
      found: (peer) => options.found(peer),
      gone: () => {},
    })
    this.watch = new GroupWatch(clock, multicast, {
      groups: options.groups,
      bytesMax: ANNOUNCEMENT_BYTES,
      receive: (datagram, source) => this.received(datagram, source),
      reached: () => {
        this.machine.again(clock.nowMs())
        this.settle()
      },
      told: ({ group }, fault) => this.told(group, fault),
    })
  }

  async start(): Promise<void> {
    await this.watch.start()
    if (this.stopped) return
    this.isAwaited = this.faults.length === this.options.groups.length
    this.machine.start(this.clock.nowMs())
    this.settle()
  }

  /** Why a group is joined nowhere, as sentences for the curious, without a full stop. */
  get faults(): string[] {
    return this.watch.faults.map(({ group, fault }) => `${group}: ${fault}`)
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
    this.machine.goodbye(this.clock.wallMs())
    this.watch.stop()
  }

  private settle(): void {
    if (this.stopped) return
    this.cancel?.()
    this.cancel = this.clock.timer(this.machine.nextWakeMs(), () => {
      this.machine.wake(this.clock.nowMs(), this.clock.wallMs())
      this.settle()
    })
  }

  private received(datagram: Uint8Array, { host }: DatagramSource): void {
    // A zone means something here alone, and who is known by it could be passed on to nobody. From a machine with any better address a group
    // of wider scope is sent to with that (RFC 6724, section 5, rule 2).
    if (host.includes('%')) return
    this.machine.received(datagram, host, this.clock.nowMs())
    this.settle()
  }

  private told(group: string, fault: string | null): void {
    const { log, notice } = this.options
    if (fault !== null) return log('lan', `The local network cannot be searched through ${group}: ${fault}.`)
    log('lan', `The local network is searched through ${group} now.`)
    if (!this.isAwaited) return
    this.isAwaited = false
    notice('lan', `The local network is searched now, through ${group}: it could not be at the start.`)
  }
}
