import {
  CELL_BYTES,
  CELLS_MAX,
  LIST_ENTRIES_MAX,
  LIST_ENTRY_BYTES,
  type MoreFrame,
  type NamedEntry,
  type OpenFrame,
  RECONCILE_FEEDS_MAX,
  RECONCILE_ROOMS_MAX,
  type ReconcileFrame,
  type ReportFrame,
  RoomStatus,
  SURVEY_BYTES,
  WORDS_PER_CELL,
} from '../../wire/reconcile-frames.ts'
import { isHeld, NOTHING } from '../../wire/reconcile-holding.ts'
import { CellRow } from './reconcile-cells.ts'
import {
  isTold,
  type ReconcileFeed,
  ReconcileItems,
  type ReconcileKey,
  type ReconcileRoom,
  type Span,
} from './reconcile-items.ts'
import { namedEntry, type ReconcileOwner, referenceOfNamed, reportFrames } from './reconcile-report.ts'
import { estimate, survey } from './reconcile-survey.ts'

/** One room opens with four cells (86% of two differing feeds are found with them), many rooms with the one that tells a difference. */
const OPEN_CELLS = 4
/** Cells that a row takes for each feed that differs, and what is sent because surveys err: enough at once 19 times in 20 (measured). */
const CELLS_NEEDED_PER_FEED = 1.45
const CELLS_PER_FEED = 2
const CELLS_EXTRA = 6
/** When that was not enough, a quarter more each time. */
const GROWTH = 1.25
const GROWTH_CELLS_MIN = 8

/** Where a run stands: what may come next. */
type Phase = 'opened' | 'sending' | 'listed' | 'reported' | 'answering' | 'done'

/**
 * The side that opens a run. It sends cells until the other has worked out what differs, hears the result, and names in full what
 * the other does not know. `receive` answers what the peer did wrong, or null.
 */
export class ReconcileOpener<F extends ReconcileFeed, R extends ReconcileRoom<F>> {
  private readonly items: ReconcileItems<F>
  private readonly row: CellRow<F>
  private phase: Phase = 'opened'
  private statuses: Uint8Array | null = null
  private outgoing: Iterator<ReconcileFrame>
  /** Cells sent of the rooms that differ. */
  private cellCount: number
  private readonly toldOf: Uint8Array
  private readonly toState: number[] = []
  private readonly toName: number[] = []
  private namedCount = 0
  private isAnswerDue = false

  /** Throws where there are more rooms or feeds than fit in a run: `fitsInOneRun` tells. */
  constructor(
    private readonly key: ReconcileKey,
    private readonly rooms: readonly R[],
    private readonly owner: ReconcileOwner<F, R>,
  ) {
    if (!fitsInOneRun(rooms)) throw new RangeError('too many rooms or feeds for one run')
    this.items = new ReconcileItems(rooms, key)
    this.row = new CellRow(this.items)
    this.toldOf = new Uint8Array(this.items.feeds.length)
    this.cellCount = Math.max(1, Math.floor(OPEN_CELLS / Math.max(1, rooms.length)))
    this.outgoing = [this.open()].values()
  }

  get isDone(): boolean {
    return this.phase === 'done'
  }

  /** The next frame to send, or null while there is none. */
  nextFrame(): ReconcileFrame | null {
    const { value, done } = this.outgoing.next()
    if (done !== true) return value
    if (this.phase === 'answering') this.phase = 'done'
    return null
  }

  receive(frame: ReconcileFrame): string | null {
    if (frame.kind === 'more') return this.onMore(frame)
    if (frame.kind === 'differ') return this.onDiffer(frame)
    return 'answered a reconciliation with what opens one'
  }

  private open(): OpenFrame {
    const cellsEach = this.cellCount
    const rooms = this.rooms.map((room, i) => {
      const span = this.items.spans[i]!
      const cells = new Uint32Array(cellsEach * WORDS_PER_CELL)
      this.row.write(span, cells, cellsEach)
      return { tag: this.key.tagOf(room.id), feeds: span.end - span.start, cells }
    })
    return { kind: 'open', cellsEach, rooms }
  }

  private onMore({ list, first }: MoreFrame): string | null {
    if (this.phase !== (first === null ? 'sending' : 'opened')) return 'asked for cells out of turn'
    if (first === null) {
      this.sendCells(
        list ? Number.POSITIVE_INFINITY : Math.max(this.cellCount + GROWTH_CELLS_MIN, this.cellCount * GROWTH),
      )
      return null
    }
    if (!this.takeStatuses(first.statuses)) return 'answered for other rooms than those asked about'
    const spans = this.differing()
    const own = new Uint8Array(SURVEY_BYTES)
    let feeds = 0
    for (const span of spans) {
      survey(this.items, span, own)
      feeds += span.end - span.start
    }
    const differing = Math.max(estimate(own, first.survey), Math.abs(feeds - first.feeds))
    const count = Math.max(this.cellCount + 1, differing * CELLS_PER_FEED + CELLS_EXTRA)
    this.sendCells(differing * CELLS_NEEDED_PER_FEED < CELLS_MAX ? Math.min(count, CELLS_MAX) : count)
    return null
  }

