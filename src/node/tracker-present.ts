import type { Timer } from '../base/timers.ts'
import type { NodeContext } from './context.ts'

/** Those who see a tracker that others miss say so within this, and where the first is heard in time the rest need not. */
const SPREAD_MS = 300
const GAP_MS = 2_000

/** Tells those who elect that the tracker is there: once, soon, unless somebody else does. */
export class PresentNote {
  private timer: Timer<() => void> | null = null
  private saidAtMs = Number.NEGATIVE_INFINITY

  constructor(
    private readonly context: NodeContext,
    private readonly say: () => void,
  ) {}

  plan(): void {
    const { nowMs, rng } = this.context
    if (this.timer !== null || nowMs - this.saidAtMs < GAP_MS) return
    this.timer = this.context.after(SPREAD_MS * rng.float(), () => {
      this.timer = null
      this.saidAtMs = this.context.nowMs
      this.say()
    })
  }

  cancel(): void {
    if (this.timer !== null) this.context.timers.cancel(this.timer)
    this.timer = null
  }
}
