import { formatBytes } from '../../base/quantity.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Files, FilesFault } from '../../ports/files.ts'
import type { Job } from './job.ts'
import type { Jobs } from './jobs.ts'

/** For what stands beside a file while it comes: without that not even an empty one can be begun. */
const BESIDE_BYTES = 64 * 1024

/** How much is missing is told so often, of one that goes on waiting. */
const TOLD_EVERY_MS = 5_000

export interface DiskRoomOptions {
  readonly files: Files
  readonly folder: string
  readonly jobs: Jobs
  readonly clock: Clock
  /** A run for one transfer, which does not wait for room. */
  readonly isOnce: boolean
}

/**
 * Room on the disk for what is taken: nothing begins that does not fit beside what those under way still need, and what does not fit waits, is looked
 * at again by whoever calls `look`, and begins by itself. What waits holds nothing but its place in the list, and nobody else up.
 */
export class DiskRoom {
  private isLooking = false

  constructor(private readonly options: DiskRoomOptions) {}

  /** Keeps room for all of a job, or has it wait for that; null where that has not been asked for any more when the disk has answered. */
  async keepFor(job: Job, isOver: () => boolean): Promise<boolean | null> {
    const free = await this.free()
    if (isOver()) return null
    return this.fits(job, free)
  }

  /** The disk has no room for even the beginning of it. */
  async refuse(job: Job, { message, what = message }: FilesFault): Promise<void> {
    if (job.entry.state !== 'receiving') return
    job.room = 'short'
    const free = await this.free()
    if (job.entry.state === 'receiving' && job.room === 'short')
      this.say(job, this.short(job, free) ?? `${what} ${this.next}`)
  }

  /** It has come to the end of the disk. `otherwise`: what to say where the disk has room by what it tells, such as one with quotas. */
  async tellFull(job: Job, otherwise: string): Promise<void> {
    const { turn } = job
    const free = await this.free()
    if (job.turn === turn && job.isStuck && job.entry.state === 'receiving')
      this.say(job, this.short(job, free) ?? otherwise)
  }

  /** Looks at the disk once for all that wait for it, those first that have begun; `goOn` gets each for which there is room now. */
  async look(goOn: (job: Job) => void): Promise<void> {
    const { jobs } = this.options
    if (this.isLooking || !jobs.fetching.some(isWaiting)) return
    this.isLooking = true
    const free = await this.free()
    this.isLooking = false
    const waiting = jobs.fetching.filter(isWaiting)
    for (const job of [...waiting.filter(({ isStuck }) => isStuck), ...waiting.filter(({ isStuck }) => !isStuck)]) {
      if (this.fits(job, free)) goOn(job)
    }
  }

  private async free(): Promise<number | null> {
    const { files, folder } = this.options
    return await files.freeBytes(folder)
  }

  private fits(job: Job, free: number | null): boolean {
    const reason = this.short(job, free)
    if (reason === null) job.room = 'kept'
    else {
      if (!job.isStuck) job.room = 'short'
      this.say(job, reason)
    }
    return reason === null
  }

  /** What is to be said of a job where so much is free; null where it fits. */
  private short(job: Job, free: number | null): string | null {
    const others = this.reserved(job)
    const missing = free === null ? 0 : stillNeeded(job) + others - free
    if (missing <= 0) return null
    if (job.isStuck) return `The disk is full: ${formatBytes(missing)} are missing. ${this.next}`
    const beside = others === 0 ? '' : ', beside what is on its way'
    return `It needs ${formatBytes(missing)} more than are free in ${this.options.folder}${beside}. ${this.next}`
  }

  /** What those that are coming just now still need: those that wait, for whatever, get what is there when they go on. */
  private reserved(job: Job): number {
    const coming = this.options.jobs.taking.filter(
      (each) => each !== job && each.room === 'kept' && !each.isStuck && each.reason === '',
    )
    return coming.reduce((sum, each) => sum + stillNeeded(each), 0)
  }

  private get next(): string {
    return this.options.isOnce ? 'Make room, and receive it again.' : 'It goes on when there is room.'
  }

  private say(job: Job, reason: string): void {
    const { jobs, clock } = this.options
    // While others come and go the figure is another each time.
    const isNews = job.trouble !== 'full' || (job.reason !== reason && clock.nowMs() - job.toldAtMs >= TOLD_EVERY_MS)
    if (isNews) jobs.wait(job, reason, 'full')
  }
}

function isWaiting({ entry, isStuck, room }: Job): boolean {
  return entry.state === 'receiving' && (isStuck || room === 'short')
}

function stillNeeded({ offer, download, target }: Job): number {
  return BESIDE_BYTES + Math.max(0, offer.size - (target === null ? 0 : (download?.bytesHere ?? 0)))
}