  /** Sends cells up to so many, or a list of all there is where that is shorter. */
  private sendCells(countWished: number): void {
    const count = Math.ceil(countWished)
    const spans = this.differing()
    let feeds = 0
    for (const { start, end } of spans) feeds += end - start
    if (count > CELLS_MAX || (count - this.cellCount) * CELL_BYTES > feeds * LIST_ENTRY_BYTES) {
      this.phase = 'listed'
      this.outgoing = this.list()
      return
    }
    const cells = new Uint32Array(count * WORDS_PER_CELL)
    for (const span of spans) this.row.write(span, cells, count)
    const more = cells.subarray(this.cellCount * WORDS_PER_CELL)
    this.cellCount = count
    this.phase = 'sending'
    this.outgoing = [{ kind: 'cells', cells: more } as const].values()
  }

  private *list(): Generator<ReconcileFrame> {
    let references: number[] = []
    let words: number[] = []
    for (const { start, end } of this.differing()) {
      for (let item = start; item < end; item++) {
        if (references.length === LIST_ENTRIES_MAX) {
          yield { kind: 'list', last: false, references, words }
          references = []
          words = []
        }
        references.push(this.items.referenceAt(item))
        words.push(this.items.words[item]!)
      }
    }
    yield { kind: 'list', last: true, references, words }
  }

  private onDiffer(frame: ReportFrame): string | null {
    if (this.phase === 'answering' || this.phase === 'done') return 'reported after the end of its report'
    if (frame.statuses === null ? this.statuses === null : !this.takeStatuses(frame.statuses)) {
      return 'answered for other rooms than those asked about'
    }
    this.phase = 'reported'
    const count = frame.held.length + frame.named.length
    if (count === 0 && !frame.last) return 'sent a report that does not end'
    if (count > 0) this.isAnswerDue = true
    for (const { reference, holding } of frame.held) {
      const item = this.items.find(reference)
      if (item < 0 || !this.isAbout(this.items.roomOf(item)) || this.toldOf[item] !== 0) {
        return 'reported a feed that it was not shown'
      }
      this.toldOf[item] = 1
      const feed = this.items.feeds[item]!
      this.owner.differs(feed, holding)
      if (!isHeld(holding)) this.toName.push(item)
      else if (!isTold(feed.holding, holding)) this.toState.push(item)
    }
    for (const entry of frame.named) {
      const fault = this.onNamed(entry)
      if (fault !== null) return fault
    }
    if (frame.last) this.conclude()
    return null
  }

  private onNamed(entry: NamedEntry): string | null {
    const room = this.rooms[entry.room]
    if (room === undefined || !this.isAbout(entry.room)) return 'named a feed of a room that is not shared'
    if (++this.namedCount > RECONCILE_FEEDS_MAX) return 'named too many feeds'
    // Two feeds of one reference are not told apart: the one in a million links that has them is followed by another.
    if (this.items.find(referenceOfNamed(this.key, room, entry)) >= 0) return null
    this.owner.named(room, entry.author, entry.epoch, entry.holding)
    return null
  }

  private conclude(): void {
    for (const [i, status] of this.statuses!.entries()) {
      if (status !== RoomStatus.empty) continue
      const { start, end } = this.items.spans[i]!
      for (let item = start; item < end; item++) {
        this.owner.differs(this.items.feeds[item]!, NOTHING)
        this.toName.push(item)
        this.isAnswerDue = true
      }
    }
    this.phase = this.isAnswerDue ? 'answering' : 'done'
    if (this.isAnswerDue) this.outgoing = this.answer()
  }

  private answer(): Generator<ReconcileFrame> {
    const { items } = this
    const held = this.toState.values().map((item) => ({
      reference: items.referenceAt(item),
      holding: items.feeds[item]!.holding,
    }))
    const named = this.toName.values().map((item) => namedEntry(items.feeds[item]!, items.roomOf(item)))
    return reportFrames('answer', null, held, named)
  }

  private takeStatuses(statuses: Uint8Array): boolean {
    if (this.statuses !== null || statuses.length !== this.rooms.length) return false
    this.statuses = statuses
    this.owner.shared(this.rooms.filter((_, i) => this.isAbout(i)))
    return true
  }

  private isAbout(room: number): boolean {
    return this.statuses![room] !== RoomStatus.strange
  }

  private differing(): Span[] {
    return this.items.spans.filter((_, i) => this.statuses![i] === RoomStatus.differs)
  }
}

export function fitsInOneRun(rooms: readonly ReconcileRoom<ReconcileFeed>[]): boolean {
  let feeds = 0
  for (const room of rooms) feeds += room.feeds.length
  return rooms.length <= RECONCILE_ROOMS_MAX && feeds <= RECONCILE_FEEDS_MAX
}
