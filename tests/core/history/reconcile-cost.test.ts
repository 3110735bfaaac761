import { describe, expect, test } from 'bun:test'
import { measureReconcile } from '../../bench/history/reconcile.ts'
import { type Place, scenario } from '../../bench/history/scenario.ts'

// 20,000 events of 2,000 authors. The bounds are those of a room of any size: only the last depends on how many feeds there are.
describe('what two ends send each other to find out what one of them lacks', () => {
  test.each<[number, Place, number, number]>([
    [0, 'newest', 100, 1],
    [1, 'newest', 120, 1],
    [1, 'scattered', 120, 1.5],
    [100, 'newest', 4_700, 4],
    [100, 'scattered', 6_000, 4.5],
    [5_000, 'scattered', 2_000 * 30, 3],
  ])('of %i events, %s: bytes and round trips', (lacking, place, bytesMax, tripsMax) => {
    const { bytes, roundTrips } = measureReconcile(scenario(20_000, 2_000, lacking, place, 3), 4)
    expect(bytes).toBeLessThan(bytesMax)
    expect(roundTrips).toBeLessThanOrEqual(tripsMax)
  })
})
