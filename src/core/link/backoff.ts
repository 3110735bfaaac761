/**
 * How long to wait before dialling again. Quick at first, because most losses are a program started anew; then
 * doubling to about a minute, because a peer that stays away must cost nothing. The jitter keeps many nodes that lost the same peer from
 * coming back at once. The figures are guesses, tried in the simulator.
 */
export const BACKOFF_FIRST_MS = 250
/** The pace while a restart is likely. */
export const BACKOFF_SOON_MS = 2_000
/** Attempts at that pace or quicker: about half a minute. */
export const BACKOFF_SOON_ATTEMPTS = 16
export const BACKOFF_MAX_MS = 64_000

/** Delay before attempt `failures` + 1, in milliseconds. `random` is uniform in [0, 1). */
export function backoffMs(failures: number, random: number): number {
  const step = Math.max(0, failures - 1)
  const soon = Math.min(BACKOFF_FIRST_MS * 2 ** Math.min(step, 10), BACKOFF_SOON_MS)
  const late = step - BACKOFF_SOON_ATTEMPTS
  const base = late <= 0 ? soon : Math.min(BACKOFF_SOON_MS * 2 ** Math.min(late, 10), BACKOFF_MAX_MS)
  return base * (0.8 + 0.4 * random)
}
