import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { FeedLog, type HeldBundle } from '../../../src/core/history/feed-log.ts'
import { Window } from '../../../src/core/history/window.ts'
import { NO_EVENT } from '../../../src/wire/bundle.ts'
import { heapBytes } from '../../node/heap.ts'

const NOBODY = { verify: () => true }
const KEY = { author: new Uint8Array(32), room: new Uint8Array(32), epoch: new Uint8Array(8), id: new Uint8Array(32) }

function log(): FeedLog {
  return new FeedLog(KEY, NOBODY)
}

function bundle(first: number, bytes: Uint8Array): HeldBundle {
  return { first, count: 1, bytes, previous: NO_EVENT, hops: 0, from: 0, heardAtMs: 0 }
}

/** Everything held in the order it came, and the oldest thrown out while there is too much. */
class NaiveWindow {
  private held: { log: number; cost: number }[] = []

  constructor(private readonly bytesMax: number) {}

  appended(log: number, cost: number): void {
    this.held.push({ log, cost })
    while (this.held.reduce((sum, one) => sum + one.cost, 0) > this.bytesMax) this.held.shift()
  }

  forget(log: number): void {
    this.held = this.held.filter((one) => one.log !== log)
  }

  /** The oldest of a log has become longer. */
  grow(log: number, by: number): void {
    this.held.find((one) => one.log === log)!.cost += by
  }

  count(log: number): number {
    return this.held.filter((one) => one.log === log).length
  }
}

describe('the window over all logs', () => {
  const acts = fc.array(
    fc.oneof(
      {
        weight: 20,
        arbitrary: fc.record({ kind: fc.constant('append' as const), log: fc.nat(5), length: fc.nat(900) }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget' as const), log: fc.nat(5), length: fc.nat(0) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('empty' as const), log: fc.nat(5), length: fc.nat(0) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('grow' as const), log: fc.nat(5), length: fc.nat(900) }) },
    ),
    { maxLength: 200, size: 'max' },
  )

  test('holds what a plain list would: the newest of all feeds together, within the bound', () => {
    fc.assert(
      fc.property(acts, fc.integer({ min: 2_000, max: 20_000 }), (list, bytesMax) => {
        const window = new Window(bytesMax)
        const naive = new NaiveWindow(bytesMax)
        const logs = Array.from({ length: 6 }, log)
        for (const act of list) {
          const one = logs[act.log]!
          if (act.kind === 'forget') {
            window.forget(one)
            naive.forget(act.log)
            // A forgotten log is never appended to again: the next of its number is another.
            logs[act.log] = log()
            expect(one.start).toBe(one.end)
          } else if (act.kind === 'empty') {
            // Unlike a forgotten one it goes on.
            window.empty(one)
            naive.forget(act.log)
          } else if (act.kind === 'grow') {
            if (one.start === one.end) continue
            window.grew(one.replace(one.start, new Uint8Array(one.at(one.start).bytes.length + act.length)))
            naive.grow(act.log, act.length)
          } else {
            const cost = one.append(bundle(one.next, new Uint8Array(act.length)), NO_EVENT)
            window.appended(one, cost)
            naive.appended(act.log, cost)
          }
          for (const [at, each] of logs.entries()) expect(each.end - each.start).toBe(naive.count(at))
        }
      }),
      { numRuns: 60 },
    )
  })

  test('a bundle larger than the window is not held, and leaves room for the next', () => {
    const window = new Window(1_000)
    const large = log()
    window.appended(large, large.append(bundle(1, new Uint8Array(2_000)), NO_EVENT))
    expect(large.start).toBe(large.end)
    const small = log()
    window.appended(small, small.append(bundle(1, new Uint8Array(10)), NO_EVENT))
    expect(small.end - small.start).toBe(1)
  })

  test('bundles of a hundred bytes fill no more memory than large ones do', () => {
    const bytesMax = 4 * 1024 * 1024
    const window = new Window(bytesMax)
    const one = log()
    const before = heapBytes()
    for (let i = 0; i < 60_000; i++) window.appended(one, one.append(bundle(one.next, new Uint8Array(100)), NO_EVENT))
    const grown = heapBytes() - before
    expect(one.end - one.start).toBeGreaterThan(5_000)
    expect(grown).toBeLessThan(1.5 * bytesMax)
  })

  test('logs that are filled and forgotten for ever leave nothing behind', () => {
    const window = new Window(1024 * 1024)
    const turn = (times: number) => {
      for (let i = 0; i < times; i++) {
        const one = log()
        window.appended(one, one.append(bundle(1, new Uint8Array(10)), NO_EVENT))
        window.forget(one)
      }
    }
    turn(20_000)
    const before = heapBytes()
    turn(100_000)
    expect(heapBytes() - before).toBeLessThan(4 * 1024 * 1024)
  })
})
