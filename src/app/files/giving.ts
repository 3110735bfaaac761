import { toHex } from '../../base/bytes.ts'
import type { FilesFault, Source } from '../../ports/files.ts'
import { encodeFileOffer } from '../../wire/file-offer.ts'
import type { DeskOptions, DeskOutcome } from './contract.ts'
import { Holding } from './holding.ts'
import { type Job, offerOf, summary } from './job.ts'
import type { Jobs } from './jobs.ts'
import type { Seeking } from './seeking.ts'
import type { Share } from './shares.ts'
import type { Shelf } from './shelf.ts'

/** What is offered by us: hashed, said in a room, given to whoever may have it, and given again by the next run. */
export class Giving {
  constructor(
    private readonly options: DeskOptions,
    private readonly jobs: Jobs,
    private readonly shelf: Shelf,
    private readonly seeking: Seeking,
  ) {}

  async send(path: string, room: string): Promise<DeskOutcome> {
    const read = await this.read(path)
    if (!read.ok) return read
    const { source, holding } = read
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
    for (const share of this.options.shares?.load() ?? []) {
      const read = await this.read(share.path)
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

  withdraw(job: Job): void {
    this.shelf.withdraw(job.offer.root)
    job.source?.close()
    job.source = null
    this.jobs.set(job, 'withdrawn')
    this.keep()
  }

  private async read(
    path: string,
  ): Promise<{ readonly ok: true; readonly source: Source; readonly holding: Holding } | FilesFault> {
    const source = await this.options.files.source(path)
    if (!source.ok) return source
    const holding = await Holding.of(source)
    if (holding instanceof Holding) return { ok: true, source, holding }
    source.close()
    return holding
  }

  private give({ id, room, path }: Share, source: Source, holding: Holding): Job {
    const { talk } = this.options
    const offer = offerOf(source, holding.root)
    const job = this.jobs.give({ ...summary(offer), id, from: talk.own, room }, offer)
    job.source = source
    job.path = path
    this.shelf.give(holding, (key) => talk.mayHave(room, key))
    this.jobs.tell(job)
    return job
  }

  private keep(): void {
    const given = this.jobs.all.filter(({ entry }) => entry.state === 'giving')
    this.options.shares?.save(given.map(({ entry: { id, room, root }, path }) => ({ id, room, root, path })))
  }
}
