import type { Address } from '../../base/address.ts'
import { TokenBucket } from '../../core/gossip/token-bucket.ts'
import { LineReader } from '../lines.ts'
import type { Wanted } from '../redial.ts'
import { LINE_BYTES_MAX } from './messages.ts'

/** What one person may say: a text pasted line by line, not a flood. */
const BURST_LINES = 200
const LINE_EVERY_MS = 50
/** Texts that wait for a file to have been sent. */
export const WAITING_MAX = 256

/** One connection of two people. */
export class LineLink {
  readonly lines = new LineReader(LINE_BYTES_MAX)
  readonly bucket = new TokenBucket(BURST_LINES, LINE_EVERY_MS)
  name = ''
  isFlooding = false
  /** How much of the file that is coming has not come yet; null while none is. */
  fileLeft: number | null = null
  /** `header`: ours has been announced, and waits a moment. `bytes`: it is being sent. */
  sending: 'header' | 'bytes' | null = null
  readonly waiting: Uint8Array[] = []
  /** Lines heard, which tells equal ones apart. */
  heard = 0

  constructor(
    readonly id: number,
    readonly remote: Address,
    readonly wanted: Wanted | null,
  ) {}
}
