import type { Clock } from '../ports/clock.ts'

/** A timer set further ahead than this would fire at once (the runtime counts in 31 bits). */
const TIMER_MS_MAX = 2 ** 31 - 1

/** The real time. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  nowMs: () => performance.now(),
  timer(atMs, fire) {
    // Rounded up, because a timer that fires early would only be set again.
    const delayMs = Math.min(Math.max(0, Math.ceil(atMs - performance.now())), TIMER_MS_MAX)
    const timer = setTimeout(fire, delayMs)
    return () => clearTimeout(timer)
  },
  defer(run) {
    setImmediate(run)
  },
}
