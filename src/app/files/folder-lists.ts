import { type PlannedEntry, planFolder } from '../../core/transfer/folder.ts'
import type { OfferState } from '../../core/transfer/offers.ts'
import type { Clock } from '../../ports/clock.ts'
import type { DeskList } from './contract.ts'
import type { Job } from './job.ts'
import type { Jobs } from './jobs.ts'
import { mayPreview } from './previews.ts'
import { unknown } from './refusals.ts'
import type { Shelf } from './shelf.ts'

/** So long whoever asks for a list waits for it; it is fetched for longer than that. */
const LIST_WAIT_MS = 5_000

const WAITING: readonly OfferState[] = ['asked', 'listing']
const OTHERS: readonly OfferState[] = ['receiving', 'giving', 'done', 'declined', 'cancelled', 'failed', 'withdrawn']

/** What is in the folders that are offered, for whoever asks: of what waits for an answer, is on its way, or is here. At most the 65,536 entries of a manifest each. */
export class FolderLists {
  private readonly waiting = new Map<Job, Set<() => void>>()

  /** `fetch`: begins to fetch the list of a folder that there is none of. */
  constructor(
    private readonly jobs: Jobs,
    private readonly shelf: Shelf,
    private readonly clock: Clock,
    private readonly fetch: (job: Job) => void,
  ) {}

  /** `text`: as `Offers.find` has it. What waits for an answer is meant before what was answered. */
  async of(text: string): Promise<DeskList> {
    const job = this.jobs.find(text, WAITING) ?? this.jobs.find(text, OTHERS)
    if (job === null) return unknown(text, 'is known here')
    if (!job.entry.isFolder) return { ok: true, view: this.jobs.view(job), entries: [] }
    const here = await this.here(job)
    if (here !== null) return { ok: true, view: this.jobs.view(job), entries: here }
    const refusal = this.begin(job)
    if (refusal !== null) return refusal
    const entries = await this.come(job)
    return entries === null ? this.missing(job) : { ok: true, view: this.jobs.view(job), entries }
  }

  /** It stands otherwise than before: its list may have come. */
  changed(job: Job): void {
    for (const wake of this.waiting.get(job) ?? []) wake()
  }

  /** Where any offer of the same has it. */
  private async here({ entry: { root }, offer }: Job): Promise<readonly PlannedEntry[] | null> {
    const previewed = await this.shelf.previewed(offer.root, offer.manifestBytes)
    const plan = previewed === null ? null : planFolder(previewed, offer.size)
    if (plan !== null) return plan
    for (const { source, target } of this.jobs.ofRoot(root)) {
      const bytes = source?.manifest ?? (await target?.read(0, offer.manifestBytes))
      const found = bytes instanceof Uint8Array ? planFolder(bytes, offer.size) : null
      if (found !== null) return found
    }
    return null
  }

  /** Sees to it that it comes. Answers why it will not. */
  private begin(job: Job): DeskList | null {
    const { entry, download } = job
    if (entry.state !== 'asked') return isComing(job) ? null : this.missing(job)
    if (download !== null || this.jobs.twinOf(job) !== null) return null
    if (!mayPreview(job, [])) {
      const message = `What is in ${entry.name} is not read before it is taken: the folder is too large for that. /accept ${entry.number} takes it unseen.`
      return { ok: false, code: 'list-too-large', message }
    }
    if (!mayPreview(job, this.jobs.all)) {
      const message = `What is in ${entry.name} is not read now, because too many folders wait for an answer: /accept or /decline others first.`
      return { ok: false, code: 'too-many', message }
    }
    this.jobs.set(job, 'listing')
    this.fetch(job)
    return null
  }

  private async come(job: Job): Promise<readonly PlannedEntry[] | null> {
    const untilMs = this.clock.nowMs() + LIST_WAIT_MS
    while (isComing(job) && this.clock.nowMs() < untilMs) {
      await this.change(job, untilMs)
      const entries = await this.here(job)
      if (entries !== null) return entries
    }
    return null
  }

  /** Resolves when it stands otherwise, or then. */
  private change(job: Job, untilMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wakes = this.waiting.get(job) ?? new Set()
      this.waiting.set(job, wakes)
      const over = (): void => {
        cancel()
        wakes.delete(over)
        if (wakes.size === 0) this.waiting.delete(job)
        resolve()
      }
      const cancel = this.clock.timer(untilMs, over)
      wakes.add(over)
    })
  }

  private missing(job: Job): DeskList {
    const { name, number } = job.entry
    const message = isComing(job)
      ? `What is in ${name} is not known yet: nobody who has it has told. It goes on being asked for; /files ${number} looks again.`
      : `What is in ${name} is not known any more.`
    return { ok: false, code: isComing(job) ? 'not-listed' : 'no-list', message }
  }
}

/** Its list is being fetched, or is about to be. */
function isComing({ entry: { state }, target }: Job): boolean {
  return state === 'listing' || state === 'asked' || (state === 'receiving' && target === null)
}
