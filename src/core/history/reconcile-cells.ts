import { CELLS_MAX, WORDS_PER_CELL } from '../../wire/reconcile-frames.ts'
import { factor, inverse, times } from './reconcile-field.ts'
import { scramble } from './reconcile-hash.ts'
import { isReference, joinReference, type ReconcileFeed, type ReconcileItems, type Span } from './reconcile-items.ts'

/**
 * A set as an endless row of cells, of which any beginning about 1.4 times as long as the difference to another set lets that difference
 * be worked out: rateless invertible Bloom lookup tables (Yang, Gilad, Alizadeh: "Practical Rateless Set Reconciliation", SIGCOMM
 * 2024), from which the choice of cells is taken. Its cells are sums of items; there, a feed held differently is two items, one of each
 * side. Here a feed is a coordinate (its reference) and a value (its word), and a cell is the sums of words and of words times
 * references in GF(2^32). What two such rows differ in is the row of the differences of words: one item for each feed
 * that differs, and beside the reference it tells how far the other side is.
 */
export class CellRow<F extends ReconcileFeed> {
  /** The next cell of each item, and the state of its choice. */
  private readonly nexts: Uint32Array
  private readonly states: Int32Array

  constructor(private readonly items: ReconcileItems<F>) {
    const count = items.feeds.length
    this.nexts = new Uint32Array(count)
    this.states = new Int32Array(count)
    for (let i = 0; i < count; i++) this.states[i] = firstState(items.low[i]!, items.high[i]!)
  }

  /** XORs a span's items into the cells up to `count` that they have not been put in yet. `cells` holds three words of each. */
  write({ start, end }: Span, cells: Uint32Array, count: number): void {
    const { nexts, states } = this
    const { words, lowProducts, highProducts } = this.items
    for (let item = start; item < end; item++) {
      let at = nexts[item]!
      if (at >= count) continue
      let state = states[item]!
      const word = words[item]!
      const low = lowProducts[item]!
      const high = highProducts[item]!
      while (at < count) {
        const cell = at * WORDS_PER_CELL
        cells[cell]! ^= word
        cells[cell + 1]! ^= low
        cells[cell + 2]! ^= high
        state = nextState(state)
        at = nextCell(at, state)
      }
      nexts[item] = at
      states[item] = state
    }
  }
}

function firstState(low: number, high: number): number {
  return scramble(low ^ Math.imul(high, 0x9e3779b1))
}

function nextState(state: number): number {
  return scramble((state + 0x6d2b79f5) | 0)
}

/** An item is in cell i with probability 1 / (1 + i/2) (paper, section 4): the distance to its next cell, from a uniform `state`. */
function nextCell(at: number, state: number): number {
  const distance = Math.ceil((at + 1.5) * (2 ** 16 / Math.sqrt((state >>> 0) + 1) - 1))
  // Beyond the last cell there ever is, it does not matter where.
  return distance > CELLS_MAX ? CELLS_MAX : at + (distance > 0 ? distance : 1)
}

/** What the other side's word differs in from ours, of a feed known by its reference. */
export interface Difference {
  readonly reference: number
  /** XOR of both words: the other side's, where the feed is not known here. */
  readonly words: number
}

/**
 * Works a difference out of cells, by peeling: a cell with a single feed in it tells that feed, which is then taken out of its other
 * cells. What comes from a peer may be anything: each feed is taken out once, and no more feeds than there are cells.
 */
export class Peeler {
  /** What has been found; all of it once `isDone`. */
  readonly found: Difference[] = []
  count = 0
  /** The cells contradict themselves: no more of them will help. */
  isBroken = false
  private cells = new Uint32Array(0)
  private readonly known = new Set<number>()
  /** Of what was found: what is to be taken out of cells that come later. */
  private readonly lows: number[] = []
  private readonly highs: number[] = []
  private readonly nexts: number[] = []
  private readonly states: number[] = []
  /** Cells that may hold a single feed, and a mark for each of them. */
  private readonly waiting: number[] = []
  private isWaiting = new Uint8Array(0)

  /** True when nothing is left in the cells. */
  get isDone(): boolean {
    return !this.isBroken && this.cells.every((word) => word === 0)
  }

  /** Takes in the cells that follow those it has, the sums of both sides'; they are its own from here on. */
  add(cells: Uint32Array): void {
    const joined = new Uint32Array(this.cells.length + cells.length)
    joined.set(this.cells)
    joined.set(cells, this.cells.length)
    this.cells = joined
    const before = this.count
    this.count = joined.length / WORDS_PER_CELL
    this.isWaiting = new Uint8Array(this.count)
    for (const found of this.found.keys()) this.takeOut(found)
    for (let at = before; at < this.count; at++) this.tryLater(at)
    this.peel()
  }

  private peel(): void {
    while (this.waiting.length > 0 && !this.isBroken) {
      const at = this.waiting.pop()!
      this.isWaiting[at] = 0
      const cell = at * WORDS_PER_CELL
      const words = this.cells[cell]!
      if (words === 0) continue
      factor(inverse(words))
      const low = times(this.cells[cell + 1]!)
      const high = times(this.cells[cell + 2]!)
      if (isReference(low, high) && isIn(at, low, high)) this.take(low, high, words)
    }
  }

  /** The last first: those are the sparse ones. */
  private tryLater(at: number): void {
    if (this.isWaiting[at] === 1) return
    this.isWaiting[at] = 1
    this.waiting.push(at)
  }

  private take(low: number, high: number, words: number): void {
    const reference = joinReference(low, high)
    this.isBroken = this.known.has(reference) || this.found.length >= this.count
    if (this.isBroken) return
    this.known.add(reference)
    this.found.push({ reference, words })
    this.lows.push(low)
    this.highs.push(high)
    this.nexts.push(0)
    this.states.push(firstState(low, high))
    this.takeOut(this.found.length - 1)
  }

  /** Takes what was found out of all cells it has not been taken out of. */
  private takeOut(found: number): void {
    const { words } = this.found[found]!
    factor(words)
    const low = times(this.lows[found]!)
    const high = times(this.highs[found]!)
    let state = this.states[found]!
    let at = this.nexts[found]!
    while (at < this.count) {
      const cell = at * WORDS_PER_CELL
      this.cells[cell]! ^= words
      this.cells[cell + 1]! ^= low
      this.cells[cell + 2]! ^= high
      this.tryLater(at)
      state = nextState(state)
      at = nextCell(at, state)
    }
    this.states[found] = state
    this.nexts[found] = at
  }
}

function isIn(cell: number, low: number, high: number): boolean {
  let state = firstState(low, high)
  let at = 0
  while (at < cell) {
    state = nextState(state)
    at = nextCell(at, state)
  }
  return at === cell
}
