import type { Clock } from '../../ports/clock.ts'

/** After a change: what comes in the same breath is written with it. */
const SOON_MS = 10
/** Writes that changes ask for, between two of the round: each waits for the disk. More than that wait for the round. */
const SOON_MAX = 4

/** And those that must be before something else is written. */
const AHEAD_MAX = 16

/** When something is written that changes now and then: soon after it has changed, and in a flood of changes as often as whoever calls `now` does. */
export class Keeping {
  private cancel: (() => void) | null = null
  private left = SOON_MAX
  private aheadLeft = AHEAD_MAX

  constructor(
    private readonly clock: Clock,
    private readonly write: () => void,
  ) {}

  /** It has changed. */
  soon(): void {
    if (this.cancel !== null || this.left === 0) return
    this.left--
    this.cancel = this.clock.timer(this.clock.nowMs() + SOON_MS, () => {
      this.cancel = null
      this.write()
    })
  }

  /** It has changed, and is written before whatever follows; in a flood that is not waited for. */
  ahead(): void {
    if (this.aheadLeft === 0) return
    this.aheadLeft--
    this.write()
  }

  /** Writes it, whether it has changed or not: once in a while, and at the end. */
  now(): void {
    this.cancel?.()
    this.cancel = null
    this.left = SOON_MAX
    this.aheadLeft = AHEAD_MAX
    this.write()
  }
}
