import type { HlcTime } from '../base/hlc.ts'
import type { FeedKey } from '../core/history/feed-log.ts'
import type { Bundle } from '../wire/bundle.ts'
import type { NodeContext } from './context.ts'
import type { Feed } from './feed.ts'

/** One event as it is to be kept: in the clear, also where it was sealed to us. */
export interface KeptEvent {
  readonly id: Uint8Array
  readonly number: number
  readonly time: HlcTime
  readonly kind: number
  /** A view of what was received or said: to be read now or copied. Null where it is gone. */
  readonly body: Uint8Array | null
  /** The name a direct message itself says it was sent by; null elsewhere. */
  readonly name: string | null
}

/** A bundle as the store has it. */
export interface LoadedBundle {
  readonly first: number
  readonly count: number
  readonly previous: Uint8Array
  readonly bytes: Uint8Array
}

export interface HeldForks {
  readonly since: number
  /** Empty where they are not given, and no more is to be taken in. */
  readonly bundles: readonly LoadedBundle[]
}

/** What a store knows of one feed. */
export interface HeldFeed {
  readonly key: FeedKey
  readonly own: boolean
  /** One past the newest number ever held. */
  readonly next: number
  /** The id of event `next - 1`. */
  readonly tip: Uint8Array
  readonly ranges: readonly { readonly from: number; readonly to: number }[]
  /** What is below was dropped on purpose and is not to be fetched; 1 when absent. */
  readonly floor?: number
  /** What its author has signed beside that, and the first number at which there are two events. */
  readonly forks?: HeldForks | null
  /** Messages whose bodies are gone though no deletion is known. */
  readonly unproven?: readonly { readonly number: number; readonly id: Uint8Array }[]
}

/**
 * A node's dealings with its store, which is outside: bundles are given to be kept, and what is ours goes no further before that is done,
 * because a number that was used and then forgotten would be used twice. Without a store everything is as good as kept.
 */
export class Keeping {
  private given = 0
  private done = 0
  /** What waits for bundles of ours to be safe, in order. */
  private waiting: { readonly seq: number; readonly run: () => void }[] = []
  private request = 0
  /** Called whenever something has become safe. */
  eased: () => void = () => {}
  private readonly loads = new Map<number, (bundles: readonly LoadedBundle[]) => void>()

  constructor(
    private readonly context: NodeContext,
    readonly isKeeping: boolean,
  ) {}

  /** Bundles given to be kept that are not safe yet. */
  get lag(): number {
    return this.given - this.done
  }

  /** What has been given so far, for `isSafe`. */
  get mark(): number {
    return this.given
  }

  /** Whether what had been given then is safe, as far as it gets. */
  isSafe(mark: number): boolean {
    return this.done >= mark
  }

  /** Whether something of ours waits to be safe. */
  get isWaiting(): boolean {
    return this.waiting.length > 0
  }

  /**
   * `previous`: the id before the bundle's first. `then` runs when it is safe. `forkedSince`: it is of another history than the feed's own, and
   * the first number at which there are two events.
   */
  keep(
    feed: Feed,
    bundle: Bundle,
    lastId: Uint8Array,
    previous: Uint8Array,
    events: readonly KeptEvent[],
    then?: () => void,
    forkedSince?: number,
  ): void {
    if (!this.isKeeping) return then?.()
    const { first, count, bytes } = bundle
    const seq = ++this.given
    const time = bundle.events[count - 1]!.time
    const { key } = feed.log
    this.context.emit({
      kind: 'keep',
      seq,
      feed: key,
      own: feed.own,
      first,
      count,
      previous,
      lastId,
      time,
      bytes,
      events,
      ...(forkedSince === undefined ? {} : { forkedSince }),
    })
    if (forkedSince === undefined) feed.hold(first, first + count)
    if (then !== undefined) this.waiting.push({ seq, run: then })
  }

  /** Everything up to `seq` is safe. */
  kept(seq: number): void {
    this.done = Math.max(this.done, seq)
    const ready = this.waiting.filter((each) => each.seq <= this.done)
    this.waiting = this.waiting.slice(ready.length)
    for (const { run } of ready) run()
    this.eased()
  }

  /**
   * Reads bundles that reach into [from, to), in order or from the newest down, some `bytesMax` of them but one at least; `answer` gets none
   * where the store has none.
   */
  load(
    feed: FeedKey,
    from: number,
    to: number,
    bytesMax: number,
    order: 'in-order' | 'newest-first',
    answer: (bundles: readonly LoadedBundle[]) => void,
  ): void {
    const request = ++this.request
    this.loads.set(request, answer)
    this.context.emit({ kind: 'load', request, feed, from, to, bytesMax, newestFirst: order === 'newest-first' })
  }

  loaded(request: number, bundles: readonly LoadedBundle[]): void {
    const answer = this.loads.get(request)
    this.loads.delete(request)
    answer?.(bundles)
  }
}
