import type { Clock } from '../../ports/clock.ts'
import type { RoomHeld } from '../../ports/store.ts'
import type { History } from './service.ts'

/** How much is kept; null: everything. */
export interface Limits {
  readonly ageMsMax: number | null
  /** Of one room's bundles. */
  readonly bytesMax: number | null
  /** Of all rooms' together: where they are kept in memory. */
  readonly totalBytesMax: number | null
}

/** What is old goes this often; and where a step has left more to do, so soon: a step takes some 50 ms, in which nothing else is done. */
const SWEEP_MS = 60 * 60_000
const STEP_MS = 200
/** What is known to be too much goes so soon: who catches up with a long history and keeps little of it would fetch all of it within an hour. */
const SOON_MS = 2_000
/** So much of a room's limit may have come since. */
const FRESH_SHARE = 1 / 8
/** What is kept in memory can grow faster. */
const MEMORY_SWEEP_MS = 10_000

/** Drops what is older or more than is to be kept, in small steps. */
export class Retention {
  private cancel: (() => void) | null = null
  private dueAtMs = 0
  /** Bytes of bundles that came since all was looked through. */
  private freshBytes = 0

  constructor(
    private readonly history: History,
    private readonly clock: Clock,
    private readonly limits: Limits,
  ) {}

  /** Begins; what is over the limits already goes first. */
  begin(): void {
    const { ageMsMax, bytesMax, totalBytesMax } = this.limits
    if (ageMsMax === null && bytesMax === null && totalBytesMax === null) return
    this.history.took = (atMs, bytes) => this.took(atMs, bytes)
    this.after(STEP_MS)
  }

  stop(): void {
    this.cancel?.()
    this.cancel = null
    this.history.took = () => {}
  }

  /** A bundle came, said at that time. */
  private took(atMs: number, bytes: number): void {
    const { ageMsMax, bytesMax } = this.limits
    this.freshBytes += bytes
    const isOld = ageMsMax !== null && atMs < this.clock.wallMs() - ageMsMax
    const isMuch = bytesMax !== null && this.freshBytes > bytesMax * FRESH_SHARE
    if ((isOld || isMuch) && this.dueAtMs > this.clock.nowMs() + SOON_MS) this.after(SOON_MS)
  }

  private after(ms: number): void {
    this.cancel?.()
    this.dueAtMs = this.clock.nowMs() + ms
    this.cancel = this.clock.timer(this.clock.nowMs() + ms, () => this.sweep())
  }

  /** One step for each room that has something to drop. */
  private sweep(): void {
    this.freshBytes = 0
    const rooms = this.history.glance.rooms()
    const allBytes = rooms.reduce((sum, { bytes }) => sum + bytes, 0)
    const { totalBytesMax } = this.limits
    const share = totalBytesMax === null || allBytes <= totalBytesMax ? 1 : totalBytesMax / allBytes
    let more = false
    for (const room of rooms) if (this.step(room, share)) more = true
    this.after(more ? STEP_MS : totalBytesMax === null ? SWEEP_MS : MEMORY_SWEEP_MS)
  }

  /** Whether there is more to drop. `share`: how much of each room all of them can keep. */
  private step({ room, settings, bytes, oldestMs }: RoomHeld, share: number): boolean {
    const ageMsMax = settings.ageMsMax ?? this.limits.ageMsMax
    const ownMax = settings.bytesMax ?? this.limits.bytesMax ?? Number.MAX_SAFE_INTEGER
    const bytesMax = share < 1 ? Math.min(ownMax, Math.floor(bytes * share)) : ownMax
    const beforeMs = ageMsMax === null ? 0 : Math.max(0, this.clock.wallMs() - ageMsMax)
    // A room whose messages are all new may still hold old edits: it is asked too, which costs one look.
    if (bytes <= bytesMax && (ageMsMax === null || oldestMs === null || oldestMs >= beforeMs)) return false
    const done = this.history.run({ what: 'drop', room, beforeMs, bytesMax })
    return done.ok && done.more
  }
}
