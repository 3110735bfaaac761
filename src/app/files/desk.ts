import { toHex } from '../../base/bytes.ts'
import { Generations } from '../../base/generations.ts'
import { RECEIVING_MAX } from '../../core/transfer/offers.ts'
import { mayHaveRoot } from '../../core/transfer/tree.ts'
import type { FilesFault } from '../../ports/files.ts'
import { type FileOffer, readFileOffer } from '../../wire/file-offer.ts'
import { PassingKind } from '../../wire/passing.ts'
import { RefusalCode } from '../../wire/transfer.ts'
import type { DeskList, DeskOptions, DeskOutcome, FileView } from './contract.ts'
import { FolderLists } from './folder-lists.ts'
import { Giving } from './giving.ts'
import { type Job, noteAnswer, summary } from './job.ts'
import { Jobs } from './jobs.ts'
import { Keeping } from './keeping.ts'
import { LeftOut } from './left-out.ts'
import type { PendingOffer } from './pending.ts'
import { Reaching } from './reaching.ts'
import { lyingAbout, nameOf, onItsWay, refusalOf, tooManyAtOnce, unknown } from './refusals.ts'
import { type Answer, Seeking } from './seeking.ts'
import type { Shelf, ShelfOwner } from './shelf.ts'
import { Stock } from './stock.ts'
import { Taking } from './taking.ts'
import type { TransferDriver } from './transfer-driver.ts'
import { Twins } from './twins.ts'
import { type NotedOffer, WaitingList } from './waiting-list.ts'

const ROUND_EVERY_MS = 1_000
/** Withdrawals remembered from before their offers come, and deletions of other things that may be some: twice as many at most, 200 bytes each. */
const WITHDRAWALS_MAX = 1_024

/** Everything people and commands do with files: what is offered, taken and given in one run. */
export class Desk implements ShelfOwner {
  private readonly jobs: Jobs
  private readonly seeking: Seeking
  private readonly reaching: Reaching
  private driver!: TransferDriver
  private taking!: Taking
  private giving!: Giving
  private stock!: Stock
  private lists!: FolderLists
  private cancelRound: (() => void) | null = null
  /** Not before what earlier runs kept has been read. */
  private mayKeep = false
  /** Of an earlier run, to be begun. */
  private accepted: Job[] = []
  /** What has been taken back before it came. */
  private readonly withdrawals = new Generations(Number.POSITIVE_INFINITY, WITHDRAWALS_MAX)
  /** Of earlier runs, where this one has nothing to do with them. */
  private readonly untouched: PendingOffer[] = []
  private readonly keeping: Keeping
  private readonly list: WaitingList
  private readonly leftOut: LeftOut

  constructor(private readonly options: DeskOptions) {
    this.jobs = new Jobs(options.policy, options.clock, options.told, options.watches)
    this.jobs.isIgnored = (key) => options.talk.isIgnored(key)
    this.list = new WaitingList(options.clock, options.pending ?? null)
    this.keeping = new Keeping(options.clock, () => this.keepPending())
    this.leftOut = new LeftOut(options.clock, (...news) => options.leftOut?.(...news))
    this.reaching = new Reaching(options.talk, (act) => this.driver.run(act))
    this.seeking = new Seeking(
      options.talk,
      (isMeant) => [...this.jobs.contents(isMeant), ...this.stock.contents()],
      this.reaching,
      (key) => this.ask(this.driver.transfers.linksTo(key)),
      (root, room, key, answer) => this.answered(toHex(root), room, key, answer),
    )
  }

  /** Must be called once, before anything else. */
  attach(driver: TransferDriver, shelf: Shelf): void {
    this.driver = driver
    const { clock } = this.options
    const twins = new Twins(
      this.jobs,
      clock,
      (each, by) => this.taking.doneBy(each, by),
      (each) => this.takeUnlessTwin(each),
    )
    this.lists = new FolderLists(this.jobs, shelf, clock, (job) => this.taking.list(job))
    this.jobs.changed = (job) => {
      this.keeping.soon()
      this.lists.changed(job)
      twins.changed(job)
    }
    this.jobs.throughOf = (link) => driver.transfers.throughOf(link)
    this.jobs.forgotten = (job) => {
      this.taking.forget(job)
      if (job.isForLater && job.entry.state === 'asked') this.untouched.push(this.jobs.pendingOf(job))
    }
    this.stock = new Stock(this.options, shelf, this.seeking)
    this.taking = new Taking(this.options, this.jobs, shelf, driver, this.seeking, this.reaching, {
      here: (job) => this.stock.add(job),
      told: (target, offers) => this.list.over(target, offers),
      anew: () => this.keeping.ahead(),
    })
    this.giving = new Giving(this.options, this.jobs, shelf, this.seeking)
    this.round()
  }

