import { feedIdOf } from '../../wire/event.ts'
import type { HeldEntry, NamedEntry, ReportFrame } from '../../wire/reconcile-frames.ts'
import type { Holding } from '../../wire/reconcile-holding.ts'
import type { ReconcileFeed, ReconcileKey, ReconcileRoom } from './reconcile-items.ts'

/** What a run finds, told as it is found. Everything a peer says of its holdings is a claim. */
export interface ReconcileOwner<F extends ReconcileFeed, R extends ReconcileRoom<F> = ReconcileRoom<F>> {
  /** Both ends have these rooms: once in a run, before anything else. */
  shared(rooms: readonly R[]): void
  /**
   * The peer holds this feed of ours otherwise; with `next` 1, nothing of it. With neither `next` nor gaps apart, the histories are two. Told
   * again where the first was read out of a word, which leaves out what the peer has let go (`base`), and more exact news follow.
   */
  differs(feed: F, theirs: Holding): void
  /** The peer holds something of a feed of which we hold nothing. */
  named(room: R, author: Uint8Array, epoch: Uint8Array, theirs: Holding): void
}

/** A frame is ended when its entries pass this, so that it stays below 64 KiB with the largest entry there is. */
const REPORT_BYTES = 32 * 1024
const ENTRY_BYTES = 16
const NAMED_BYTES = 56
const GAP_BYTES = 14

/** Frames for all entries: one at least, the last of them said to be. Made one at a time, as they are taken. */
export function* reportFrames(
  kind: 'differ' | 'answer',
  statuses: Uint8Array | null,
  held: Iterable<HeldEntry>,
  named: Iterable<NamedEntry>,
): Generator<ReportFrame> {
  let frame: { held: HeldEntry[]; named: NamedEntry[] } = { held: [], named: [] }
  let bytes = 0
  let first = statuses
  for (const entry of both(held, named)) {
    if (bytes > REPORT_BYTES) {
      yield { kind, last: false, statuses: first, ...frame }
      frame = { held: [], named: [] }
      bytes = 0
      first = null
    }
    bytes += (entry.isNamed ? NAMED_BYTES : ENTRY_BYTES) + GAP_BYTES * entry.what.holding.gaps.length
    if (entry.isNamed) frame.named.push(entry.what)
    else frame.held.push(entry.what)
  }
  yield { kind, last: true, statuses: first, ...frame }
}

type Entry =
  | { readonly isNamed: false; readonly what: HeldEntry }
  | { readonly isNamed: true; readonly what: NamedEntry }

function* both(held: Iterable<HeldEntry>, named: Iterable<NamedEntry>): Generator<Entry> {
  for (const what of held) yield { isNamed: false, what }
  for (const what of named) yield { isNamed: true, what }
}

/** `room`: the number that the OPEN gave it. */
export function namedEntry(feed: ReconcileFeed, room: number): NamedEntry {
  return { room, author: feed.author, epoch: feed.epoch, holding: feed.holding }
}

/** The reference of a feed that was named with all it takes. */
export function referenceOfNamed(key: ReconcileKey, room: ReconcileRoom<ReconcileFeed>, entry: NamedEntry): number {
  return key.referenceOf(feedIdOf(entry.author, room.id, entry.epoch))
}
