import { LEAF_BYTES } from '../../wire/content.ts'
import { RUN_LEAVES_MAX } from '../../wire/transfer.ts'

/** Kept for later reads: what four links have ahead of them. */
const KEPT_MAX = 8

/**
 * Memory that runs of leaves are read into to be given out, used again and again: fresh memory for each costs more than the reading. It is shared
 * between threads, so that another one may do that.
 */
export class ReadMemory {
  private readonly kept: SharedArrayBuffer[] = []
  private readonly lent = new Map<number, SharedArrayBuffer>()

  /** As long as the longest run, until `giveBack` says the same ticket. */
  lend(ticket: number): Uint8Array {
    const memory = this.kept.pop() ?? new SharedArrayBuffer(RUN_LEAVES_MAX * LEAF_BYTES)
    this.lent.set(ticket, memory)
    return new Uint8Array(memory)
  }

  /** Nobody looks at what was read under a ticket any more; one that nothing was lent for changes nothing. */
  giveBack(ticket: number): void {
    const memory = this.lent.get(ticket)
    if (memory === undefined) return
    this.lent.delete(ticket)
    if (this.kept.length < KEPT_MAX) this.kept.push(memory)
  }
}
