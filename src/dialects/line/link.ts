import type { Address } from '../../base/address.ts'
import type { Timer } from '../../base/timers.ts'
import { TokenBucket } from '../../core/gossip/token-bucket.ts'
import { LineReader } from '../lines.ts'
import type { Placed } from '../places.ts'
import type { Wanted } from '../redial.ts'
import { LINE_BYTES_MAX } from './messages.ts'
import { Outbox } from './outbox.ts'

/** What one person may say: a text pasted line by line, not a flood. */
const BURST_LINES = 200
const LINE_EVERY_MS = 50
/** And send: a folder of pictures, one after the other. Each is a question to people, and may be a file on the disk. */
const BURST_FILES = 64
const FILE_EVERY_MS = 1_000

/** One connection of two people. */
export class LineLink implements Placed {
  readonly lines = new LineReader(LINE_BYTES_MAX)
  readonly bucket = new TokenBucket(BURST_LINES, LINE_EVERY_MS)
  readonly files = new TokenBucket(BURST_FILES, FILE_EVERY_MS)
  name = ''
  /** How much of the file that is coming has not come yet; null while none is. */
  fileLeft: number | null = null
  /** That one was too much, and is let go by. */
  isLettingBy = false
  readonly outbox = new Outbox()
  /** Of what waits there. */
  timer: Timer<() => void> | null = null
  /** Lines heard, which tells equal ones apart. */
  heard = 0
  /** Something whole has come: a line with words, or the beginning of a file. */
  hasSpoken = false

  constructor(
    readonly id: number,
    readonly remote: Address,
    readonly wanted: Wanted | null,
    readonly sinceMs: number,
  ) {}

  get standing(): Placed['standing'] {
    return this.hasSpoken ? 'speaking' : 'silent'
  }
}
