import { ByteWriter } from '../../base/bytes.ts'
import { sha256Of } from '../../crypto/hash.ts'
import { type Holding, isHeld, isWhole } from '../../wire/reconcile-holding.ts'
import { factor, times } from './reconcile-field.ts'
import { KeyedHash } from './reconcile-hash.ts'

/** What is to be reconciled of one feed. The buffers stay the caller's and must not change while a run goes on. */
export interface ReconcileFeed {
  /** 32 bytes, as `feedIdOf` makes it. */
  readonly id: Uint8Array
  readonly author: Uint8Array
  readonly epoch: Uint8Array
  readonly holding: Holding
  /** The 32-byte id of event `next - 1`: feeds held equally far with another event there are two histories. */
  readonly tip: Uint8Array
}

export interface ReconcileRoom<F extends ReconcileFeed> {
  /** 32 bytes. */
  readonly id: Uint8Array
  readonly feeds: readonly F[]
}

/** What a link's salt makes of ids. Both ends have the same; nobody else can know it. */
export class ReconcileKey {
  readonly feeds: KeyedHash
  readonly rooms: KeyedHash
  readonly states: KeyedHash
  readonly tipFactor: number
  readonly tipFactorToo: number

  /** `salt`: some 32 bytes that both ends have put randomness into, such as the hash of their handshake. */
  constructor(salt: Uint8Array) {
    const words = new DataView(sha256Of(DOMAIN, salt).buffer)
    const word = (at: number) => words.getUint32(4 * at)
    this.feeds = new KeyedHash(word(0), word(1))
    this.rooms = new KeyedHash(word(2), word(3))
    this.states = new KeyedHash(word(4), word(5))
    this.tipFactor = word(6) | 1
    this.tipFactorToo = word(7) | 1
  }

  /** 48 bits that stand for a room. */
  tagOf(room: Uint8Array): number {
    this.rooms.hash(room, ID_BYTES_HASHED)
    return (this.rooms.high & 0xffff) * 2 ** 32 + this.rooms.low
  }

  /** 40 bits that stand for a feed. */
  referenceOf(id: Uint8Array): number {
    this.feeds.hash(id, ID_BYTES_HASHED)
    return (this.feeds.high & 0xff) * 2 ** 32 + this.feeds.low
  }
}

const DOMAIN = new TextEncoder().encode('hearsay reconcile 1')
/** Ids are hashes: two that agree in 16 bytes cost 2^64 attempts, and would confuse feeds of one's own making. */
const ID_BYTES_HASHED = 16

/**
 * A word says how far a feed is held: 0 nothing, a number below 2^31 how far where no event is missing, 2^31 and up a hash of which are.
 * What lies before `base` does not count: who has let it go and who has kept it do not differ in anything either could use.
 */
const WORD_WITH_GAPS = 0x80000000
/** So many low bits of `next` are in a word; the other side tells the rest by how far it has the feed itself. */
const NEXT_SPAN = 2 ** 20
const TIP_BITS = 11

const gapBytes = new ByteWriter(256)

function wordOf(feed: ReconcileFeed, key: ReconcileKey): number {
  const { holding, tip } = feed
  const tipHash = Math.imul(readWord(tip, 0), key.tipFactor) + Math.imul(readWord(tip, 4), key.tipFactorToo)
  if (holding.gaps.length === 0) {
    // Never 0, whatever `next` is.
    const tipBits = Math.max(1, (tipHash | 0) >>> (32 - TIP_BITS))
    return (((holding.next % NEXT_SPAN) << TIP_BITS) | tipBits) >>> 0
  }
  gapBytes
    .clear()
    .varint(holding.next)
    .u32(tipHash >>> 0)
  for (const { from, to } of holding.gaps) gapBytes.varint(from).varint(to)
  key.states.hash(gapBytes.view(), gapBytes.length)
  return (key.states.low | WORD_WITH_GAPS) >>> 0
}