  get views(): readonly FileView[] {
    return this.jobs.views
  }

  /** All that is in a folder, whether it has been taken or not. */
  paths(text: string): Promise<DeskList> {
    return this.lists.of(text)
  }

  /** Goes on with what earlier runs began to take or were to, and gives again what they gave. */
  async goOn(): Promise<void> {
    this.stock.load()
    await this.taking.goOn()
    for (const job of this.accepted) if (job.entry.state === 'receiving' && job.isQueued) this.takeUnlessTwin(job)
    this.accepted = []
    await this.giving.goOn()
  }

  /** Lists what earlier runs were offered and have not answered; answers how many of them are shown. A run for one transfer is told of each, and begins none. */
  recall(): number {
    const isOnce = this.options.watches === true
    const isAsking = this.options.policy.mode !== 'none'
    let count = 0
    for (const each of this.list.load()) {
      const { id, from, room, atMs, offer } = each
      const isAccepted = each.isAccepted && !isOnce
      if (each.isUnheard === true) {
        this.hear(id, from, room, offer, atMs)
        continue
      }
      if (this.options.talk.isWithdrawn(id)) continue
      const about = { ...summary(offer), id, from, room }
      if (this.jobs.recallRefused(each, about)) continue
      const remembered = isAsking && !isAccepted ? this.jobs.remember(about, offer) : null
      const job = isAccepted ? this.jobs.goOn(about, offer) : remembered
      if (job === null) {
        if (!isAsking || each.isAccepted) this.untouched.push(each)
        continue
      }
      job.atMs = atMs
      job.isForLater = each.isAccepted && isOnce
      if (isOnce) this.jobs.tell(job)
      if (isAccepted) this.accepted.push(job)
      else if (!this.options.talk.isIgnored(from)) count++
    }
    this.mayKeep = true
    return count
  }

  /** Hashes what stands at a path and offers it in a room, or to one person. */
  send(path: string, room: string): Promise<DeskOutcome> {
    return this.giving.send(path, room)
  }

  /** The same of several: all are hashed before the first is offered, so that whoever takes them has them one after the other. */
  sendAll(paths: readonly string[], room: string): Promise<readonly DeskOutcome[]> {
    return this.giving.sendAll(paths, room)
  }

  /** These have come, and are about to be written down as such: each is heard soon, or in a later run. */
  note(offers: readonly NotedOffer[]): void {
    this.list.note(offers.filter(({ id }) => this.jobs.of(id) === null))
    this.keeping.ahead()
  }

  /** Somebody has offered something; `body` as its event has it. */
  heardOffer(id: string, from: string, room: string, body: Uint8Array, atMs = 0): void {
    this.hear(id, from, room, readFileOffer(body), atMs)
    this.list.heard(id)
  }

  private hear(id: string, from: string, room: string, offer: FileOffer | null, atMs: number): void {
    // One of nothing that has another hash than nothing has is no better than a broken one.
    if (offer === null || !mayHaveRoot(offer.size, offer.root)) return
    if (from === this.options.talk.own || this.options.talk.isWithdrawn(id)) return
    if (this.withdrawals.has(nameOf(id, from, room), 0)) return
    const entry = { ...summary(offer), id, from, room }
    if (this.options.talk.isIgnored(from)) {
      // Nothing is done with it, so that it can be answered once they are heard again.
      const job = this.jobs.remember(entry, offer)
      if (job !== null) job.atMs = atMs
      return
    }
    if (this.jobs.of(id) !== null) return
    const heard = this.jobs.offered(entry, offer)
    if (heard === null) {
      return this.options.watches === true ? this.jobs.passOver(entry, offer, atMs) : this.leftOut.add(from)
    }
    const { job, what } = heard
    job.atMs = atMs
    this.jobs.tell(job)
    if (what === 'pass') return this.refuse(job)
    if (what === 'take') this.takeUnlessTwin(job)
    else if (this.jobs.twinOf(job) !== null) this.alsoFrom(job)
    else if (job.entry.isFolder) this.taking.preview(job)
  }

