import { equalBytes, toHex } from '../base/bytes.ts'
import type { Timer } from '../base/timers.ts'
import { type End, endOf } from '../core/history/fork-set.ts'
import { Trunk, type TrunkBundle } from '../core/history/trunk.ts'
import { type AskFrame, BRANCHES_MAX, writeFork } from '../wire/fork.ts'
import { FrameType } from '../wire/frame.ts'
import type { NodeContext } from './context.ts'
import type { Feed } from './feed.ts'
import type { FeedSender } from './feed-sender.ts'
import type { Keeping } from './keeping.ts'
import type { LinkState } from './link-state.ts'
import type { Links } from './links.ts'
import { readBundles } from './trunk-reader.ts'

/** What ends where is told a little later, and of a burst once. */
const GATHER_MS = 25
/** Who was asked for a branch and brings nothing within so long is given up for another. */
const STALL_MS = 2_000
/** One answer: as much as is read from the store for it, and what live talk may find before it. */
const ANSWER_BUNDLES_MAX = 32
const ANSWER_BYTES_MAX = 48 * 1024
/** A link that does not take what waits for it is asked to be asked again later. */
const BACKLOG_BYTES_MAX = 256 * 1024
/** Ends that were told of and are not here, of all feeds, some 300 bytes each; and of one link's telling, lest one keeps the others out. */
const MISSING_MAX = 4_096
const MISSING_PER_LINK_MAX = 512

/** A branch that somebody has and we have not. */
interface Missing extends End {
  readonly feed: Feed
  /** Who said to have it and has not been asked. */
  readonly tellers: Set<LinkState>
  asked: LinkState | null
  askedAtMs: number
}

/** Tells neighbours what the branches of forked feeds end with, asks for those that are missing, and answers who asks. */
export class BranchExchange {
  /** Whom to tell of what: ids in hexadecimal; null for all there is. */
  private readonly waiting = new Map<LinkState, Map<Feed, Set<string> | null>>()
  private readonly missing = new Map<string, Missing>()
  /** How many of them each link was asked for last. */
  private readonly asked = new Map<LinkState, number>()
  private telling: Timer<() => void> | null = null
  private asking: Timer<() => void> | null = null

  constructor(
    private readonly context: NodeContext,
    private readonly links: Links,
    private readonly sender: FeedSender,
    private readonly keeping: Keeping,
  ) {}

  linkDown(link: LinkState): void {
    this.waiting.delete(link)
    for (const missing of [...this.missing.values()]) {
      missing.tellers.delete(link)
      if (missing.asked === link) this.askNext(missing)
    }
    this.asked.delete(link)
  }

  forget(feed: Feed): void {
    for (const missing of [...this.missing.values()]) if (missing.feed === feed) this.done(missing)
  }

  /** Has a neighbour told what the histories we have of a feed end with, ours first; `ids`: of the others these only. */
  tell(link: LinkState, feed: Feed, ids: readonly Uint8Array[] | null = null): void {
    const waiting = this.waiting.get(link) ?? new Map<Feed, Set<string> | null>()
    const some = waiting.get(feed)
    if (ids === null || some === null) waiting.set(feed, null)
    else waiting.set(feed, new Set([...(some ?? []), ...ids.map((id) => toHex(id))]))
    this.waiting.set(link, waiting)
    this.telling ??= this.context.after(GATHER_MS, () => this.tellAll())
  }

  /** A neighbour (null: whoever has the feed) has a branch that ends so, which we lack. `isComing`: it is about to bring it. */
  lacks(link: LinkState | null, feed: Feed, { end, id }: End, isComing = false): void {
    const key = toHex(id)
    const known = this.missing.get(key)
    const tellers = link === null ? [...this.links.neighbours.values()].filter((each) => each.feeds.has(feed)) : [link]
    if (known !== undefined) for (const each of tellers) known.tellers.add(each)
    if (known !== undefined || this.missing.size >= MISSING_MAX) return
    if (link !== null && (this.asked.get(link) ?? 0) >= MISSING_PER_LINK_MAX) return
    const missing: Missing = { feed, end, id, tellers: new Set(tellers), asked: null, askedAtMs: 0 }
    this.missing.set(key, missing)
    if (isComing && link !== null) this.assign(missing, link)
    else this.askNext(missing)
  }

  /** Nothing more of a feed is to be pushed to us. */
  silence(link: LinkState, feed: Feed): void {
    const handle = this.sender.handleOf(link, this.sender.on(link, feed))
    this.links.send(link, FrameType.lazy, (out) => out.varint(handle))
  }

