import { equalBytes } from '../../base/bytes.ts'
import { CLOCK_AHEAD_MAX_MS, HLC_COUNTER_MAX } from '../../base/hlc.ts'
import type { Place } from '../../core/room/timeline.ts'
import type { Store, StoredMessage, Unheard } from '../../ports/store.ts'

const KEY_BYTES = 32

/** What is said to have been said after this is not shown yet, as `AheadClocks` holds it back: milliseconds since 1970. */
export function shownUntilMs(wallMs: number): number {
  return wallMs + CLOCK_AHEAD_MAX_MS
}

/** The newest that are not from clocks far ahead, in order. What such a clock has stamped would else be the last for years. */
export function lastBelieved(
  store: Store,
  room: Uint8Array,
  limit: number,
  wallMs: number,
  unheard?: Unheard,
): StoredMessage[] {
  return store.page(room, 'before', borderAt(wallMs), limit, unheard)
}

/** The newest of who is heard that may be shown, in order. Our own words are not held back from us, though our clock has been set back since. */
export function lastShown(
  store: Store,
  room: Uint8Array,
  limit: number,
  own: Uint8Array,
  wallMs: number,
  unheard?: Unheard,
): StoredMessage[] {
  const ahead = store
    .page(room, 'after', borderAt(wallMs), limit, unheard)
    .filter(({ author }) => equalBytes(author, own))
  return [...lastBelieved(store, room, limit, wallMs, unheard), ...ahead].slice(-limit)
}

/** Behind all that may be shown. */
function borderAt(wallMs: number): Place {
  const id = new Uint8Array(KEY_BYTES).fill(0xff)
  const time = { ms: shownUntilMs(wallMs), counter: HLC_COUNTER_MAX }
  return { time, author: id, number: Number.MAX_SAFE_INTEGER, id }
}
