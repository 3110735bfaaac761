import { toHex } from '../../base/bytes.ts'
import type { FilesFault, Source } from '../../ports/files.ts'
import { encodeFileOffer } from '../../wire/file-offer.ts'
import type { DeskOptions, DeskOutcome, FileView } from './contract.ts'
import { Holding } from './holding.ts'
import { type Job, offerOf, summary } from './job.ts'
import { type Jobs, TOLD_EVERY_MS } from './jobs.ts'
import { Rate } from './rate.ts'
import type { Seeking } from './seeking.ts'
import type { Share } from './shares.ts'
import type { Shelf } from './shelf.ts'

interface Read {
  readonly ok: true
  readonly source: Source
  readonly holding: Holding
}

const NOT_OFFERED: Omit<FileView, 'id' | 'from' | 'name' | 'size' | 'done' | 'bytesPerSecond' | 'leftMs'> = {
  ...{ number: 0, state: 'reading', room: '', atMs: 0, given: 0, taken: [], declined: [], holders: 0, through: [] },
  ...{ path: '', reason: '', trouble: null, files: 0, listing: [] },
}

/** What is offered by us: hashed, said in a room, given to whoever may have it, and given again by the next run. */
export class Giving {
  private readings = 0
  /** Of an earlier run, and not read yet. */
  private unread: readonly Share[]

  constructor(
    private readonly options: DeskOptions,
    private readonly jobs: Jobs,
    private readonly shelf: Shelf,
    private readonly seeking: Seeking,
  ) {
    this.unread = options.shares?.load() ?? []
  }

  async send(path: string, room: string): Promise<DeskOutcome> {
    const read = await this.read(path, true)
    return read.ok ? await this.offer(path, room, read) : read
  }

  /** Hashes all before it offers the first; with one that cannot be read nothing is offered. */
  async sendAll(paths: readonly string[], room: string): Promise<readonly DeskOutcome[]> {
    const all: { readonly path: string; readonly read: Read }[] = []
    for (const path of paths) {
      const read = await this.read(path, true)
      if (read.ok) all.push({ path, read })
      else {
        for (const each of all) each.read.source.close()
        return [read]
      }
    }
    return await Promise.all(all.map(({ path, read }) => this.offer(path, room, read)))
  }

  private async offer(path: string, room: string, { source, holding }: Read): Promise<DeskOutcome> {
    const offer = offerOf(source, holding.root)
    const body = encodeFileOffer(offer)
    const said =
      body === null
        ? { ok: false as const, message: `${path} has a name that cannot be sent: rename it.` }
        : await this.options.talk.offer(room, body)
    if (!said.ok) {
      source.close()
      return { ok: false, code: 'not-offered', message: said.message }
    }
    const job = this.give({ id: said.id, room, root: toHex(holding.root), path }, source, holding)
    this.keep()
    return { ok: true, view: this.jobs.view(job) }
  }

  /** Gives again what an earlier run gave, where it is still what it was. */
  async goOn(): Promise<void> {
    for (let share = this.unread[0]; share !== undefined; share = this.unread[0]) {
      const read = await this.read(share.path)
      this.unread = this.unread.slice(1)
      if (read.ok && toHex(read.holding.root) === share.root) {
        const { offer, entry } = this.give(share, read.source, read.holding)
        // Those who have waited for it need not wait until they ask again.
        this.seeking.tell(entry.room, [{ root: offer.root, room: entry.room, whole: true, wants: false }])
        continue
      }
      if (read.ok) read.source.close()
      this.options.log(`${share.path} is not offered any more: it is not what it was.`)
    }
    this.keep()
  }

  /** Nobody is given it any more, and everybody who has heard of it hears that; where they cannot, it stays as it is. */
  async withdraw(job: Job): Promise<DeskOutcome> {
    const { id, number, room } = job.entry
    const why = await this.options.talk.withdraw(room, id)
    if (why === null) this.withdrawn(job)
    // Told meanwhile, by another /cancel or another device, it is as good.
    if (job.entry.state === 'withdrawn') return { ok: true, view: this.jobs.view(job) }
    const message = room.startsWith('@')
      ? `The other could not be told, so it is still offered: ${why} Then /cancel ${number} again.`
      : `Join ${room} first, so that the others hear it: /join ${room}, then /cancel ${number}.`
    return { ok: false, code: 'not-told', message }
  }

  /** It has been said that it is taken back. */
  withdrawn(job: Job): void {
    if (job.entry.state === 'withdrawn') return
    this.jobs.set(job, 'withdrawn')
    this.shelf.withdraw(job.entry.id, job.offer.root)
    job.source?.close()
    job.source = null
    this.keep()
  }

  /** `isNew`: what is not sent of it has not been told yet; that is done before all of it is read, which may take long. */
  private async read(path: string, isNew = false): Promise<Read | FilesFault> {
    const source = await this.options.files.source(path)
    if (!source.ok) return source
    if (isNew && source.omitted !== null) this.options.omitted?.(source.name, source.omitted)
    const reading = this.reading(source)
    const holding = await Holding.of(source, reading.told)
    reading.over()
    if (holding instanceof Holding) return { ok: true, source, holding }
    source.close()
    return holding
  }

  /** Tells how far a source has been read, and that it is read no more. */
  private reading({ name, size: contentBytes, manifest }: Source): { told(bytes: number): void; over(): void } {
    const { clock, talk, told } = this.options
    const id = `reading-${++this.readings}`
    const size = contentBytes - manifest.length
    const rate = new Rate()
    let toldAtMs = clock.nowMs()
    let isTold = false
    const tell = (done: number): void => {
      const nowMs = clock.nowMs()
      rate.mark(done, nowMs)
      const bytesPerSecond = rate.perSecond(done, nowMs)
      const leftMs = bytesPerSecond === 0 ? null : ((size - done) * 1000) / bytesPerSecond
      told({ ...NOT_OFFERED, id, from: talk.own, name, size, done, bytesPerSecond, leftMs })
    }
    return {
      told(bytes) {
        if (clock.nowMs() - toldAtMs < TOLD_EVERY_MS || bytes === contentBytes) return
        toldAtMs = clock.nowMs()
        isTold = true
        tell(Math.max(0, bytes - manifest.length))
      },
      over: () => {
        if (isTold) tell(size)
      },
    }
  }

  private give({ id, room, path }: Share, source: Source, holding: Holding): Job {
    const { talk } = this.options
    const offer = offerOf(source, holding.root)
    const job = this.jobs.give({ ...summary(offer), id, from: talk.own, room }, offer)
    job.source = source
    job.path = path
    job.atMs = this.options.clock.wallMs()
    this.shelf.give(id, holding, (key) => talk.mayHave(room, key))
    this.jobs.tell(job)
    return job
  }

  private keep(): void {
    const given = this.jobs.all.filter(({ entry }) => entry.state === 'giving')
    const shares = given.map(({ entry: { id, room, root }, path }) => ({ id, room, root, path }))
    this.options.shares?.save([...this.unread, ...shares])
  }
}
