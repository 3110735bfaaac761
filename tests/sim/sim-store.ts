import type { Keeper } from '../../src/app/driver.ts'
import { toHex } from '../../src/base/bytes.ts'
import { RangeSet } from '../../src/core/history/ranges.ts'
import type { HeldFeed, LoadedBundle } from '../../src/node/keeping.ts'
import type { DisownOutput, KeepOutput, LoadOutput } from '../../src/node/outputs.ts'
import type { Clock } from '../../src/ports/clock.ts'

/** What a commit may take: group commit of the executable. */
const COMMIT_MS_MAX = 20

/** What it has of one feed. */
export interface Shelf {
  /** The first that was kept. */
  readonly output: KeepOutput
  /** In order. */
  readonly bundles: LoadedBundle[]
  /** What conflicts with those. */
  readonly forks: LoadedBundle[]
  since: number
}

/** A machine's disk: what was committed outlives its processes, and what was not dies with them. */
export class SimStore {
  private readonly feeds = new Map<string, Shelf>()
  /** Of all events in it that can be read, in hexadecimal. */
  readonly ids = new Set<string>()
  /** Feeds of its own that it must not go on with, by their ids in hexadecimal. */
  readonly disowned = new Set<string>()

  /** What a new process finds of a room. */
  held(room: string): HeldFeed[] {
    const shelves = [...this.feeds.values()].filter(({ output }) => toHex(output.feed.room) === room)
    return shelves.map(({ output, bundles, forks, since }) => {
      const ranges = new RangeSet()
      for (const { first, count } of bundles) ranges.add(first, first + count)
      const last = bundles.reduce((best, each) => (each.first > best.first ? each : best))
      return {
        key: output.feed,
        own: output.own && !this.disowned.has(toHex(output.feed.id)),
        forks: forks.length === 0 ? null : { since, bundles: forks },
        next: last.first + last.count,
        tip: this.tips.get(last)!,
        ranges: ranges.list,
      }
    })
  }

  commit(outputs: readonly KeepOutput[]): void {
    for (const output of outputs) {
      const key = toHex(output.feed.id)
      const shelf = this.feeds.get(key) ?? { output, bundles: [], forks: [], since: Number.POSITIVE_INFINITY }
      this.feeds.set(key, shelf)
      const { first, count, previous, bytes, lastId } = output
      const bundle = { first, count, previous: previous.slice(), bytes: bytes.slice() }
      if (output.forkedSince !== undefined) {
        shelf.forks.push(bundle)
        shelf.since = Math.min(shelf.since, output.forkedSince)
        for (const { id } of output.events) this.ids.add(toHex(id))
        continue
      }
      const at = placeOf(shelf.bundles, first)
      if (shelf.bundles[at]?.first === first) continue
      this.tips.set(bundle, lastId.slice())
      for (const { id } of output.events) this.ids.add(toHex(id))
      shelf.bundles.splice(at, 0, bundle)
    }
  }

  shelves(): Iterable<Shelf> {
    return this.feeds.values()
  }

  /** As it is now, for a backup. */
  copy(): SimStore {
    const copy = new SimStore()
    copy.become(this)
    return copy
  }

  /** A backup comes back: everything since is lost. */
  become(other: SimStore): void {
    this.feeds.clear()
    for (const [key, shelf] of other.feeds) {
      this.feeds.set(key, { ...shelf, bundles: [...shelf.bundles], forks: [...shelf.forks] })
      for (const bundle of shelf.bundles) this.tips.set(bundle, other.tips.get(bundle)!)
    }
    this.ids.clear()
    for (const id of other.ids) this.ids.add(id)
    this.disowned.clear()
    for (const id of other.disowned) this.disowned.add(id)
  }

  load({ feed, from, to, bytesMax, newestFirst }: LoadOutput): LoadedBundle[] {
    const found: LoadedBundle[] = []
    let bytes = 0
    const bundles = this.feeds.get(toHex(feed.id))?.bundles ?? []
    const end = placeOf(bundles, to)
    const start = bundles.findLastIndex(({ first, count }, at) => at < end && first + count <= from) + 1
    const asked = bundles.slice(start, end)
    for (const bundle of newestFirst ? asked.reverse() : asked) {
      bytes += bundle.bytes.length
      if (found.length > 0 && bytes > bytesMax) break
      found.push(bundle)
    }
    return found
  }

  private readonly tips = new WeakMap<LoadedBundle, Uint8Array>()
}

/** Of the first bundle that begins at `number` or later. */
function placeOf(bundles: readonly LoadedBundle[], number: number): number {
  let [low, high] = [0, bundles.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (bundles[middle]!.first < number) low = middle + 1
    else high = middle
  }
  return low
}

/** One process's way to its machine's disk. */
export class SimKeeper implements Keeper {
  private waiting: KeepOutput[] = []
  private planned = false

  constructor(
    private readonly store: SimStore,
    private readonly clock: Clock,
    private readonly kept: (seq: number) => void,
    private readonly loaded: (request: number, bundles: LoadedBundle[]) => void,
  ) {}

  keep(output: KeepOutput): void {
    this.waiting.push(output)
    if (this.planned) return
    this.planned = true
    this.clock.timer(this.clock.nowMs() + COMMIT_MS_MAX, () => {
      this.planned = false
      const seq = this.commit()
      if (seq > 0) this.kept(seq)
    })
  }

  disown({ feed }: DisownOutput): void {
    this.store.disowned.add(toHex(feed.id))
  }

  /** Who reads commits what waits before that. */
  load(output: LoadOutput): void {
    const seq = this.commit()
    const bundles = this.store.load(output)
    this.clock.defer(() => {
      if (seq > 0) this.kept(seq)
      this.loaded(output.request, bundles)
    })
  }

  /** Answers the number of the last that was given; 0 where nothing waits. */
  private commit(): number {
    const batch = this.waiting
    this.waiting = []
    this.store.commit(batch)
    return batch.at(-1)?.seq ?? 0
  }
}
