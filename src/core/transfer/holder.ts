import { LEAF_BYTES } from '../../wire/content.ts'
import { RUN_LEAVES_MAX } from '../../wire/transfer.ts'
import { Bits } from './bits.ts'

/** Asked of a holder before anything is known of it. */
const WINDOW_FIRST = RUN_LEAVES_MAX
const WINDOW_LEAST = 2
/** Of those that answer at once, together: what a restart or a lost link may cost at most, 1 MiB. */
export const WINDOW_NEAR = 16
const NEAR_MS = 5
/** Of one far away, 16 MiB: 160 MB/s at a tenth of a second. */
const WINDOW_MOST = 256
const RATE_OVER_MS = 100
const LEAST_LASTS_MS = 60_000
/** Leaves of a window that wait on the way: fewer, and it grows; more, and it shrinks. */
const QUEUED_LEAST = 2
const QUEUED_MOST = 5
/** Nothing came of it for so long, or the oldest leaf asked for not for so long, while something is asked of it. */
const SILENT_MS = 10_000
const LEAF_MS_MAX = 30_000
/** Who has sent a leaf within so long is still at it: between one answer and the next question there is often nothing to see. */
const SENDING_MS = 5_000
/** Times in a row before it is let go. */
const STALLS_MAX = 3
/** What was given up has not come for so long either. */
const VAIN_MS = 30_000

/** Somebody who has a content, or parts of it, as one download sees it: what it has, what is asked of it, and how it does. */
export class Holder {
  /** When each leaf was asked for; in the order they were. */
  readonly asked = new Map<number, number>()
  /** Asked for, and given up for lack of patience: counted if they come after all. */
  readonly late = new Set<number>()
  /** Leaves that came from it and are being checked and written. */
  storing = 0
  windowLeaves = WINDOW_FIRST
  private isWhole = false
  private pieces: Bits | null = null
  private heardAtMs: number
  /** When the last leaf came. */
  private cameAtMs = Number.NEGATIVE_INFINITY
  private lateSinceMs = 0
  private stalls = 0
  /** The least time from question to answer, of late, and since when. */
  private leastMs = Number.POSITIVE_INFINITY
  private leastAtMs = 0
  private answersMs = 0
  private answers = 0
  /** The window still doubles. */
  private isStarting = true
  private rateBytes = 0
  private rateFromMs: number
  /** Bytes a millisecond. */
  private rate = 0

  /** `key`: whoever it is, for good. `pieceCount`: of the content. */
  constructor(
    readonly id: number,
    readonly key: string,
    private readonly pieceCount: number,
    nowMs: number,
  ) {
    this.heardAtMs = nowMs
    this.rateFromMs = nowMs
  }

  has(piece: number): boolean {
    return this.isWhole || this.pieces?.has(piece) === true
  }

  get whole(): boolean {
    return this.isWhole || this.pieces?.isFull === true
  }

  /** Bytes a second, as far as is known. */
  get bytesPerSecond(): number {
    return this.rate * 1000
  }

  /** Says each piece that is news. */
  setMap(from: number, map: Uint8Array, gained: (piece: number) => void): void {
    if (this.isWhole) return
    this.pieces ??= new Bits(this.pieceCount)
    this.pieces.addBytes(from, map, gained)
  }

  /** Answers false where it was known. */
  gain(piece: number): boolean {
    if (this.isWhole || piece >= this.pieceCount) return false
    this.pieces ??= new Bits(this.pieceCount)
    return this.pieces.add(piece)
  }

  /** Has everything; says each piece it was known to have, which no longer counts one by one. */
  setWhole(counted: (piece: number) => void): void {
    if (this.isWhole) return
    this.eachCounted(counted)
    this.isWhole = true
    this.pieces = null
  }

  /** The pieces that count one by one. */
  eachCounted(each: (piece: number) => void): void {
    if (this.pieces === null) return
    for (let piece = 0; piece < this.pieceCount; piece++) if (this.pieces.has(piece)) each(piece)
  }

  /** It answers at once, or not; null while it has not answered. */
  get isNear(): boolean | null {
    return this.leastMs === Number.POSITIVE_INFINITY ? null : this.leastMs < NEAR_MS
  }

