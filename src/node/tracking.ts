import { type Address, formatAddress } from '../base/address.ts'
import { ByteReader, toHex } from '../base/bytes.ts'
import { compareHlc, type HlcTime, type HybridClock } from '../base/hlc.ts'
import { formatIp, ipScope, parseIp } from '../base/ip.ts'
import type { Verifier } from '../crypto/sign.ts'
import { decodeNote, type ElectionNote, encodeNote, trackerGroupId } from '../wire/election.ts'
import { ByeCode } from '../wire/hello.ts'
import type { Contact } from '../wire/membership.ts'
import { PassingKind, type ReceivedPassing } from '../wire/passing.ts'
import { readTracker, type TrackerMessage, trackerType, writeTracker } from '../wire/tracker.ts'
import type { NodeContext } from './context.ts'
import type { Dialling } from './dialling.ts'
import type { LinkState } from './link-state.ts'
import type { Links } from './links.ts'
import type { TrackerTelling } from './outputs.ts'
import { TrackerDesk } from './tracker-desk.ts'
import { TrackerSlot } from './tracker-slot.ts'
import type { SlotOwner, Visit } from './tracker-visit.ts'

/** From a dial to the first answer: some round trips of a slow link. What takes longer counts as not there. */
const VISIT_MS_MAX = 3_000
/** Trackers the user gives. */
const TRACKERS_MAX = 16
/** Authors of notes whose newest is remembered, for each group: an older one is a recording. Beyond this the oldest is forgotten. */
const AUTHORS_MAX = 1_024
/** Older than this by its own clock a note is a recording. Clocks may differ by so much. */
const NOTE_AGE_MAX_MS = 10 * 60_000

export interface TrackingOwner {
  readonly verifierOf: (identity: Uint8Array) => Verifier | null
  readonly clock: HybridClock
  say(room: Uint8Array, kind: number, time: HlcTime, body: Uint8Array): void
  /** Peers that a tracker tells of, or that registered with us. */
  meet(contacts: readonly Contact[]): void
  /** Where a peer that is linked can be dialled. */
  addressOf(key: string): Address | null
}

/** What the user is told of one tracker given. */
export interface TrackerStatus {
  readonly given: Address
  readonly state: TrackerSlot['mode']
  /** Where the list is kept now, or was last. */
  readonly address: Address
  /** Who keeps it; null while nobody does. Hexadecimal. */
  readonly by: string | null
  readonly name: string
  readonly sinceMs: number
  readonly registered: number
  /** Why the address given is not used, as the end of a sentence; empty while it is. */
  readonly trouble: string
  /** Why others do not find us by it, looking for us at `lookedForAt`; null: they do, as far as is known. */
  readonly missed: TrackerSlot['missed']
  readonly lookedForAt: string
}

/** The trackers the user gave, and being one for others: what the slots and the desk want done on links, and the notes between nodes. */
export class Tracking {
  private readonly slots: TrackerSlot[] = []
  private readonly groups = new Map<TrackerSlot, Uint8Array>()
  private readonly visits = new Map<number, Visit>()
  private readonly heard = new Map<string, HlcTime>()
  private readonly told = new Map<TrackerSlot, string>()
  private readonly warned = new Set<TrackerSlot>()
  private readonly desk: TrackerDesk
  private local: Address = { host: '', port: 0 }
  private nextVisit = 1

  constructor(
    private readonly context: NodeContext,
    private readonly links: Links,
    private readonly dialling: Dialling,
    private readonly owner: TrackingOwner,
  ) {
    this.desk = new TrackerDesk(context, links, owner.verifierOf, {
      own: () => this.slots[0]?.client.registration(context.wallMs) ?? null,
      arrived: (contact) => owner.meet([contact]),
      yields: (link) => this.yields(link),
    })
  }

  /** `local`: where we listen. `machine`: what tells this machine from others, for addresses that each has for itself. */
  begin(given: readonly Address[], local: Address, machine: string): void {
    this.local = local
    const known = new Set<string>()
    for (const address of given) {
      const plain = plainAddress(address)
      const name = formatAddress(plain)
      if (known.has(name) || known.size >= TRACKERS_MAX) continue
      known.add(name)
      const group = trackerGroupId(name, isLoopback(plain.host) ? machine : '')
      const slot = new TrackerSlot(this.context, plain, toHex(group), this.slotOwner)
      this.groups.set(slot, group)
      this.slots.push(slot)
      this.warn(slot)
    }
  }

