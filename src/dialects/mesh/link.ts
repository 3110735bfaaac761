import type { Address } from '../../base/address.ts'
import { compareBytes, utf8 } from '../../base/bytes.ts'
import type { Timer } from '../../base/timers.ts'
import { TokenBucket } from '../../core/gossip/token-bucket.ts'
import { FloodNote } from '../flood-note.ts'
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
  readonly flood = new FloodNote()
  heardAtMs: number
  /** Over then: it has not said who it is, or another has come in its place. */
  deadline: Timer<() => void> | null = null
  /** It has said itself who it is, which who was dialled need not be. */
  isProven = false

  constructor(
    readonly id: number,
    readonly remote: Address,
    /** Null until it has said who it is; who was dialled is presumed. */
    public peer: MeshPeer | null,
    readonly dialled: boolean,
    nowMs: number,
  ) {
    this.heardAtMs = nowMs
  }
}

/** Whether we are to dial, and not they: whose id sorts lower does, in byte order. */
export function isOursToDial(own: string, theirs: string): boolean {
  return compareBytes(utf8(own), utf8(theirs)) < 0
}
