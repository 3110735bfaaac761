import type { Keeper } from '../../src/app/driver.ts'
import { toHex } from '../../src/base/bytes.ts'
import { RangeSet } from '../../src/core/history/ranges.ts'
import type { HeldFeed, LoadedBundle } from '../../src/node/keeping.ts'
import type { KeepOutput, LoadOutput } from '../../src/node/outputs.ts'
import type { Clock } from '../../src/ports/clock.ts'

/** What a commit may take: group commit of the executable. */
const COMMIT_MS_MAX = 20

interface Shelf {
  readonly output: KeepOutput
  readonly bundles: LoadedBundle[]
}

/** A machine's disk: what was committed outlives its processes, and what was not dies with them. */
export class SimStore {
  private readonly feeds = new Map<string, Shelf>()

  /** What a new process finds of a room. */
  held(room: string): HeldFeed[] {
    const shelves = [...this.feeds.values()].filter(({ output }) => toHex(output.feed.room) === room)
    return shelves.map(({ output, bundles }) => {
      const ranges = new RangeSet()
      for (const { first, count } of bundles) ranges.add(first, first + count)
      const last = bundles.reduce((best, each) => (each.first > best.first ? each : best))
      return {
        key: output.feed,
        own: output.own,
        next: last.first + last.count,
        tip: this.tips.get(last)!,
        ranges: ranges.list,
      }
    })
  }

  commit(outputs: readonly KeepOutput[]): void {
    for (const output of outputs) {
      const key = toHex(output.feed.id)
      const shelf = this.feeds.get(key) ?? { output, bundles: [] }
      this.feeds.set(key, shelf)
      const { first, count, previous, bytes, lastId } = output
      if (shelf.bundles.some((each) => each.first === first)) continue
      const bundle = { first, count, previous: previous.slice(), bytes: bytes.slice() }
      this.tips.set(bundle, lastId.slice())
      shelf.bundles.push(bundle)
      shelf.bundles.sort((a, b) => a.first - b.first)
    }
  }

  load({ feed, from, to, bytesMax }: LoadOutput): LoadedBundle[] {
    const found: LoadedBundle[] = []
    let bytes = 0
    for (const bundle of this.feeds.get(toHex(feed.id))?.bundles ?? []) {
      if (bundle.first + bundle.count <= from || bundle.first >= to) continue
      bytes += bundle.bytes.length
      if (found.length > 0 && bytes > bytesMax) break
      found.push(bundle)
    }
    return found
  }

  private readonly tips = new WeakMap<LoadedBundle, Uint8Array>()
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
      const batch = this.waiting
      this.waiting = []
      this.store.commit(batch)
      this.kept(batch.at(-1)!.seq)
    })
  }

  load(output: LoadOutput): void {
    this.clock.defer(() => this.loaded(output.request, this.store.load(output)))
  }
}
