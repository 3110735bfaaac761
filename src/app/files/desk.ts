import { toHex } from '../../base/bytes.ts'
import { RECEIVING_MAX } from '../../core/transfer/offers.ts'
import type { FilesFault } from '../../ports/files.ts'
import { readFileOffer } from '../../wire/file-offer.ts'
import { RefusalCode } from '../../wire/transfer.ts'
import type { DeskOptions, DeskOutcome, FileTrouble, FileView } from './contract.ts'
import { Giving } from './giving.ts'
import { summary } from './job.ts'
import { Jobs } from './jobs.ts'
import { Reaching } from './reaching.ts'
import { type Answer, Seeking } from './seeking.ts'
import type { Shelf, ShelfOwner } from './shelf.ts'
import { Taking, troubleOf } from './taking.ts'
import type { TransferDriver } from './transfer-driver.ts'

const ROUND_EVERY_MS = 1_000
/** Remembered of those who say that they have what we offer. */
const TAKERS_MAX = 256

interface Refused {
  readonly trouble: FileTrouble
  /** As the end of a sentence. */
  readonly what: string
}

const VANISHED: Refused = { trouble: 'gone', what: 'is gone' }
const REFUSED: ReadonlyMap<number, Refused> = new Map([
  // Whoever has just started to give it again has it as soon as he has read it, and then offers it anew.
  [RefusalCode.unknown, { trouble: 'absent', what: 'is not there (yet)' }],
  [RefusalCode.changed, { trouble: 'changed', what: 'has been changed' }],
  [RefusalCode.withdrawn, { trouble: 'withdrawn', what: 'is gone' }],
])

/** Everything people and commands do with files: what is offered, taken and given in one run. */
export class Desk implements ShelfOwner {
  private readonly jobs: Jobs
  private readonly seeking: Seeking
  private readonly reaching: Reaching
  private driver!: TransferDriver
  private taking!: Taking
  private giving!: Giving
  private cancelRound: (() => void) | null = null
  /** Not before what earlier runs kept has been read. */
  private mayKeep = false

  constructor(private readonly options: DeskOptions) {
    this.jobs = new Jobs(options.policy, options.clock, options.told, options.watches)
    this.reaching = new Reaching(options.talk, (act) => this.driver.run(act))
    this.seeking = new Seeking(
      options.talk,
      () => this.jobs.contents(),
      this.reaching,
      (key) => this.ask(this.driver.transfers.linksTo(key)),
      (root, room, key, answer) => this.answered(toHex(root), room, key, answer),
    )
  }

