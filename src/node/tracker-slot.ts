import { type Address, formatAddress } from '../base/address.ts'
import type { Timer } from '../base/timers.ts'
import { reachesAsFar, TrackerClient } from '../core/discovery/tracker-client.ts'
import { Bully, type Candidate, outranks } from '../core/election/bully.ts'
import type { ElectionNote, NoteKind } from '../wire/election.ts'
import type { Office } from '../wire/tracker.ts'
import type { NodeContext } from './context.ts'
import type { LinkState } from './link-state.ts'
import { Claims, claimWaitMs } from './tracker-claims.ts'
import { GivenAddress, type GivenNeed, missedBy, reachableAt } from './tracker-given.ts'
import { PresentNote } from './tracker-present.ts'
import { Refuted } from './tracker-refuted.ts'
import { TrackerStanding } from './tracker-standing.ts'
import type { Followed, PeersMessage, SlotOwner, Visit } from './tracker-visit.ts'

/** Before a coordinator that did not answer is tried again. */
const CLAIM_AGAIN_MS = 400
/** Somebody is there and hangs up on us: crowded, or about to end. He is tried again a few times rather than given up. */
const CROWDED_MAX = 6
/** How long to look for the tracker when others say that it is there. */
const CALM_MS = 5_000

/**
 * One tracker address the user gave: registers there and learns of others; becomes it where nobody is there and the address is this
 * machine's; elects a successor with the others when it is lost; goes back to it when it returns.
 */
export class TrackerSlot extends TrackerStanding {
  readonly given: GivenAddress
  readonly client: TrackerClient
  private readonly bully: Bully
  private readonly visits = new Set<Visit>()
  private readonly claims = new Claims()
  /** Whose call for an election the tracker has answered of late. */
  private readonly refuted = new Refuted()
  private readonly present: PresentNote
  private timer: Timer<() => void> | null = null

  constructor(
    context: NodeContext,
    given: Address,
    /** The id under which those who use this tracker talk, in hexadecimal. */
    readonly group: string,
    private readonly owner: SlotOwner,
  ) {
    super(context, given.host)
    const told = (): number => (this.missed === null ? owner.local().port : 0)
    this.client = new TrackerClient(context.identity.signing, told, context.rng, owner.verifierOf)
    this.bully = new Bully(() => ({ key: context.ownKey, port: owner.local().port }), context.rng)
    this.present = new PresentNote(context, () => {
      if (this.isSettled) this.say('present')
    })
    this.given = new GivenAddress(context, given, () => {
      this.tryGiven()
      this.process()
    })
    this.tryGiven()
  }

  /** Where the list is kept now, as far as is known. */
  get address(): Address {
    if (this.mode === 'serving') return this.given.isHeld ? this.given.address : this.owner.local()
    return this.followed?.address ?? this.given.address
  }

  /** Why others do not find us by this tracker; null: they do, as far as is known. */
  get missed(): ReturnType<typeof missedBy> {
    return missedBy(this.owner.local(), this.trackerHost)
  }

  /** Our dial to a tracker has got through to `remote`: where a name led to. */
  reached({ why }: Visit, remote: Address): void {
    if (why === 'given') this.trackerHost = remote.host
  }

  // What becomes of visits.

  /** The first answer on a link of ours to a tracker, or a later one on that to whom we follow. */
  answered(visit: Visit | null, link: LinkState, message: PeersMessage): void {
    if (this.followed?.link === link) {
      if (this.client.answered(this.context.nowMs)) this.take(link, message)
      this.refuted.answered(this.context.nowMs)
      if (this.wantsPresent) this.present.plan()
      this.wantsPresent = false
    } else if (visit !== null) this.consider(visit, link, message)
    this.process()
  }

