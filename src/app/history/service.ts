import { equalBytes, toHex } from '../../base/bytes.ts'
import { tellsOf } from '../../core/room/told.ts'
import type { HeldFeed } from '../../node/keeping.ts'
import type { DisownOutput, KeepOutput, LoadOutput } from '../../node/outputs.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Committed, RoomSettings, Store, StoreFault, StoreOperation } from '../../ports/store.ts'
import { Batch } from './batch.ts'
import type { KeepingNode } from './contract.ts'
import type { OwnFeeds } from './own-feeds.ts'
import { Rooms } from './rooms.ts'

/** What others say waits so long at most for company in one commit, or for so many events. What we say waits for nothing but the turn. */
const GATHER_MS_MAX = 20
const GATHER_EVENTS_MAX = 100
/** What the node is given at its start of authors' second histories, of one room: as much as it has in memory. */
const FORKS_BYTES_MAX = 16 * 1024 * 1024
/** After a fault of the disk. */
const RETRY_MS = 5_000

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
 * the disk is full talk goes on: what came meanwhile waits here, bounded, and is tried again; our own feeds are then begun anew at the next start.
 */
export class History {
  readonly rooms: Rooms
  private store: Store
  private readonly batch: Batch
  private node: KeepingNode | null = null
  private cancelGathering: (() => void) | null = null
  private isPlanned = false
  /** The code of what is wrong; null while all is well. */
  private trouble: string | null = null
  private isReplaced = false
  private given = 0
  private isClosed = false
  private waiting: (() => void)[] = []
  private committedHooks: ((committed: Committed, keeps: readonly StoreOperation[]) => void)[] = []

  constructor(private readonly options: HistoryOptions) {
    this.store = options.store
    this.batch = new Batch(options.batchBytesMax)
    this.rooms = new Rooms(this.store.rooms())
  }

  get own(): Uint8Array {
    return this.options.own
  }

  /** Must be called once, before the node gives anything. */
  attach(node: KeepingNode): void {
    this.node = node
  }

  /** For whoever wants to know what a commit has changed. */
  onCommit(hear: (committed: Committed, ops: readonly StoreOperation[]) => void): void {
    this.committedHooks.push(hear)
  }

  /** The store as it is, with everything in it that was given to be kept (but for what the disk refuses). */
  get read(): Store {
    if (this.trouble === null) this.commit()
    return this.store
  }

  /** The store takes nothing just now, and something that was said is not in it. */
  get isBehind(): boolean {
    return this.trouble !== null && this.batch.events > 0
  }

  keep(output: KeepOutput): void {
    const { seq, feed, own, first, count, previous, lastId, time, bytes } = output
    const events = output.events.flatMap(({ id, number, time, kind, body, name }) => {
      const tells = tellsOf(kind, body, name)
      return tells === null ? [] : [{ id, number, time, tells }]
    })
    if (!equalBytes(feed.author, this.options.own)) this.wrote(feed.room, feed.author)
    const kept = { feed, first, count, previous, lastId, time, bytes, events }
    const { forkedSince: since } = output
    const op =
      since === undefined ? ({ what: 'keep', own, ...kept } as const) : ({ what: 'fork', since, ...kept } as const)
    this.given += this.batch.add(op, seq)
    this.plan(own)
  }

  load({ request, feed, from, to, bytesMax, newestFirst }: LoadOutput): void {
    const bundles = this.isClosed ? [] : this.read.bundles(feed, from, to, bytesMax, newestFirst)
    // Not before the node has ended what it is doing.
    this.options.clock.defer(() => this.node?.loaded(request, bundles))
  }

  /** A feed of ours is not to be gone on with at the next start. */
  disown({ feed }: DisownOutput): void {
    this.options.ownFeeds.disowned(toHex(feed.id))
  }

  /** Does something else with the store, together with what is kept. */
  add(op: StoreOperation): void {
    this.batch.add(op)
    this.plan(false)
  }

  /** Commits at once, beside what is gathered. */
  run(op: StoreOperation): Committed | StoreFault {
    const done = this.store.commit([op])
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

  /** Runs when all that is given so far is in the store, or was refused; at once where nothing waits. */
  settled(run: () => void): void {
    if (this.batch.isEmpty || this.trouble !== null) run()
    else this.waiting.push(run)
  }

  /** Commits what is left and gives the store back. */
  close(): void {
    if (this.isClosed) return
    this.commit()
    this.isClosed = true
    this.cancelGathering?.()
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

  private plan(isUrgent: boolean): void {
    const { clock } = this.options
    if (this.isClosed || this.isPlanned) return
    if (this.trouble !== null) {
      this.isPlanned = true
      clock.defer(() => {
        this.isPlanned = false
        this.release()
      })
    } else if (isUrgent || this.batch.events >= GATHER_EVENTS_MAX) {
      this.isPlanned = true
      clock.defer(() => {
        this.isPlanned = false
        this.commit()
      })
    } else this.cancelGathering ??= clock.timer(clock.nowMs() + GATHER_MS_MAX, () => this.commit())
  }

  private commit(): void {
    this.cancelGathering?.()
    this.cancelGathering = null
    if (this.isClosed || (this.batch.isEmpty && this.trouble === null)) return
    const { ops, seq } = this.batch
    const done = this.store.commit(ops)
    if (!done.ok) return this.failed(done)
    this.batch.clear()
    this.isReplaced = false
    this.recovered()
    for (const op of ops) if (op.what === 'keep' && op.own) this.options.ownFeeds.committed(toHex(op.feed.id))
    for (const hear of this.committedHooks) hear(done, ops)
    this.tellKept(seq)
  }

  private tellKept(seq: number): void {
    const waiting = this.waiting
    this.waiting = []
    for (const run of waiting) run()
    // The commit may have been made in the middle of something the node does.
    if (seq > 0) this.options.clock.defer(() => this.node?.kept(seq))
  }

  private failed(fault: StoreFault): void {
    if (this.isClosed) return
    if (fault.code === 'damaged' && this.replace()) return this.commit()
    this.complain(fault)
    const { clock } = this.options
    this.cancelGathering ??= clock.timer(clock.nowMs() + RETRY_MS, () => this.commit())
    this.release()
  }

  /** Talk goes on without being kept. */
  private release(): void {
    if (this.trouble === null) return
    if (this.options.ownFeeds.broken()) this.tellKept(this.batch.seq)
  }

  /** Once, until something could be committed again: a disk that damages whatever is written to it is given up. */
  private replace(): boolean {
    if (this.isReplaced) return false
    this.isReplaced = true
    this.store.close()
    const { store, isLasting, message } = this.options.reopen()
    this.store = store
    if (!isLasting) this.options.ownFeeds.broken()
    for (const { room, settings } of this.rooms.list()) this.batch.add({ what: 'room', room, settings })
    this.options.tell('error', 'history-damaged', message)
    return true
  }

  private complain({ code, message }: StoreFault): void {
    if (this.trouble === code) return
    this.trouble = code
    this.options.tell('error', `history-${code}`, message)
  }

  private recovered(): void {
    if (this.trouble === null) return
    this.trouble = null
    const lost = this.given === 0 ? '' : ` ${this.given} events came meanwhile that are to be fetched again.`
    if (this.given === 0) this.options.ownFeeds.mended()
    this.given = 0
    this.options.tell('notice', 'history-kept', `The history is kept again.${lost}`)
  }
}
