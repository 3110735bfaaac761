import { describe, expect, test } from 'bun:test'
import type { StatReport } from './gossip/kit.ts'
import { type Counters, killFigures, machineShares, phaseFigures } from './gossip/phase.ts'

const counters = (over: Partial<Counters> = {}): Counters => ({
  nodesCpuMs: 0,
  ownCpuMs: 0,
  wireBytes: 0,
  totalMs: 0,
  idleMs: 0,
  stolenMs: 0,
  ...over,
})

const stat = (latenciesMs: readonly number[], over: Partial<StatReport> = {}): StatReport => ({
  ev: 'stat',
  delivered: latenciesMs.filter((ms) => ms >= 0).length,
  copies: 0,
  lastAtMs: 0,
  latenciesMs,
  ...over,
})

describe('figures of a phase', () => {
  const published = { ev: 'published', count: 100, startedAtMs: 1_000 } as const
  const publisher = stat([], { copies: 20 })

  test('the speed is that of the node that was last to have everything', () => {
    const stats = [
      publisher,
      stat([], { delivered: 100, lastAtMs: 1_500 }),
      stat([], { delivered: 100, lastAtMs: 3_000 }),
    ]
    const figures = phaseFigures(256, published, stats, counters(), counters())
    expect(figures.messagesPerS).toBe(50)
    expect(figures.deliveredShare).toBe(1)
    expect(figures.p99Ms).toBeNull()
  })

  test('bytes and processor time are counted for each delivery, copies for each as well', () => {
    const stats = [publisher, stat([], { delivered: 100, copies: 150 }), stat([], { delivered: 100, copies: 130 })]
    const after = counters({ wireBytes: 64_000, nodesCpuMs: 40 })
    const figures = phaseFigures(256, published, stats, counters({ wireBytes: 12_800 }), after)
    expect(figures.wireBytesPerPayloadByte).toBe(1)
    expect(figures.cpuUsPerDelivery).toBe(200)
    expect(figures.copiesPerDelivery).toBe(1.5)
  })

  test('what did not arrive counts against the share, and not as a latency', () => {
    const stats = [publisher, stat([1, -1, 3, 2]), stat([5, 6, -1, -1])]
    const figures = phaseFigures(256, { ...published, count: 4 }, stats, counters(), counters())
    expect(figures.deliveredShare).toBe(5 / 8)
    expect([figures.p50Ms, figures.p99Ms]).toEqual([3, 6])
  })

  test('a phase in which nothing arrived has no speed', () => {
    const figures = phaseFigures(256, published, [publisher, stat([-1])], counters(), counters({ wireBytes: null }))
    expect(figures.messagesPerS).toBe(0)
    expect(figures.deliveredShare).toBe(0)
    expect(figures.wireBytesPerPayloadByte).toBeNull()
  })
})

describe('figures of the kill test', () => {
  // Ten messages at four a second, killed before the fifth: the first two had half a second.
  test('tells what is missing, and the worst before the kill from the worst of all', () => {
    const survivors = [stat([1, 2, 3, 40, 150, 5, 1, 1, 1, 1]), stat([1, 7, 1, 1, 1, 1, -1, -1, 1, 101])]
    const figures = killFigures(4, 10, 4, 4, survivors)
    expect(figures).toEqual({
      ...{ killed: 4, expected: 20, missed: 2 },
      ...{ p99Ms: 150, worstMs: 150, worstBeforeMs: 7, over100Ms: 2 },
    })
  })

  test('counts all as missed where nothing came', () => {
    const figures = killFigures(1, 3, 1, 4, [stat([-1, -1, -1])])
    expect(figures.missed).toBe(3)
    expect(figures.worstMs).toBeNaN()
  })
})

describe('shares of the machine', () => {
  test('others are those who were busy and neither node nor harness', () => {
    const after = counters({ totalMs: 2_000, idleMs: 500, nodesCpuMs: 900, ownCpuMs: 100, stolenMs: 20 })
    expect(machineShares(counters(), after)).toEqual({ otherPercent: 25, stolenPercent: 1 })
  })

  test('are never less than nothing, although processor time is counted in steps', () => {
    expect(machineShares(counters(), counters({ totalMs: 100, idleMs: 60, nodesCpuMs: 50 })).otherPercent).toBe(0)
  })

  test('are not known where the kernel does not tell', () => {
    const shares = machineShares(counters({ totalMs: null }), counters({ totalMs: 100 }))
    expect(shares.otherPercent).toBeNull()
  })
})
