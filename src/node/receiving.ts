import type { ByteReader } from '../base/bytes.ts'
import { type Bundle, decodeBundle, peekBundle } from '../wire/bundle.ts'
import { ByeCode } from '../wire/hello.ts'
import { HOPS_MAX } from '../wire/limits.ts'
import { GAPS_MAX } from '../wire/reconcile-holding.ts'
import { BUNDLE_BITS_FREE, BUNDLE_HOPS_MASK, BUNDLE_LATE, BUNDLE_WITH_PREVIOUS } from '../wire/replication.ts'
import type { Backfilling } from './backfilling.ts'
import type { CatchUp } from './catch-up.ts'
import type { Feed } from './feed.ts'
import type { Feeds } from './feeds.ts'
import type { GoneBodies } from './gone-bodies.ts'
import type { LinkFeed, LinkState } from './link-state.ts'
import type { Links } from './links.ts'

export interface ReceivingOwner {
  /** What a peer's handle stands for. */
  theirs(link: LinkState, handle: number): LinkFeed | null
  /** A copy has come, the first or another one. */
  placed(link: LinkState, feed: Feed, hops: number, duplicate: boolean): void
  append(feed: Feed, bundle: Bundle, previous: Uint8Array, ids: readonly Uint8Array[], way: Way, from: LinkState): void
  /** `missing` events of a feed that is not kept have been passed over. */
  gap(feed: Feed, missing: number): void
  /** It does not go with what we hold of its feed, though its author has signed it. */
  forked(link: LinkState, feed: Feed, bundle: Bundle, previous: Uint8Array): void
  /** Whether it stands elsewhere than where the history goes on that we hold; then it is taken care of. */
  isStray(
    link: LinkState,
    on: LinkFeed,
    peek: { first: number; count: number },
    given: Uint8Array | null,
    bytes: Uint8Array,
  ): boolean
}

/** How a bundle came: over so many links, and late as its sender says. */
export interface Way {
  readonly hops: number
  readonly isLate: boolean
}

/** What becomes of bundles that are pushed to us: taken in where they fit, dropped where the source will bring them again. */
export class Receiving {
  constructor(
    private readonly links: Links,
    private readonly feeds: Feeds,
    private readonly catchUp: CatchUp,
    private readonly backfilling: Backfilling,
    private readonly gone: GoneBodies,
    private readonly owner: ReceivingOwner,
  ) {}

  bundle(link: LinkState, body: ByteReader): void {
    const head = body.u8()
    const on = this.owner.theirs(link, body.varint())
    const given = (head & BUNDLE_WITH_PREVIOUS) !== 0 ? body.take(32) : null
    const bytes = body.take(body.left)
    const peek = body.ok && (head & BUNDLE_BITS_FREE) === 0 ? peekBundle(bytes) : null
    if (peek === null) return this.links.fault(link, 'sent a broken bundle')
    if (on === null) return
    const feed = on.feed
    const end = peek.first + peek.count
    const hops = Math.min((head & BUNDLE_HOPS_MASK) + 1, HOPS_MAX)
    if (end > on.peerNext) on.peerNext = end
    if (this.owner.isStray(link, on, peek, given, bytes)) return
    const duplicate = end <= feed.log.next
    if (duplicate) {
      if (end === feed.log.next) on.chained = end
      // It was on its way when what comes after it was taken in: who sent it has it.
      if (feed.held?.has(peek.first) === false) this.backfilling.offered(link, feed, peek.first, end)
      return this.owner.placed(link, feed, hops, true)
    }
    if (peek.first > feed.log.next && !(given !== null && this.mayPassOver(link, feed, end))) return this.seek(feed)
    if (given !== null) on.askedFull = false
    else if (on.askedFull) return
    const bundle = decodeBundle(kept(bytes))
    if (bundle === null) return this.links.fault(link, 'sent a broken bundle')
    if (bundle.events.some((event) => event.gone) && !this.mayLackBodies(link, feed)) return this.seek(feed)
    this.judge(link, on, bundle, given, { hops, isLate: (head & BUNDLE_LATE) !== 0 })
  }

  private judge(link: LinkState, on: LinkFeed, bundle: Bundle, given: Uint8Array | null, way: Way): void {
    const feed = on.feed
    const verdict = feed.log.judge(bundle, given)
    if (verdict.kind === 'fits' && bundle.first >= feed.log.next) {
      on.chained = bundle.first + bundle.count
      this.catchUp.brought(on)
      this.take(link, feed, bundle, verdict.previous, verdict.ids, way)
    } else if (verdict.kind === 'forged') {
      this.links.fault(link, 'sent an event that its author did not sign', ByeCode.badSignature)
    } else if (verdict.kind === 'unclear') {
      on.askedFull = true
      this.catchUp.want(link, on, Math.min(bundle.first, feed.log.next), true)
    } else if (given !== null) this.owner.forked(link, feed, bundle, given)
  }

  private take(
    link: LinkState,
    feed: Feed,
    bundle: Bundle,
    previous: Uint8Array,
    ids: readonly Uint8Array[],
    way: Way,
  ): void {
    const { next } = feed.log
    const isKept = this.backfilling.keeps(feed)
    // What others bring from below meanwhile does not change what was asked for.
    if (feed.skipTo !== null && bundle.first + bundle.count > feed.skipTo) feed.skipTo = null
    if (bundle.first > next) {
      // What the window holds is in the store as well: so what stands in it always hangs together.
      if (isKept) this.feeds.window.empty(feed.log)
      else this.owner.gap(feed, bundle.first - next)
    }
    this.owner.append(feed, bundle, previous, ids, way, link)
    if (!isKept) return
    this.backfilling.took(feed, { bundle, ids }, link)
    if (bundle.first > next) this.backfilling.opened(feed, next, bundle.first)
  }

  /** Whether something may be missing between what is here and what has come: it was asked for so, or nobody has what lies between. */
  private mayPassOver(link: LinkState, feed: Feed, end: number): boolean {
    if (feed.source !== link) return false
    // An author who leaves a hole at every second number is not worth a range each.
    if (feed.held !== null && feed.held.count > GAPS_MAX) return false
    return (feed.skipTo !== null && end > feed.skipTo) || this.catchUp.mayCross(feed)
  }

  /**
   * Whether a bundle is taken in without some of its bodies. Whoever passes it on could have taken them out, so never where whole copies
   * may be on their way too: only from the one that was asked. Of what is kept the bodies are then asked of others, unless a deletion is known;
   * what is only passed on is taken so where nobody else says to have it.
   */
  private mayLackBodies(link: LinkState, feed: Feed): boolean {
    if (feed.source !== link) return false
    return this.backfilling.keeps(feed) ? this.gone.hasRoom : !this.catchUp.hasOther(feed, link)
  }

  private seek(feed: Feed): void {
    if (feed.source === null) this.catchUp.seekSource(feed, null)
  }
}

/** What may be kept of a bundle: a view into a record that holds little else, or a copy, so that the record can go. */
function kept(bytes: Uint8Array): Uint8Array {
  return bytes.length * 2 < bytes.buffer.byteLength ? bytes.slice() : bytes
}
