import type { StoreOperation } from '../../ports/store.ts'

/** While the disk refuses what is to be kept, so much waits in memory; beyond it the oldest is given up, which peers may bring again. */
const BYTES_MAX = 32 * 1024 * 1024
/** What an operation takes beside its bundle. */
const OVERHEAD_BYTES = 400
/** And for each event in the clear beside it. */
const EVENT_OVERHEAD_BYTES = 300

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
  /** Events in it. */
  events = 0
  /** The newest number of the node's in it, or before. */
  seq = 0

  constructor(private readonly bytesMax = BYTES_MAX) {}

  get isEmpty(): boolean {
    return this.waiting.length === 0
  }

  get ops(): StoreOperation[] {
    return this.waiting.map(({ op }) => op)
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
    return this.bytes > this.bytesMax ? this.giveUp() : 0
  }

  clear(): void {
    this.waiting = []
    this.bytes = 0
    this.events = 0
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
