import { Holders, type Part, type PartHolders } from '../core/gossip/holders.ts'
import { RECEIPT_SPAN_MAX } from '../wire/receipts.ts'
import type { Feed } from './feed.ts'
import type { Keeping } from './keeping.ts'

/** What we ourselves hold of somebody's feed, as we tell its author: only what is safe here, since we answer for it from then on. */
export class OwnHolding {
  private readonly holders = new Holders()
  private told: Part | null = null
  /** What was there when it was looked last, and what has to be safe for it. */
  private unsafe: { readonly mark: number; readonly part: Part } | null = null

  constructor(
    private readonly feed: Feed,
    private readonly keeping: Pick<Keeping, 'mark' | 'isSafe'>,
  ) {}

  /** Looks what there is. False where some of it is not safe yet, and is to be looked at again. */
  look(tag: string, nowMs: number): boolean {
    const { feed, keeping, unsafe } = this
    // Whose history has two branches cannot know which of them is meant.
    if (feed.log.forked) return true
    if (unsafe !== null) {
      if (!keeping.isSafe(unsafe.mark)) return false
      this.learn(tag, unsafe.part, nowMs)
      this.unsafe = null
    }
    const part = newestPart(feed)
    if (part === null || (part.from === this.told?.from && part.next === this.told.next)) return true
    const { mark } = keeping
    if (keeping.isSafe(mark)) {
      this.learn(tag, part, nowMs)
      return true
    }
    this.unsafe = { mark, part }
    return false
  }

  tellAgain(sinceMs: number): void {
    this.holders.tellAgain(sinceMs)
  }

  takeUntold(): PartHolders[] {
    return this.holders.takeUntold(RECEIPT_SPAN_MAX)
  }

  private learn(tag: string, part: Part, nowMs: number): void {
    this.holders.learn(tag, part.from, part.next, nowMs)
    this.told = part
  }
}

/** The newest whole part: in the store, or in the window where nothing is stored. What lacks its words has not come. */
function newestPart({ held, log, unproven }: Feed): Part | null {
  const range = held?.list.at(-1)
  if (range !== undefined) {
    const from = Math.max(range.from, unproven?.numbers.end ?? 0)
    return from < range.to ? { from, next: range.to } : null
  }
  let from = log.next
  for (let position = log.end; position > log.start && log.next - from < RECEIPT_SPAN_MAX; position--) {
    from = log.at(position - 1).first
    if (log.beginsAt(position - 1)) break
  }
  return from < log.next ? { from, next: log.next } : null
}
