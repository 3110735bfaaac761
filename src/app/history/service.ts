import { equalBytes, toHex } from '../../base/bytes.ts'
import { tellsOf } from '../../core/room/told.ts'
import type { HeldFeed } from '../../node/keeping.ts'
import type { DisownOutput, KeepOutput, LoadOutput } from '../../node/outputs.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Committed, Reached, RoomSettings, Store, StoreFault, StoreOperation } from '../../ports/store.ts'
import { EventKind } from '../../wire/event.ts'
import { Arrears } from './arrears.ts'
import { Batch } from './batch.ts'
import type { KeepingNode, KeptOffer } from './contract.ts'
import type { OwnFeeds } from './own-feeds.ts'
import { Reaches } from './reaches.ts'
import { Rooms } from './rooms.ts'

/** What others say waits so long at most for company in one commit, or for so many events. What we say waits for nothing but the turn. */
const GATHER_MS_MAX = 20
const GATHER_EVENTS_MAX = 100
/** What the node is given at its start of authors' second histories, of one room: as much as it has in memory. */
const FORKS_BYTES_MAX = 16 * 1024 * 1024
/** How far ours have come waits so long for a commit that is made anyway. */
const REACH_MS = 30_000

/** Of one commit; while the disk refuses all, there is none. */
const OFFERS_MAX = 512

export interface HistoryOptions {
  readonly store: Store
  readonly clock: Clock
  /** Our identity. */
  readonly own: Uint8Array
  readonly ownFeeds: OwnFeeds
  /** Opens the store again, which was found damaged and has been closed; if need be another, in memory. */
  readonly reopen: () => Reopened
  /** For the user: an error is said once until things are well again. */
  readonly tell: (event: 'error' | 'notice', code: string, message: string) => void
  readonly batchBytesMax?: number
}

export interface Reopened {
  readonly store: Store
  /** It is on the disk. */
  readonly isLasting: boolean
  /** What became of the old one, as a sentence for the user. */
  readonly message: string
}

/**
 * The one owner of the store: gathers what the node wants kept into commits, reads for it, and says when something is safe. When
 * the disk is full talk goes on: what came meanwhile waits here (`Arrears`), bounded, is shown as if it were written, and is tried again; our own
 * feeds are then begun anew at the next start.
 */
export class History {
  readonly rooms: Rooms
  /** Told of each bundle that is taken in: when it was said, and its bytes. Set by whoever sees to how much is kept. */
  took: (atMs: number, bytes: number) => void = () => {}
  /** Told of what others offer, before it is written that we have it: who is killed once it is would never hear of it again. */
  offered: (offers: readonly KeptOffer[]) => void = () => {}
  private offers: KeptOffer[] = []
  private store: Store
  private readonly batch: Batch
  private readonly arrears: Arrears
  private readonly reaches = new Reaches()
  private node: KeepingNode | null = null
  private cancelGathering: (() => void) | null = null
  private cancelReaches: (() => void) | null = null
  private isPlanned = false
  private isReplaced = false
  private isClosed = false
  private waiting: (() => void)[] = []

  constructor(private readonly options: HistoryOptions) {
    this.store = options.store
    this.batch = new Batch(options.batchBytesMax)
    this.arrears = this.makeArrears()
    this.rooms = new Rooms(this.store.rooms())
  }

  get own(): Uint8Array {
    return this.options.own
  }

  get wallMs(): number {
    return this.options.clock.wallMs()
  }

  /** Must be called once, before the node gives anything. */
  attach(node: KeepingNode): void {
    this.node = node
  }

  /** The store as it is, with everything that was given to be kept; on the disk or not. */
  get read(): Store {
    if (!this.arrears.isOpen) this.commit()
    this.arrears.showAll()
    return this.store
  }

  /** The same; but of what waits for the disk only what can be had quickly: for what somebody else may cause as often as he likes. */
  get glance(): Store {
    if (!this.arrears.isOpen) return this.read
    this.arrears.showMore()
    return this.store
  }

  /** Something that was said can be read nowhere just now: the store neither takes nor holds it. */
  get isBehind(): boolean {
    return this.arrears.isBehind
  }

