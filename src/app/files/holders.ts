import type { Clock } from '../../ports/clock.ts'
import type { Job } from './job.ts'
import type { Reaching } from './reaching.ts'
import type { Seeking } from './seeking.ts'
import type { TransferDriver } from './transfer-driver.ts'

/** Holders of one content that are reached through others: those between carry every byte twice. */
const RELAYED_MAX = 2
/** A download that has waited so long for somebody who has it says so. */
const ALONE_MS = 10_000
const NOBODY = 'Nobody who has it is here. It goes on when somebody is.'
const SILENT = 'Whoever offered it is linked, and sends nothing. It goes on when something comes.'

/** Looking for those who have what is fetched. */
export class Holders {
  constructor(
    private readonly clock: Clock,
    private readonly driver: TransferDriver,
    private readonly seeking: Seeking,
    private readonly reaching: Reaching,
  ) {}

  /** When it begins: whoever offered it, those who are linked already, and everybody in the room. */
  reach(job: Job): void {
    const nowMs = this.clock.nowMs()
    this.driver.run(({ exchange, openLinks }) => {
      for (const link of openLinks) exchange.tryAt(job.offer.root, link)
    })
    this.reaching.dial(job.entry.from, nowMs)
    this.seeking.seek(nowMs, true)
  }

  /** Once in a while: whoever offered it and those who say they have it, for as long as it comes from nobody without going through others. */
  reachAgain({ download, offer, entry }: Job, nowMs: number): void {
    if (download === null) return
    const { transfers } = this.driver
    const links = download.holderIds
    if (links.some((link) => transfers.throughOf(link) === null)) return
    const keys = new Set([entry.from, ...this.seeking.holdersOf(offer.root)])
    for (const key of keys) {
      // One that is asked through others already is enough of those.
      const isFurther = links.length >= RELAYED_MAX && transfers.linksTo(key).length === 0
      if (isFurther) this.reaching.dial(key, nowMs)
      else this.reaching.reach(key, entry.room, nowMs)
    }
  }

  /** Nothing has come for a while: why; null where that has been said, or something else is the matter. */
  whyNothing({ entry, download, isStuck, movedAtMs, reason, trouble }: Job, nowMs: number): string | null {
    if (isStuck || download?.activeHolders !== 0 || nowMs - movedAtMs < ALONE_MS) return null
    const why = this.driver.transfers.linksTo(entry.from).length > 0 ? SILENT : NOBODY
    return reason === '' || (trouble === 'nobody' && reason !== why) ? why : null
  }
}
