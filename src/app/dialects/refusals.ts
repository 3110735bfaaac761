import { type Address, formatAddress } from '../../base/address.ts'
import type { Clock } from '../../ports/clock.ts'

/** After one that is told, others like it are only counted for so long. */
export const REFUSALS_EVERY_MS = 60_000

/**
 * Tells the log who was turned away, and why: the first of a kind at once, and how many more there were once a minute. Whoever knocks again and
 * again would else fill the log. Kinds are told apart by their reason, of which there are a few.
 */
export class Refusals {
  private readonly quiet = new Map<string, { count: number; last: Address }>()

  constructor(
    private readonly clock: Clock,
    private readonly log: (code: string, message: string) => void,
  ) {}

  /** `reason`: the rest of a sentence that begins with the caller. */
  tell(code: string, caller: Address, reason: string): void {
    const again = this.quiet.get(reason)
    if (again === undefined) {
      this.log(code, `${formatAddress(caller)} ${reason}; the connection was closed.`)
      return this.hush(code, caller, reason)
    }
    again.count++
    again.last = caller
  }

  private hush(code: string, caller: Address, reason: string): void {
    const more = { count: 0, last: caller }
    this.quiet.set(reason, more)
    this.clock.timer(this.clock.nowMs() + REFUSALS_EVERY_MS, () => {
      this.quiet.delete(reason)
      if (more.count === 0) return
      const last = formatAddress(more.last)
      this.log(
        code,
        `${more.count} more within a minute, ${last} the last: each ${reason}; the connections were closed.`,
      )
      this.hush(code, more.last, reason)
    })
  }
}
