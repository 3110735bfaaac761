import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Reception } from '../../../src/core/voice/reception.ts'

const none = { late: 0, concealedTicks: 0, delayMs: 0 }

/** Numbers arrive, each 20 ms after the one before but for `late`. */
function receive(numbers: readonly number[], late: (number: number) => number = () => 0): Reception {
  const reception = new Reception()
  for (const number of numbers) reception.received(number, number * 20 + late(number), number * 20)
  return reception
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

describe('a report', () => {
  test('tells of each number that was lost, once, and of losses in a row', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 50, maxLength: 400 }), (came) => {
        // The first and the last so many come, so that all between are known to have been sent.
        const numbers = upTo(came.length + 40).filter((n) => n === 0 || n > came.length || came[n - 1] === true)
        const report = receive(numbers).report(none)
        const lost = came.filter((there) => !there).length
        const bursts = came.filter((there, i) => !there && came[i - 1] !== false).length
        expect(report).toMatchObject({ expected: came.length + 24, lost, bursts, late: 0 })
      }),
    )
  })

  test('does not count as lost what was overtaken by a few', () => {
    const numbers = upTo(200).toSorted((a, b) => a + ((a * 7) % 9) - (b + ((b * 7) % 9)))
    expect(receive(numbers).report(none)?.lost).toBe(0)
  })

  test('tells of the time since the last, and not at all where nothing came', () => {
    const reception = receive(upTo(100))
    expect(reception.report({ late: 5, concealedTicks: 9, delayMs: 40 })).toMatchObject({
      late: 5,
      concealedTicks: 9,
      delayMs: 40,
    })
    expect(reception.report(none)).toBeNull()
    for (const n of upTo(50)) reception.received(100 + n, 2_000 + n * 20, 2_000 + n * 20)
    expect(reception.report({ late: 6, concealedTicks: 9, delayMs: 41 })).toMatchObject({
      expected: 50,
      late: 1,
      concealedTicks: 0,
    })
  })

  test('tells of a queue that fills, and how uneven the packets come', () => {
    expect(receive(upTo(100), (n) => (n < 50 ? 0 : 80)).report(none)?.queueMs).toBe(0)
    const reception = receive(upTo(100))
    reception.report(none)
    for (const n of upTo(50)) reception.received(100 + n, 2_000 + n * 20 + 80, 2_000 + n * 20)
    const report = reception.report(none)
    expect(report?.queueMs).toBe(80)
    expect(report?.jitterMs).toBeLessThan(5)
    expect(receive(upTo(400), (n) => (n % 2) * 20).report(none)?.jitterMs).toBeCloseTo(20, 0)
  })

  test('is bounded whatever the numbers, and a jump of the sender’s is no loss', () => {
    const reception = new Reception()
    for (const number of [0, 1, 2 ** 31, 2 ** 31 + 1, 5, 2 ** 32 - 1, 0]) reception.received(number, 0, 0)
    expect(reception.report(none)?.lost ?? 0).toBeLessThanOrEqual(1_024)
    fc.assert(
      fc.property(fc.array(fc.nat(2 ** 32 - 1), { maxLength: 50 }), (numbers) => {
        const { expected, lost, bursts } = receive(numbers).report(none) ?? { expected: 0, lost: 0, bursts: 0 }
        expect(lost <= expected && bursts <= lost).toBe(true)
      }),
    )
  })
})
