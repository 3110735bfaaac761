import { ByeCode } from '../wire/hello.ts'
import type { LinkState } from './link-state.ts'

/** From a record's first byte to its last. */
export const RECORD_MS_MAX = 30_000
/** How long a peer may take nothing while something waits for it. */
export const STALLED_MS_MAX = 30_000
export const PING_EVERY_MS = 15_000
/** Two pings unanswered and some. */
export const SILENT_MS_MAX = 40_000

const TOO_SLOW = { code: ByeCode.tooSlow, reason: 'took over 30 seconds for one record' }
const STALLED = { code: ByeCode.tooSlow, reason: 'has read nothing for 30 seconds' }
const SILENT = { code: ByeCode.silent, reason: 'has been silent for 40 seconds' }

/**
 * What a look at a link every few seconds comes to: `ping` where it is quiet, `gone` where a goodbye has waited long enough, or the goodbye
 * it is to be given. `isDirty`: something waits for it.
 */
export function judgeLiveness(
  link: LinkState,
  nowMs: number,
  isDirty: boolean,
): 'ping' | 'gone' | { readonly code: number; readonly reason: string } | null {
  if (!isDirty) link.pulledAtMs = nowMs
  if (link.partialSinceMs !== null && nowMs - link.partialSinceMs > RECORD_MS_MAX) return TOO_SLOW
  if (isDirty && nowMs - link.pulledAtMs > STALLED_MS_MAX) return link.phase === 'closing' ? 'gone' : STALLED
  if (link.phase !== 'open') return null
  if (nowMs - link.heardAtMs > SILENT_MS_MAX) return SILENT
  return nowMs - link.heardAtMs > PING_EVERY_MS && link.pingSentAtMs === null ? 'ping' : null
}