  failed(visit: Visit, code: string, reason: string): void {
    this.visits.delete(visit)
    if (visit.why === 'claim') this.after(CLAIM_AGAIN_MS, () => this.tryClaim(visit.expected!))
    else if (visit.why === 'given') this.givenFailed(code, reason)
    const isCrowded = code === 'closed' && this.mode === 'checking' && ++this.crowded <= CROWDED_MAX
    if (isCrowded) this.given.taken()
    const isLooking = isCrowded || this.visits.size > 0 || this.context.nowMs < this.quietUntilMs
    if (this.mode === 'checking' && !isLooking) this.elect()
    this.process()
  }

  /** A link of ours to a tracker that had answered is gone. */
  lost(link: LinkState): void {
    const { followed } = this
    if (followed?.link !== link || this.isOver) return
    this.followed = null
    this.client.unfollow()
    this.client.known.delete(followed.key)
    this.lostKey = followed.key
    this.crowded = 0
    this.mode = 'checking'
    if (!this.isGiven(followed.address)) {
      this.visits.add(this.owner.begin(this, 'again', followed.address, followed.key))
    }
    const other = this.claims.newest(followed.key, this.context.nowMs)
    if (other !== null) this.tryClaim(other)
    this.tryGiven()
    this.process()
  }

  /** The driver has tried to listen on the address given. `code` null: it does. */
  listened(code: string | null): void {
    this.given.isAsked = false
    const isWanted = !this.isOver && (this.mode === 'searching' || this.mode === 'serving')
    if (code === 'not-ours') {
      this.given.isElsewhere = true
      this.owner.changed(this)
    } else if (code !== null) {
      if (this.mode === 'searching') this.given.taken()
    } else if (isWanted) {
      this.given.held()
      if (this.mode === 'searching') this.serve('first')
    } else if (!this.given.isOwn) this.owner.unlisten(this)
    if (this.mode === 'serving') this.owner.changed(this)
    this.process()
  }

  /** The tracker whose address we stand in at would have it back. */
  yields(): void {
    this.owner.unlisten(this)
    this.given.yielded()
  }

  /** What somebody who uses the same tracker says; the signature has been checked. */
  heard({ kind, tcpPort, address }: ElectionNote, author: string): void {
    const { nowMs, wallMs } = this.context
    const from = { key: author, port: tcpPort }
    if (kind === 'present') {
      this.present.cancel()
      this.wantsPresent = false
    }
    if (kind === 'coordinator') {
      if (this.isSettled) return this.present.plan()
      const isCredible = address !== null && reachesAsFar(address.host, this.given.address.host)
      this.claims.note(from, isCredible ? address : null, nowMs)
    }
    if (kind === 'election') {
      if (this.mode === 'serving' && this.office === 'first') return this.present.plan()
      if (this.followed !== null) {
        const isNew = this.refuted.called(author, nowMs)
        const isLooking = isNew && this.client.look(nowMs, wallMs)
        if (isNew) this.wantsPresent = isLooking && this.isSettled
        if (this.isSettled && !isLooking) this.present.plan()
        return this.process()
      }
    }
    // Others have given up what we are still looking for.
    const isOver = this.mode === 'checking' && nowMs >= this.quietUntilMs
    if (isOver && (kind === 'election' || (kind === 'coordinator' && !this.comesFirst(from)))) this.elect()
    this.bully.heard(kind, from, this.client.known.has(author), nowMs)
    this.process()
  }

  /** We leave: whoever relies on us or lists us is told. */
  leave(): void {
    this.isOver = true
    this.given.cancel()
    this.present.cancel()
    if (this.timer !== null) this.context.timers.cancel(this.timer)
    for (const visit of this.visits) this.owner.abandon(visit)
    if (this.followed !== null)
      this.owner.register(this.followed.link, this.client.registration(this.context.wallMs, true))
    if (this.mode === 'serving') this.standDown()
  }

  private get need(): GivenNeed {
    if (this.mode === 'searching') return 'searching'
    return this.mode === 'serving' || this.mode === 'following' ? 'kept' : 'lost'
  }

  private isGiven(address: Address): boolean {
    return formatAddress(address) === formatAddress(this.given.address)
  }