  private takeUnlessTwin(job: Job): void {
    job.follows = this.jobs.twinOf(job) !== null
    if (job.follows) return this.alsoFrom(job)
    if (job.entry.state === 'asked') this.jobs.set(job, 'receiving')
    this.taking.queue(job)
  }

  /** The same is on its way already: whoever offers it again has it, perhaps under another name than before. */
  private alsoFrom(job: Job): void {
    const { from } = job.entry
    this.jobs.set(job, 'asked')
    this.reaching.dial(from, this.options.clock.nowMs())
    this.ask(this.driver.transfers.linksTo(from))
  }

  /** Somebody takes back something he said in a room: what he has offered there is not to be taken any more. */
  heardWithdrawal(id: string, from: string, room: string): void {
    this.stock.withdrawn(id, from, room)
    const job = this.jobs.of(id)
    // What is caught up with comes newest first: the offer may follow.
    if (job === null) this.withdrawals.add(nameOf(id, from, room), 0)
    else if (job.entry.from !== from || job.entry.room !== room) return
    else if (from !== this.options.talk.own) this.taking.withdrawn(job)
    else this.giving.withdrawn(job)
  }

  /** Somebody asks for files, or says which he has. */
  heardPassing(room: string, from: string, kind: number, body: Uint8Array): void {
    if (kind === PassingKind.seek) this.stock.asked(room, body)
    this.seeking.heard(room, from, kind, body, this.options.clock.nowMs())
  }

  async accept(text: string): Promise<DeskOutcome> {
    const { own } = this.options.talk
    const ended = ['declined', 'cancelled', 'failed'] as const
    // What waits for an answer is meant before what was answered.
    const job = this.jobs.find(text, ['asked', 'listing']) ?? this.jobs.find(text, ended, own)
    if (job === null) return this.withdrawn(text) ?? unknown(text, 'is waiting to be accepted')
    const twin = this.jobs.twinOf(job)
    if (twin !== null) return onItsWay(twin.entry.number)
    const isFull = this.jobs.taking.length >= RECEIVING_MAX
    if (isFull && this.options.watches !== true) return tooManyAtOnce(RECEIVING_MAX)
    job.isWanted = true
    // Nobody is there to accept it later.
    if (isFull) this.taking.queue(job)
    // Of a folder, what is in it must be known.
    else if (!job.entry.isFolder || (job.entry.state === 'asked' && job.download !== null)) await this.taking.take(job)
    else {
      const isBegun = job.download !== null
      this.jobs.set(job, 'receiving')
      if (!isBegun) this.taking.list(job)
    }
    return { ok: true, view: this.jobs.view(job) }
  }

  decline(text: string): DeskOutcome {
    const job = this.jobs.find(text, ['asked', 'listing']) ?? this.jobs.findShort(text)
    if (job === null) return unknown(text, 'is waiting for an answer')
    this.taking.stop(job, 'declined')
    job.refuses = true
    this.refuse(job)
    return { ok: true, view: this.jobs.view(job) }
  }

  /** The one other of a conversation need not wait; a room is not told, unless this run is for nothing else. */
  private refuse({ entry: { room }, offer: { root }, refuses }: Job): void {
    if (room.startsWith('@') || (refuses && this.options.watches === true)) this.seeking.decline(room, root)
  }

  /** Stops something that is received, and takes away what came of it; or takes an offer of ours back. */
  async cancel(text: string): Promise<DeskOutcome> {
    const job =
      this.jobs.find(text, ['receiving', 'giving', 'listing', 'asked']) ??
      this.jobs.findFailed(text, this.options.talk.own)
    if (job === null) return unknown(text, 'is on its way')
    if (job.entry.from === this.options.talk.own) return await this.giving.withdraw(job)
    this.taking.stop(job, 'cancelled')
    await this.taking.discard(job)
    return { ok: true, view: this.jobs.view(job) }
  }

