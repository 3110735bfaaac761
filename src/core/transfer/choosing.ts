import type { Rng } from '../../base/rng.ts'
import type { Bits } from './bits.ts'
import type { Holder } from './holder.ts'

/** Pieces looked at for one choice: of larger content not all, or a choice would take milliseconds. */
const LOOKED_AT_MAX = 2048

/**
 * Which piece to begin next: the rarest of those a holder has, by chance among equals. While nobody is known to have a part it goes on from the
 * last one, as disks like it; from then on it does not: those who fetch the same have the same last one, and would all take what follows it.
 */
export class Choosing {
  /** Holders known to have a piece, but for those who have all. */
  private readonly counts: Uint16Array
  private cursor: number
  /** All of `counts` together. */
  private counted = 0

  constructor(
    pieces: number,
    private readonly rng: Rng,
  ) {
    this.counts = new Uint16Array(pieces)
    this.cursor = pieces === 0 ? 0 : rng.below(pieces)
  }

  count(piece: number, change: 1 | -1): void {
    this.counts[piece]! += change
    this.counted += change
  }

  /**
   * A piece below `end` that is neither `here` nor `begun`; null where the holder has none. Those who fetch the same from one holder begin at
   * different places, or each would fetch what the others are fetching and none could give the others anything.
   */
  next(holder: Holder, end: number, here: Bits, begun: { has(piece: number): boolean }): number | null {
    if (end === 0) return null
    let best: number | null = null
    let rarity = Number.POSITIVE_INFINITY
    let equals = 0
    let looked = 0
    const start = this.cursor % end
    for (let at = here.nextClear(start), wrapped = false; looked < LOOKED_AT_MAX; at = here.nextClear(at + 1)) {
      if (!wrapped && at >= end) {
        wrapped = true
        at = here.nextClear(0)
      }
      if (at >= end || (wrapped && at >= start)) break
      looked++
      if (begun.has(at) || !holder.has(at)) continue
      const count = this.counts[at]!
      if (count > rarity) continue
      if (count < rarity) {
        rarity = count
        equals = 0
        best = null
      }
      if (this.rng.below(++equals) === 0) best = at
      // Nothing is rarer, and no other would be chosen instead.
      if (best === start && this.counted === 0) break
    }
    if (best !== null) this.cursor = best + 1
    return best
  }
}
