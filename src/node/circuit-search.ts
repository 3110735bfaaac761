import { CIRCUIT_HOPS_MAX, HangupCode } from '../wire/circuit.ts'
import type { CircuitBoard } from './circuit-board.ts'
import type { Far, Leg } from './circuit-leg.ts'
import type { LinkState } from './link-state.ts'

/** What is looked for. */
export interface Sought {
  readonly call: Uint8Array
  readonly target: Uint8Array
  /** Links crossed to get here. */
  readonly hops: number
}

/** Who hears what became of a search; called once. */
export interface SearchOwner {
  found(leg: Leg): void
  /** `tries`: how many are left. */
  failed(code: number, tries: number): void
}

/** Tries one neighbour after the other until one leads there. The tries are shared by all who pass a call on, so it ends however large the network is. */
export class Search implements Far {
  private current: Leg | null = null
  private isOver = false
  private code: number = HangupCode.noWay

  constructor(
    private readonly board: CircuitBoard,
    private readonly sought: Sought,
    private tries: number,
    private readonly candidates: LinkState[],
    private readonly owner: SearchOwner,
  ) {}

  next(): void {
    this.current = null
    for (let link = this.candidates.shift(); link !== undefined; link = this.candidates.shift()) {
      if (this.tries === 0 || this.sought.hops >= CIRCUIT_HOPS_MAX) break
      const { call, target, hops } = this.sought
      const leg = this.board.call(link, { call, target, hops: hops + 1, tries: this.tries - 1 }, this)
      if (leg === null) this.code = HangupCode.busy
      if (leg === null) continue
      this.tries--
      this.current = leg
      return
    }
    this.isOver = true
    this.owner.failed(this.code, this.tries)
  }

  /** Whoever looked for it does not want it any more, or it has taken too long. */
  stop(): void {
    this.isOver = true
    if (this.current !== null) this.board.hangUp(this.current, HangupCode.over, 0)
    this.current = null
  }

  answered(leg: Leg): void {
    if (this.isOver) return
    this.isOver = true
    this.owner.found(leg)
  }

  data(): void {}

  credited(): void {}

  ended(leg: Leg, code: number, tries: number): void {
    if (this.isOver || leg !== this.current) return
    // Nobody has more left than he was given.
    this.tries = Math.min(this.tries, tries)
    this.code = code
    this.next()
  }
}
