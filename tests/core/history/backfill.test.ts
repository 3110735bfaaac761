import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Backfill, type Missing } from '../../../src/core/history/backfill.ts'
import { type Range, RangeSet } from '../../../src/core/history/ranges.ts'

const END = 60
/** A neighbour brings so much at a time. */
const CHUNK = 7

/** Feeds with holes, by name, and who has what of them. */
class Model {
  nowMs = 0
  readonly held = new Map<string, RangeSet>()
  readonly has = new Map<string, Map<string, RangeSet>>()
  readonly plan = new Backfill<string, string>((feed) => [this.wants(feed)])
  asks = 0

  missing(feed: string): Range[] {
    return this.held.get(feed)?.missing(1, END) ?? []
  }

  private wants(feed: string): Missing {
    return { newest: (from, to) => this.held.get(feed)?.newestMissing(Math.max(1, from), Math.min(END, to)) ?? null }
  }

  hold(feed: string, ranges: readonly Range[]): void {
    this.held.set(feed, new RangeSet(ranges))
  }

  give(link: string, feed: string, ranges: readonly Range[]): void {
    const feeds = this.has.get(link) ?? new Map<string, RangeSet>()
    this.has.set(link, feeds.set(feed, new RangeSet(ranges)))
  }

  /** Everybody tells what they have; liars tell of all. */
  offerAll(): void {
    for (const [link, feeds] of this.has) {
      for (const [feed, ranges] of feeds) {
        for (const { from, to } of link.startsWith('liar') ? [{ from: 1, to: END }] : ranges.list) {
          this.plan.offered(link, feed, from, to)
        }
      }
    }
  }

  /** One turn of one link: it is asked, and answers as far as it goes. Whether it was asked at all. */
  turn(link: string): boolean {
    const ask = this.plan.next(link, this.nowMs)
    if (ask === null) return false
    this.asks++
    const { feed, from, to } = ask
    expect(from).toBeLessThan(to)
    expect(this.held.get(feed)!.missing(from, to)).toEqual([{ from, to }])
    const [down, brought] = this.answer(link, feed, from, to)
    for (const range of brought) this.held.get(feed)!.add(range.from, range.to)
    this.plan.answered(link, down, brought.length > 0)
    return true
  }

  private answer(link: string, feed: string, from: number, to: number): [number, Range[]] {
    const has = this.has.get(link)?.get(feed) ?? new RangeSet()
    const brought: Range[] = []
    let left = CHUNK
    for (let number = to - 1; number >= from; number--) {
      if (!has.has(number)) continue
      if (left-- === 0) return [number + 1, brought]
      brought.push({ from: number, to: number + 1 })
    }
    return [from, brought]
  }

  run(): void {
    const links = [...this.has.keys()]
    for (let idle = 0; idle < links.length; ) for (const link of links) idle = this.turn(link) ? 0 : idle + 1
  }
}

const ranges = fc
  .array(fc.tuple(fc.integer({ min: 1, max: END }), fc.nat(20)), { maxLength: 5 })
  .map((list) => list.map(([from, length]) => ({ from, to: Math.min(END, from + length) })))
const holders = fc.dictionary(
  fc.constantFrom('a', 'b', 'c', 'liar d'),
  fc.dictionary(fc.constantFrom('x', 'y'), ranges),
)

