/** Numbers from `from` up to, and without, `to`. */
export interface Range {
  readonly from: number
  readonly to: number
}

/** A set of numbers as sorted ranges that neither overlap nor touch: what is held of a feed, or what was asked for. */
export class RangeSet {
  private ranges: Range[] = []

  constructor(ranges: Iterable<Range> = []) {
    for (const { from, to } of ranges) this.add(from, to)
  }

  /** Sorted; valid until the next change. */
  get list(): readonly Range[] {
    return this.ranges
  }

  get count(): number {
    return this.ranges.length
  }

  /** One past the greatest number; 0 when there is none. */
  get end(): number {
    return this.ranges.at(-1)?.to ?? 0
  }

  has(number: number): boolean {
    return this.covers(number, number + 1)
  }

  /** Whether every number of the range is there; an empty range is always. */
  covers(from: number, to: number): boolean {
    if (from >= to) return true
    const range = this.ranges[this.firstReaching(from)]
    return range !== undefined && range.from <= from && range.to >= to && from < range.to
  }

  /** Whether adding the range would leave it standing by itself, one range more than now. */
  isApart(from: number, to: number): boolean {
    const range = this.ranges[this.firstReaching(from)]
    return from < to && (range === undefined || range.from > to)
  }

  /** Answers the range that holds the added one now, or null when nothing was new. */
  add(from: number, to: number): Range | null {
    if (this.covers(from, to)) return null
    const at = this.firstReaching(from)
    let end = at
    let merged = { from, to }
    for (; end < this.ranges.length && this.ranges[end]!.from <= to; end++) {
      const range = this.ranges[end]!
      merged = { from: Math.min(merged.from, range.from), to: Math.max(merged.to, range.to) }
    }
    if (end === at + 1) this.ranges[at] = merged
    else this.ranges.splice(at, end - at, merged)
    return merged
  }

  remove(from: number, to: number): void {
    if (from >= to) return
    const at = this.firstReaching(from)
    const left: Range[] = []
    let end = at
    for (; end < this.ranges.length && this.ranges[end]!.from < to; end++) {
      const range = this.ranges[end]!
      if (range.from < from) left.push({ from: range.from, to: Math.min(range.to, from) })
      if (range.to > to) left.push({ from: Math.max(range.from, to), to: range.to })
    }
    this.ranges.splice(at, end - at, ...left)
  }

  /** What is not there from `from` up to, and without, `below`; sorted. */
  missing(from: number, below: number): Range[] {
    const missing: Range[] = []
    let next = from
    for (let at = this.firstReaching(from); at < this.ranges.length && next < below; at++) {
      const range = this.ranges[at]!
      if (range.from > next) missing.push({ from: next, to: Math.min(range.from, below) })
      next = Math.max(next, range.to)
    }
    if (next < below) missing.push({ from: next, to: below })
    return missing
  }

  /** The piece with the greatest numbers of what is not there from `from` up to, and without, `below`. */
  newestMissing(from: number, below: number): Range | null {
    const at = this.firstReaching(below)
    const to = Math.min(below, this.ranges[at]?.from ?? below)
    return piece(Math.max(from, this.ranges[at - 1]?.to ?? from), to)
  }

  /** The piece with the greatest numbers of what is there from `from` up to, and without, `below`. */
  newestIn(from: number, below: number): Range | null {
    const at = this.firstReaching(below)
    const reaching = this.ranges[at]
    const range = reaching !== undefined && reaching.from < below ? reaching : this.ranges[at - 1]
    return range === undefined ? null : piece(Math.max(from, range.from), Math.min(below, range.to))
  }

  /** The position of the first range that ends at `number` or later. */
  private firstReaching(number: number): number {
    let low = 0
    let high = this.ranges.length
    // Nearly always it is the last: feeds grow at their end.
    if (high > 0 && this.ranges[high - 1]!.from <= number && (high < 2 || this.ranges[high - 2]!.to < number)) {
      return this.ranges[high - 1]!.to >= number ? high - 1 : high
    }
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.ranges[middle]!.to < number) low = middle + 1
      else high = middle
    }
    return low
  }
}

function piece(from: number, to: number): Range | null {
  return from < to ? { from, to } : null
}

/** Pieces of at most `lengthMax` numbers, those with the greatest numbers first. `ranges` sorted, as `list` and `missing` are. */
export function* newestFirst(ranges: readonly Range[], lengthMax: number): Generator<Range> {
  for (let at = ranges.length - 1; at >= 0; at--) {
    const { from } = ranges[at]!
    for (let to = ranges[at]!.to; to > from; to -= lengthMax) yield { from: Math.max(from, to - lengthMax), to }
  }
}
