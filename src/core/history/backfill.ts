import { type Range, RangeSet } from './ranges.ts'

/** Of one feed, numbers in so many pieces that one neighbour may have; what lies lowest is then taken for one piece, and asking tells. */
const OFFER_RANGES_MAX = 32
/** A neighbour that says so often in a row that it has something of a feed, and then has not, is not asked for that feed again. */
const VAIN_MAX = 8
/** One that does not answer is not asked again for a second, then two, up to a minute. */
const DOUBT_MS_MIN = 1_000
const DOUBT_MS_MAX = 64_000

/** Something that is missing of a feed, in whatever pieces. */
export interface Missing {
  /** The piece with the greatest numbers from `from` up to, and without, `to`. */
  newest(from: number, to: number): Range | null
}

/** What one link is to be asked for: numbers from `from` up to and without `to`, from the newest down. */
export interface Ask<F> {
  readonly feed: F
  readonly from: number
  readonly to: number
}

/** What is known of one link. */
interface Standing<F> {
  /** What it may have of what was missing here when it was told of; in the order of their turns. */
  readonly offers: Map<F, RangeSet>
  /** How often in a row an offer of a feed was worth nothing. */
  readonly vain: Map<F, number>
  /** Asked, and not answered to the end yet. */
  ask: Ask<F> | null
  /** The answer was not waited for. */
  isGivenUp: boolean
  strikes: number
  /** Until then it is not asked. */
  doubtedUntilMs: number
}

/**
 * Decides whom to ask for which part of what is missing. A link is asked one thing at a time and a feed of one link at a time, from the
 * newest hole down; feeds take turns, piece by piece, and so do those that have them. Who offers something is asked for it once: what it then
 * does not bring it does not have, until it offers it again. Nothing is remembered of what is not missing, so that memory is bounded by the
 * holes there are. Links and feeds are opaque here: anything with an identity. Pure.
 */
export class Backfill<F, L> {
  private readonly links = new Map<L, Standing<F>>()
  /** Feeds that are being fetched, and from whom. */
  private readonly busy = new Map<F, L>()

  /** `wanted`: what is missing of a feed right now, what matters more first; of a feed that is forgotten or not kept any more, nothing. */
  constructor(private readonly wanted: (feed: F) => readonly Missing[]) {}

  linkDown(link: L): void {
    const ask = this.links.get(link)?.ask
    if (ask != null && this.busy.get(ask.feed) === link) this.busy.delete(ask.feed)
    this.links.delete(link)
  }

  /** A link may have numbers from `from` up to and without `to`. Answers whether any of them is missing here. */
  offered(link: L, feed: F, from: number, to: number): boolean {
    const tops = this.wanted(feed).map((missing) => missing.newest(from, to)?.to ?? from)
    const top = Math.max(from, ...tops)
    if (top === from) return false
    const standing = this.standing(link)
    if ((standing.vain.get(feed) ?? 0) >= VAIN_MAX) return false
    const offer = standing.offers.get(feed) ?? new RangeSet()
    standing.offers.set(feed, offer)
    offer.add(from, top)
    const { list } = offer
    if (list.length > OFFER_RANGES_MAX) offer.add(list[0]!.from, list[list.length - OFFER_RANGES_MAX]!.to)
    return true
  }

  /** What to ask this link for now, which is then taken to be asked; null: nothing. */
  next(link: L, nowMs: number): Ask<F> | null {
    const standing = this.links.get(link)
    if (standing === undefined || standing.ask !== null || standing.doubtedUntilMs > nowMs) return null
    for (const [feed, offer] of standing.offers) {
      if (this.busy.has(feed)) continue
      const range = this.newest(feed, offer)
      standing.offers.delete(feed)
      if (range === null) continue
      // Its next turn comes after the others'.
      standing.offers.set(feed, offer)
      standing.ask = { feed, ...range }
      standing.isGivenUp = false
      this.busy.set(feed, link)
      return standing.ask
    }
    return null
  }

  /** What a link has been asked for and not answered to the end; null where that is nothing. */
  askOf(link: L): Ask<F> | null {
    return this.links.get(link)?.ask ?? null
  }

  /** A link's answer is over: what it has not brought from `down` up it does not have. `isUseful`: it has brought something. */
  answered(link: L, down: number, isUseful: boolean): void {
    const standing = this.links.get(link)
    const ask = standing?.ask ?? null
    if (standing === undefined || ask === null) return
    const { feed } = ask
    standing.ask = null
    if (this.busy.get(feed) === link) this.busy.delete(feed)
    if (isUseful) standing.vain.delete(feed)
    else standing.vain.set(feed, (standing.vain.get(feed) ?? 0) + 1)
    if (!standing.isGivenUp) standing.strikes = 0
    const offer = standing.offers.get(feed)
    offer?.remove(down, ask.to)
    if (offer?.count === 0) standing.offers.delete(feed)
  }

  /** It has nothing of a feed that goes with ours. */
  refused(link: L, feed: F): void {
    this.links.get(link)?.offers.delete(feed)
  }

  /** A link has not answered for too long: others may be asked. It is asked for nothing more before it has answered after all. */
  stalled(link: L, nowMs: number): void {
    const standing = this.links.get(link)
    const ask = standing?.ask ?? null
    if (standing === undefined || ask === null || standing.isGivenUp) return
    standing.isGivenUp = true
    if (this.busy.get(ask.feed) === link) this.busy.delete(ask.feed)
    standing.doubtedUntilMs = nowMs + Math.min(DOUBT_MS_MIN * 2 ** standing.strikes, DOUBT_MS_MAX)
    standing.strikes++
  }

  /** The feed is no longer known. */
  forget(feed: F): void {
    for (const { offers, vain } of this.links.values()) {
      offers.delete(feed)
      vain.delete(feed)
    }
  }

  /** Whether a link that has something to offer is not asked for now, because it did not answer. */
  hasDoubted(nowMs: number): boolean {
    for (const { offers, doubtedUntilMs } of this.links.values()) {
      if (offers.size > 0 && doubtedUntilMs > nowMs) return true
    }
    return false
  }

  /** Whether something of what is missing of a feed is being fetched, or may be had from a link that answers. */
  isHopeful(feed: F, nowMs: number): boolean {
    if (this.busy.has(feed)) return true
    for (const { offers, isGivenUp, ask, doubtedUntilMs } of this.links.values()) {
      const offer = offers.get(feed)
      if (offer === undefined || (ask !== null && isGivenUp) || doubtedUntilMs > nowMs) continue
      if (this.newest(feed, offer) !== null) return true
    }
    return false
  }

  private standing(link: L): Standing<F> {
    const known = this.links.get(link)
    if (known !== undefined) return known
    const standing: Standing<F> = {
      offers: new Map(),
      vain: new Map(),
      ask: null,
      isGivenUp: false,
      strikes: 0,
      doubtedUntilMs: 0,
    }
    this.links.set(link, standing)
    return standing
  }

  /** The newest piece that is wanted and offered. */
  private newest(feed: F, { list }: RangeSet): Range | null {
    for (const missing of this.wanted(feed)) {
      for (let at = list.length - 1; at >= 0; at--) {
        const piece = missing.newest(list[at]!.from, list[at]!.to)
        if (piece !== null) return piece
      }
    }
    return null
  }
}
