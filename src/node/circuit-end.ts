import { SendingWindow } from '../core/circuit/sending-window.ts'
import { CIRCUIT_CHUNK_BYTES_MAX, CIRCUIT_WINDOW_BYTES, HangupCode } from '../wire/circuit.ts'
import type { CircuitBoard } from './circuit-board.ts'
import type { Far, Leg } from './circuit-leg.ts'
import type { NodeContext } from './context.ts'

/** What is written when an end is to close may take so long to leave. */
const LINGER_MS = 10_000

/** Our own end of a circuit: what is written leaves as fast as the way takes it, what comes is told. */
export class CircuitEnd implements Far {
  private leg: Leg | null = null
  private readonly waiting: Uint8Array[] = []
  private readonly window: SendingWindow
  private isEnding = false

  constructor(
    readonly id: number,
    private readonly context: NodeContext,
    private readonly board: CircuitBoard,
    private readonly over: (end: CircuitEnd) => void,
  ) {
    this.window = new SendingWindow(CIRCUIT_CHUNK_BYTES_MAX, CIRCUIT_WINDOW_BYTES, context.nowMs)
  }

  open(leg: Leg): void {
    this.leg = leg
    leg.far = this
  }

  /** Takes all of it; false: more is welcome only after `drain` is told. */
  write(bytes: Uint8Array): boolean {
    if (this.isEnding || this.leg === null) return true
    this.waiting.push(bytes)
    this.pump()
    return this.waiting.length === 0
  }

  /** Closes when what was written has left. */
  end(): void {
    if (this.isEnding) return
    this.isEnding = true
    this.context.after(LINGER_MS, () => this.abort())
    this.pump()
  }

  /** At once. */
  abort(): void {
    const { leg } = this
    this.leg = null
    if (leg === null) return
    this.board.hangUp(leg, HangupCode.over, 0)
    this.over(this)
  }

  answered(): void {}

  data(leg: Leg, bytes: Uint8Array): void {
    this.context.emit({ kind: 'circuit', state: 'data', circuit: this.id, bytes: bytes.slice() })
    // Whoever hears it takes it at once, and asks for no more than he has room for.
    this.board.owe(leg, bytes.length)
  }

  credited(_leg: Leg, bytes: number): void {
    this.window.arrived(bytes, this.context.nowMs)
    const waited = this.waiting.length > 0
    this.pump()
    if (waited && this.waiting.length === 0 && !this.isEnding) {
      this.context.emit({ kind: 'circuit', state: 'drain', circuit: this.id })
    }
  }

  ended(): void {
    this.leg = null
    this.over(this)
  }

  private pump(): void {
    const { leg, waiting, window } = this
    if (leg === null) return
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      const bytes = Math.min(first.length, window.room, CIRCUIT_CHUNK_BYTES_MAX)
      // Crumbs are not worth a frame, unless nothing else would move it on.
      if (bytes < Math.min(first.length, CIRCUIT_CHUNK_BYTES_MAX) && window.underway > 0) return
      window.left(bytes, this.context.nowMs)
      this.board.queue(leg, first.subarray(0, bytes))
      if (bytes === first.length) waiting.shift()
      else waiting[0] = first.subarray(bytes)
    }
    if (!this.isEnding) return
    this.leg = null
    this.board.hangUpAfter(leg, HangupCode.over)
    this.over(this)
  }
}
