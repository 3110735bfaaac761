import { equalBytes } from '../base/bytes.ts'
import type { FeedKey } from '../core/history/feed-log.ts'
import { FORK_BYTES_MAX, FORK_EVENTS_MAX } from '../core/history/fork-set.ts'
import type { KeepFork, StoredBundle } from '../ports/store.ts'
import { BUNDLE_COLUMNS, BundleRows, storedOf } from './sqlite-bundle-rows.ts'
import type { Projection } from './sqlite-projection.ts'
import type { FeedState, Registry } from './sqlite-registry.ts'
import { blob, integer, type Row, type Rows } from './sqlite-rows.ts'

/** The bundles of authors who have signed two histories of one feed, but for those that `Bundles` has. */
export class Forks {
  private readonly table: BundleRows

  constructor(
    private readonly rows: Rows,
    private readonly registry: Registry,
    private readonly projection: () => Projection,
  ) {
    this.table = new BundleRows('forks', rows, registry, projection)
  }

  keep(op: KeepFork): void {
    const feed = this.registry.findFeed(op.feed)
    // What nothing is known to stand against is no fork.
    if (feed === null || op.first + op.count <= feed.floor) return
    const held = this.ofFeed(feed)
    const same = held.find((row) => equalBytes(blob(row, 'last'), op.lastId))
    if (same !== undefined) return this.table.refill(feed, same, op)
    const events = held.reduce((sum, row) => sum + integer(row, 'next') - integer(row, 'first'), 0)
    const bytes = held.reduce((sum, row) => sum + integer(row, 'size'), 0)
    if (events + op.count > FORK_EVENTS_MAX || bytes + op.bytes.length > FORK_BYTES_MAX) return
    this.table.insert(feed, op)
    feed.forked = Math.min(feed.forked ?? op.since, op.since)
    this.registry.changed(feed)
    for (const event of op.events) this.projection().tell(feed, event)
  }

  /** Takes the body of an event out of whichever bundle has it. */
  forgetBody(feed: FeedState, number: number, event: Uint8Array): void {
    if (feed.forked === null) return
    for (const row of this.ofFeed(feed)) {
      if (integer(row, 'first') > number || integer(row, 'next') <= number) continue
      this.table.forgetBody(feed, row, number, event)
    }
  }

  /** The feed's own history has come to have this one. */
  yield(feed: FeedState, lastId: Uint8Array): void {
    if (feed.forked === null) return
    for (const row of this.ofFeed(feed)) if (equalBytes(blob(row, 'last'), lastId)) this.table.remove(feed, row)
  }

  /** What the feed's own history no longer reaches back to goes, with what it told; all of it where nothing is left of that. */
  prune(feed: FeedState): void {
    if (feed.forked === null) return
    for (const row of this.ofFeed(feed)) {
      if (integer(row, 'next') > feed.floor && feed.held.count > 0) continue
      this.table.drop(feed, row)
    }
  }

  serve(key: FeedKey): StoredBundle[] {
    const feed = this.registry.findFeed(key)
    if (feed === null || feed.forked === null) return []
    return this.ofFeed(feed).map(storedOf)
  }

  private ofFeed(feed: FeedState): Row[] {
    const columns = `${BUNDLE_COLUMNS}, substr(last, 1, 33) AS last`
    return this.rows.all(`SELECT ${columns} FROM forks WHERE feed = ? ORDER BY first LIMIT ${FORK_EVENTS_MAX}`, feed.id)
  }
}
