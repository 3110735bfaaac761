import type { Address } from '../../base/address.ts'
import { ANNOUNCE_BYTES_MAX } from '../../dialects/mesh/messages.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Interfaces, Multicast } from '../../ports/multicast.ts'
import { GroupWatch } from '../group-watch.ts'

export interface MeshGroupOptions {
  readonly clock: Clock
  readonly multicast: Multicast
  readonly group: Address
  readonly interfaces: Interfaces
  /** From the group: `host` is where it came from. */
  readonly heard: (datagram: Uint8Array, host: string) => void
  /** There may be somebody who has not heard us. */
  readonly announce: () => void
  readonly log: (code: string, message: string) => void
  /** Something the user should know, as a sentence. */
  readonly notice: (code: string, message: string) => void
}

/** The mesh's group, kept joined on the interfaces there are; people are told if that cannot be done at the start, and once that it has been after all. */
export class MeshGroup {
  private readonly watch: GroupWatch
  private isStarting = true
  /** The user was told that it cannot be joined: what becomes of it is told once. */
  private isAwaited = false

  constructor(private readonly options: MeshGroupOptions) {
    const { clock, multicast, group, interfaces, heard, announce } = options
    this.watch = new GroupWatch(clock, multicast, {
      groups: [{ group: group.host, port: group.port, interfaces }],
      bytesMax: ANNOUNCE_BYTES_MAX,
      receive: (datagram, source) => heard(datagram, source.host),
      reached: announce,
      told: (_, fault) => this.tell(fault),
    })
  }

  async start(): Promise<void> {
    await this.watch.start()
    this.isStarting = false
    this.options.announce()
  }

  /** Why it is joined nowhere, beginning with the group: a sentence's end. Null where it is. */
  get fault(): string | null {
    const [first] = this.watch.faults
    return first === undefined ? null : `${first.group}: ${first.fault}`
  }

  send(datagram: Uint8Array): void {
    this.watch.send(datagram)
  }

  stop(): void {
    this.watch.stop()
  }

  private tell(fault: string | null): void {
    const { group, log, notice } = this.options
    const isNews = fault === null ? this.isAwaited : this.isStarting
    const message =
      fault === null
        ? `The mesh dialect's group ${group.host} is joined now: whoever is there is found.`
        : `The mesh dialect's group ${group.host} cannot be joined: ${fault}. It is tried again as soon as that changes.`
    log('mesh-group', message)
    if (!isNews) return
    this.isAwaited = fault !== null
    notice('mesh-group', message)
  }
}