  /** Lets go of every file; what is on its way stays for the next run. */
  close(): void {
    this.cancelRound?.()
    this.leftOut.stop()
    this.keeping.now()
    this.list.close()
    for (const job of this.jobs.all) {
      job.source?.close()
      job.target?.close()
    }
  }

  // What the shelf tells.

  reached(root: string): void {
    for (const job of this.jobs.ofRoot(root)) if (this.jobs.fetching.includes(job)) void this.taking.reached(job)
  }

  gained(root: string): void {
    for (const job of this.jobs.ofRoot(root)) if (this.jobs.fetching.includes(job)) this.jobs.moved(job)
  }

  stuck(root: string, fault: FilesFault): void {
    this.taking.stuck(root, fault)
  }

  lost(offer: string, fault: FilesFault | null): void {
    this.stock.lost(offer)
    const job = this.jobs.of(offer)
    if (job?.entry.state !== 'giving') return
    const trouble = fault?.code === 'changed' ? 'changed' : 'gone'
    this.jobs.set(job, 'failed', fault?.message ?? 'It cannot be read any more.', trouble)
  }

  /** So many bytes of what we offer have been given to somebody. */
  gave(root: string, bytes: number): void {
    for (const job of this.jobs.ofRoot(root)) {
      if (job.entry.state !== 'giving') continue
      job.given += bytes
      this.jobs.moved(job)
    }
  }

  linked(key: string, link: number): void {
    if (this.driver.transfers.throughOf(link) === null) this.reaching.linked(key)
    this.ask([link])
  }

  /** Somebody has become a neighbour, perhaps again. */
  arrived(key: string): void {
    this.reaching.arrived(key, this.options.clock.nowMs())
  }

  unlinked(key: string, reason: string): void {
    this.options.log(`the link for files with ${key.slice(0, 8)} ${reason}`)
  }

  dropped(root: string, key: string, why: 'lying' | 'silent'): void {
    this.options.log(`${key.slice(0, 8)} is ${why} about the file ${root.slice(0, 8)}`)
    if (why !== 'lying') return
    this.driver.run((all, nowMs) => all.hangUp(key, nowMs))
    for (const job of this.jobs.ofRoot(root)) {
      if (key !== job.entry.from || !this.jobs.fetching.includes(job)) continue
      this.jobs.wait(job, lyingAbout(job.entry.name), 'lying')
    }
  }

  refused(root: string, key: string, code: number): void {
    if (code === RefusalCode.notForYou || code === RefusalCode.busy) return
    for (const job of this.jobs.ofRoot(root)) {
      if (key !== job.entry.from || !this.jobs.fetching.includes(job)) continue
      const { trouble, reason } = refusalOf(code, job.entry.name)
      this.jobs.wait(job, reason, trouble)
    }
  }

  log(message: string): void {
    this.options.log(message)
  }

  /** Asks over these links for everything that is wanted. */
  private ask(links: readonly number[]): void {
    const { fetching } = this.jobs
    this.driver.run(({ exchange }) => {
      for (const link of links) for (const { offer } of fetching) exchange.tryAt(offer.root, link)
    })
  }

  /** Somebody says how he stands to what we offer: nobody can prove it, nor has he a reason to lie. */
  private answered(root: string, room: string, key: string, answer: Answer): void {
    for (const job of this.jobs.ofRoot(root)) {
      const { entry } = job
      if (entry.state === 'giving' && entry.room === room && noteAnswer(job, key, answer)) this.jobs.tell(job)
    }
  }

  private withdrawn(text: string): DeskOutcome | null {
    const job = this.jobs.find(text, ['withdrawn'], this.options.talk.own)
    if (job === null) return null
    const message = `${job.entry.name} was withdrawn by whoever offered it: ask for it to be sent again.`
    return { ok: false, code: 'withdrawn', message }
  }

  private keepPending(): void {
    if (this.mayKeep) this.list.save([...this.untouched, ...this.jobs.pending])
  }

  private round(): void {
    const { clock } = this.options
    const nowMs = clock.nowMs()
    this.taking.round(nowMs)
    this.jobs.catchUp()
    this.keeping.now()
    this.cancelRound = clock.timer(nowMs + ROUND_EVERY_MS, () => this.round())
  }
}
