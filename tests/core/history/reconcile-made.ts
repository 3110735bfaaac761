import { seededRng } from '../../../src/base/rng.ts'
import type { ReconcileFeed } from '../../../src/core/history/reconcile-items.ts'
import { feedIdOf } from '../../../src/wire/event.ts'
import type { Holding, NumberRange } from '../../../src/wire/reconcile-holding.ts'
import { End, type Room } from '../../bench/history/link.ts'

/** 32 bytes that are always the same for a number. */
export const bytesOf = (seed: number): Uint8Array => seededRng(seed).bytes(32)

export const LOBBY = bytesOf(1_001)
export const CELLAR = bytesOf(1_002)
export const SALT = bytesOf(1_003)

export const upTo = (next: number, gaps: readonly NumberRange[] = [], base = 1): Holding => ({ base, next, gaps })

/** The feed of author number `author` in a room. Its events are the same for all who hold them, but for those of another `history`. */
export function feedOf(room: Uint8Array, author: number, holding: Holding, history = 0): ReconcileFeed {
  const key = bytesOf(author)
  const epoch = key.slice(0, 8)
  const tip = bytesOf(author * 7_919 + (holding.next % (2 ** 31 - 1)) * 104_729 + history)
  return { id: feedIdOf(key, room, epoch), author: key, epoch, holding, tip }
}

/** A room with feeds of authors 1, 2, 3 … held up to the given numbers; 0 for none. */
export function roomOf(room: Uint8Array, nexts: readonly number[]): Room {
  const feeds = nexts.map((next, i) => feedOf(room, i + 1, upTo(next)))
  return { id: room, feeds: feeds.filter((_, i) => nexts[i] !== 0) }
}

export function pair(opener: readonly Room[], answerer: readonly Room[]): [End, End] {
  return [new End(SALT, opener), new End(SALT, answerer)]
}

/** What an end was last told of each of its feeds, by the feed's id; and of others, with a plus before it. */
export function told({ findings }: End): Map<string, Holding> {
  const last = new Map<string, Holding>()
  for (const { feed, theirs } of findings.differs) last.set(feed.id.toHex(), theirs)
  for (const { room, author, epoch, theirs } of findings.named) {
    last.set(`+${feedIdOf(author, room.id, epoch).toHex()}`, theirs)
  }
  return last
}

/** What an end ought to have been told, by going over everything both have. */
export function expected(own: readonly Room[], theirs: readonly Room[]): Map<string, Holding> {
  const all = new Map<string, Holding>()
  for (const room of own) {
    const other = theirs.find(({ id }) => id.toHex() === room.id.toHex())
    if (other === undefined) continue
    const [ours, others] = [byId(room), byId(other)]
    for (const [id, feed] of ours) {
      const their = others.get(id)
      if (their === undefined) all.set(id, upTo(1))
      else if (contentOf(feed) !== contentOf(their)) all.set(id, their.holding)
    }
    for (const [id, feed] of others) if (!ours.has(id)) all.set(`+${id}`, feed.holding)
  }
  return all
}

function byId(room: Room): Map<string, ReconcileFeed> {
  const held = room.feeds.filter(({ holding }) => holding.next > 1)
  return new Map(held.map((feed) => [feed.id.toHex(), feed]))
}

/** What counts: where a feed's holding begins does not. */
function contentOf({ holding, tip }: ReconcileFeed): string {
  return JSON.stringify([holding.next, holding.gaps, tip.toHex()])
}
