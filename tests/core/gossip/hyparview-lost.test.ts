import { describe, expect, test } from 'bun:test'
import { Bench, peer, peers } from './hyparview-bench.ts'

const [first, second] = [peer(1), peer(2)]

/** When `contact` was dialled, while none of its dials is answered. */
function dialsOf(bench: Bench, forMs: number, contact = first): number[] {
  const atMs: number[] = []
  for (const endMs = bench.nowMs + forMs; bench.nowMs < endMs; bench.pass(50)) {
    const dialled = bench.dialled
    bench.clear()
    for (const key of dialled) bench.machine.dialFailed(key, bench.nowMs)
    if (dialled.includes(contact.key)) atMs.push(bench.nowMs)
  }
  return atMs
}

describe('a neighbour that vanished', () => {
  test('is dialled again from one second on, ever more rarely, with jitter, up to 64 seconds', () => {
    const bench = new Bench().full().linkDown(first).asks(peer(20))
    const atMs = dialsOf(bench, 400_000)
    const pausesMs = atMs.map((each, i) => each - (atMs[i - 1] ?? 0)).slice(1)
    for (const [i, pauseMs] of pausesMs.entries()) {
      const meantMs = Math.min(2_000 * 2 ** i, 64_000)
      expect(pauseMs).toBeGreaterThanOrEqual(0.8 * meantMs - 50)
      expect(pauseMs).toBeLessThanOrEqual(1.2 * meantMs + 100)
    }
    expect(pausesMs.length).toBeGreaterThan(7)
  })

  test('is given up after an hour and some', () => {
    const bench = new Bench().full().linkDown(first).asks(peer(20))
    expect(dialsOf(bench, 6_000_000).length).toBeGreaterThan(50)
    expect(dialsOf(bench, 600_000)).toEqual([])
  })

  test('and is back by itself is not dialled any more', () => {
    const bench = new Bench().full().linkDown(first).pass(300).linkUp(first).clear()
    expect(dialsOf(bench, 9_000)).toEqual([])
  })

  test('is one of eight at most that are looked for', () => {
    const bench = new Bench().full()
    for (let i = 0; i < 30; i++) {
      bench
        .pass(1_000)
        .asks(peer(100 + i), 'high')
        .linkDown(peer(100 + i))
    }
    const looked = new Set<string>()
    for (let i = 0; i < 1_000; i++) {
      for (const key of bench.pass(100).dialled) {
        looked.add(key)
        bench.machine.dialFailed(key, bench.nowMs)
      }
      bench.clear()
      if (i === 400) looked.clear()
    }
    expect([...looked].filter((key) => Number(key.slice(5)) >= 100).length).toBeLessThanOrEqual(8)
  })

  test('and cannot be dialled is not looked for', () => {
    const hidden = { key: 'hidden', address: null }
    const bench = new Bench().full().asks(hidden, 'high').linkDown(hidden)
    expect(dialsOf(bench, 100_000, hidden)).toEqual([])
  })
})

describe('a network that was cut in two', () => {
  /** Two neighbours went together; all their places have been taken by others. */
  function cut(): Bench {
    const bench = new Bench().full().linkDown(first).linkDown(second)
    dialsOf(bench, 1_200)
    for (const contact of peers(20, 2)) bench.asks(contact)
    expect(bench.neighbours).toHaveLength(5)
    dialsOf(bench, 20_000)
    return bench
  }

  test('is one again when a neighbour of the other part answers: a full view makes room for it', () => {
    const bench = cut()
    while (!bench.dialled.includes(first.key)) {
      for (const key of bench.dialled) bench.machine.dialFailed(key, bench.nowMs)
      bench.clear().pass(100)
    }
    bench.linkUp(first)
    expect(bench.sent(first)).toEqual([{ kind: 'neighbor', priority: 'high' }])
    bench.reply(first, true)
    expect(bench.isNeighbour(first)).toBe(true)
    expect(bench.neighbours).toHaveLength(5)
    // Never at the cost of one that we chose.
    expect(bench.all('disconnect')).toMatchObject([{ message: { hasHeir: true } }])
  })

  test('a single neighbour that was away for a while needs no room made', () => {
    const bench = new Bench().full().linkDown(first)
    bench.asks(peer(20))
    dialsOf(bench, 10_000)
    while (!bench.dialled.includes(first.key)) bench.pass(100)
    bench.clear().linkUp(first)
    expect(bench.dropped).toEqual([first.key])
    expect(bench.knows(first)).toBe(true)
  })
})
