import {
  type AcceptPolicy,
  CHAT_LIMITS,
  type NewOffer,
  type OfferEntry,
  type OfferState,
  Offers,
  ONCE_LIMITS,
  UNANSWERED,
} from '../../core/transfer/offers.ts'
import type { Clock } from '../../ports/clock.ts'
import type { FileOffer } from '../../wire/file-offer.ts'
import type { FileTrouble, FileView } from './contract.ts'
import { type Job, markRate, newJob, viewOf } from './job.ts'
import type { PendingOffer } from './pending.ts'
import type { Sought } from './seeking.ts'

/**
 * A front end hears so often at most how far files have come, of all of them together: ten in any second as its reader counts them, which a tenth of a
 * second would not be, because from the first to the eleventh of them is a second, and less where one comes a little late. What changes a state is told at once.
 */
export const TOLD_EVERY_MS = 110

/** While any of them moves, each has its turn; after so long without, some are told at once, and with those before still ten in a second at most. */
const QUIET_MS = 500
const CAUGHT_UP_MAX = 5
const CROWDED = 'Too many files wait, and others are to have room in the list. Ask for it to be sent again.'

/** All offers of a run with what is done about them, and the one place where that is told. */
export class Jobs {
  private readonly offers: Offers
  private readonly byId = new Map<string, Job>()
  /** Those that have moved since they were told of, the one that has waited longest first. */
  private readonly untold = new Set<Job>()
  /** When it was last told how far one of them has come. */
  private movedToldAtMs = Number.NEGATIVE_INFINITY
  /** The neighbour that a link for files goes through, by its key; null where it goes through nobody. */
  throughOf: (link: number) => string | null = () => null
  /** Hears of a job that is remembered no longer, while it can still be stopped. */
  forgotten: (job: Job) => void = () => {}
  /** Whose offers are not shown, by key. */
  isIgnored: (key: string) => boolean = () => false
  /** Hears of a job that is new, or stands otherwise than before. */
  changed: (job: Job) => void = () => {}

  constructor(
    policy: AcceptPolicy,
    private readonly clock: Clock,
    private readonly told: (view: FileView) => void,
    private readonly watches = false,
  ) {
    this.offers = new Offers(policy, (id) => this.waits(id), watches ? ONCE_LIMITS : CHAT_LIMITS)
  }

  get all(): readonly Job[] {
    return [...this.byId.values()]
  }

  get views(): readonly FileView[] {
    return this.all.map((job) => this.view(job))
  }

  /** Those that something is fetched of, or would be if anybody had it. */
  get fetching(): readonly Job[] {
    return this.all.filter(({ entry }) => entry.state === 'receiving' || entry.state === 'listing')
  }

  /** Those that something is received of, and that wait neither for others nor for room. */
  get taking(): readonly Job[] {
    return this.all.filter(({ entry, isQueued, room }) => entry.state === 'receiving' && !isQueued && room !== 'short')
  }

  /** Another that fetches the same content: one content is fetched once, whoever offers it again. */
  twinOf(job: Job): Job | null {
    return this.fetching.find((other) => other !== job && other.entry.root === job.entry.root) ?? null
  }

  give(offer: NewOffer, content: FileOffer): Job {
    return this.add(this.offers.give(offer), content)
  }

  /** As of `Offers.offered`. */
  offered(offer: NewOffer, content: FileOffer): { readonly job: Job; readonly what: 'take' | 'ask' | 'pass' } | null {
    const heard = this.offers.offered(offer)
    return heard === null ? null : { job: this.add(heard.entry, content), what: heard.what }
  }

  /** One that is not listed: whoever takes all that somebody offers is told of each that he does not have. */
  passOver(offer: NewOffer, content: FileOffer, atMs: number): void {
    const entry: OfferEntry = { ...offer, number: 0, state: 'failed' }
    const nowMs = this.clock.nowMs()
    const job: Job = { ...newJob(entry, content, nowMs), atMs, reason: CROWDED, trouble: 'crowded' }
    this.told(viewOf(job, nowMs, this.throughOf))
  }

