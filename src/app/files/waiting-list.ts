import type { Clock } from '../../ports/clock.ts'
import type { Target } from '../../ports/files.ts'
import type { Pending, PendingOffer } from './pending.ts'

/** Something that has come. */
interface Over {
  readonly target: Target
  /** That brought it. */
  readonly offers: readonly string[]
  isTold: boolean
}

/**
 * The offers that a later run is to find, and when what has come leaves nothing for that. Not before it has been told: front ends write at the end of a
 * turn what they hear in it. And not before its offers are off the list: whoever is killed in between would fetch it again.
 */
export class WaitingList {
  private listed: ReadonlySet<string> = new Set()
  private waiting: Over[] = []

  constructor(
    private readonly clock: Clock,
    private readonly pending: Pending | null,
  ) {}

  load(): readonly PendingOffer[] {
    const offers = this.pending?.load() ?? []
    this.listed = idsOf(offers)
    return offers
  }

  save(offers: readonly PendingOffer[]): void {
    if (this.pending === null) return
    this.pending.save(offers)
    this.listed = idsOf(offers)
    this.settle()
  }

  /** It has come by these offers, and is told in this turn. */
  over(target: Target, offers: readonly string[]): void {
    const over = { target, offers, isTold: false }
    this.waiting.push(over)
    this.clock.defer(() => {
      over.isTold = true
      this.settle()
    })
  }

  /** All has been told and saved that will be in this run. */
  close(): void {
    for (const each of this.waiting) each.isTold = true
    this.settle()
  }

  private settle(): void {
    const isOver = ({ offers, isTold }: Over): boolean => isTold && !offers.some((id) => this.listed.has(id))
    for (const { target } of this.waiting.filter(isOver)) void target.settle()
    this.waiting = this.waiting.filter((each) => !isOver(each))
  }
}

function idsOf(offers: readonly PendingOffer[]): ReadonlySet<string> {
  return new Set(offers.map(({ id }) => id))
}