/** The `next` a word tells, where its sender's is nearest to our own; null where it tells of gaps. */
export function nextFrom(word: number, ownNext: number): number | null {
  if (word >= WORD_WITH_GAPS) return null
  const apart = (word >>> TIP_BITS) - (ownNext % NEXT_SPAN)
  const nearest = apart > NEXT_SPAN / 2 ? apart - NEXT_SPAN : apart < -NEXT_SPAN / 2 ? apart + NEXT_SPAN : apart
  const next = ownNext + nearest
  return next < 1 ? next + NEXT_SPAN : next
}

/** Whether `nextFrom` tells the other side what we hold of a feed of which it holds `theirs`. */
export function isTold(own: Holding, theirs: Holding): boolean {
  return isWhole(own) && Math.abs(own.next - theirs.next) < NEXT_SPAN / 2
}

function readWord(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}

/** The check of a reference's 40 bits: what tells a cell with one feed in it from one with several. 24 bits. */
function checkOf(low: number, top: number): number {
  let mixed = Math.imul(low ^ Math.imul(top + 1, 0x9e3779b1), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 8
}

/** Whether `high` is a reference's upper 8 bits with the check below them. */
export function isReference(low: number, high: number): boolean {
  return (high & 0xffffff) === checkOf(low, high >>> 24)
}

export function joinReference(low: number, high: number): number {
  return (high >>> 24) * 2 ** 32 + low
}

/** A room's feeds are the items from `start` up to and without `end`. */
export interface Span {
  readonly start: number
  readonly end: number
}

/**
 * Feeds as they were when the run began, in columns: reference, word, and the products of the two that make a cell invertible. A feed of
 * which nothing is held is none of them.
 */
export class ReconcileItems<F extends ReconcileFeed> {
  readonly feeds: F[] = []
  readonly spans: Span[] = []
  /** The reference's lower 32 bits; its upper 8 above a check of all 40. */
  readonly low: Uint32Array
  readonly high: Uint32Array
  readonly words: Uint32Array
  readonly lowProducts: Uint32Array
  readonly highProducts: Uint32Array
  /** Open addressing: a place holds an item's number plus one. At most half of it is taken. */
  private readonly places: Uint32Array

  constructor(rooms: readonly ReconcileRoom<F>[], key: ReconcileKey) {
    for (const room of rooms) {
      const start = this.feeds.length
      for (const feed of room.feeds) if (isHeld(feed.holding)) this.feeds.push(feed)
      this.spans.push({ start, end: this.feeds.length })
    }
    const count = this.feeds.length
    this.low = new Uint32Array(count)
    this.high = new Uint32Array(count)
    this.words = new Uint32Array(count)
    this.lowProducts = new Uint32Array(count)
    this.highProducts = new Uint32Array(count)
    this.places = new Uint32Array(2 ** Math.ceil(Math.log2(2 * count + 2)))
    for (let i = 0; i < count; i++) this.fill(i, key)
  }

  /** The item of a reference, or -1. */
  find(reference: number): number {
    const low = reference % 2 ** 32
    const top = Math.floor(reference / 2 ** 32)
    const mask = this.places.length - 1
    for (let at = low & mask; ; at = (at + 1) & mask) {
      const item = this.places[at]! - 1
      if (item < 0 || (this.low[item] === low && this.high[item]! >>> 24 === top)) return item
    }
  }

  referenceAt(item: number): number {
    return joinReference(this.low[item]!, this.high[item]!)
  }

  roomOf(item: number): number {
    let [least, most] = [0, this.spans.length - 1]
    while (least < most) {
      const middle = (least + most) >> 1
      if (item < this.spans[middle]!.end) most = middle
      else least = middle + 1
    }
    return least
  }

  private fill(item: number, key: ReconcileKey): void {
    const feed = this.feeds[item]!
    key.feeds.hash(feed.id, ID_BYTES_HASHED)
    const { low } = key.feeds
    const top = key.feeds.high & 0xff
    const high = ((top << 24) | checkOf(low, top)) >>> 0
    const word = wordOf(feed, key)
    this.low[item] = low
    this.high[item] = high
    this.words[item] = word
    factor(word)
    this.lowProducts[item] = times(low)
    this.highProducts[item] = times(high)
    const mask = this.places.length - 1
    let at = low & mask
    while (this.places[at] !== 0) at = (at + 1) & mask
    this.places[at] = item + 1
  }
}
