import { describe, expect, test } from 'bun:test'
import { LEAVES_LINKED_MAX, LEAVES_MAX } from '../../../src/core/gossip/hyparview-parameters.ts'
import type { Contact } from '../../../src/wire/membership.ts'
import { Bench, keys, peer, peers } from './hyparview-bench.ts'

const hidden = (n: number): Contact => ({ key: `hidden ${n}`, address: null })

/** Five neighbours that dialled us and of whom nobody knows whether they can be dialled, peers 11 to 15. */
function fullOfCallers(): Bench {
  const bench = new Bench().meet(peers(901, 6))
  for (const caller of peers(11, 5)) bench.accept(caller).say(caller, { kind: 'neighbor', priority: 'high' })
  expect(bench.neighbours).toEqual(keys(peers(11, 5)))
  return bench.clear()
}

const calls = (bench: Bench, caller: Contact, priority: 'low' | 'high' = 'high'): Bench =>
  bench.accept(caller).say(caller, { kind: 'neighbor', priority })

describe('a neighbour that cannot be dialled', () => {
  test('displaces nobody and is displaced by nobody, however many come', () => {
    const bench = new Bench().full()
    for (let n = 0; n < 20; n++) calls(bench, hidden(n))
    for (const contact of peers(101, 20)) bench.asks(contact, 'high')
    expect(bench.neighbours.filter((key) => key.startsWith('hidden'))).toHaveLength(20)
    expect(bench.neighbours).toHaveLength(25)
  })

  test('has one of sixty-four places if it has no other, of half as many if it has', () => {
    const linked = new Bench().full()
    const alone = new Bench().full()
    for (let n = 0; n < 100; n++) {
      calls(linked, hidden(n), 'low')
      calls(alone, hidden(n), 'high')
    }
    expect(linked.neighbours).toHaveLength(5 + LEAVES_LINKED_MAX)
    expect(alone.neighbours).toHaveLength(5 + LEAVES_MAX)
  })

  test('leaves its place among the five to one that can, and is not told of to others', () => {
    const bench = calls(fullOfCallers(), peer(16))
    for (const caller of peers(11, 6)) bench.probed(caller, false)
    expect(bench.neighbours).toEqual(keys(peers(11, 6)))
    expect(bench.linkUp(peer(901)).reply(peer(901), true).isNeighbour(peer(901))).toBe(true)
    calls(bench.clear(), peer(17), 'low').joins(peer(18))
    expect(bench.dropped).toEqual([])
    const told = bench.all('neighbor-reply').flatMap(({ message }) => message.contacts.map(({ key }) => key))
    expect(told.filter((key) => keys(peers(11, 6)).includes(key))).toEqual([])
    expect(bench.machine.worthKeeping.filter(({ key }) => keys(peers(11, 6)).includes(key))).toEqual([])
  })

  test('is one at once when it comes again', () => {
    const bench = calls(fullOfCallers(), peer(16)).probed(peer(16), false).linkDown(peer(16)).clear()
    calls(bench, peer(16))
    expect(bench.isNeighbour(peer(16))).toBe(true)
    expect(bench.probes).toEqual([])
  })
})

describe('whether a caller can be dialled', () => {
  test('is seen when it wants a place that is not free, and all those who have one are tried with it', () => {
    const bench = calls(fullOfCallers(), peer(16))
    expect([...bench.probes].sort()).toEqual(keys(peers(11, 6)))
    expect(bench.neighbours).toEqual(keys(peers(11, 6)))
  })

  test('decides: one that can takes the place of another that can', () => {
    const bench = calls(fullOfCallers(), peer(16))
    for (const caller of peers(12, 5)) bench.probed(caller, true)
    expect(bench.neighbours).toHaveLength(6)
    bench.probed(peer(11), true)
    expect(bench.neighbours).toHaveLength(5)
    expect(bench.isNeighbour(peer(16))).toBe(true)
  })

  test('decides: it has the place of one that cannot, which is a leaf now', () => {
    const bench = calls(fullOfCallers(), peer(16)).probed(peer(16), true).probed(peer(13), false)
    expect(bench.neighbours).toEqual(keys(peers(11, 6)))
    expect(bench.dropped).toEqual([])
  })

  test('is tried for eight at once and then one a second; more have to come again', () => {
    const bench = fullOfCallers()
    for (const caller of peers(101, 20)) calls(bench, caller)
    expect(bench.probes).toHaveLength(8)
    calls(bench.clear().pass(1_000), peer(200))
    expect(bench.probes).toHaveLength(1)
  })

  test('is seen in time of every neighbour where all places are taken, once', () => {
    expect([...fullOfCallers().pass(60_000).probes].sort()).toEqual(keys(peers(11, 5)))
  })

  test('is known of whom we dialled, also by another connection than the first', () => {
    expect(new Bench().full().pass(60_000).probes).toEqual([])
    const bench = fullOfCallers()
    bench.machine.linkReplaced(peer(11).key, bench.nowMs, 'dialled')
    expect([...bench.pass(60_000).probes].sort()).toEqual(keys(peers(12, 4)))
  })
})
