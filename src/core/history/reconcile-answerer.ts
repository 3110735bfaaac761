import {
  CELLS_MAX,
  type HeldEntry,
  type ListFrame,
  type NamedEntry,
  type OpenFrame,
  type OpenRoom,
  type ReconcileFrame,
  type ReportFrame,
  RoomStatus,
  SURVEY_BYTES,
  WORDS_PER_CELL,
} from '../../wire/reconcile-frames.ts'
import { isHeld, NOTHING } from '../../wire/reconcile-holding.ts'
import { CellRow, type Difference, Peeler } from './reconcile-cells.ts'
import {
  nextFrom,
  type ReconcileFeed,
  ReconcileItems,
  type ReconcileKey,
  type ReconcileRoom,
  type Span,
} from './reconcile-items.ts'
import { namedEntry, type ReconcileOwner, referenceOfNamed, reportFrames } from './reconcile-report.ts'
import { survey } from './reconcile-survey.ts'

/** When so many batches of cells have not been enough, they are not what they should be: a list ends it. */
const BATCHES_MAX = 6

/** A room that both have. */
interface SharedRoom<R> {
  readonly room: R
  readonly span: Span
  readonly opened: OpenRoom
  readonly status: number
  /** Feeds of it that the opener may still name because we hold none. */
  namesLeft: number
}

/**
 * The side that answers: it works out what differs, tells the opener, and hears from it what it does not know. `receive` answers what
 * the peer did wrong, or null. A hostile opener can have it go over its own feeds of rooms whose ids it knows once, over `CELLS_MAX`
 * cells, and over a list and names as long as it said beforehand; every frame after the first is refused unless it was asked for.
 */
export class ReconcileAnswerer<F extends ReconcileFeed, R extends ReconcileRoom<F>> {
  private phase: 'cells' | 'list' | 'answer' | 'done' = 'cells'
  private readonly items: ReconcileItems<F>
  private readonly row: CellRow<F>
  /** By their numbers in the OPEN; undefined where we are not in it. */
  private readonly rooms: (SharedRoom<R> | undefined)[]
  /** The numbers of those we are in: one for each of the items' spans. */
  private readonly numbers: number[]
  private readonly differing: SharedRoom<R>[]
  /** Sent with the first frame, null from then on. */
  private statuses: Uint8Array | null
  private outgoing: Iterator<ReconcileFrame> = [].values()
  private readonly peeler = new Peeler()
  private batches = 0
  /** Made with the first frame of a list: which of our items it has, what else it has, and what differs. */
  private list: { readonly items: Uint8Array; readonly others: Set<number>; readonly differences: Difference[] } | null
  private listedCount = 0
  /** References that the opener is to name, and items of ours of which it may tell more than its word did. */
  private readonly asked = new Set<number>()
  private readonly reported = new Set<number>()

  /** `ours`: the rooms we have, as they are now. */
  constructor(
    private readonly key: ReconcileKey,
    { cellsEach, rooms }: OpenFrame,
    ours: readonly R[],
    private readonly owner: ReconcileOwner<F, R>,
  ) {
    const byTag = new Map(ours.map((room) => [key.tagOf(room.id), room]))
    const shared = rooms.map(({ tag }) => {
      const room = byTag.get(tag)
      // A room that is opened twice is one we have once.
      byTag.delete(tag)
      return room
    })
    this.items = new ReconcileItems(
      shared.filter((room) => room !== undefined),
      key,
    )
    this.row = new CellRow(this.items)
    this.list = null
    const difference = new Uint32Array(cellsEach * WORDS_PER_CELL)
    this.numbers = [...shared.keys()].filter((number) => shared[number] !== undefined)
    this.rooms = new Array(rooms.length).fill(undefined)
    for (const [at, number] of this.numbers.entries()) {
      this.rooms[number] = this.compare(shared[number]!, this.items.spans[at]!, rooms[number]!, difference)
    }
    this.statuses = Uint8Array.from(this.rooms, (each) => each?.status ?? RoomStatus.strange)
    const known = this.rooms.filter((each) => each !== undefined)
    this.differing = known.filter(({ status }) => status === RoomStatus.differs)
    owner.shared(known.map(({ room }) => room))
    if (this.differing.length === 0) this.conclude([])
    else this.onCells(difference)
  }

  get isDone(): boolean {
    return this.phase === 'done'
  }

  /** The next frame to send, or null while there is none. */
  nextFrame(): ReconcileFrame | null {
    const { value, done } = this.outgoing.next()
    return done === true ? null : value
  }

  receive(frame: ReconcileFrame): string | null {
    if (frame.kind === 'cells' && this.phase === 'cells') {
      const { count } = this.peeler
      if (count + frame.cells.length / WORDS_PER_CELL > CELLS_MAX) return 'sent more cells than it may'
      this.addOwn(frame.cells)
      this.onCells(frame.cells)
      return null
    }
    if (frame.kind === 'list' && (this.phase === 'cells' || this.phase === 'list')) return this.onList(frame)
    if (frame.kind === 'answer' && this.phase === 'answer') return this.onAnswer(frame)
    return 'sent a reconciliation out of turn'
  }

