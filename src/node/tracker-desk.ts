import type { ByteReader } from '../base/bytes.ts'
import type { Timer } from '../base/timers.ts'
import {
  REGISTRATIONS_MAX,
  type RegisterResult,
  TrackerRegistry,
  toldHost,
} from '../core/discovery/tracker-registry.ts'
import type { Verifier } from '../crypto/sign.ts'
import { ByeCode } from '../wire/hello.ts'
import type { Contact } from '../wire/membership.ts'
import { readRegistration } from '../wire/registration.ts'
import {
  type ListedPeer,
  type Office,
  readTracker,
  type TrackerMessage,
  trackerType,
  writeTracker,
} from '../wire/tracker.ts'
import type { NodeContext } from './context.ts'
import { Allowance } from './link-budget.ts'
import type { LinkState } from './link-state.ts'
import type { Links } from './links.ts'

/**
 * Registrations on one link that are checked: a few at once, then one a second. An honest node sends one in five, and one in two while others
 * say that we are lost. Who sends more hears that we are there, and no more than that: silence would make him give us up.
 */
const REGISTERS_BURST = 5
const REGISTER_REFILL_MS = 1_000
/** How long a link may go on after its visitor came by another one. */
const REPLACED_MS = 2_000
/** How often one that serves registers with itself, and lets go of those whose registration has run out. */
const TIDY_EVERY_MS = 5_000

export interface DeskOwner {
  /** Our own registration, for our own list; null where we are not to be in it. */
  own(): Uint8Array | null
  /** Somebody new has registered. */
  arrived(contact: Contact): void
  /** The tracker whose place we take would have it back; false: we do not. */
  yields(link: LinkState): boolean
}

/** The side of a tracker that visitors see: takes registrations over their links and answers with lists. Closed until it is opened. */
export class TrackerDesk {
  private readonly registry: TrackerRegistry
  private readonly visitors = new Map<string, LinkState>()
  private readonly shares = new Map<LinkState, Allowance>()
  private readonly visitorsMaxClosed: number
  private office: Office | null = null
  private timer: Timer<() => void> | null = null

  constructor(
    private readonly context: NodeContext,
    private readonly links: Links,
    verifierOf: (identity: Uint8Array) => Verifier | null,
    private readonly owner: DeskOwner,
  ) {
    this.registry = new TrackerRegistry(context.rng, verifierOf)
    this.visitorsMaxClosed = links.visitorsMax
  }

  get isOpen(): boolean {
    return this.office !== null
  }

  get registered(): number {
    return this.registry.size
  }

  /** Begins to keep the list; `peers`: who is on it already. */
  open(office: Office, peers: Iterable<ListedPeer>): void {
    this.office = office
    this.links.visitorsMax = REGISTRATIONS_MAX
    this.registry.fill(peers, this.context.nowMs)
    if (this.timer === null) this.tidy()
  }

  /** Keeps no list any more, and lets those know who rely on it. */
  close(): void {
    if (this.office === null) return
    this.office = null
    this.links.visitorsMax = this.visitorsMaxClosed
    if (this.timer !== null) this.context.timers.cancel(this.timer)
    this.timer = null
    this.registry.clear()
    for (const link of [...this.visitors.values()]) this.turnAway(link)
  }

  down(link: LinkState): void {
    this.shares.delete(link)
    if (this.visitors.get(link.peerKey) === link) this.visitors.delete(link.peerKey)
  }

  frame(link: LinkState, type: number, body: ByteReader): void {
    const message = readTracker(type, body)
    if (message === null) return this.links.fault(link, 'sent a broken tracker frame')
    if (message.kind === 'register') return this.register(link, message.registration)
    if (message.kind !== 'yield') return this.links.fault(link, 'answered what it was not asked')
    if (!this.owner.yields(link)) this.turnAway(link)
    else this.links.bye(link, ByeCode.notNeeded, 'yields')
  }

  private register(link: LinkState, registration: Uint8Array): void {
    const { nowMs } = this.context
    if (this.office === null) return this.turnAway(link)
    const share = this.shareOf(link)
    if (!share.take(nowMs)) return share.isFlooded ? this.links.flooded(link) : this.answer(link, 'stale', this.office)
    const isNew = !this.registry.has(link.peerKey)
    const result = this.registry.register(registration, link.peerKey, link.remote.host, nowMs)
    if (result === 'left') return this.links.bye(link, ByeCode.notNeeded, 'has been taken off the list')
    if (result === 'forged') return this.links.fault(link, 'sent a registration that nobody signed')
    if (result === 'foreign') return this.links.fault(link, "sent somebody else's registration")
    if (result === 'full') return this.links.bye(link, ByeCode.tooManyLinks, 'has no room on its list')
    const before = this.visitors.get(link.peerKey)
    this.visitors.set(link.peerKey, link)
    // It gives up the older link itself, once it has our answer on the newer.
    if (before !== undefined && before !== link) this.context.after(REPLACED_MS, () => this.replaced(before))
    if (isNew && result === 'kept') this.arrived(link, registration)
    this.answer(link, result, this.office)
  }

  private replaced(link: LinkState): void {
    if (this.links.all.has(link.id)) this.links.bye(link, ByeCode.duplicateLink, 'visits anew')
  }

  private answer(link: LinkState, result: RegisterResult, office: Office): void {
    const { nowMs } = this.context
    // Who is not on the list is told nothing of those who are.
    const peers = result === 'kept' ? this.registry.list(link.peerKey, nowMs) : []
    const seen = toldHost(link.remote.host)
    this.send(link, { kind: 'peers', office, seen, registered: this.registry.size, peers })
  }

  private arrived(link: LinkState, registration: Uint8Array): void {
    const port = readRegistration(registration)!.tcpPort
    if (port === 0) return
    this.owner.arrived({ key: link.peerKey, address: { host: link.remote.host, port } })
  }

  private turnAway(link: LinkState): void {
    this.send(link, { kind: 'closed' })
    this.links.bye(link, ByeCode.notNeeded, 'keeps no list of nodes')
  }

  private send(link: LinkState, message: TrackerMessage): void {
    this.links.send(link, trackerType(message), (out) => writeTracker(out, message))
  }

  private shareOf(link: LinkState): Allowance {
    let share = this.shares.get(link)
    if (share === undefined) {
      share = new Allowance(REGISTERS_BURST, REGISTER_REFILL_MS)
      this.shares.set(link, share)
    }
    return share
  }

  private tidy(): void {
    const { nowMs } = this.context
    const own = this.owner.own()
    if (own !== null) this.registry.register(own, this.context.ownKey, '', nowMs)
    this.registry.expire(nowMs)
    for (const [key, link] of [...this.visitors]) {
      if (!this.registry.has(key))
        this.links.bye(link, ByeCode.notNeeded, 'has not heard from this visitor for too long')
    }
    this.timer = this.context.after(TIDY_EVERY_MS, () => this.tidy())
  }
}
