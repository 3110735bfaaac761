import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Timer, TimerQueue } from '../../src/base/timers.ts'

/** What a queue of timers is, without a heap. */
class NaiveTimers {
  private waiting: { id: number; atMs: number }[] = []

  set(id: number, atMs: number): void {
    this.waiting.push({ id, atMs })
  }

  cancel(id: number): void {
    this.waiting = this.waiting.filter((timer) => timer.id !== id)
  }

  nextAtMs(): number | null {
    return this.waiting.length === 0 ? null : Math.min(...this.waiting.map((timer) => timer.atMs))
  }

  takeDue(nowMs: number): number | null {
    const first = this.waiting.find((timer) => timer.atMs === this.nextAtMs())
    if (first === undefined || first.atMs > nowMs) return null
    this.cancel(first.id)
    return first.id
  }
}

const commands = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('set' as const), value: fc.nat(50) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('cancel' as const), value: fc.nat(400) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('take' as const), value: fc.nat(50) }) },
  ),
  { maxLength: 400, size: 'max' },
)

describe('a queue of timers', () => {
  test('does whatever a plain list would, through any setting, cancelling and taking', () => {
    fc.assert(
      fc.property(commands, (list) => {
        const queue = new TimerQueue<number>()
        const naive = new NaiveTimers()
        const timers: Timer<number>[] = []
        for (const { kind, value } of list) {
          if (kind === 'set') {
            naive.set(timers.length, value)
            timers.push(queue.set(value, timers.length))
          } else if (kind === 'cancel') {
            // Some have fired, some have been cancelled before: both must do nothing.
            const id = value % Math.max(1, timers.length)
            if (timers[id] !== undefined) queue.cancel(timers[id])
            naive.cancel(id)
          } else expect(queue.takeDue(value)).toBe(naive.takeDue(value))
          expect(queue.nextAtMs()).toBe(naive.nextAtMs())
        }
        for (let rest = naive.takeDue(50); rest !== null; rest = naive.takeDue(50)) expect(queue.takeDue(50)).toBe(rest)
        expect(queue.takeDue(50)).toBeNull()
      }),
      { numRuns: 150 },
    )
  })

  test('takes timers of one moment in the order they were set', () => {
    const queue = new TimerQueue<number>()
    for (let i = 0; i < 100; i++) queue.set(7, i)
    expect(Array.from({ length: 100 }, () => queue.takeDue(7))).toEqual(Array.from({ length: 100 }, (_, i) => i))
  })

  test('takes nothing before its time', () => {
    const queue = new TimerQueue<string>()
    queue.set(10, 'x')
    expect(queue.takeDue(9.999)).toBeNull()
    expect(queue.takeDue(10)).toBe('x')
  })

  test('a million timers set and cancelled at once leave nothing to wait for, and take no time to speak of', () => {
    const queue = new TimerQueue<number>()
    const kept = queue.set(5_000_000, -1)
    for (let i = 0; i < 1_000_000; i++) queue.cancel(queue.set(i, i))
    expect(queue.nextAtMs()).toBe(kept.atMs)
    expect(queue.takeDue(5_000_000)).toBe(-1)
    expect(queue.nextAtMs()).toBeNull()
  })
})
