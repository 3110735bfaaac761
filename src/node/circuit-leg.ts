import { Chunks } from '../core/circuit/chunks.ts'
import { CIRCUIT_CHUNK_BYTES_MAX } from '../wire/circuit.ts'
import type { LinkState } from './link-state.ts'

/** What a leg leads to on this node: another leg, our own end, or the search for a way on. */
export interface Far {
  /** The other side of the leg has answered our call. */
  answered(leg: Leg): void
  /** A view to read now, not to keep; within what the other side may send. */
  data(leg: Leg, bytes: Uint8Array): void
  /** So much of what was sent there has been taken at the end. */
  credited(leg: Leg, bytes: number): void
  /** The other side has hung up, or its link is gone: nothing goes there any more. */
  ended(leg: Leg, code: number, tries: number): void
}

/** One circuit's passage over one link. */
export class Leg {
  far: Far
  /** It has been answered: bytes may go both ways. */
  isOpen = false
  /** Bytes the other side may send us now. */
  allowedBytes = 0
  /** Bytes that went there and have not been taken at the end, as far as is known. */
  untakenBytes = 0
  /** Bytes of theirs that have been taken, and which they are yet to be told of. */
  owedBytes = 0
  /** Waiting to go there. */
  readonly out = new Chunks(CIRCUIT_CHUNK_BYTES_MAX)
  /** To be hung up on with this code when nothing waits any more. */
  ending: number | null = null
  usedAtMs: number

  constructor(
    readonly link: LinkState,
    readonly id: number,
    /** The call is ours, or passed on by us. */
    readonly isOurs: boolean,
    far: Far,
    nowMs: number,
  ) {
    this.far = far
    this.usedAtMs = nowMs
  }
}

/** Two legs that are joined here: what comes by one goes on by the other. */
export class Joint implements Far {
  constructor(
    private readonly one: Leg,
    private readonly other: Leg,
    private readonly board: {
      queue(leg: Leg, bytes: Uint8Array): void
      owe(leg: Leg, bytes: number): void
      hangUpAfter(leg: Leg, code: number): void
    },
    private readonly over: () => void,
  ) {}

  answered(): void {}

  data(leg: Leg, bytes: Uint8Array): void {
    this.board.queue(this.across(leg), bytes)
  }

  credited(leg: Leg, bytes: number): void {
    this.board.owe(this.across(leg), bytes)
  }

  ended(leg: Leg, code: number): void {
    this.board.hangUpAfter(this.across(leg), code)
    this.over()
  }

  private across(leg: Leg): Leg {
    return leg === this.one ? this.other : this.one
  }
}
