import type { OfferState } from '../../core/transfer/offers.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Job } from './job.ts'
import type { Jobs } from './jobs.ts'

/** Not what is declined: the user does not want it by another offer either, and is asked about that. */
const ENDED: ReadonlySet<OfferState> = new Set(['done', 'cancelled', 'failed', 'withdrawn'])

/** One content that is offered more than once: when an offer brings it no more, those that follow it have it as well, or fetch it themselves. */
export class Twins {
  constructor(
    private readonly jobs: Jobs,
    private readonly clock: Clock,
    private readonly doneBy: (job: Job, by: Job) => void,
    private readonly take: (job: Job) => void,
  ) {}

  changed(job: Job): void {
    if (!ENDED.has(job.entry.state) || this.jobs.followersOf(job).length === 0) return
    // Until then whoever has ended it has begun to take away what came of it.
    this.clock.defer(() => {
      for (const each of this.jobs.followersOf(job)) {
        if (job.entry.state === 'done') this.doneBy(each, job)
        else {
          each.discarding = job.discarding
          this.take(each)
        }
      }
    })
  }
}
