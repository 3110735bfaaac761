import type { Clock } from '../ports/clock.ts'
import type { DatagramSource, GroupPlace, Multicast, MulticastGroup } from '../ports/multicast.ts'

/**
 * Interfaces come and go with cables, lids and radio. A look costs some 100 µs, and one that flaps leads to no more than one join and one round of
 * announcements in this time.
 */
export const LOOK_EVERY_MS = 3_000

export interface GroupWatchOptions {
  readonly groups: readonly GroupPlace[]
  /** Longer datagrams are not heard. */
  readonly bytesMax: number
  readonly receive: (datagram: Uint8Array, source: DatagramSource) => void
  /** There may be somebody to tell who has not heard us: never before `start` is done. */
  readonly reached: () => void
  /** A group is joined nowhere, for a reason that was not told yet (the end of a sentence); or, null, it is joined again. */
  readonly told: (group: GroupPlace, fault: string | null) => void
}

/** Groups that are kept joined on the interfaces there are, however they come and go. */
export class GroupWatch {
  private readonly groups: { readonly where: GroupPlace; readonly group: MulticastGroup; fault: string | null }[]
  private cancel: (() => void) | null = null
  private isStopped = false

  constructor(
    private readonly clock: Clock,
    multicast: Multicast,
    private readonly options: GroupWatchOptions,
  ) {
    const { groups, bytesMax, receive } = options
    this.groups = groups.map((where) => ({ where, group: multicast.open(where, bytesMax, receive), fault: null }))
  }

  /** Resolves when each is joined wherever that can be done now. */
  async start(): Promise<void> {
    await this.look()
    this.plan()
  }

  /** Those that are joined nowhere, and why: the end of a sentence. Empty before `start` is done. */
  get faults(): { readonly group: string; readonly fault: string }[] {
    return this.groups.flatMap(({ where: { group }, fault }) => (fault === null ? [] : [{ group, fault }]))
  }

  send(datagram: Uint8Array): void {
    for (const { group } of this.groups) group.send(datagram)
  }

  stop(): void {
    this.isStopped = true
    this.cancel?.()
    for (const { group } of this.groups) group.close()
  }

  private plan(): void {
    if (this.isStopped) return
    this.cancel = this.clock.timer(this.clock.nowMs() + LOOK_EVERY_MS, () => void this.lookAgain())
  }

  private async lookAgain(): Promise<void> {
    const isReached = await this.look()
    if (isReached && !this.isStopped) this.options.reached()
    this.plan()
  }

  private async look(): Promise<boolean> {
    const nowMs = this.clock.nowMs()
    const reached = await Promise.all(this.groups.map(({ group }) => group.refresh(nowMs)))
    if (this.isStopped) return false
    for (const each of this.groups) {
      const { fault } = each.group
      if (fault === each.fault) continue
      each.fault = fault
      this.options.told(each.where, fault)
    }
    return reached.includes(true)
  }
}
