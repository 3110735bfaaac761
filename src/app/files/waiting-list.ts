import type { Clock } from '../../ports/clock.ts'
import type { Target } from '../../ports/files.ts'
import { readFileOffer } from '../../wire/file-offer.ts'
import type { Pending, PendingOffer } from './pending.ts'

/** A node that catches up tells of what has come a second later at most; what it does not tell of was not to be heard. */
const UNHEARD_MS_MAX = 5_000
/** As many as are remembered unanswered. */
const NOTED_MAX = 128

/** An offer of somebody's as its event has it. */
export interface NotedOffer extends Omit<PendingOffer, 'offer' | 'isAccepted' | 'isUnheard'> {
  readonly body: Uint8Array
}

/** Something that has come. */
interface Over {
  readonly target: Target
  offers(): readonly string[]
  isTold: boolean
}

/**
 * The offers that a later run is to find, and when what has come leaves nothing for that. Not before it has been told: front ends write at the end of a
 * turn what they hear in it. And not before its offers are off the list: whoever is killed in between would fetch it again.
 */
export class WaitingList {
  private listed: ReadonlySet<string> = new Set()
  private waiting: Over[] = []
  /** What has come and is about to be heard, with when. */
  private readonly noted = new Map<string, { readonly offer: PendingOffer; readonly atMs: number }>()

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
    const oldestMs = this.clock.nowMs() - UNHEARD_MS_MAX
    for (const [id, { atMs }] of this.noted) if (atMs < oldestMs) this.noted.delete(id)
    const all = [...offers, ...[...this.noted.values()].map(({ offer }) => offer)]
    // What a later run reads is what counts.
    if (this.pending.save(all)) this.listed = idsOf(all)
    this.settle()
  }

  /** These have come: unless they are heard of in time, a later run hears of them. */
  note(offers: readonly NotedOffer[]): void {
    for (const { body, ...about } of offers) {
      const offer = this.noted.size < NOTED_MAX ? readFileOffer(body) : null
      const noted = { ...about, isAccepted: false, isUnheard: true }
      if (offer !== null) this.noted.set(about.id, { offer: { ...noted, offer }, atMs: this.clock.nowMs() })
    }
  }

  heard(id: string): void {
    this.noted.delete(id)
  }

  /** It has come, and is told in this turn; `offers`: those that it has come by, so far. */
  over(target: Target, offers: () => readonly string[]): void {
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
    const isOver = ({ offers, isTold }: Over): boolean => isTold && !offers().some((id) => this.listed.has(id))
    for (const { target } of this.waiting.filter(isOver)) void target.settle()
    this.waiting = this.waiting.filter((each) => !isOver(each))
  }
}

function idsOf(offers: readonly PendingOffer[]): ReadonlySet<string> {
  return new Set(offers.map(({ id }) => id))
}