  /** Leaves asked for, or being checked and written. */
  get underWay(): number {
    return this.asked.size + this.storing
  }

  /** Something is asked of it, or has come from it of late. */
  isSending(nowMs: number): boolean {
    return this.underWay > 0 || nowMs - this.cameAtMs < SENDING_MS
  }

  /** How many more leaves to ask it for. */
  get room(): number {
    if (this.late.size > 0) return 0
    return Math.max(0, this.windowLeaves - this.underWay)
  }

  /** Any bytes came over its link. */
  heard(nowMs: number): void {
    this.heardAtMs = nowMs
  }

  ask(leaf: number, nowMs: number): void {
    if (this.asked.size === 0) this.heardAtMs = nowMs
    this.asked.set(leaf, nowMs)
  }

  /** A leaf came; false when nobody asked for it. */
  answered(leaf: number, nowMs: number): boolean {
    const askedAtMs = this.asked.get(leaf)
    const wasLate = this.late.delete(leaf)
    if (askedAtMs === undefined && !wasLate) return false
    this.asked.delete(leaf)
    this.stalls = 0
    this.heardAtMs = nowMs
    this.cameAtMs = nowMs
    if (askedAtMs !== undefined) this.measure(nowMs - askedAtMs, nowMs)
    return true
  }

  /** When to look at it again; null while nothing is waited for. */
  get dueMs(): number | null {
    const oldest = this.asked.values().next()
    if (oldest.done !== true) return Math.min(this.heardAtMs + SILENT_MS, oldest.value + LEAF_MS_MAX)
    return this.late.size > 0 ? this.lateSinceMs + VAIN_MS : null
  }

  /** Takes back what was asked for when it has taken too long; null while it has not. */
  overdue(nowMs: number): number[] | null {
    const { dueMs } = this
    if (this.asked.size === 0 || dueMs === null || nowMs < dueMs) return null
    this.lateSinceMs = nowMs
    const leaves = [...this.asked.keys()]
    this.asked.clear()
    for (const leaf of leaves) this.late.add(leaf)
    this.stalls++
    this.windowLeaves = 1
    return leaves
  }

  /** It has been given up so often, or for so long, that it is to go. */
  isHopeless(nowMs: number): boolean {
    return this.stalls >= STALLS_MAX || (this.late.size > 0 && nowMs >= this.lateSinceMs + VAIN_MS)
  }

  /**
   * Congestion control as TCP Vegas has it (Brakmo and Peterson, 1995), in leaves: the window grows while hardly any of it waits in queues, and
   * shrinks when too much does. Queues of slow links stay short that way, and long links are filled.
   */
  private measure(answerMs: number, nowMs: number): void {
    this.measureRate(nowMs)
    if (answerMs <= this.leastMs || nowMs - this.leastAtMs > LEAST_LASTS_MS) {
      this.leastMs = answerMs
      this.leastAtMs = nowMs
    }
    this.answersMs += answerMs
    if (++this.answers < this.windowLeaves) return
    const meanMs = this.answersMs / this.answers
    this.answersMs = 0
    this.answers = 0
    if (this.isNear === true) {
      this.windowLeaves = WINDOW_NEAR
      return
    }
    const queued = this.windowLeaves * (1 - this.leastMs / meanMs)
    if (queued > QUEUED_MOST) this.isStarting = false
    if (queued < QUEUED_LEAST) this.windowLeaves += this.isStarting ? this.windowLeaves : 1
    else if (queued > QUEUED_MOST) this.windowLeaves--
    this.windowLeaves = Math.max(WINDOW_LEAST, Math.min(WINDOW_MOST, this.windowLeaves))
  }

  private measureRate(nowMs: number): void {
    this.rateBytes += LEAF_BYTES
    const overMs = nowMs - this.rateFromMs
    if (overMs < RATE_OVER_MS) return
    const rate = this.rateBytes / overMs
    this.rate = this.rate === 0 ? rate : (this.rate + rate) / 2
    this.rateBytes = 0
    this.rateFromMs = nowMs
  }
}
