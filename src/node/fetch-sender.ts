import type { ByteWriter } from '../base/bytes.ts'
import type { Range } from '../core/history/ranges.ts'
import { FETCH_BYTES_MAX, type FetchFrame, writeFetched, writeFetchedEnd } from '../wire/fetch.ts'
import { beginFrame, endFrame, FrameType } from '../wire/frame.ts'
import { FRAME_HEADER_BYTES } from '../wire/limits.ts'
import type { NodeContext } from './context.ts'
import type { Feed } from './feed.ts'
import type { Keeping, LoadedBundle } from './keeping.ts'
import { type LinkFeed, type LinkState, pastOf } from './link-state.ts'
import type { Links } from './links.ts'

const FETCHED_HEAD_BYTES = FRAME_HEADER_BYTES + 1 + 32 + 3
const END_BYTES_MAX = FRAME_HEADER_BYTES + 8
/** Live talk goes first; when it has left no room so often, it waits for one record. */
const PASSED_OVER_MAX = 8
/** Pieces of what one link has fetched of one feed that are told apart: who asks here and there is taken to have had what lies between. */
const FETCHED_RANGES_MAX = 64

/** What one link is being answered. */
interface Answer {
  readonly on: LinkFeed | null
  readonly from: number
  readonly to: number
  /** Read and not sent yet, the newest first. */
  stash: readonly LoadedBundle[]
  /** What to end with once the stash is sent; null while the store is read. */
  down: number | null
  /** Records in which there was no room for it. */
  passedOver: number
}

/**
 * Answers `FETCH`: a piece of a feed from its newest event down, out of the store or, of feeds that are only passed on, the window. A link is
 * answered one thing at a time and some 64 KiB of it, so that neither memory nor what live talk has before it on its way grows with what is
 * asked for.
 */
export class FetchSender {
  private readonly answers = new Map<LinkState, Answer>()

  constructor(
    private readonly context: NodeContext,
    private readonly links: Links,
    private readonly keeping: Keeping,
  ) {}

  /** `on` null: there is no such feed here, and no room for one. */
  asked(link: LinkState, on: LinkFeed | null, { from, to }: FetchFrame): void {
    if (this.answers.has(link)) return this.links.fault(link, 'asked for more before it was answered')
    const answer: Answer = { on, from, to, stash: [], down: null, passedOver: 0 }
    this.answers.set(link, answer)
    if (on === null) this.give(link, answer, [], from)
    else if (on.feed.held === null) this.giveWindow(link, answer, on.feed)
    else this.load(link, answer, on.feed, to)
  }

  linkDown(link: LinkState): void {
    this.answers.delete(link)
  }

  /** What has waited long enough to go before all else. */
  fillFirst(link: LinkState, record: ByteWriter, roomMax: number): void {
    const answer = this.answers.get(link)
    if (answer !== undefined && answer.passedOver >= PASSED_OVER_MAX) this.fill(link, record, roomMax)
  }

  fill(link: LinkState, record: ByteWriter, roomMax: number): void {
    const answer = this.answers.get(link)
    if (answer === undefined || answer.down === null) return
    let sent = 0
    for (const bundle of answer.stash) {
      if (record.length + FETCHED_HEAD_BYTES + bundle.bytes.length > roomMax) break
      const at = beginFrame(record, FrameType.fetched)
      writeFetched(record, bundle)
      endFrame(record, at)
      sent++
    }
    answer.stash = answer.stash.slice(sent)
    answer.passedOver = sent > 0 ? 0 : answer.passedOver + 1
    if (answer.stash.length > 0 || record.length + END_BYTES_MAX > roomMax) return
    const at = beginFrame(record, FrameType.fetched)
    writeFetchedEnd(record, answer.down)
    endFrame(record, at)
    this.answers.delete(link)
    if (answer.on === null) return
    settleDebt(answer.on, answer.down, answer.to)
    const { held, log } = answer.on.feed
    const isHeld = held?.covers(answer.down, answer.to) ?? (log.base <= answer.down && log.next >= answer.to)
    if (!isHeld) noteLacking(answer.on, answer.down, answer.to)
  }