  private tryGiven(): void {
    this.given.cancel()
    if (this.given.isHeld || this.isOver || [...this.visits].some((visit) => visit.why === 'given')) return
    this.visits.add(this.owner.begin(this, 'given', this.given.address, null))
  }

  /** Does something after a while, give or take a fifth. */
  private after(afterMs: number, run: () => void): void {
    this.context.after(afterMs * (0.8 + 0.4 * this.context.rng.float()), () => {
      if (this.isOver) return
      run()
      this.process()
    })
  }

  private givenFailed(code: string, reason: string): void {
    // What is given is where we listen anyway: nobody else can be it.
    if (code === 'self') {
      // A dial that was under way when we began to listen there leads to us too.
      this.given.isOwn ||= !this.given.isHeld && !this.given.isAsked
      return this.listened(null)
    }
    const isNews = this.given.failed(reason, this.need)
    const mayServe = (this.mode === 'searching' || this.mode === 'serving') && this.given.isFree
    if (mayServe && code === 'refused') this.listen()
    else if (isNews) this.owner.changed(this)
  }

  /** Somebody answers as a tracker: to be followed where he comes before what we have. */
  private consider(visit: Visit, link: LinkState, message: PeersMessage): void {
    this.visits.delete(visit)
    const port = link.hello?.tcpPort ?? 0
    const followed: Followed = { key: link.peerKey, port, link, office: message.office, address: visit.address }
    if (this.followed?.key === link.peerKey && visit.why === 'given') return this.moveTo(followed, message)
    const isSomebodyElse = visit.expected !== null && visit.expected !== link.peerKey
    const isOriginal = visit.why === 'given' && message.office !== 'elected'
    if (!isSomebodyElse && (isOriginal || this.comesFirst(followed))) return this.adopt(followed, message)
    this.owner.part(link)
    if (visit.why === 'given') this.given.again(this.need)
    if (this.mode === 'checking') this.elect()
  }

  /** Whom we follow answers at the address given too: that is where to look for it. */
  private moveTo(followed: Followed, message: PeersMessage): void {
    const before = this.followed!.link
    this.followed = followed
    this.given.followed(true)
    this.owner.part(before)
    this.client.answered(this.context.nowMs)
    this.take(followed.link, message)
  }

  private comesFirst(other: Candidate): boolean {
    if (this.isSettled) return false
    if (this.followed !== null) return outranks(other, this.followed)
    if (this.missed === 'cut-off') return true
    const own = { key: this.context.ownKey, port: this.owner.local().port }
    return this.mode === 'searching' || other.key === this.lostKey || outranks(other, own)
  }

  private adopt(followed: Followed, message: PeersMessage): void {
    const before = this.followed
    if (this.mode === 'serving') this.standDown()
    this.followed = followed
    if (before !== null) {
      this.owner.register(before.link, this.client.registration(this.context.wallMs, true))
      this.owner.part(before.link)
    }
    for (const visit of this.visits) this.owner.abandon(visit)
    this.visits.clear()
    this.claims.clear()
    this.refuted.clear()
    this.enter('following')
    this.bully.settle()
    this.given.followed(this.isGiven(followed.address))
    if (this.isSettled) this.bully.vindicated()
    this.client.follow(this.context.nowMs)
    this.take(followed.link, message)
    this.owner.changed(this)
  }

  private take(link: LinkState, { peers, registered, seen }: PeersMessage): void {
    const { nowMs, wallMs } = this.context
    this.registered = registered
    this.seenAt = seen
    this.owner.learnt(this.client.listed(peers, link.remote.host, nowMs, wallMs), this.client.known.values())
  }

  private elect(): void {
    if (this.isOver) return
    this.enter('electing')
    this.given.again('lost')
    this.owner.changed(this)
    // Nobody could reach us as a tracker: others are to take over, and we follow.
    if (this.missed === 'cut-off') return
    const known = [...this.client.known.values()].map(({ key, address }) => ({ key, port: address.port }))
    this.bully.begin(known, this.context.nowMs)
  }

