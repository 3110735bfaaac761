import type { Clock } from '../ports/clock.ts'
import { FRAME_MS } from '../ports/sound.ts'

/** Further behind than this, the process stood still: frames are not made up for then, as a device would not. */
const BEHIND_MS_MAX = 500

/** Calls `tick` each 10 ms on the average, until the function answered is called: what stands in for a device keeps time so. */
export function pace(clock: Clock, tick: () => void): () => void {
  let dueMs = clock.nowMs() + FRAME_MS
  let isOver = false
  let cancel = (): void => {}
  const wait = (): void => {
    cancel = clock.timer(dueMs, () => {
      if (clock.nowMs() - dueMs > BEHIND_MS_MAX) dueMs = clock.nowMs()
      while (!isOver && dueMs <= clock.nowMs()) {
        dueMs += FRAME_MS
        tick()
      }
      if (!isOver) wait()
    })
  }
  wait()
  return () => {
    isOver = true
    cancel()
  }
}