  /** Finds out a room's status; where its cells differ, adds what they differ in. */
  private compare(room: R, span: Span, opened: OpenRoom, difference: Uint32Array): SharedRoom<R> {
    const cells = opened.cells.slice()
    this.row.write(span, cells, cells.length / WORDS_PER_CELL)
    const isEmpty = span.start === span.end
    let status: number = RoomStatus.shared
    if (opened.feeds > 0 && isEmpty) status = RoomStatus.empty
    else if (opened.feeds > 0 && cells.some((word) => word !== 0)) status = RoomStatus.differs
    if (status === RoomStatus.differs) for (const [i, word] of cells.entries()) difference[i]! ^= word
    return { room, span, opened, status, namesLeft: status === RoomStatus.empty ? opened.feeds : 0 }
  }

  private addOwn(cells: Uint32Array): void {
    const before = this.peeler.count * WORDS_PER_CELL
    const all = new Uint32Array(before + cells.length)
    for (const { span } of this.differing) this.row.write(span, all, all.length / WORDS_PER_CELL)
    for (let i = 0; i < cells.length; i++) cells[i]! ^= all[before + i]!
  }

  /** `cells`: the sums of both sides'. */
  private onCells(cells: Uint32Array): void {
    this.peeler.add(cells)
    if (this.peeler.isDone) this.conclude(this.peeler.found)
    else this.ask(this.peeler.isBroken || ++this.batches > BATCHES_MAX || this.peeler.count >= CELLS_MAX)
  }

  private ask(list: boolean): void {
    const { statuses } = this
    this.statuses = null
    this.phase = list ? 'list' : 'cells'
    if (statuses === null) {
      this.outgoing = [{ kind: 'more', list, first: null } as const].values()
      return
    }
    const bits = new Uint8Array(SURVEY_BYTES)
    let feeds = 0
    for (const { span } of this.differing) {
      survey(this.items, span, bits)
      feeds += span.end - span.start
    }
    this.outgoing = [{ kind: 'more', list: false, first: { statuses, feeds, survey: bits } } as const].values()
  }

  private onList({ last, references, words }: ListFrame): string | null {
    this.phase = 'list'
    this.list ??= { items: new Uint8Array(this.items.feeds.length), others: new Set(), differences: [] }
    const { items, others, differences } = this.list
    let feeds = 0
    for (const { opened } of this.differing) feeds += opened.feeds
    this.listedCount += references.length
    if (references.length === 0 && !last) return 'sent a list that does not end'
    if (this.listedCount > feeds) return 'listed more feeds than it has'
    for (const [i, reference] of references.entries()) {
      const item = this.items.find(reference)
      if (item < 0 ? others.has(reference) : items[item] !== 0) return 'listed a feed twice'
      if (item < 0) others.add(reference)
      else items[item] = 1
      const difference = words[i]! ^ (item < 0 ? 0 : this.items.words[item]!)
      if (difference !== 0) differences.push({ reference, words: difference >>> 0 })
    }
    if (!last) return null
    for (const { span } of this.differing) {
      for (let item = span.start; item < span.end; item++) {
        if (items[item] === 0)
          differences.push({ reference: this.items.referenceAt(item), words: this.items.words[item]! })
      }
    }
    this.conclude(differences)
    return null
  }

  private conclude(differences: readonly Difference[]): void {
    const held: HeldEntry[] = []
    const named: NamedEntry[] = []
    for (const { reference, words } of differences) {
      const item = this.items.find(reference)
      if (item < 0) {
        this.asked.add(reference)
        held.push({ reference, holding: NOTHING })
      } else if (this.items.words[item] === words) this.name(item, named)
      else this.compareFeed(item, (this.items.words[item]! ^ words) >>> 0, held)
    }
    for (const each of this.rooms) {
      if (each === undefined || each.opened.feeds > 0) continue
      for (let item = each.span.start; item < each.span.end; item++) this.name(item, named)
    }
    this.outgoing = reportFrames('differ', this.statuses, held, named)
    this.statuses = null
    const isAnswerDue = held.length + named.length > 0 || this.rooms.some((each) => (each?.namesLeft ?? 0) > 0)
    this.phase = isAnswerDue ? 'answer' : 'done'
  }

  /** The opener holds nothing of it. */
  private name(item: number, named: NamedEntry[]): void {
    const feed = this.items.feeds[item]!
    named.push(namedEntry(feed, this.numbers[this.items.roomOf(item)]!))
    this.owner.differs(feed, NOTHING)
  }

  private compareFeed(item: number, theirWord: number, held: HeldEntry[]): void {
    const feed = this.items.feeds[item]!
    held.push({ reference: this.items.referenceAt(item), holding: feed.holding })
    this.reported.add(item)
    const next = nextFrom(theirWord, feed.holding.next)
    if (next !== null) this.owner.differs(feed, { base: 1, next, gaps: [] })
  }

  private onAnswer({ last, held, named }: ReportFrame): string | null {
    if (held.length + named.length === 0 && !last) return 'sent an answer that does not end'
    for (const { reference, holding } of held) {
      const item = this.items.find(reference)
      if (!this.reported.delete(item) || !isHeld(holding)) return 'told of a feed that it was not asked about'
      this.owner.differs(this.items.feeds[item]!, holding)
    }
    for (const entry of named) {
      const each = this.rooms[entry.room]
      if (each === undefined || !this.mayName(each, entry)) return 'named a feed that it was not asked about'
      this.owner.named(each.room, entry.author, entry.epoch, entry.holding)
    }
    if (last) this.phase = 'done'
    return null
  }

  private mayName(each: SharedRoom<R>, entry: NamedEntry): boolean {
    if (this.asked.delete(referenceOfNamed(this.key, each.room, entry))) return true
    return each.namesLeft-- > 0
  }
}