  /** One that an earlier run has begun to take; null where that goes on already, or has ended. */
  begun(offer: NewOffer, content: FileOffer): Job | null {
    const known = this.byId.get(offer.id)
    if (known === undefined) return this.goOn(offer, content)
    const { entry, isQueued, target } = known
    return entry.state === 'asked' || (entry.state === 'receiving' && isQueued && target === null) ? known : null
  }

  /** As of `Offers.goOn`: it waits for its turn. */
  goOn(offer: NewOffer, content: FileOffer): Job | null {
    const entry = this.offers.goOn(offer)
    if (entry === null) return null
    const job = this.add(entry, content)
    job.isQueued = true
    return job
  }

  /** As of `Offers.remember`. */
  remember(offer: NewOffer, content: FileOffer): Job | null {
    const entry = this.offers.remember(offer)
    return entry === null ? null : this.add(entry, content)
  }

  /** Whoever accepted it in an earlier run is asked again, and told why; false where it is known already. */
  listAgain(offer: NewOffer, content: FileOffer, reason: string): boolean {
    const job = this.remember(offer, content)
    if (job !== null) this.set(job, 'asked', reason, 'disk')
    return job !== null
  }

  takes(size: number): boolean {
    return this.offers.takes(size)
  }

  /** As of `Offers.find`; what is not shown is not meant. `notFrom`: nor is what one person offered. */
  find(text: string, states: readonly OfferState[], notFrom?: string): Job | null {
    const isMeant = ({ from, state }: OfferEntry): boolean =>
      from !== notFrom && !(UNANSWERED.has(state) && this.isIgnored(from))
    const entry = this.offers.find(text, states, isMeant)
    return entry === null ? null : (this.byId.get(entry.id) ?? null)
  }

  /** Accepted, and nothing of it could be begun, because there is no room for it. */
  findShort(text: string): Job | null {
    const job = this.find(text, ['receiving'])
    return job?.room === 'short' ? job : null
  }

  /** Of one person's offers, that cannot be had any more: of our own the others do not know that. */
  findFailed(text: string, from: string): Job | null {
    const job = this.find(text, ['failed'])
    return job?.entry.from === from ? job : null
  }

  /** By its offer's event. */
  of(id: string): Job | null {
    return this.byId.get(id) ?? null
  }

  /** Those that are to be taken as soon as this one does not bring the same any more. */
  followersOf({ entry: { root } }: Job): readonly Job[] {
    return this.ofRoot(root).filter(({ entry, follows }) => follows && entry.state === 'asked')
  }

  ofRoot(root: string): readonly Job[] {
    return this.all.filter(({ entry }) => entry.root === root)
  }

  /** The offers by which a content has come. Who offers it as well and has not been answered is not among them. */
  doneOf(root: string): readonly string[] {
    return this.ofRoot(root).flatMap(({ entry: { id, state } }) => (state === 'done' ? [id] : []))
  }

  set(job: Job, state: OfferState, reason = '', trouble: FileTrouble | null = null): void {
    job.entry.state = state
    this.wait(job, reason, trouble)
    this.changed(job)
  }

  /** It waits for something, or has failed; an empty reason: it does not any more. */
  wait(job: Job, reason: string, trouble: FileTrouble | null): void {
    job.reason = reason
    job.trouble = trouble
    this.tell(job)
  }

  /** It goes on. */
  moved(job: Job): void {
    const nowMs = this.clock.nowMs()
    job.movedAtMs = nowMs
    job.reason = ''
    job.trouble = null
    markRate(job, nowMs)
    this.untold.add(job)
    if (nowMs - this.movedToldAtMs < TOLD_EVERY_MS) return
    for (const next of this.untold) {
      if (nowMs - next.toldAtMs < TOLD_EVERY_MS) continue
      this.movedToldAtMs = nowMs
      return this.tell(next)
    }
  }

  /** Once in a while: what came last, before nothing came any more, waits for no other to have its turn. */
  catchUp(): void {
    const nowMs = this.clock.nowMs()
    if (nowMs - this.movedToldAtMs < QUIET_MS) return
    for (const job of [...this.untold].slice(0, CAUGHT_UP_MAX)) {
      this.movedToldAtMs = nowMs
      this.tell(job)
    }
  }

