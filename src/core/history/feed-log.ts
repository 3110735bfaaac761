import { equalBytes } from '../../base/bytes.ts'
import type { Verifier } from '../../crypto/sign.ts'
import { type Bundle, chainBundle, NO_EVENT, signatureOf, signedPart } from '../../wire/bundle.ts'

/**
 * What a node holds of one feed: a window of consecutive bundles, how far it has come, and the hash its next event must
 * follow. Telling old from new is one comparison with `next`; nothing else is remembered about what was seen.
 */
export interface FeedKey {
  readonly author: Uint8Array
  readonly room: Uint8Array
  readonly epoch: Uint8Array
  /** SHA-256 over the three: what is hashed into every event. */
  readonly id: Uint8Array
}

export interface HeldBundle {
  readonly first: number
  readonly count: number
  readonly bytes: Uint8Array
  /** The id of the event before its first. */
  readonly previous: Uint8Array
  /** Links crossed to get here; 0 for one's own. */
  readonly hops: number
  /** The link it came by, 0 for one's own: it is not sent back there. */
  readonly from: number
  /** When it came, monotonic; `LATE` where it was late by then. */
  readonly heardAtMs: number
}

/** When what came late came, for whoever it is passed on to. */
export const LATE = Number.NEGATIVE_INFINITY

/** What a held bundle takes beside its bytes (measured): objects, the headers of its buffers, the hash before it. */
const HELD_OVERHEAD_BYTES = 200

export type Verdict =
  | { readonly kind: 'fits'; readonly ids: Uint8Array[]; readonly previous: Uint8Array }
  /** The signature does not hold, with the hash before it given: the sender is at fault. */
  | { readonly kind: 'forged' }
  /** It does not hold with the hash we have, which the sender left out: theirs may differ. Ask with `full`. */
  | { readonly kind: 'unclear' }
  /** Signed by the author, but following another event than the one we hold: two histories. */
  | { readonly kind: 'fork' }

export class FeedLog {
  /** The oldest event held; equal to `next` when none is. */
  base = 1
  /** One past the newest event held. */
  next = 1
  forked = false
  /** Absolute position of `bundles[0]`: cursors count bundles from the feed's beginning here. */
  private dropped = 0
  private head = 0
  private bundles: HeldBundle[] = []
  /** Id of event `next - 1`; null when it was never seen, after a gap. */
  private lastId: Uint8Array | null = NO_EVENT

  constructor(
    readonly key: FeedKey,
    private readonly verifier: Verifier,
  ) {}

  /** Positions of the window: a cursor is valid in [start, end], and `end` means nothing is left to send. */
  get start(): number {
    return this.dropped
  }

  get end(): number {
    return this.dropped + this.bundles.length - this.head
  }

  at(position: number): HeldBundle {
    return this.bundles[this.head + position - this.dropped]!
  }

  /** The position of the first bundle that reaches `number` or beyond. */
  positionOf(number: number): number {
    let low = this.start
    let high = this.end
    while (low < high) {
      const middle = (low + high) >> 1
      const held = this.at(middle)
      if (held.first + held.count <= number) low = middle + 1
      else high = middle
    }
    return low
  }

  /** True when the bundle there follows nothing that is held: the window's first, or one that came after a gap. */
  beginsAt(position: number): boolean {
    if (position === this.start) return true
    const before = this.at(position - 1)
    return before.first + before.count < this.at(position).first
  }

  /** The id of the newest event, which the author's next one follows. */
  get tip(): Uint8Array | null {
    return this.lastId
  }

  /** Judges a bundle whose `first` is `next`, or beyond it where a gap is being crossed. Hashes every event once. */
  judge(bundle: Bundle, given: Uint8Array | null): Verdict {
    const expected = bundle.first === this.next ? this.lastId : null
    const previous = given ?? expected
    if (previous === null) return { kind: 'unclear' }
    const ids = chainBundle(bundle, this.key.id, previous)
    const signed = signedPart(bundle.first, ids[ids.length - 1]!)
    if (!this.verifier.verify(signed, signatureOf(bundle))) return { kind: given === null ? 'unclear' : 'forged' }
    if (expected !== null && !equalBytes(previous, expected)) return { kind: 'fork' }
    return { kind: 'fits', ids, previous: given === null ? previous : previous.slice() }
  }

  /** Takes in a bundle judged to fit; answers the memory it takes. A `first` beyond `next` leaves a gap behind it. */
  append(held: HeldBundle, lastId: Uint8Array): number {
    if (this.base === this.next) this.base = held.first
    this.bundles.push(held)
    this.next = held.first + held.count
    this.lastId = lastId
    return costOf(held)
  }

  /** Goes on where a store left off: nothing is in the window yet. Must be called before anything is appended. */
  restore(next: number, tip: Uint8Array): void {
    if (this.start !== this.end || this.next !== 1) throw new Error('a feed is restored once, and first')
    this.base = next
    this.next = next
    this.lastId = tip
  }

  /** Puts other bytes of the same events in a place, as when bodies come that were gone; answers how much longer they are. */
  replace(position: number, bytes: Uint8Array): number {
    const before = this.at(position)
    this.bundles[this.head + position - this.dropped] = { ...before, bytes }
    return bytes.length - before.bytes.length
  }

  /** Forgets the oldest bundle; answers the memory it took. There must be one. */
  dropOldest(): number {
    const oldest = this.bundles[this.head]!
    this.bundles[this.head] = EMPTY_SLOT
    this.head++
    this.dropped++
    this.base = this.start === this.end ? this.next : this.at(this.start).first
    // Moving the array's content only when half of it is holes keeps dropping at constant cost.
    if (this.head > 64 && this.head * 2 > this.bundles.length) {
      this.bundles = this.bundles.slice(this.head)
      this.head = 0
    }
    return costOf(oldest)
  }
}

function costOf(held: HeldBundle): number {
  return held.bytes.length + HELD_OVERHEAD_BYTES
}

const EMPTY_SLOT: HeldBundle = {
  first: 0,
  count: 0,
  bytes: new Uint8Array(0),
  previous: NO_EVENT,
  hops: 0,
  from: 0,
  heardAtMs: LATE,
}