  /** Whether something we said is no safer than this process. */
  isWaiting(id: Uint8Array): boolean {
    return this.arrears.isOpen && this.batch.hasOwn(id)
  }

  keep(output: KeepOutput): void {
    const { seq, feed, own, first, count, previous, lastId, time, bytes } = output
    const events = output.events.flatMap(({ id, number, time, kind, body, name }) => {
      const tells = tellsOf(kind, body, name)
      return tells === null ? [] : [{ id, number, time, tells }]
    })
    if (!equalBytes(feed.author, this.options.own)) {
      this.wrote(feed.room, feed.author)
      this.noteOffers(output)
    }
    const kept = { feed, first, count, previous, lastId, time, bytes, events }
    const { forkedSince: since } = output
    const op =
      since === undefined ? ({ what: 'keep', own, ...kept } as const) : ({ what: 'fork', since, ...kept } as const)
    this.take(op, seq)
    this.took(time.ms, bytes.length)
    this.plan(own)
  }

  load({ request, feed, from, to, bytesMax, newestFirst }: LoadOutput): void {
    const bundles = this.isClosed ? [] : this.glance.bundles(feed, from, to, bytesMax, newestFirst)
    // Not before the node has ended what it is doing.
    this.options.clock.defer(() => this.node?.loaded(request, bundles))
  }

  /** A feed of ours is not to be gone on with at the next start. */
  disown({ feed }: DisownOutput): void {
    this.options.ownFeeds.disowned(toHex(feed.id))
  }

  /** Does something else with the store, together with what is kept. */
  add(op: StoreOperation): void {
    this.take(op, 0)
    this.plan(false)
  }

  /** Notes how far something of ours has come, with the next commit. */
  reached(id: Uint8Array, reached: Reached): void {
    if (this.isClosed) return
    this.reaches.note(id, reached)
    const { clock } = this.options
    this.cancelReaches ??= clock.timer(clock.nowMs() + REACH_MS, () => {
      this.cancelReaches = null
      if (!this.arrears.isOpen) this.commit(true)
    })
  }

  /** Commits at once, beside what is gathered. */
  run(op: StoreOperation): Committed | StoreFault {
    const done = this.store.commit([op])
    this.arrears.hasChanged(done.ok)
    if (op.what === 'drop' && done.ok) this.node?.dropped(this.store.feeds(op.room))
    return done
  }

  /** A room is entered, or a conversation begun. */
  entered(room: Uint8Array, settings: RoomSettings): void {
    if (this.rooms.set(room, settings)) this.add({ what: 'room', room, settings })
  }

  /** What the store has of a room, for the node to go on from. */
  held(room: Uint8Array): HeldFeed[] {
    const { ownFeeds } = this.options
    const store = this.read
    let forksLeft = FORKS_BYTES_MAX
    return store.feeds(room).map(({ forkedSince: since, ...feed }) => {
      const bundles = since === null || forksLeft <= 0 ? [] : store.forks(feed.key)
      for (const { bytes } of bundles) forksLeft -= bytes.length
      const own = feed.own && ownFeeds.mayGoOn(toHex(feed.key.id))
      return { ...feed, own, forks: since === null ? null : { since, bundles } }
    })
  }

  /** Runs when all that is given so far can be read, or cannot be for now; at once where nothing waits. */
  settled(run: () => void): void {
    if (this.arrears.isOpen ? this.arrears.isSettled : this.batch.isEmpty) run()
    else this.waiting.push(run)
  }

  /** Commits what is left and gives the store back. */
  close(): void {
    if (this.isClosed) return
    this.commit(true)
    this.arrears.writeAll()
    this.arrears.close()
    this.isClosed = true
    this.cancelGathering?.()
    this.cancelReaches?.()
    this.store.close()
  }

  /** What went wrong while reading. */
  faulty(fault: StoreFault): void {
    // The store is in the middle of answering.
    this.options.clock.defer(() => this.failed(fault))
  }

