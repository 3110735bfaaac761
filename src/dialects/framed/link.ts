import type { Address } from '../../base/address.ts'
import type { Timer } from '../../base/timers.ts'
import { TokenBucket } from '../../core/gossip/token-bucket.ts'
import type { Placed } from '../places.ts'
import type { Wanted } from '../redial.ts'
import { FrameReader } from './frames.ts'

/** What one peer may have shown or passed on: a chain of originals in lively talk, not a flood. */
const BURST_MESSAGES = 400
const MESSAGE_EVERY_MS = 20

/** One connection with an original. */
export class FramedLink implements Placed {
  readonly frames = new FrameReader()
  readonly bucket = new TokenBucket(BURST_MESSAGES, MESSAGE_EVERY_MS)
  /** The node id of its hello; null before. */
  peer: string | null = null
  name = ''
  /** It has passed on what is not understood, and that has been told. */
  isOdd = false
  deadline: Timer<() => void> | null = null
  /** It has said or passed on something beside its hello. */
  hasSpoken = false

  constructor(
    readonly id: number,
    readonly remote: Address,
    /** Where we dialled it; null where it dialled us. */
    readonly wanted: Wanted | null,
    /** By which of our hosts it leaves the machine; empty where that is not known. */
    readonly local = '',
    readonly sinceMs = 0,
  ) {}

  get standing(): Placed['standing'] {
    if (this.peer === null) return 'silent'
    return this.hasSpoken ? 'speaking' : 'known'
  }
}
