import { equalBytes } from '../base/bytes.ts'
import { chainBundle, decodeBundle, NO_EVENT } from '../wire/bundle.ts'
import { withoutBody } from '../wire/bundle-gone.ts'
import type { FeedState } from './sqlite-registry.ts'
import { blob, type Row } from './sqlite-rows.ts'

/**
 * A stored bundle without the body of an event. `event`: its id, which tells it from another history's at the same number; null for whichever is
 * there. 'as it is' where there is nothing to take. Null where there is no telling what the bundle has: then it must go as a whole.
 */
export function withoutEvent(
  row: Row,
  feed: FeedState,
  number: number,
  event: Uint8Array | null,
): Uint8Array | 'as it is' | null {
  const bytes = blob(row, 'bytes')
  if (event !== null) {
    const bundle = decodeBundle(bytes)
    if (bundle === null) return null
    const ids = chainBundle(bundle, feed.key.id, blob(row, 'previous', NO_EVENT.length))
    const id = ids[number - bundle.first]
    if (id === undefined || !equalBytes(id, event)) return 'as it is'
  }
  const without = withoutBody(bytes, number)
  return without === bytes ? 'as it is' : without
}
