import { type ByteReader, equalBytes } from '../base/bytes.ts'
import type { Ask } from '../core/history/backfill.ts'
import { type Bundle, chainBundle, decodeBundle, peekBundle, signatureOf, signedPart } from '../wire/bundle.ts'
import { FETCH_BYTES_MAX, type FetchedBundle, readFetched } from '../wire/fetch.ts'
import { BUNDLE_BYTES_MAX } from '../wire/limits.ts'
import type { Feed } from './feed.ts'
import type { Feeds } from './feeds.ts'

/** The id that the event before number `at` must have. */
export interface Edge {
  readonly at: number
  readonly id: Uint8Array
}

/** A bundle as it was fetched and verified. The memory is its own. */
export interface Fetched {
  readonly bundle: Bundle
  readonly previous: Uint8Array
  readonly ids: readonly Uint8Array[]
}

export type FetchedVerdict =
  | ({ readonly kind: 'fits' } & Fetched)
  /** Signed by the author, and not what stands before what we hold: two histories. */
  | ({ readonly kind: 'other' } & Fetched)
  /** More of those. */
  | { readonly kind: 'passed' }
  | { readonly kind: 'end'; readonly down: number; readonly isUseful: boolean }
  /** What the peer did wrong. */
  | { readonly kind: 'fault'; readonly what: string; readonly isForged: boolean }

/** The reading of one answer: what comes must lie in what was asked for, come from the top down, and end. */
export class Answering {
  /** What comes next must begin below. */
  private lowest: number
  private bytesLeft = FETCH_BYTES_MAX + BUNDLE_BYTES_MAX
  private isUseful = false
  private isOther = false

  /** `edge`: where what is held goes on; null where nothing is known of what comes next, and the signature alone says whose it is. */
  constructor(
    readonly ask: Ask<Feed>,
    public edge: Edge | null,
  ) {
    this.lowest = ask.to
  }

  /** `body`: of one frame of the answer. */
  read(body: ByteReader, feeds: Feeds): FetchedVerdict {
    const part = readFetched(body)
    if (part === null) return fault('sent a broken piece of history')
    return part.kind === 'end' ? this.end(part.down) : this.bundle(part, feeds)
  }

  private end(down: number): FetchedVerdict {
    const { from, to } = this.ask
    if (down < from || down >= to || down > Math.max(this.lowest, from))
      return fault('ended a piece of history where it cannot end')
    // Whoever has nothing says so of all that was asked for: else one number after the other could be asked for in vain.
    if (this.lowest === to && down > from) return fault('answered with nothing, and not to the end')
    return { kind: 'end', down, isUseful: this.isUseful }
  }

  private bundle({ previous, bytes }: FetchedBundle, feeds: Feeds): FetchedVerdict {
    const { from, feed } = this.ask
    const peek = peekBundle(bytes)
    this.bytesLeft -= bytes.length
    if (peek === null || this.bytesLeft < 0) return fault('sent a broken piece of history')
    if (peek.first >= this.lowest || peek.first + peek.count <= from)
      return fault('sent history that was not asked for')
    this.lowest = peek.first
    if (this.isOther) return { kind: 'passed' }
    const bundle = decodeBundle(bytes.slice())
    if (bundle === null) return fault('sent a broken piece of history')
    const { key } = feed.log
    const ids = chainBundle(bundle, key.id, previous)
    const check = feeds.verifierOf(key.author, feed.authorKey)
    const signed = signedPart(bundle.first, ids.at(-1)!)
    if (check === null || !check.verify(signed, signatureOf(bundle))) {
      return { kind: 'fault', what: 'sent an event that its author did not sign', isForged: true }
    }
    const fetched = { bundle, previous: previous.slice(), ids }
    if (this.follows(bundle, ids)) {
      this.isUseful = true
      this.edge = { at: bundle.first, id: fetched.previous }
      return { kind: 'fits', ...fetched }
    }
    this.isOther = true
    return { kind: 'other', ...fetched }
  }

  /** Whether what is held above follows its event there; nothing is known where it does not reach so far up. */
  private follows({ first }: Bundle, ids: readonly Uint8Array[]): boolean {
    const id = this.edge === null ? undefined : ids[this.edge.at - 1 - first]
    return id === undefined || equalBytes(id, this.edge!.id)
  }
}

function fault(what: string): FetchedVerdict {
  return { kind: 'fault', what, isForged: false }
}