  private serve(office: Office): void {
    this.enter('serving')
    this.office = office
    this.claims.clear()
    const peers = [...this.client.known.values()]
    this.owner.open(
      office,
      peers.map(({ address, registration }) => ({ host: address.host, registration })),
    )
    if (this.given.isOwn) this.given.held()
    if (office === 'elected' && !this.given.isElsewhere && !this.given.isOwn) this.listen()
    else this.owner.changed(this)
    this.given.again('kept')
  }

  private listen(): void {
    this.given.isAsked = true
    this.owner.listen(this)
  }

  private standDown(): void {
    this.owner.close(this)
    if (this.given.isHeld && !this.given.isOwn) this.owner.unlisten(this)
    this.given.isHeld = false
    this.office = null
    this.bully.settle()
  }

  private tryClaimSoon(key: string): void {
    const waitMs = claimWaitMs(this.registered, this.context.rng.float())
    if (waitMs === 0) this.tryClaim(key)
    else this.after(waitMs, () => this.tryClaim(key))
  }

  /** One who says to be coordinator is believed once he answers as one. */
  private tryClaim(key: string): void {
    const claim = this.claims.get(key)
    if (claim === undefined || this.followed?.key === key || !this.comesFirst(claim)) return
    for (const visit of this.visits) {
      const other = visit.why === 'claim' ? this.claims.get(visit.expected!) : undefined
      if (other !== undefined && !outranks(claim, other)) return
    }
    const known = [this.client.known.get(key)?.address, this.owner.addressOf(key)]
    const address = this.claims.next(key, known, this.context.nowMs)
    if (address !== null) this.visits.add(this.owner.begin(this, 'claim', address, key))
    else this.disbelieve(key)
  }

  private disbelieve(key: string): void {
    this.claims.forget(key)
    this.bully.distrust(key, this.context.nowMs)
    if (this.mode === 'electing' && this.bully.state === 'idle') this.elect()
  }

  private say(kind: NoteKind): void {
    const local = this.owner.local()
    const address = kind === 'coordinator' ? reachableAt(local, this.seenAt, this.given.address.host) : null
    this.owner.say(this, { kind, tcpPort: local.port, address })
  }

  /** Carries out what the machines want, and sets the timer. */
  private process(): void {
    if (this.isOver) return
    for (const output of this.client.takeOutputs()) {
      if (output.kind === 'silent') this.silent()
      else if (this.followed !== null) this.owner.register(this.followed.link, output.registration)
    }
    for (const output of this.bully.takeOutputs()) {
      if (output.kind === 'say') this.say(output.note)
      else if (output.kind === 'won') this.serve('elected')
      else if (output.kind === 'follow') this.tryClaimSoon(output.key)
      else this.calm()
    }
    if (this.timer !== null) this.context.timers.cancel(this.timer)
    const dueMs = [this.client.nextWakeMs(), this.bully.nextWakeMs()].filter((atMs) => atMs !== null)
    this.timer = dueMs.length === 0 ? null : this.context.timers.set(Math.min(...dueMs), () => this.wake())
  }

  private wake(): void {
    this.timer = null
    this.client.wake(this.context.nowMs, this.context.wallMs)
    this.bully.wake(this.context.nowMs)
    this.process()
  }

  private silent(): void {
    const { followed } = this
    if (followed === null) return
    this.followed = null
    this.lostKey = null
    this.client.known.delete(followed.key)
    this.owner.part(followed.link)
    this.elect()
  }

  /** Others see the tracker: we look again before we go on electing. */
  private calm(): void {
    if (this.mode === 'electing') {
      this.mode = 'checking'
      this.quietUntilMs = this.context.nowMs + CALM_MS
      this.after(CALM_MS, () => {
        if (this.mode === 'checking') this.elect()
      })
    }
    this.tryGiven()
  }
}
