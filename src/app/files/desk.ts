import { RECEIVING_MAX } from '../../core/transfer/offers.ts'
import type { FilesFault } from '../../ports/files.ts'
import { readFileOffer } from '../../wire/file-offer.ts'
import { RefusalCode } from '../../wire/transfer.ts'
import type { DeskOptions, DeskOutcome, FileView } from './contract.ts'
import { Giving } from './giving.ts'
import { summary } from './job.ts'
import { Jobs } from './jobs.ts'
import { Reaching } from './reaching.ts'
import { Seeking } from './seeking.ts'
import type { Shelf, ShelfOwner } from './shelf.ts'
import { Taking } from './taking.ts'
import type { TransferDriver } from './transfer-driver.ts'

const ROUND_EVERY_MS = 1_000

/** Everything people and commands do with files: what is offered, taken and given in one run. */
export class Desk implements ShelfOwner {
  private readonly jobs: Jobs
  private readonly seeking: Seeking
  private readonly reaching: Reaching
  private driver!: TransferDriver
  private taking!: Taking
  private giving!: Giving
  private cancelRound: (() => void) | null = null

  constructor(private readonly options: DeskOptions) {
    this.jobs = new Jobs(options.policy, options.clock, options.told)
    this.reaching = new Reaching(options.talk, (act) => this.driver.run(act))
    this.seeking = new Seeking(
      options.talk,
      () => this.jobs.contents(),
      this.reaching,
      (key) => this.ask(this.driver.transfers.linksTo(key)),
    )
  }

  /** Must be called once, before anything else. */
  attach(driver: TransferDriver, shelf: Shelf): void {
    this.driver = driver
    this.jobs.throughOf = (link) => driver.transfers.throughOf(link)
    this.taking = new Taking(this.options, this.jobs, shelf, driver, this.seeking, this.reaching)
    this.giving = new Giving(this.options, this.jobs, shelf, this.seeking)
    this.round()
  }

  get views(): readonly FileView[] {
    return this.jobs.views
  }

  /** Goes on with what earlier runs began to take, and gives again what they gave. */
  async goOn(): Promise<void> {
    await this.taking.goOn()
    await this.giving.goOn()
  }

  /** Hashes what stands at a path and offers it in a room, or to one person. */
  send(path: string, room: string): Promise<DeskOutcome> {
    return this.giving.send(path, room)
  }

  /** Somebody has offered something; `body` as its event has it. */
  heardOffer(id: string, from: string, room: string, body: Uint8Array): void {
    const offer = readFileOffer(body)
    if (offer === null || from === this.options.talk.own) return
    const heard = this.jobs.offered({ ...summary(offer), id, from, room }, offer)
    if (heard === null) return
    const { job, what } = heard
    this.jobs.tell(job)
    if (what === 'pass') return
    if (this.jobs.twinOf(job) !== null) this.jobs.set(job, 'asked')
    else if (job.entry.isFolder) this.taking.list(job)
    else if (what === 'take') void this.taking.take(job)
  }

  /** Somebody asks for files, or says which he has. */
  heardPassing(room: string, from: string, kind: number, body: Uint8Array): void {
    this.seeking.heard(room, from, kind, body, this.options.clock.nowMs())
  }

  async accept(text: string): Promise<DeskOutcome> {
    const job = this.jobs.find(text, ['asked', 'listing', 'declined', 'cancelled', 'failed'])
    if (job === null) return unknown(text, 'is waiting to be accepted')
    const twin = this.jobs.twinOf(job)
    if (twin !== null) {
      return { ok: false, code: 'on-its-way', message: `The same is on its way already, as file ${twin.entry.number}.` }
    }
    if (this.jobs.fetching.filter(({ entry }) => entry.state === 'receiving').length >= RECEIVING_MAX) {
      return { ok: false, code: 'too-many', message: `${RECEIVING_MAX} files are on their way: /cancel one, or wait.` }
    }
    // Of a folder, what is in it must be known.
    if (!job.entry.isFolder || (job.entry.state === 'asked' && job.download !== null)) await this.taking.take(job)
    else {
      const isBegun = job.download !== null
      this.jobs.set(job, 'receiving')
      if (!isBegun) this.taking.list(job)
    }
    return { ok: true, view: this.jobs.view(job) }
  }

  decline(text: string): DeskOutcome {
    const job = this.jobs.find(text, ['asked', 'listing'])
    if (job === null) return unknown(text, 'is waiting for an answer')
    this.taking.stop(job, 'declined')
    return { ok: true, view: this.jobs.view(job) }
  }

  /** Stops something that is received, and takes away what came of it; or takes an offer of ours back. */
  async cancel(text: string): Promise<DeskOutcome> {
    const job = this.jobs.find(text, ['receiving', 'giving', 'listing', 'asked'])
    if (job === null) return unknown(text, 'is on its way')
    if (job.entry.state === 'giving') this.giving.withdraw(job)
    else {
      this.taking.stop(job, 'cancelled')
      await job.target?.discard()
      job.target = null
    }
    return { ok: true, view: this.jobs.view(job) }
  }

  /** Lets go of every file; what is on its way stays for the next run. */
  close(): void {
    this.cancelRound?.()
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

  stuck(root: string, { message, code }: FilesFault): void {
    for (const job of this.jobs.ofRoot(root)) {
      job.isStuck = true
      job.reason = code === 'full' ? `${message} It goes on when there is room.` : `${message} It is tried again.`
      this.jobs.tell(job)
    }
  }

  lost(root: string, fault: FilesFault | null): void {
    const given = this.jobs.ofRoot(root).filter(({ entry }) => entry.state === 'giving')
    for (const job of given) this.jobs.set(job, 'failed', fault?.message ?? 'It cannot be read any more.')
  }

  linked(_key: string, link: number): void {
    this.ask([link])
  }

  unlinked(key: string, reason: string): void {
    this.options.log(`the link for files with ${key.slice(0, 8)} ${reason}`)
  }

  dropped(root: string, key: string, why: 'lying' | 'silent'): void {
    this.options.log(`${key.slice(0, 8)} is ${why} about the file ${root.slice(0, 8)}`)
    if (why === 'lying') this.driver.run((all, nowMs) => all.hangUp(key, nowMs))
  }

  refused(root: string, key: string, code: number): void {
    if (code !== RefusalCode.changed && code !== RefusalCode.withdrawn && code !== RefusalCode.vanished) return
    const what = code === RefusalCode.changed ? 'has been changed' : 'is gone'
    for (const job of this.jobs.ofRoot(root)) {
      if (key !== job.entry.from || !this.jobs.fetching.includes(job)) continue
      job.reason = `${job.entry.name} ${what} where it came from. It goes on if others have it; /cancel gives it up.`
      this.jobs.tell(job)
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

  private round(): void {
    const { clock } = this.options
    const nowMs = clock.nowMs()
    this.taking.round(nowMs)
    this.cancelRound = clock.timer(nowMs + ROUND_EVERY_MS, () => this.round())
  }
}

function unknown(text: string, what: string): DeskOutcome {
  const message =
    text.trim() === '' ? `Say which: /files lists what ${what}.` : `No file "${text}" ${what}. /files lists them.`
  return { ok: false, code: 'no-such-file', message }
}
