import { toHex } from '../../base/bytes.ts'
import type { StoreOperation } from '../../ports/store.ts'

/**
 * While the disk refuses what is to be kept, so much waits in memory, some 27,000 messages; the store's pages that show them come to twice as
 * much. Beyond it the oldest is given up, which peers may bring again.
 */
const WAITING_BYTES_MAX = 32 * 1024 * 1024
/** What an operation takes beside its bundle. */
const OVERHEAD_BYTES = 400
/** And for each event in the clear beside it. */
const EVENT_OVERHEAD_BYTES = 300
/** What is taken at a time of what waits: some 250 messages, which the store takes in within 20 ms or so. */
const SLICE_BYTES = 256 * 1024

interface Waiting {
  readonly op: StoreOperation
  /** What the node counts it as, 0 for what is not the node's. */
  readonly seq: number
  readonly events: number
  readonly bytes: number
}

/** What waits for the next commit, in the order it came. */
export class Batch {
  private waiting: Waiting[] = []
  private bytes = 0
  /** Ids of our own events in it; made when they are asked for. */
  private ownIds: ReadonlySet<string> | null = null
  /** Events in it. */
  events = 0
  /** The newest number of the node's in it, or before. */
  seq = 0

  constructor(private readonly bytesMax = WAITING_BYTES_MAX) {}

  get isEmpty(): boolean {
    return this.waiting.length === 0
  }

  get length(): number {
    return this.waiting.length
  }

  /** It had better be committed now than where more comes. */
  get isHeavy(): boolean {
    return this.bytes > this.bytesMax / 2
  }

  get ops(): StoreOperation[] {
    return this.waiting.map(({ op }) => op)
  }

  /** Some of it from a place on, of a bounded size, but one operation at least where there are any. */
  slice(from: number): StoreOperation[] {
    const ops: StoreOperation[] = []
    let left = SLICE_BYTES
    for (let at = from; at < this.waiting.length && (left > 0 || ops.length === 0); at++) {
      const { op, bytes } = this.waiting[at]!
      ops.push(op)
      left -= bytes
    }
    return ops
  }

  /** Whether an event of ours is in it. */
  hasOwn(id: Uint8Array): boolean {
    this.ownIds ??= new Set(
      this.waiting.flatMap(({ op }) => (op.what === 'keep' && op.own ? op.events.map((event) => toHex(event.id)) : [])),
    )
    return this.ownIds.has(toHex(id))
  }

  /** How many events had to be given up for it. */
  add(op: StoreOperation, seq = 0): number {
    const isBundle = op.what === 'keep' || op.what === 'fork'
    const events = isBundle ? op.count : 0
    const bytes = isBundle ? op.bytes.length * 2 + events * EVENT_OVERHEAD_BYTES : 0
    this.waiting.push({ op, seq, events, bytes: bytes + OVERHEAD_BYTES })
    this.bytes += bytes + OVERHEAD_BYTES
    this.events += events
    this.seq = Math.max(this.seq, seq)
    this.ownIds = null
    return this.bytes > this.bytesMax ? this.giveUp() : 0
  }

  /** The first so many are safe. */
  written(count: number): void {
    for (const { bytes, events } of this.waiting.splice(0, count)) {
      this.bytes -= bytes
      this.events -= events
    }
    this.ownIds = null
  }

  /** Down to three quarters, so that it is not done for each that comes. What a user set or read stays: it is small. */
  private giveUp(): number {
    let given = 0
    const kept: Waiting[] = []
    for (const each of this.waiting) {
      if (this.bytes <= this.bytesMax * 0.75 || each.events === 0) {
        kept.push(each)
        continue
      }
      this.bytes -= each.bytes
      this.events -= each.events
      given += each.events
    }
    this.waiting = kept
    return given
  }
}
