import type { Clock } from '../../ports/clock.ts'
import type { Store, StoreFault, StoreOperation } from '../../ports/store.ts'
import type { Batch } from './batch.ts'

/** After a fault of the disk; twice that each time there seemed to be room and was not. */
const RETRY_MS = 5_000
const RETRY_MS_MAX = 60_000
/** Between the pieces in which what waits is written, or shown, so that talk goes on. */
const PIECE_MS = 10

export interface ArrearsOptions {
  readonly batch: Batch
  readonly clock: Clock
  /** For the user: an error is said once until things are well again. */
  readonly tell: (event: 'error' | 'notice', code: string, message: string) => void
  /** The one there is now. */
  readonly store: () => Store
  /** These are on the disk. */
  readonly written: (ops: readonly StoreOperation[]) => void
  /** All that waits can be read, or cannot be for now. */
  readonly settled: () => void
  /** What waits goes out without being kept. */
  readonly release: () => void
  /** All is written. `lost`: events that had to be given up. */
  readonly recovered: (lost: number) => void
  readonly failed: (fault: StoreFault) => void
}

/**
 * What the disk has refused. It waits in the batch, and the store holds it, so that it is read, searched and counted like what is
 * written; once there is room it is written from the front, in pieces, each a commit of its own: a disk that fills up again in the middle
 * leaves a beginning of it written, and the rest waiting as before.
 */
export class Arrears {
  /** The code of what is wrong; null while all is well. */
  private trouble: string | null = null
  /** So many of the batch, from the front, the store holds. */
  private held = 0
  /** The store could not hold it: it is not tried again before something changes. */
  private isBlind = false
  /** It is on its way to the disk, and what is not there yet cannot be seen. */
  private isWriting = false
  private isPlanned = false
  private lost = 0
  private retryMs = RETRY_MS
  private cancelNext: (() => void) | null = null

  constructor(private readonly options: ArrearsOptions) {}

  /** The disk takes nothing, or not everything yet. */
  get isOpen(): boolean {
    return this.trouble !== null
  }

  /** Everything can be read, or cannot be for now. */
  get isSettled(): boolean {
    return !this.isWriting && !this.isShowing
  }

  /** Something that was said can be read nowhere just now: the store neither takes nor holds it. */
  get isBehind(): boolean {
    return this.isOpen && this.options.batch.events > 0 && !this.isShown
  }

  /** The disk has refused something, or is not to be read. */
  begin({ code, message }: StoreFault): void {
    const wasWriting = this.interrupt()
    if (this.trouble !== code) {
      this.trouble = code
      this.options.tell('error', `history-${code}`, message)
    }
    this.tryAgainAfter(wasWriting ? Math.min(this.retryMs * 2, RETRY_MS_MAX) : this.retryMs)
    this.turn()
  }

  /** Writes no more for now; answers whether it did. */
  interrupt(): boolean {
    const wasWriting = this.isWriting
    this.isWriting = false
    return wasWriting
  }

  /** So many events had to be given up, for what waits not to fill the memory. */
  gaveUp(events: number): void {
    if (this.lost === 0) {
      const what =
        'More waits to be written than fits in memory, so the oldest of it is let go and comes back from the others'
      this.options.tell('error', 'history-overflow', `${what}: see what is wrong with the disk.`)
    }
    this.lost += events
    // The store holds more than waits.
    this.options.store().letGo()
    this.hide()
  }

  /** The store holds nothing any more, or is another: what waits is to be shown again. */
  hide(): void {
    this.held = 0
    this.isBlind = false
  }

  /** Something else could be written, which may have made room. */
  hasChanged(isRoom: boolean): void {
    if (!this.isOpen) return
    this.hide()
    if (isRoom && !this.isWriting) this.tryAgainAfter(RETRY_MS)
    this.plan()
  }

  /** More has come: it can be read and goes out after the input being handled now. */
  plan(): void {
    if (!this.isPlanned) this.planWith((turn) => this.options.clock.defer(turn))
  }

  /** Shows a piece more. */
  showMore(): void {
    if (!this.isShowing) return
    const piece = this.options.batch.slice(this.held)
    const done = this.options.store().hold(piece)
    if (done.ok) {
      this.held += piece.length
      return
    }
    this.held = 0
    this.isBlind = true
    if (done.code === 'damaged') this.options.failed(done)
  }

  /** Has everything read that can be: what is being written is written to the end first, or as far as there is room. */
  showAll(): void {
    this.writeAll()
    while (this.isOpen && this.isShowing) this.showMore()
  }

  /** Begins to write, where there is room. */
  tryAgain(): void {
    if (this.isWriting) return
    if (!this.options.store().hasRoom()) return this.tryAgainAfter(this.retryMs)
    this.hide()
    this.isWriting = true
    this.write()
  }

  writeAll(): void {
    while (this.isWriting) this.write()
  }

  close(): void {
    this.trouble = null
    this.isWriting = false
    this.cancelNext?.()
  }

  private get isShown(): boolean {
    return this.held >= this.options.batch.length
  }

  private get isShowing(): boolean {
    return this.isOpen && !this.isWriting && !this.isBlind && !this.isShown
  }

  private planWith(plan: (turn: () => void) => void): void {
    this.isPlanned = true
    plan(() => {
      this.isPlanned = false
      this.turn()
    })
  }

  private turn(): void {
    if (!this.isOpen) return
    this.showMore()
    const { clock, settled, release } = this.options
    if (this.isShowing) this.planWith((turn) => clock.timer(clock.nowMs() + PIECE_MS, turn))
    else if (!this.isWriting) settled()
    release()
  }

  private tryAgainAfter(ms: number): void {
    this.retryMs = ms
    this.next(ms, () => this.tryAgain())
  }

  private next(afterMs: number, act: () => void): void {
    const { clock } = this.options
    this.cancelNext?.()
    this.cancelNext = clock.timer(clock.nowMs() + afterMs, act)
  }

  private write(): void {
    this.cancelNext?.()
    const { batch, store, written, failed } = this.options
    const piece = batch.slice(0)
    const done = store().commit(piece)
    if (!done.ok) {
      failed(done)
      return
    }
    batch.written(piece.length)
    written(piece)
    if (!batch.isEmpty) return this.next(PIECE_MS, () => this.write())
    this.isWriting = false
    this.hide()
    this.trouble = null
    this.retryMs = RETRY_MS
    const { lost } = this
    this.lost = 0
    const missing = lost === 0 ? '' : ` ${lost} events came meanwhile that are to be fetched again.`
    this.options.recovered(lost)
    this.options.tell('notice', 'history-kept', `The history is kept again.${missing}`)
  }
}
