import type { Clock } from '../../ports/clock.ts'
import type { Job } from './job.ts'
import type { Reaching } from './reaching.ts'
import type { Seeking } from './seeking.ts'
import type { TransferDriver } from './transfer-driver.ts'

/** Holders of one content that are reached through others: those between carry every byte twice. */
const RELAYED_MAX = 2

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

  /** There is a link with whoever offered it. */
  isLinked({ entry: { from } }: Job): boolean {
    return this.driver.transfers.linksTo(from).length > 0
  }
}
