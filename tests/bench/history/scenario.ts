import { type Rng, seededRng } from '../../../src/base/rng.ts'
import type { ReconcileFeed } from '../../../src/core/history/reconcile-items.ts'
import { feedIdOf } from '../../../src/wire/event.ts'
import type { Holding, NumberRange } from '../../../src/wire/reconcile-holding.ts'

/** Which events one of two nodes lacks. */
export type Place = 'newest' | 'scattered'

/** A room of so many events by so many authors, of which one of two nodes lacks some. */
export interface Scenario {
  readonly room: Uint8Array
  readonly events: readonly RoomEvent[]
  /** Places in `events` of those that the other lacks. */
  readonly missing: ReadonlySet<number>
  readonly all: readonly ReconcileFeed[]
  readonly some: readonly ReconcileFeed[]
}

export interface RoomEvent {
  readonly feed: number
  readonly number: number
  readonly id: Uint8Array
}

export function scenario(
  eventCount: number,
  authorCount: number,
  lacking: number,
  place: Place,
  seed: number,
): Scenario {
  const rng = seededRng(seed)
  const room = rng.bytes(32)
  const authors = Array.from({ length: authorCount }, () => {
    const author = rng.bytes(32)
    const epoch = rng.bytes(8)
    return { author, epoch, id: feedIdOf(author, room, epoch) }
  })
  const lengths = new Array<number>(authorCount).fill(0)
  const events = Array.from({ length: eventCount }, (_, i) => {
    // Everybody says something first, so that there are as many authors as were asked for.
    const feed = i < authorCount ? i : rng.below(authorCount)
    return { feed, number: ++lengths[feed]!, id: rng.bytes(32) }
  })
  const missing = place === 'newest' ? newest(eventCount, lacking) : scattered(eventCount, lacking, rng)
  const feedsWithout = (without: ReadonlySet<number>): ReconcileFeed[] => {
    const tips = new Map<number, RoomEvent>()
    const gone = authors.map((): number[] => [])
    for (const [i, event] of events.entries()) {
      if (without.has(i)) gone[event.feed]!.push(event.number)
      else tips.set(event.feed, event)
    }
    return [...tips].map(([feed, tip]) => ({
      ...authors[feed]!,
      tip: tip.id,
      holding: holdingWithout(gone[feed]!, tip.number + 1),
    }))
  }
  return { room, events, missing, all: feedsWithout(new Set()), some: feedsWithout(missing) }
}

function newest(eventCount: number, lacking: number): Set<number> {
  return new Set(Array.from({ length: lacking }, (_, i) => eventCount - 1 - i))
}

function scattered(eventCount: number, lacking: number, rng: Rng): Set<number> {
  const missing = new Set<number>()
  while (missing.size < lacking) missing.add(rng.below(eventCount))
  return missing
}

/** `gone`: numbers in rising order; those from `next` on are not gaps. */
function holdingWithout(gone: readonly number[], next: number): Holding {
  const gaps: NumberRange[] = []
  for (const number of gone) {
    if (number >= next) break
    const last = gaps.at(-1)
    if (last !== undefined && last.to === number) gaps[gaps.length - 1] = { from: last.from, to: number + 1 }
    else gaps.push({ from: number, to: number + 1 })
  }
  return { base: 1, next, gaps }
}
