import { describe, expect, test } from 'bun:test'
import type { Clock } from '../../src/ports/clock.ts'

export interface ClockWorld {
  readonly clock: Clock
  /** Waits for a promise, letting the world's time go on. */
  settle<T>(promise: Promise<T>): Promise<T>
}

/** Every implementation of the port must pass all of this. */
export function clockCompliance(name: string, makeWorld: () => ClockWorld): void {
  describe(`${name} promises`, () => {
    test('a wall clock in whole milliseconds of this age, and a time that never goes back', async () => {
      const { clock, settle } = makeWorld()
      expect(clock.wallMs()).toBeGreaterThan(Date.UTC(2025, 0, 1))
      expect(Number.isInteger(clock.wallMs())).toBe(true)
      let last = clock.nowMs()
      for (let i = 0; i < 100; i++) {
        await settle(fired(clock, clock.nowMs()))
        expect(clock.nowMs()).toBeGreaterThanOrEqual(last)
        last = clock.nowMs()
      }
    })

    test('timers that fire once, not before their time, and never inside the call that sets them', async () => {
      const { clock, settle } = makeWorld()
      const startedMs = clock.nowMs()
      const fires: number[] = []
      const ats = [20, 3.7, 0, 11.1, 0.2, 3.7, -5].map((ms) => startedMs + ms)
      const all = ats.map(
        (atMs, i) =>
          new Promise<void>((resolve) => {
            clock.timer(atMs, () => {
              fires.push(i)
              expect(clock.nowMs()).toBeGreaterThanOrEqual(atMs)
              resolve()
            })
          }),
      )
      expect(fires).toEqual([])
      await settle(Promise.all(all))
      await settle(fired(clock, startedMs + 30))
      expect(fires.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6])
      expect(fires.at(-1)).toBe(0)
    })

    test('timers that can be cancelled: before, after and more than once', async () => {
      const { clock, settle } = makeWorld()
      const fires: string[] = []
      const cancel = clock.timer(clock.nowMs() + 5, () => fires.push('cancelled'))
      const late = clock.timer(clock.nowMs() + 5, () => fires.push('kept'))
      cancel()
      cancel()
      await settle(fired(clock, clock.nowMs() + 15))
      late()
      expect(fires).toEqual(['kept'])
    })

    test('that what is far ahead does not fire now', async () => {
      const { clock, settle } = makeWorld()
      let early = false
      const cancel = clock.timer(clock.nowMs() + 400 * 24 * 3_600_000, () => {
        early = true
      })
      await settle(fired(clock, clock.nowMs() + 10))
      expect(early).toBe(false)
      cancel()
    })

    test('that what is deferred runs after the caller, in order, and before time moves on', async () => {
      const { clock, settle } = makeWorld()
      const order: string[] = []
      const done = new Promise<void>((resolve) => {
        // Far enough ahead for a machine that is busy with other things.
        clock.timer(clock.nowMs() + 250, () => {
          order.push('timer')
          resolve()
        })
      })
      clock.defer(() => {
        order.push('first')
        clock.defer(() => order.push('from the first'))
      })
      clock.defer(() => order.push('second'))
      order.push('caller')
      await settle(done)
      expect(order).toEqual(['caller', 'first', 'second', 'from the first', 'timer'])
    })
  })
}

function fired(clock: Clock, atMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.timer(atMs, resolve)
  })
}
