import { beforeEach, describe, expect, test } from 'bun:test'
import { REFUSALS_EVERY_MS, Refusals } from '../../../src/app/dialects/refusals.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import { VirtualTime } from '../../sim/time.ts'

const caller = (port: number) => ({ host: '192.0.2.1', port })
const OFF = 'speaks line, which is not let in here'

describe('who was turned away', () => {
  let time: VirtualTime
  let log: string[]
  let refusals: Refusals

  beforeEach(() => {
    time = new VirtualTime()
    log = []
    const clock: Clock = {
      wallMs: () => 0,
      nowMs: () => time.nowMs,
      timer(atMs, fire) {
        const timer = time.at(atMs, fire)
        return () => time.cancel(timer)
      },
      defer: (run) => run(),
    }
    refusals = new Refusals(clock, (code, message) => log.push(`${code}: ${message}`))
  })

  test('is told at once, and then once a minute with how many more there were, as long as they come', () => {
    for (let i = 0; i < 1_000; i++) refusals.tell('dialect-off', caller(i), OFF)
    expect(log).toEqual([`dialect-off: 192.0.2.1:0 ${OFF}; the connection was closed.`])
    time.pass(REFUSALS_EVERY_MS)
    expect(log.slice(1)).toEqual([
      `dialect-off: 999 more within a minute, 192.0.2.1:999 the last: each ${OFF}; the connections were closed.`,
    ])
    refusals.tell('dialect-off', caller(1_000), OFF)
    time.pass(REFUSALS_EVERY_MS - 1)
    expect(log).toHaveLength(2)
    time.pass(1)
    expect(log[2]).toStartWith('dialect-off: 1 more within a minute')
    time.pass(REFUSALS_EVERY_MS)
    refusals.tell('dialect-off', caller(7), OFF)
    expect(log.slice(3)).toEqual([`dialect-off: 192.0.2.1:7 ${OFF}; the connection was closed.`])
  })

  test('of one kind does not hide another', () => {
    refusals.tell('dialect-off', caller(1), OFF)
    refusals.tell('silent', caller(2), 'said nothing in time')
    refusals.tell('dialect-off', caller(3), 'speaks mesh, which is not let in here')
    expect(log).toHaveLength(3)
  })
})
