import type { Clock } from '../ports/clock.ts'
import { FRAME_MS } from '../ports/sound.ts'

/** Further behind than this, the process stood still: frames are not made up for then, as a device would not. */
const BEHIND_MS_MAX = 500

/**
 * Calls `tick` each 10 ms on the average, until the function answered is called: what stands in for a device keeps time so. What was missed is
 * made up for one by one, with turns for everything else between: else what has come in the meantime would be missing where it is due.
 */
export function pace(clock: Clock, tick: () => void): () => void {
  let dueMs = clock.nowMs() + FRAME_MS
  let isOver = false
  let cancel = (): void => {}
  const turn = (): void => {
    if (isOver) return
    const nowMs = clock.nowMs()
    if (nowMs - dueMs > BEHIND_MS_MAX) dueMs = nowMs
    dueMs += FRAME_MS
    tick()
    if (dueMs <= nowMs) clock.defer(turn)
    else wait()
  }
  const wait = (): void => {
    if (!isOver) cancel = clock.timer(dueMs, turn)
  }
  wait()
  return () => {
    isOver = true
    cancel()
  }
}
