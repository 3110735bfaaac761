import type { Address } from '../../base/address.ts'
import type { Timer } from '../../base/timers.ts'
import { TokenBucket } from '../../core/gossip/token-bucket.ts'
import { LineReader } from '../lines.ts'
import { LINE_BYTES_MAX } from './messages.ts'
import type { MeshPeer } from './roster.ts'

/** What one peer may say: a program that pastes, not a flood. */
const BURST_MESSAGES = 200
const MESSAGE_EVERY_MS = 50

/** One connection of the mesh. */
export class MeshLink {
  readonly lines = new LineReader(LINE_BYTES_MAX)
  readonly bucket = new TokenBucket(BURST_MESSAGES, MESSAGE_EVERY_MS)
  heardAtMs: number
  /** Over then: it has not said who it is, or nothing speaks against who it is presumed to be. */
  deadline: Timer<() => void> | null = null
  /** It has said itself who it is, which who was dialled need not be. */
  isProven = false
  /** It is who it is said to be, as far as one can tell without its own word: nothing is said to anybody else. */
  isSure = false

  constructor(
    readonly id: number,
    readonly remote: Address,
    /** Null until it has said who it is; who was dialled is presumed. */
    public peer: MeshPeer | null,
    readonly dialled: boolean,
    readonly openedAtMs: number,
  ) {
    this.heardAtMs = openedAtMs
  }

  /** Whether we have dialled where that peer says it listens. */
  leadsTo({ address, port }: MeshPeer): boolean {
    return this.dialled && this.remote.host === address.host && this.remote.port === port
  }
}