  /** Must be called once, before anything else. */
  attach(driver: TransferDriver, shelf: Shelf): void {
    this.driver = driver
    this.jobs.throughOf = (link) => driver.transfers.throughOf(link)
    this.jobs.forgotten = (job) => this.taking.forget(job)
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

  /** Lists what earlier runs were offered and have not answered; answers how many that is. */
  recall(): number {
    if (this.options.policy.mode === 'none') return 0
    const recalled = (this.options.pending?.load() ?? []).filter(({ id, from, room, atMs, offer }) => {
      const job = this.jobs.remember({ ...summary(offer), id, from, room }, offer)
      if (job !== null) job.atMs = atMs
      return job !== null
    })
    this.mayKeep = true
    return recalled.length
  }

  /** Hashes what stands at a path and offers it in a room, or to one person. */
  send(path: string, room: string): Promise<DeskOutcome> {
    return this.giving.send(path, room)
  }

  /** The same of several: all are hashed before the first is offered, so that whoever takes them has them one after the other. */
  sendAll(paths: readonly string[], room: string): Promise<readonly DeskOutcome[]> {
    return this.giving.sendAll(paths, room)
  }

  /** Somebody has offered something; `body` as its event has it. */
  heardOffer(id: string, from: string, room: string, body: Uint8Array, atMs = 0): void {
    const offer = readFileOffer(body)
    if (offer === null || from === this.options.talk.own) return
    const heard = this.jobs.offered({ ...summary(offer), id, from, room }, offer)
    if (heard === null) return
    const { job, what } = heard
    job.atMs = atMs
    this.jobs.tell(job)
    if (what === 'pass') return
    if (this.jobs.twinOf(job) !== null) {
      this.jobs.set(job, 'asked')
      // Whoever offers it again has it, perhaps under another name than before.
      this.reaching.dial(from, this.options.clock.nowMs())
      this.ask(this.driver.transfers.linksTo(from))
    } else if (what === 'take') this.taking.queue(job)
    else if (job.entry.isFolder) this.taking.preview(job)
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
      return {
        ok: false,
        code: 'on-its-way',
        message: `The same is on its way already, as file ${twin.entry.number}. /files shows how far.`,
      }
    }
    if (this.jobs.taking.length >= RECEIVING_MAX) {
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
    this.seeking.decline(job.entry.room, job.offer.root)
    return { ok: true, view: this.jobs.view(job) }
  }

  /** Stops something that is received, and takes away what came of it; or takes an offer of ours back. */
  async cancel(text: string): Promise<DeskOutcome> {
    const job = this.jobs.find(text, ['receiving', 'giving', 'listing', 'asked'])
    if (job === null) return unknown(text, 'is on its way')
    if (job.entry.state === 'giving') this.giving.withdraw(job)
    else {
      this.taking.stop(job, 'cancelled')
      await this.taking.discard(job)
    }
    return { ok: true, view: this.jobs.view(job) }
  }

  /** Lets go of every file; what is on its way stays for the next run. */
  close(): void {
    this.cancelRound?.()
    this.keepPending()
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
    for (const job of this.jobs.ofRoot(root)) {
      job.isStuck = true
      this.jobs.wait(job, this.stuckReason(fault), troubleOf(fault))
    }
  }

  lost(root: string, fault: FilesFault | null): void {
    const given = this.jobs.ofRoot(root).filter(({ entry }) => entry.state === 'giving')
    const trouble = fault?.code === 'changed' ? 'changed' : 'gone'
    for (const job of given) this.jobs.set(job, 'failed', fault?.message ?? 'It cannot be read any more.', trouble)
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
    if (this.driver.transfers.throughOf(link) === null) this.reaching.linked(key, this.options.clock.nowMs())
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
    if (code === RefusalCode.notForYou || code === RefusalCode.busy) return
    const { trouble, what } = REFUSED.get(code) ?? VANISHED
    for (const job of this.jobs.ofRoot(root)) {
      if (key !== job.entry.from || !this.jobs.fetching.includes(job)) continue
      const reason = `${job.entry.name} ${what} where it came from. It goes on if others have it; /cancel gives it up.`
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
      const people = answer === 'whole' ? job.taken : job.declined
      if (job.entry.state !== 'giving' || job.entry.room !== room || people.has(key)) continue
      if (people.size >= TAKERS_MAX) continue
      people.add(key)
      this.jobs.tell(job)
    }
  }

  /** A run for one transfer does not wait for room. */
  private stuckReason({ message, code }: FilesFault): string {
    if (this.options.watches === true) return message
    return `${message} ${code === 'full' ? 'It goes on when there is room.' : 'It is tried again.'}`
  }

  private keepPending(): void {
    if (this.mayKeep) this.options.pending?.save(this.jobs.pending)
  }

  private round(): void {
    const { clock } = this.options
    const nowMs = clock.nowMs()
    this.taking.round(nowMs)
    this.keepPending()
    this.cancelRound = clock.timer(nowMs + ROUND_EVERY_MS, () => this.round())
  }
}

function unknown(text: string, what: string): DeskOutcome {
  const message =
    text.trim() === '' ? `Say which: /files lists what ${what}.` : `No file "${text}" ${what}. /files lists them.`
  return { ok: false, code: 'no-such-file', message }
}
