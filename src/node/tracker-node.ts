import type { Address } from '../base/address.ts'
import { ByteReader } from '../base/bytes.ts'
import type { RandomBytes, Rng } from '../base/rng.ts'
import type { Timer } from '../base/timers.ts'
import { type Verifier, verifier } from '../crypto/sign.ts'
import { ByeCode, type Hello } from '../wire/hello.ts'
import { trackerType } from '../wire/tracker.ts'
import { type Instant, NodeContext, type NodeIdentity } from './context.ts'
import { Dialling } from './dialling.ts'
import type { LinkState } from './link-state.ts'
import { Links } from './links.ts'
import type { Machine } from './machine.ts'
import type { NodeOutput } from './outputs.ts'
import { TrackerDesk } from './tracker-desk.ts'

export interface TrackerNodeOptions {
  readonly identity: NodeIdentity
  readonly agent: string
  readonly randomBytes: RandomBytes
  readonly rng: Rng
  readonly verifier?: (key: Uint8Array) => Verifier | null
}

/** How long one who stands in for us may take to say so: some round trips on one machine. */
const ASK_MS_MAX = 1_500

const REASON = 'is a tracker and nothing else: use --tracker to find others through it'

/** A tracker that is nothing else: links, a desk, and neither rooms nor neighbours. Driven as a node is, and as pure. */
export class TrackerNode implements Machine {
  private readonly context: NodeContext
  private readonly links: Links
  private readonly dialling: Dialling
  private readonly desk: TrackerDesk
  private tcpPort = 0
  private asked: ((isYielded: boolean) => void) | null = null
  private asking: Timer<() => void> | null = null

  constructor(
    private readonly options: TrackerNodeOptions,
    instant: Instant,
  ) {
    this.context = new NodeContext(options.identity, options.randomBytes, options.rng)
    this.at(instant)
    this.links = new Links(this.context, {
      hello: () => this.hello(),
      up: (link) => {
        if (!link.isVisit) this.links.bye(link, ByeCode.notNeeded, REASON)
      },
      down: (link) => (link.visit === null ? this.desk.down(link) : this.answered(true)),
      failed: (link) => link.visit !== null && this.answered(false),
      hungUp: () => {},
      visit: (link) => this.links.send(link, trackerType({ kind: 'yield' }), () => {}),
      frame: (link, type, bytes, start, end) => this.frame(link, type, new ByteReader(bytes, start, end)),
      fillers: () => [],
    })
    this.dialling = new Dialling(this.context)
    this.desk = new TrackerDesk(this.context, this.links, options.verifier ?? verifier, {
      own: () => null,
      arrived: () => {},
      yields: () => false,
    })
  }

  /** How many are registered. */
  get registered(): number {
    return this.desk.registered
  }

  /** Begins to keep the list. */
  open(tcpPort: number, instant: Instant): void {
    this.at(instant)
    this.tcpPort = tcpPort
    this.desk.open('appointed', [])
  }

  /** Asks whoever stands in for us to give our address back; `answered` hears whether he does, within 1.5 seconds. */
  askBack(address: Address, answered: (isYielded: boolean) => void, instant: Instant): void {
    this.at(instant)
    this.asked = answered
    this.dialling.dialTracker(0, address)
    this.asking = this.context.after(ASK_MS_MAX, () => this.giveUpAsking())
  }

  accepted(remote: Address, instant: Instant): number | null {
    this.at(instant)
    return this.links.accept(remote)?.id ?? null
  }

  dialled(attempt: number, remote: Address, instant: Instant): number | null {
    this.at(instant)
    const dialled = this.dialling.ended(attempt)
    return dialled === null || this.asked === null ? null : this.links.dialled(remote, dialled).id
  }

  dialFailed(attempt: number, _code: string, _reason: string, instant: Instant): void {
    this.at(instant)
    if (this.dialling.ended(attempt) !== null) this.answered(false)
  }

  listened(): void {}

  received(link: number, bytes: Uint8Array, instant: Instant): void {
    this.at(instant)
    const state = this.links.all.get(link)
    if (state !== undefined && state.phase !== 'closing') this.links.received(state, bytes)
  }

  closed(link: number, reason: string, instant: Instant): void {
    this.at(instant)
    const state = this.links.all.get(link)
    if (state !== undefined) this.links.end(state, true, 'closed', reason)
  }

  wake(instant: Instant): void {
    this.at(instant)
    for (let due = this.context.timers.takeDue(instant.nowMs); due !== null; ) {
      due()
      due = this.context.timers.takeDue(instant.nowMs)
    }
  }

  nextWakeMs(): number | null {
    return this.context.timers.nextAtMs()
  }

  takeOutputs(): NodeOutput[] {
    return this.context.takeOutputs()
  }

  get dirtyLinks(): ReadonlySet<LinkState> {
    return this.context.dirty
  }

  pull(link: number, instant: Instant): Uint8Array | null {
    this.at(instant)
    const state = this.links.all.get(link)
    if (state === undefined) return null
    const bytes = this.links.pull(state)
    if (bytes === null) this.context.dirty.delete(state)
    return bytes
  }

  readonly hasUnsealed = false
  readonly hasUnkept = false

  flush(): void {}

  private frame(link: LinkState, type: number, body: ByteReader): void {
    if (!link.isVisit) return
    if (link.visit === null) return this.desk.frame(link, type, body)
    // Whoever yields says goodbye; what says anything else does not stand in for us.
    this.answered(false)
    this.links.bye(link, ByeCode.notNeeded, 'has answered')
  }

  /** Whatever holds our address says nothing. */
  private giveUpAsking(): void {
    this.answered(false)
    for (const link of [...this.links.all.values()]) {
      if (link.visit !== null) this.links.end(link, true, 'timeout', 'did not answer within 1.5 seconds')
    }
  }

  private answered(isYielded: boolean): void {
    if (this.asking !== null) this.context.timers.cancel(this.asking)
    this.asking = null
    const { asked } = this
    this.asked = null
    asked?.(isYielded)
  }

  private hello(): Hello {
    return { name: 'tracker', tcpPort: this.tcpPort, udpPort: 0, agent: this.options.agent }
  }

  private at({ nowMs, wallMs }: Instant): void {
    this.context.nowMs = nowMs
    this.context.wallMs = wallMs
  }
}
