import { RangeSet } from '../core/history/ranges.ts'
import type { Feed } from './feed.ts'

/** Who was asked for something and had no more of it than we is not asked again at each link for one to two hours; then it may have come to have it. */
const AGE_MS = 3_600_000
/** Twice as many such answers at most, 300 bytes each; of whom they are forgotten, he is asked again. */
const ANSWERS_MAX = 16_384
/** Pieces that are looked through for one offer, which may be of any length and come again and again. Beyond, it is taken to be worth nothing. */
const LOOKED_AT_MAX = 32

/** Which numbers of which feeds a peer was asked for in vain. In two generations, as `Generations` are, but of ranges: one for an answer, however long. */
export class VainAsks {
  private young = new Map<string, RangeSet>()
  private old = new Map<string, RangeSet>()
  private answers = 0
  private turnedAtMs = 0

  /** It has answered for numbers from `from` up to and without `to`. */
  add(feed: Feed, peerKey: string, from: number, to: number, nowMs: number): void {
    this.age(nowMs)
    if (this.answers >= ANSWERS_MAX) this.turn(nowMs)
    this.answers++
    const key = keyOf(feed, peerKey)
    const asked = this.young.get(key) ?? new RangeSet()
    this.young.set(key, asked)
    asked.add(from, to)
  }

  /** What of these numbers the peer has not been asked for. */
  left(feed: Feed, peerKey: string, numbers: RangeSet, nowMs: number): RangeSet {
    let { list } = numbers
    for (const asked of this.asked(feed, peerKey, nowMs)) {
      list = list.flatMap(({ from, to }) => asked.missing(from, to))
    }
    return new RangeSet(list)
  }

  /** Whether any of them is left from `from` up to and without `to`, at a cost that is bounded whatever they are. */
  hasLeft(feed: Feed, peerKey: string, numbers: RangeSet, from: number, to: number, nowMs: number): boolean {
    const all = this.asked(feed, peerKey, nowMs)
    let below = to
    for (let looked = 0; looked < LOOKED_AT_MAX; looked++) {
      const piece = numbers.newestIn(from, below)
      if (piece === null) return false
      const over = all.find((asked) => asked.has(piece.to - 1))
      if (over === undefined) return true
      below = over.newestIn(from, piece.to)!.from
    }
    return false
  }

  private asked(feed: Feed, peerKey: string, nowMs: number): RangeSet[] {
    this.age(nowMs)
    const key = keyOf(feed, peerKey)
    return [this.young.get(key), this.old.get(key)].filter((asked) => asked !== undefined)
  }

  private age(nowMs: number): void {
    const passedMs = nowMs - this.turnedAtMs
    if (passedMs < AGE_MS) return
    if (passedMs >= 2 * AGE_MS) this.young = new Map()
    this.turn(passedMs < 2 * AGE_MS ? this.turnedAtMs + AGE_MS : nowMs)
  }

  private turn(atMs: number): void {
    this.old = this.young
    this.young = new Map()
    this.answers = 0
    this.turnedAtMs = atMs
  }
}

function keyOf(feed: Feed, peerKey: string): string {
  return `${peerKey} ${feed.key}`
}