  /** They have come. */
  came(ids: readonly Uint8Array[]): void {
    if (this.missing.size === 0) return
    for (const id of ids) {
      const missing = this.missing.get(toHex(id))
      if (missing !== undefined) this.done(missing)
    }
  }

  /** Sends the bundle that ends so, and those before it, newest first. */
  answer(link: LinkState, feed: Feed, { end, id, down }: AskFrame): void {
    const branch = feed.forks?.of(id)
    if (branch === undefined) {
      return readBundles(this.keeping, feed, Math.max(down, end - ANSWER_BUNDLES_MAX), end, (bundles) => {
        const trunk = new Trunk(bundles, feed.log.key.id)
        const own = trunk.at(end - 1)
        if (own !== undefined && equalBytes(own, id)) this.send(link, feed, bundles.toReversed())
      })
    }
    const bundles: TrunkBundle[] = []
    for (let next = feed.forks?.of(id); next !== undefined && bundles.length < ANSWER_BUNDLES_MAX; ) {
      const { first, ids, previous, bytes } = next
      if (bundles.length > 0 && endOf(next) <= down) break
      bundles.push({ first, count: ids.length, previous, bytes })
      next = feed.forks?.of(previous)
    }
    this.send(link, feed, bundles)
  }

  /** Newest first; each is what the one before it in the list follows. */
  private send(link: LinkState, feed: Feed, bundles: readonly TrunkBundle[]): void {
    const { nowMs } = this.context
    if (link.phase !== 'open' || feed.forgotten || link.waitingBytes > BACKLOG_BYTES_MAX) return
    const chosen: TrunkBundle[] = []
    let bytes = 0
    for (const bundle of bundles) {
      const above = chosen.at(-1)
      bytes += bundle.bytes.length
      if (above !== undefined && (bundle.first + bundle.count !== above.first || bytes > ANSWER_BYTES_MAX)) break
      chosen.push(bundle)
    }
    if (!link.budget.repeats.take(nowMs, bytes)) return
    const handle = this.sender.handleOf(link, this.sender.on(link, feed))
    chosen.forEach((bundle, i) => {
      const isMoreToCome = i + 1 < chosen.length
      const frame = { kind: 'bundle' as const, handle, isMoreToCome, previous: bundle.previous, bytes: bundle.bytes }
      this.links.send(link, FrameType.fork, (out) => writeFork(out, frame))
    })
  }

  private tellAll(): void {
    this.telling = null
    for (const [link, feeds] of this.waiting) {
      for (const [feed, ids] of feeds) this.tellNow(link, feed, ids)
    }
    this.waiting.clear()
  }

  private tellNow(link: LinkState, feed: Feed, ids: ReadonlySet<string> | null): void {
    const { next, tip } = feed.log
    if (feed.forgotten || next === 1 || tip === null) return
    const trunk = { end: next, id: tip }
    // Who is not in the room passes on what it cannot judge.
    const which = feed.room === null ? 'all' : 'proven'
    const all = feed.forks?.ends(trunk, which) ?? [trunk]
    const ends = all.filter((each) => each === trunk || ids === null || ids.has(toHex(each.id))).slice(0, BRANCHES_MAX)
    const handle = this.sender.handleOf(link, this.sender.on(link, feed))
    this.links.send(link, FrameType.fork, (out) => writeFork(out, { kind: 'ends', handle, ends }))
  }

  private askNext(missing: Missing): void {
    const { feed, end, id, tellers } = missing
    const [link] = tellers
    if (link === undefined || feed.forgotten) return this.done(missing)
    tellers.delete(link)
    this.assign(missing, link)
    const down = feed.forks?.downFrom(end) ?? 1
    const handle = this.sender.handleOf(link, this.sender.on(link, feed))
    this.links.send(link, FrameType.fork, (out) => writeFork(out, { kind: 'ask', handle, end, id, down }))
  }

  /** A link is to bring it. */
  private assign(missing: Missing, link: LinkState | null): void {
    const { asked } = missing
    if (asked !== null) this.asked.set(asked, (this.asked.get(asked) ?? 1) - 1)
    missing.asked = link
    if (link === null) return
    this.asked.set(link, (this.asked.get(link) ?? 0) + 1)
    missing.askedAtMs = this.context.nowMs
    this.asking ??= this.context.after(STALL_MS, () => this.askAgain())
  }

  private done(missing: Missing): void {
    this.assign(missing, null)
    this.missing.delete(toHex(missing.id))
  }

  private askAgain(): void {
    this.asking = null
    for (const missing of [...this.missing.values()]) {
      if (this.context.nowMs - missing.askedAtMs >= STALL_MS) this.askNext(missing)
    }
    if (this.missing.size > 0) this.asking ??= this.context.after(STALL_MS, () => this.askAgain())
  }
}
