import { equalBytes, toHex } from '../base/bytes.ts'
import { Generations } from '../base/generations.ts'
import { RangeSet } from '../core/history/ranges.ts'
import type { Bundle } from '../wire/bundle.ts'
import type { Feed } from './feed.ts'
import { VainAsks } from './vain-asks.ts'

/**
 * Bodies that are gone and nobody is known to have deleted, some 300 bytes each. What a neighbour has taken out by itself is fetched from
 * another; while there are so many, more are not taken in, and others are asked for the whole from the start.
 */
const UNPROVEN_MAX = 16_384
/** Deletions remembered from before their messages come: those that are fetched come newest first. Twice as many at most, 200 bytes each. */
const REMOVED_MAX = 16_384

interface Place {
  readonly feed: Feed
  readonly number: number
}

/**
 * Tells bodies that their authors deleted from those that somebody on the way took out: chain and signature hold for both. What is
 * missing without a deletion being known is unproven: kept as it is, and asked of others, until one brings the whole or the deletion comes.
 * Edits of a deleted message go with it and name nothing that could prove it: they stay unproven, and are asked of each neighbour once in a while.
 */
export class GoneBodies {
  private readonly unproven = new Map<string, Place>()
  private readonly removed = new Generations(Number.POSITIVE_INFINITY, REMOVED_MAX)
  private readonly vain = new VainAsks()

  /** False while no more are taken in. */
  get hasRoom(): boolean {
    return this.unproven.size < UNPROVEN_MAX
  }

  feeds(): Set<Feed> {
    return new Set(Array.from(this.unproven.values(), ({ feed }) => feed))
  }

  /** Of a feed, what is unproven and worth asking a peer for. */
  worthAsking(feed: Feed, peerKey: string, nowMs: number): RangeSet {
    return feed.unproven === null ? new RangeSet() : this.vain.left(feed, peerKey, feed.unproven.numbers, nowMs)
  }

  /** Whether there is any of that from `from` up to and without `to`: as often as a peer likes to offer it. */
  isWorthAsking(feed: Feed, peerKey: string, from: number, to: number, nowMs: number): boolean {
    return feed.unproven !== null && this.vain.hasLeft(feed, peerKey, feed.unproven.numbers, from, to, nowMs)
  }

  /** A peer was asked for numbers from `from` up to and without `to`, and has answered: what is still unproven it has no more than we. */
  asked(feed: Feed, peerKey: string, from: number, to: number, nowMs: number): void {
    if (feed.unproven === null || feed.unproven.numbers.newestIn(from, to) === null) return
    this.vain.add(feed, peerKey, from, to, nowMs)
  }

  /** Events of a bundle that is taken in; of them those whose bodies are gone. Answers their numbers, as far as they are unproven. */
  taken(feed: Feed, bundle: Bundle, ids: readonly Uint8Array[]): RangeSet {
    const numbers = new RangeSet()
    bundle.events.forEach(({ gone }, i) => {
      if (!gone || this.removed.has(nameOf(feed, ids[i]!), 0)) return
      const number = bundle.first + i
      this.add(feed, number, ids[i]!)
      numbers.add(number, number + 1)
    })
    return numbers
  }

  /** As the store has it from before. */
  add(feed: Feed, number: number, id: Uint8Array): void {
    if (!this.hasRoom) return
    feed.unproven ??= { ids: new Map(), numbers: new RangeSet() }
    feed.unproven.ids.set(number, id)
    feed.unproven.numbers.add(number, number + 1)
    this.unproven.set(toHex(id), { feed, number })
  }

  /** The author of a feed has deleted one of his messages in this room. */
  deleted(feed: Feed, target: Uint8Array): void {
    this.removed.add(nameOf(feed, target), 0)
    const place = this.unproven.get(toHex(target))
    if (place?.feed.authorKey === feed.authorKey && place.feed.room === feed.room) this.done(place, target)
  }

  /** A bundle that was verified: of what was unproven, the numbers whose bodies it brings. */
  brought(feed: Feed, bundle: Bundle, ids: readonly Uint8Array[]): RangeSet {
    const numbers = new RangeSet()
    if (feed.unproven === null) return numbers
    bundle.events.forEach(({ gone }, i) => {
      const number = bundle.first + i
      const id = feed.unproven?.ids.get(number)
      if (gone || id === undefined || !equalBytes(id, ids[i]!)) return
      this.done({ feed, number }, id)
      numbers.add(number, number + 1)
    })
    return numbers
  }

  forget(feed: Feed): void {
    for (const [number, id] of feed.unproven?.ids ?? []) this.done({ feed, number }, id)
  }

  private done({ feed, number }: Place, id: Uint8Array): void {
    this.unproven.delete(toHex(id))
    feed.unproven?.ids.delete(number)
    feed.unproven?.numbers.remove(number, number + 1)
    if (feed.unproven?.ids.size === 0) feed.unproven = null
  }
}

/** What a deletion may be of: something by the same author in the same room. */
function nameOf(feed: Feed, id: Uint8Array): string {
  return `${feed.room?.key} ${feed.authorKey} ${toHex(id)}`
}
