import { Holders, type PartHolders } from '../core/gossip/holders.ts'
import { NumberedMembers, NumberingMembers } from '../core/gossip/member-numbers.ts'
import {
  MEMBER_NUMBERS_MAX,
  type MemberRun,
  RECEIPT_ENTRIES_MAX,
  RECEIPT_MEMBERS_MAX,
  RECEIPT_NAMES_MAX,
  type ReceiptEntry,
  type ReceiptsFrame,
} from '../wire/receipts.ts'
import type { Feed } from './feed.ts'

/** Feeds of which one link may have told: more than people talk in at a time. Those quiet longest give way. */
const FEEDS_MAX = 1_024
/** Members told of by one link, over all feeds: a room of a thousand for each of sixteen who talk. At most 170 bytes each (measured), 2.8 MB. */
const HOLDINGS_MAX = 16_384

/** What one neighbour has told of who holds what, and the numbers of members that the two ends use. */
export class ReceiptLink {
  private readonly theirs = new NumberedMembers(MEMBER_NUMBERS_MAX)
  private readonly ours = new NumberingMembers(MEMBER_NUMBERS_MAX)
  /** The one told of last is at the end. */
  private readonly byFeed = new Map<Feed, Holders>()
  private holdings = 0

  /** What it has told of a feed. */
  of(feed: Feed): Holders | undefined {
    return this.byFeed.get(feed)
  }

  /** Takes in the names of a frame; false where it breaks the rules. */
  name({ anew, tags, entries }: ReceiptsFrame): boolean {
    if (!this.theirs.name(anew, tags)) return false
    return entries.every(({ runs }) => runs.at(-1)!.to <= this.theirs.count)
  }

  *members({ runs }: ReceiptEntry): Generator<string> {
    for (const { from, to } of runs) for (let number = from; number < to; number++) yield this.theirs.tagOf(number)
  }

  /** Takes in what is told of a feed; whether anything of it is new. */
  learn(feed: Feed, entry: ReceiptEntry, nowMs: number): boolean {
    const holders = this.byFeed.get(feed) ?? new Holders()
    this.byFeed.delete(feed)
    this.byFeed.set(feed, holders)
    if (this.byFeed.size > FEEDS_MAX) this.forget(this.byFeed.keys().next().value!)
    let isNew = false
    const from = entry.next - entry.span
    for (const run of entry.runs) {
      for (let number = run.from; number < run.to; number++) {
        const tag = this.theirs.tagOf(number)
        if (!holders.has(tag) && !this.makeRoom(feed)) continue
        const before = holders.size
        if (holders.learn(tag, from, entry.next, nowMs)) isNew = true
        this.holdings += holders.size - before
      }
    }
    return isNew
  }

  forget(feed: Feed): void {
    this.holdings -= this.byFeed.get(feed)?.size ?? 0
    this.byFeed.delete(feed)
  }

  /** Of what there is to tell this neighbour, the frames, in the order in which they must be sent. */
  *frames(news: readonly (PartHolders & { readonly handle: number })[]): Generator<ReceiptsFrame> {
    let entries: ReceiptEntry[] = []
    let names = 0
    let members = 0
    for (const { handle, from, next, tags } of news) {
      for (let at = 0; at < tags.length; ) {
        const piece = tags.length <= PIECE ? tags : tags.slice(at, at + PIECE)
        let unnamed = 0
        for (const tag of piece) if (!this.ours.has(tag)) unnamed++
        const isFull =
          names + unnamed > RECEIPT_NAMES_MAX ||
          members + piece.length > RECEIPT_MEMBERS_MAX ||
          entries.length === RECEIPT_ENTRIES_MAX
        if (isFull || !this.ours.hasRoomFor(unnamed)) {
          if (entries.length > 0) yield { ...this.ours.takeNews(), entries }
          if (!this.ours.hasRoomFor(unnamed)) this.ours.beginAnew()
          entries = []
          names = 0
          members = 0
          continue
        }
        entries.push({ handle, next, span: next - from, runs: runsOf(piece.map((tag) => this.ours.numberOf(tag))) })
        names += unnamed
        members += piece.length
        at += PIECE
      }
    }
    if (entries.length > 0) yield { ...this.ours.takeNews(), entries }
  }

  private makeRoom(but: Feed): boolean {
    while (this.holdings >= HOLDINGS_MAX) {
      const oldest = this.byFeed.keys().next().value!
      if (oldest === but) return false
      this.forget(oldest)
    }
    return true
  }
}

/** Members told of in one entry at most: where there are more, in several. */
const PIECE = 1_024

function runsOf(numbers: readonly number[]): MemberRun[] {
  if (numbers.length === 1) return [{ from: numbers[0]!, to: numbers[0]! + 1 }]
  const runs: { from: number; to: number }[] = []
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const last = runs.at(-1)
    if (last?.to === number) last.to++
    else runs.push({ from: number, to: number + 1 })
  }
  return runs
}