  private wrote(room: Uint8Array, author: Uint8Array): void {
    if (this.rooms.has(room)) return
    // The node keeps rooms that are joined, and conversations with us: this is neither of the rooms we know.
    this.entered(room, { name: '', peer: author.slice(), joined: true, ageMsMax: null, bytesMax: null })
  }

  private noteOffers({ feed, events }: KeepOutput): void {
    for (const { id, kind, body, time } of events) {
      const place = kind === EventKind.file && body !== null ? this.rooms.placeOf(feed.room) : null
      // What the node gives is a view of memory that is used again.
      if (place !== null && this.offers.length < OFFERS_MAX)
        this.offers.push({ id, from: feed.author, place, body: body!.slice(), atMs: time.ms })
    }
  }

  private makeArrears(): Arrears {
    const { clock, tell, ownFeeds } = this.options
    return new Arrears({
      ...{ batch: this.batch, clock, tell, store: () => this.store },
      written: (ops) => this.areSafe(ops),
      settled: () => this.runWaiting(),
      release: () => {
        if (ownFeeds.broken()) this.tellKept(this.batch.seq)
      },
      recovered: (lost) => {
        if (lost === 0) ownFeeds.mended()
        this.runWaiting()
        this.tellKept(this.batch.seq)
      },
      failed: (fault) => this.failed(fault),
    })
  }

  private take(op: StoreOperation, seq: number): void {
    if (!this.arrears.isOpen && this.batch.isHeavy) this.commit()
    const given = this.batch.add(op, seq)
    if (given > 0) this.arrears.gaveUp(given)
  }

  private plan(isUrgent: boolean): void {
    const { clock } = this.options
    if (this.isClosed) return
    if (this.arrears.isOpen) return this.arrears.plan()
    if (this.isPlanned) return
    if (isUrgent || this.batch.events >= GATHER_EVENTS_MAX) {
      this.isPlanned = true
      clock.defer(() => {
        this.isPlanned = false
        this.commit()
      })
    } else this.cancelGathering ??= clock.timer(clock.nowMs() + GATHER_MS_MAX, () => this.commit())
  }

  /** `isLast`: also where there are only figures to write, which else go with the next commit. */
  private commit(isLast = false): void {
    this.cancelGathering?.()
    this.cancelGathering = null
    if (this.isClosed) return
    if (this.arrears.isOpen) return this.arrears.tryAgain()
    if (this.batch.isEmpty && (!isLast || this.reaches.isEmpty)) return
    const { ops, seq } = this.batch
    if (this.offers.length > 0) this.offered(this.offers.splice(0))
    const done = this.store.commit([...ops, ...this.reaches.ops])
    if (!done.ok) return this.failed(done)
    this.batch.written(ops.length)
    this.reaches.clear()
    this.areSafe(ops)
    this.runWaiting()
    this.tellKept(seq)
  }

  private areSafe(ops: readonly StoreOperation[]): void {
    this.isReplaced = false
    for (const op of ops) if (op.what === 'keep' && op.own) this.options.ownFeeds.committed(toHex(op.feed.id))
  }

  private runWaiting(): void {
    const waiting = this.waiting
    this.waiting = []
    for (const run of waiting) run()
  }

  private tellKept(seq: number): void {
    // The commit may have been made in the middle of something the node does.
    if (seq > 0) this.options.clock.defer(() => this.node?.kept(seq))
  }

  private failed(fault: StoreFault): void {
    if (this.isClosed) return
    if (fault.code === 'damaged' && this.replace()) this.commit()
    else this.arrears.begin(fault)
  }

  /** Once, until something could be committed again: a disk that damages whatever is written to it is given up. */
  private replace(): boolean {
    if (this.isReplaced) return false
    this.isReplaced = true
    this.store.close()
    const { store, isLasting, message } = this.options.reopen()
    this.store = store
    if (!isLasting) this.options.ownFeeds.broken()
    this.arrears.interrupt()
    this.arrears.hide()
    for (const { room, settings } of this.rooms.list()) this.batch.add({ what: 'room', room, settings })
    this.options.tell('error', 'history-damaged', message)
    return true
  }
}