  /** Reads the newest piece below `to` that is held. */
  private load(link: LinkState, answer: Answer, feed: Feed, to: number): void {
    const piece = feed.held?.newestIn(answer.from, to) ?? null
    if (piece === null) return this.give(link, answer, [], answer.from)
    const loaded = (bundles: readonly LoadedBundle[]): void => {
      if (this.answers.get(link) === answer) this.loaded(link, answer, feed, piece, bundles)
    }
    this.keeping.load(feed.log.key, piece.from, piece.to, FETCH_BYTES_MAX, 'newest-first', loaded)
  }

  private loaded(link: LinkState, answer: Answer, feed: Feed, piece: Range, bundles: readonly LoadedBundle[]): void {
    const lowest = bundles.at(-1)
    if (lowest === undefined) {
      // The store has lost what it was thought to have.
      feed.lose(piece.from, piece.to)
      return this.load(link, answer, feed, piece.from)
    }
    if (lowest.first > piece.from) return this.give(link, answer, bundles, lowest.first)
    this.give(link, answer, bundles, feed.held?.newestIn(answer.from, piece.from)?.to ?? answer.from)
  }

  private giveWindow(link: LinkState, answer: Answer, { log }: Feed): void {
    const bundles: LoadedBundle[] = []
    let bytes = 0
    for (let at = Math.min(log.positionOf(answer.to - 1), log.end - 1); at >= log.start; at--) {
      const held = log.at(at)
      if (held.first >= answer.to) continue
      if (held.first + held.count <= answer.from) break
      bytes += held.bytes.length
      if (bundles.length > 0 && bytes > FETCH_BYTES_MAX) return this.give(link, answer, bundles, bundles.at(-1)!.first)
      bundles.push(held)
    }
    this.give(link, answer, bundles, answer.from)
  }

  private give(link: LinkState, answer: Answer, bundles: readonly LoadedBundle[], down: number): void {
    answer.stash = answer.on === null ? [] : this.granted(link, answer.on, bundles)
    answer.down = answer.stash.length < bundles.length ? answer.from : Math.max(answer.from, down)
    this.context.dirty.add(link)
  }

  /** As much of it as may be sent: what was sent before only so often. */
  private granted(link: LinkState, on: LinkFeed, bundles: readonly LoadedBundle[]): readonly LoadedBundle[] {
    const { fetched } = pastOf(on)
    let count = 0
    for (const { first, count: events, bytes } of bundles) {
      const isRepeated = fetched.covers(first, first + events)
      if (isRepeated && !link.budget.repeats.take(this.context.nowMs, bytes.length)) break
      fetched.add(first, first + events)
      count++
    }
    if (fetched.count > FETCHED_RANGES_MAX) fetched.add(fetched.list[0]!.from, fetched.end)
    return bundles.slice(0, count)
  }
}

/** A peer lacks it, and so do we: it is to be told when we have it. */
export function noteLacking(on: LinkFeed, from: number, to: number): void {
  const past = pastOf(on)
  const { lacking } = past
  past.lacking = { from: Math.min(from, lacking?.from ?? from), to: Math.max(to, lacking?.to ?? to) }
}

/** A peer asks for what comes from `from` on, and passes over what it has not been sent, or begins before that again. */
export function noteSkip(on: LinkFeed, from: number): void {
  const owed = on.past?.owed ?? null
  if (from > on.peerNext && from < on.feed.log.next) pastOf(on).owed = { from: owed?.from ?? on.peerNext, to: from }
  else if (owed !== null && from <= owed.from) pastOf(on).owed = null
}

/** What the peer fetches here it no longer lacks of what it passed over. */
export function settleDebt(on: LinkFeed, from: number, to: number): void {
  const owed = on.past?.owed ?? null
  if (owed === null || to < owed.to || from >= owed.to) return
  pastOf(on).owed = from <= owed.from ? null : { from: owed.from, to: from }
}
