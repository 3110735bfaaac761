/** Where one link stands with one feed, as far as it matters here. */
export interface Standing {
  /** One past the newest number the peer is known, or claims, to hold. */
  peerNext: number
  /** Asked in vain so often in a row, and not believed until then. */
  strikes: number
  doubtedUntilMs: number
}

/** One node's copy of one feed: how far it has it, and who is asked for more. */
export class Replica {
  next = 1
  /** Hops each event had crossed to get here, clamped as on the wire. */
  readonly hops: number[] = [0]
  /** Hops it had in truth. */
  readonly crossed: number[] = [0]
  /** When each came. */
  readonly cameAtMs: number[] = [0]
  readonly links = new Map<number, Standing>()
  source: number | null = null
  activeAtMs = 0
  /** When to look whether anything has moved, and how far the feed was when that was set. */
  watchedUntilMs: number | null = null
  watchedNext = 0

  constructor(readonly feed: number) {}

  on(link: number): Standing {
    const on = this.links.get(link) ?? { peerNext: 1, strikes: 0, doubtedUntilMs: 0 }
    this.links.set(link, on)
    return on
  }
}

/** What travels between replicas. */
export type FeedFrame =
  | {
      readonly kind: 'bundle'
      readonly feed: number
      readonly number: number
      readonly hops: number
      readonly crossed: number
    }
  | { readonly kind: 'have' | 'feeds'; readonly entries: readonly (readonly [feed: number, next: number])[] }
  | { readonly kind: 'want'; readonly feed: number; readonly from: number }
  | { readonly kind: 'lazy'; readonly feed: number }