  status(): TrackerStatus[] {
    return this.slots.map((slot) => {
      const { mode: state, address, sinceMs, missed, trackerHost: lookedForAt } = slot
      const { address: given, trouble } = slot.given
      const isServing = state === 'serving'
      const by = isServing ? this.context.ownKey : (slot.followed?.key ?? null)
      const name = slot.followed?.link.hello?.name ?? ''
      const registered = isServing ? this.desk.registered : slot.registered
      return { given, state, address, by, name, sinceMs, registered, trouble, missed, lookedForAt }
    })
  }

  // What the driver and the links tell.

  /** Whether the visit a dial was for is still wanted. */
  isWanted(visit: number): boolean {
    return this.visits.has(visit)
  }

  dialFailed(visit: number, code: string, reason: string): void {
    this.failed(this.visits.get(visit), code, reason)
  }

  /** Our link to a tracker has proved who is there: we register. */
  established(link: LinkState): void {
    const visit = this.visits.get(link.visit!)
    if (visit === undefined) return this.part(link)
    visit.link = link
    visit.slot.reached(visit, link.remote)
    this.warn(visit.slot)
    this.register(link, visit.slot.client.registration(this.context.wallMs))
  }

  linkFailed(link: LinkState, code: string, reason: string): void {
    if (link.visit !== null) this.failed(this.visits.get(link.visit), code, reason)
  }

  down(link: LinkState): void {
    if (link.visit === null) return this.desk.down(link)
    const visit = this.visits.get(link.visit)
    if (visit !== undefined) return this.failed(visit, 'closed', link.closeReason)
    for (const slot of this.slots) slot.lost(link)
  }

  frame(link: LinkState, type: number, bytes: Uint8Array, start: number, end: number): void {
    const body = new ByteReader(bytes, start, end)
    if (link.visit === null) return this.desk.frame(link, type, body)
    const message = readTracker(type, body)
    const visit = this.visits.get(link.visit) ?? null
    if (message?.kind === 'closed') {
      if (visit !== null) this.failed(visit, 'no-tracker', 'is a hearsay node that keeps no list of nodes')
      return this.part(link)
    }
    if (message?.kind !== 'peers') return this.links.fault(link, 'sent something else than a list of nodes')
    const slot = visit?.slot ?? this.slots.find((each) => each.followed?.link === link)
    if (slot === undefined) return this.part(link)
    this.visits.delete(link.visit)
    slot.answered(visit, link, message)
  }

  /** A passing event of another node, its signature checked. */
  note(passing: ReceivedPassing, author: string): void {
    const group = toHex(passing.room)
    const slot = this.slots.find((each) => each.group === group)
    const note = slot === undefined ? null : decodeNote(passing.body)
    if (slot === undefined || note === null || !this.isNew(`${group} ${author}`, passing.time)) return
    slot.heard(note, author)
  }

  /** Whether the address given could be listened on; `code` null: it is. */
  listened(address: Address, code: string | null): void {
    const name = formatAddress(address)
    for (const slot of this.slots) if (formatAddress(slot.given.address) === name) slot.listened(code)
  }

  leave(): void {
    for (const slot of this.slots) slot.leave()
  }

  private readonly slotOwner: SlotOwner = {
    verifierOf: (identity) => this.owner.verifierOf(identity),
    local: () => this.local,
    begin: (slot, why, address, expected) => this.visit(slot, why, address, expected),
    abandon: (visit) => {
      this.visits.delete(visit.id)
      if (visit.link !== null) this.part(visit.link)
    },
    register: (link, registration) => this.register(link, registration),
    part: (link) => this.part(link),
    open: (office, peers) => this.desk.open(office, peers),
    close: (slot) => {
      if (!this.slots.some((other) => other !== slot && other.mode === 'serving')) this.desk.close()
    },
    listen: (slot) => this.context.emit({ kind: 'listen', address: slot.given.address }),
    unlisten: (slot) => this.context.emit({ kind: 'unlisten', address: slot.given.address }),
    say: (slot, note) => this.say(slot, note),
    learnt: (fresh, all) => this.owner.meet(this.links.neighbours.size === 0 ? [...all] : fresh),
    addressOf: (key) => this.owner.addressOf(key),
    changed: (slot) => this.tell(slot),
  }

