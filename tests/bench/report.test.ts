import { describe, expect, test } from 'bun:test'
import { against, atMost, figure, spread, table } from './report.ts'
import { quantile, summarise } from './statistics.ts'

const of = (...values: number[]) => summarise(values)

describe('figures of the bench', () => {
  test('the median of an odd number of values is one of them, of an even number the mean of the middle two', () => {
    expect(of(9, 1, 5)).toEqual({ median: 5, min: 1, max: 9, count: 3 })
    expect(of(4, 1, 3, 2)?.median).toBe(2.5)
    expect(of()).toBeNull()
    expect(of(Number.NaN, 7)).toEqual({ median: 7, min: 7, max: 7, count: 1 })
  })

  test('the 99th percentile of a hundred values leaves one above it', () => {
    const values = Array.from({ length: 100 }, (_, i) => i + 1)
    expect(quantile(values, 0.99)).toBe(99)
    expect(quantile(values, 0.5)).toBe(50)
    expect(quantile([3], 0.99)).toBe(3)
    expect(quantile([], 0.5)).toBeNaN()
  })

  test('are written with as many digits as are worth reading, the range beside the median', () => {
    expect([341_565, 52.34, 1.0239, 0.25, 0].map(figure)).toEqual(['341,565', '52.3', '1.02', '0.250', '0'])
    expect(spread(of(1, 2, 3))).toBe('2.00 (1.00..3.00)')
    expect(spread(of(2))).toBe('2.00')
    expect(spread(null)).toBe('not measured')
  })

  test('stand in columns as wide as the widest', () => {
    const rows = table([
      ['', 'ours'],
      ['full speed', '1'],
    ]).split('\n')
    expect(rows).toEqual(['               ours', '  full speed      1'])
  })

  test('meet a goal at its very edge, miss it beyond, and are not judged where one is missing', () => {
    expect(against('twice', of(200), of(100), 2, true).met).toBe(true)
    expect(against('twice', of(199), of(100), 2, true).met).toBe(false)
    expect(against('half as slow', of(151), of(100), 1.5, false).met).toBe(false)
    expect(against('twice', of(200), null, 2, true).met).toBeNull()
    expect(atMost('small', of(90), 90, 'MB').met).toBe(true)
    expect(atMost('small', of(90.1), 90, 'MB').met).toBe(false)
    expect(atMost('small', null, 90, 'MB').met).toBeNull()
  })
})