describe('who is asked for what is missing', () => {
  test('whatever those present have comes, newest first of each, with nobody asked twice for the same', () => {
    fc.assert(
      fc.property(ranges, ranges, holders, (x, y, given) => {
        const model = new Model()
        model.hold('x', x)
        model.hold('y', y)
        for (const [link, feeds] of Object.entries(given)) {
          for (const [feed, list] of Object.entries(feeds)) model.give(link, feed, list)
        }
        const before = model.missing('x').length + model.missing('y').length
        model.offerAll()
        model.run()
        for (const feed of ['x', 'y']) {
          for (const feeds of model.has.values()) {
            for (const { from, to } of feeds.get(feed)?.list ?? [])
              expect(model.held.get(feed)!.covers(from, to)).toBe(true)
          }
          expect(model.plan.isHopeful(feed, model.nowMs)).toBe(false)
        }
        // Each asking brings something, or ends what one says to have of one hole.
        expect(model.asks).toBeLessThanOrEqual((2 * 2 * END) / CHUNK + 4 * (before + 20))
      }),
      { numRuns: 300 },
    )
  })

  test('a neighbour that brings nothing is asked for each hole once, until it says again that it has some', () => {
    const model = new Model()
    model.hold('x', [{ from: 20, to: 30 }])
    model.give('liar d', 'x', [])
    model.offerAll()
    model.run()
    expect(model.asks).toBe(2)
    for (let again = 0; again < 100; again++) {
      model.offerAll()
      model.run()
    }
    // And that is not believed without end.
    expect(model.asks).toBeLessThan(12)
  })

  test('feeds take turns with one neighbour, and neighbours with one feed', () => {
    const model = new Model()
    for (const feed of ['x', 'y']) {
      model.hold(feed, [])
      for (const link of ['a', 'b']) model.give(link, feed, [{ from: 1, to: END }])
    }
    model.offerAll()
    const first = model.plan.next('a', 0)!
    expect(first).toMatchObject({ feed: 'x', from: 1, to: END })
    // One thing at a time of one link, and a feed of one link at a time.
    expect(model.plan.next('a', 0)).toBeNull()
    expect(model.plan.next('b', 0)).toMatchObject({ feed: 'y' })
    model.held.get('x')!.add(50, END)
    model.plan.answered('a', 50, true)
    expect(model.plan.next('a', 0)).toMatchObject({ feed: 'x', from: 1, to: 50 })
    model.held.get('y')!.add(40, END)
    model.plan.answered('b', 40, true)
    model.held.get('x')!.add(45, 50)
    model.plan.answered('a', 45, true)
    expect(model.plan.next('b', 0)).toMatchObject({ feed: 'x', to: 45 })
    expect(model.plan.next('a', 0)).toMatchObject({ feed: 'y', to: 40 })
  })

  test('who does not answer is given up for others, asked for nothing more until it has, and then not at once', () => {
    const model = new Model()
    model.hold('x', [])
    for (const link of ['a', 'b']) model.give(link, 'x', [{ from: 1, to: END }])
    model.offerAll()
    expect(model.plan.next('a', 0)).not.toBeNull()
    expect(model.plan.next('b', 0)).toBeNull()
    model.plan.stalled('a', 0)
    expect(model.plan.isHopeful('x', 0)).toBe(true)
    expect(model.plan.next('b', 0)).toMatchObject({ feed: 'x' })
    model.plan.linkDown('b')
    expect(model.plan.isHopeful('x', 0)).toBe(false)
    expect(model.plan.next('a', 10_000)).toBeNull()
    // It comes after all.
    model.held.get('x')!.add(50, END)
    model.plan.answered('a', 50, true)
    expect(model.plan.next('a', 500)).toBeNull()
    expect(model.plan.hasDoubted(500)).toBe(true)
    expect(model.plan.next('a', 1_000)).toMatchObject({ feed: 'x', to: 50 })
    // The second time it is not asked for twice as long.
    model.plan.stalled('a', 3_000)
    model.plan.answered('a', 1, false)
    model.plan.offered('a', 'x', 1, 50)
    expect(model.plan.next('a', 4_999)).toBeNull()
    expect(model.plan.next('a', 5_000)).not.toBeNull()
  })

  test('what is not missing is not remembered, and offers in a thousand pieces are few', () => {
    const model = new Model()
    model.hold('x', [{ from: 1, to: END }])
    expect(model.plan.offered('a', 'x', 1, END)).toBe(false)
    expect(model.plan.next('a', 0)).toBeNull()
    const pieces = Array.from({ length: 1_000 }, (_, i) => ({ from: 2 * i + 1, to: 2 * i + 2 }))
    const missing = new RangeSet(pieces)
    const plan = new Backfill<string, string>(() => [{ newest: (from, to) => missing.newestIn(from, to) }])
    for (const { from, to } of pieces) plan.offered('a', 'x', from, to)
    let asked = 0
    for (let ask = plan.next('a', 0); ask !== null; ask = plan.next('a', 0)) {
      asked++
      plan.answered('a', ask.from, true)
    }
    // Those it told apart, and those that went for one piece, each as it is missing.
    expect(asked).toBe(1_000)
    expect(plan.offered('a', 'x', 1, 3_000)).toBe(true)
  })

  test('what matters more comes first', () => {
    const [first, second] = [new RangeSet([{ from: 1, to: 5 }]), new RangeSet([{ from: 8, to: 9 }])]
    const wanted = [first, second].map((set) => ({ newest: (from: number, to: number) => set.newestIn(from, to) }))
    const plan = new Backfill<string, string>(() => wanted)
    plan.offered('a', 'x', 1, 20)
    expect(plan.next('a', 0)).toMatchObject({ from: 1, to: 5 })
    plan.answered('a', 1, false)
    expect(plan.next('a', 0)).toMatchObject({ from: 8, to: 9 })
  })
})
