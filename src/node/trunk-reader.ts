import { Trunk, type TrunkBundle } from '../core/history/trunk.ts'
import type { Feed } from './feed.ts'
import type { Keeping } from './keeping.ts'

/** Read from the store at a time: a bundle and what is before and behind it, or a batch of small ones. */
const READ_BYTES = 128 * 1024

/** Reads the bundles of a feed's own history that reach into [from, to), from the window and the store; `go` gets them in order. */
export function readBundles(
  keeping: Keeping,
  feed: Feed,
  from: number,
  to: number,
  go: (bundles: readonly TrunkBundle[]) => void,
): void {
  const { log } = feed
  const inWindow: TrunkBundle[] = []
  for (let position = log.positionOf(from); position < log.end && log.at(position).first < to; position++) {
    inWindow.push(log.at(position))
  }
  const windowFirst = log.start < log.end ? log.at(log.start).first : log.next
  if (!keeping.isKeeping || feed.held === null || from >= windowFirst) return go(inWindow)
  keeping.load(log.key, from, Math.min(to, windowFirst), READ_BYTES, 'in-order', (stored) =>
    go([...stored, ...inWindow]),
  )
}

/** What the feed's own history has at the numbers from `from` up to and without `to`. */
export function readTrunk(keeping: Keeping, feed: Feed, from: number, to: number, go: (trunk: Trunk) => void): void {
  readBundles(keeping, feed, Math.max(1, from), to, (bundles) => go(new Trunk(bundles, feed.log.key.id)))
}