  /** What has only moved since it was last told of is left to `moved`: of the steps at its beginning each would tell the same. */
  tell(job: Job): void {
    const nowMs = this.clock.nowMs()
    const news = newsOf(job)
    if (news === job.told && nowMs - job.toldAtMs < TOLD_EVERY_MS) return
    this.untold.delete(job)
    job.told = news
    job.toldAtMs = nowMs
    this.told(this.view(job))
  }

  /** Lists what the user did not want in an earlier run: who offered it may not have heard that. False where it is none of these. */
  recallRefused({ offer: content, atMs, isRefused }: PendingOffer, offer: NewOffer): boolean {
    const entry = isRefused === true ? this.offers.declined(offer) : null
    if (entry !== null) Object.assign(this.add(entry, content), { atMs, refuses: true })
    return isRefused === true
  }

  view(job: Job): FileView {
    return viewOf(job, this.clock.nowMs(), this.throughOf)
  }

  /** What nobody has answered, what was accepted and has not begun, and what was not wanted of who waits for that answer, for a later run. */
  get pending(): PendingOffer[] {
    return this.all.flatMap((job) => {
      const { entry, target, isBeginning, resumesWithdrawn } = job
      const isToBegin = entry.state === 'receiving' && (target === null || isBeginning || resumesWithdrawn)
      const isToTell = job.refuses && entry.state === 'declined' && entry.room.startsWith('@')
      const isLeft = isToBegin || isToTell || entry.state === 'asked' || entry.state === 'listing'
      return isLeft ? [{ ...this.pendingOf(job), ...(isToTell ? { isRefused: true } : {}) }] : []
    })
  }

  /** For a later run. */
  pendingOf({ entry: { id, from, room, state }, atMs, offer, isForLater, follows }: Job): PendingOffer {
    const isAccepted = this.watches ? isForLater : state === 'receiving' || follows
    return { id, from, room, atMs, offer, isAccepted }
  }

  /** What we have or want, for those who ask. `isMeant`: of these contents alone, by root. */
  contents(isMeant: (root: Uint8Array) => boolean = () => true): Sought[] {
    const meant = this.all.filter(({ offer }) => isMeant(offer.root))
    return meant.flatMap(
      ({ entry: { state, room, from }, offer: { root }, download, target, refuses, taken }): Sought[] => {
        const { watches } = this
        if (state === 'giving')
          return [{ root, room, whole: true, wants: false, gives: true, watches, takers: taken.size }]
        // Of many the first are not given on any more: whoever sent them is to hear of all.
        if (state === 'done' && (target !== null || this.watches)) return [{ root, room, whole: true, wants: false }]
        if (state === 'declined' && refuses) return [{ root, room, whole: false, wants: false, refusedOf: from }]
        if (state !== 'receiving' && state !== 'listing') return []
        return [{ root, room, whole: false, wants: download !== null }]
      },
    )
  }

  private waits(id: string): boolean {
    const job = this.byId.get(id)
    return job !== undefined && !job.isWanted && job.target === null && (job.isQueued || job.room === 'short')
  }

  private add(entry: OfferEntry, offer: FileOffer): Job {
    const job = newJob(entry, offer, this.clock.nowMs())
    this.byId.set(entry.id, job)
    for (const [id, each] of this.byId) {
      if (this.offers.byId(id) !== null) continue
      this.byId.delete(id)
      this.untold.delete(each)
      this.forgotten(each)
      const isMissed = each.entry.state === 'receiving' || (this.watches && UNANSWERED.has(each.entry.state))
      if (isMissed) this.set(each, 'failed', CROWDED, 'crowded')
      each.source?.close()
      each.target?.close()
    }
    this.changed(job)
    return job
  }
}

/** What is worth telling at once. */
function newsOf({ entry: { state }, path, reason, trouble, files, taken, declined }: Job): string {
  return JSON.stringify([state, path, reason, trouble, files, taken.size, declined.size])
}