  private visit(slot: TrackerSlot, why: Visit['why'], address: Address, expected: string | null): Visit {
    const id = this.nextVisit++
    const visit: Visit = { id, slot, why, address, expected, link: null }
    this.visits.set(id, visit)
    this.dialling.dialTracker(id, address)
    this.context.after(VISIT_MS_MAX, () => {
      if (this.visits.get(id) !== visit) return
      const { link } = visit
      this.failed(visit, 'timeout', 'did not answer as a tracker within 3 seconds')
      if (link !== null) this.part(link)
    })
    return visit
  }

  private failed(visit: Visit | undefined, code: string, reason: string): void {
    if (visit === undefined) return
    this.visits.delete(visit.id)
    visit.slot.failed(visit, code, reason)
  }

  private register(link: LinkState, registration: Uint8Array): void {
    this.send(link, { kind: 'register', registration })
  }

  private send(link: LinkState, message: TrackerMessage): void {
    this.links.send(link, trackerType(message), (out) => writeTracker(out, message))
  }

  private part(link: LinkState): void {
    this.links.bye(link, ByeCode.notNeeded, 'is done with this visit')
  }

  /** Only somebody on this machine can want to listen where we do. */
  private yields(link: LinkState): boolean {
    const { host } = link.remote
    const slot = this.slots.find(
      (each) => each.given.isHeld && !each.given.isOwn && (isLoopback(host) || host === each.given.address.host),
    )
    slot?.yields()
    return slot !== undefined
  }

  private say(slot: TrackerSlot, note: ElectionNote): void {
    const time = this.owner.clock.tick(this.context.wallMs)
    this.owner.say(this.groups.get(slot)!, PassingKind.election, time, encodeNote(note))
  }

  private isNew(author: string, time: HlcTime): boolean {
    if (Math.abs(this.context.wallMs - time.ms) > NOTE_AGE_MAX_MS) return false
    const before = this.heard.get(author)
    if (before !== undefined && compareHlc(time, before) <= 0) return false
    this.heard.delete(author)
    if (this.heard.size >= AUTHORS_MAX) this.heard.delete(this.heard.keys().next().value!)
    this.heard.set(author, time)
    return true
  }

  /** Tells the user what is new: who keeps the list, or that nobody does. */
  private tell(slot: TrackerSlot): void {
    const { mode, address, followed, office } = slot
    if (mode === 'searching') return this.tellMissing(slot)
    if (mode === 'checking') return
    const peer = mode === 'serving' ? this.context.identity.signing.publicKey : (followed?.link.peer ?? null)
    const what = `${mode} ${peer === null ? '' : toHex(peer)}`
    if (this.told.get(slot) === what) return
    this.told.set(slot, what)
    const telling: TrackerTelling = {
      kind: 'tracker',
      state: mode,
      given: slot.given.address,
      address,
      peer,
      name: followed?.link.hello?.name ?? '',
      office: mode === 'serving' ? office : (followed?.office ?? null),
    }
    this.context.emit(telling)
  }

  /** Tells the user, once for each tracker, that others will not find this node by it. */
  private warn(slot: TrackerSlot): void {
    const { missed, given, trackerHost } = slot
    if (missed === null || this.warned.has(slot)) return
    this.warned.add(slot)
    const { host } = this.local
    const name = formatAddress(given.address)
    const message =
      missed === 'cut-off'
        ? `You use the tracker ${name}, which is elsewhere, but listen on ${host}, for this machine alone: nobody it tells of you ` +
          'could dial you, so it is not told where. You can still dial others. Start with --host 0.0.0.0 (or ::) to be found.'
        : `You listen on ${host}, but whoever uses the tracker ${name} looks for you at ${trackerHost}, so it is not told ` +
          `where you listen. You can still dial others. Start with --host ${trackerHost} to be found.`
    this.context.emit({ kind: 'trouble', code: 'tracker-unreachable', message, user: true })
  }

  private tellMissing({ given: { address, trouble } }: TrackerSlot): void {
    const message = `${formatAddress(address)} ${trouble}. It is tried again; /tracker tells how that goes.`
    this.context.emit({ kind: 'trouble', code: 'no-tracker', message, user: true })
  }
}

/** One text for one address: those who use one tracker must agree on its name. */
function plainAddress({ host, port }: Address): Address {
  const lower = host.toLowerCase()
  const ip = parseIp(lower === 'localhost' ? '127.0.0.1' : lower)
  return { host: ip === null ? lower : formatIp(ip), port }
}

function isLoopback(host: string): boolean {
  const ip = parseIp(host)
  return ip !== null && ipScope(ip) === 'loopback'
}
