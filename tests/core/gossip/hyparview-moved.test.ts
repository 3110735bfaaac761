import { describe, expect, test } from 'bun:test'
import type { Contact } from '../../../src/wire/membership.ts'
import { Bench, peer, peers } from './hyparview-bench.ts'

/** A peer that is where it says itself, by the local network or a tracker, and not where it was. */

const before = peer(1)
const now = peer(1, '30.0.0.1')
const later = peer(1, '30.0.0.2')

const hosts = (bench: Bench): (string | undefined)[] =>
  bench.wanted.flatMap((output) => (output.kind === 'dial' ? [output.contact.address?.host] : []))
const [old, moved, third] = [before, now, later].map(({ address }) => address?.host)

/** Nobody answers anywhere for so long; answers where was dialled. */
function inVain(bench: Bench, ms: number): (string | undefined)[] {
  const dialled: (string | undefined)[] = []
  for (const untilMs = bench.nowMs + ms; bench.nowMs < untilMs; bench.pass(100)) {
    const contacts = bench.wanted.flatMap((output) => (output.kind === 'dial' ? [output.contact] : []))
    bench.clear()
    for (const contact of contacts) {
      dialled.push(contact.address?.host)
      bench.dialFailed(contact)
    }
  }
  return dialled
}

describe('a peer that has moved', () => {
  test('is dialled at both places at once where the dial to the old one hangs', () => {
    const bench = new Bench().meet([before]).meet([now], 'lan')
    expect(hosts(bench)).toEqual([old, moved])
    bench.linkUp(now).reply(now, true)
    expect(bench.isNeighbour(now)).toBe(true)
    // The old one comes to nothing only now.
    expect(bench.clear().dialFailed(before).pass(60_000).isNeighbour(now)).toBe(true)
    expect(hosts(bench)).toEqual([])
  })

  test('is dialled where it says as soon as it does, having not been found where it was', () => {
    const bench = new Bench().meet([before]).dialFailed(before).clear()
    expect(hosts(bench.meet([now], 'lan'))).toEqual([moved])
    bench.linkUp(now).reply(now, true)
    expect(bench.isNeighbour(now)).toBe(true)
  })

  test('is looked for at both places again and again, neither of them oftener than a peer is', () => {
    const bench = new Bench().meet([before]).meet([now], 'lan')
    const dialled = inVain(bench, 120_000)
    for (const host of [old, moved]) expect(dialled.filter((each) => each === host).length).toBeWithin(5, 10)
  })

  test('once more does not have us forget what we know ourselves', () => {
    const bench = new Bench().meet([before]).meet([now], 'lan')
    inVain(bench, 5_000)
    const dialled = inVain(bench.meet([later], 'lan'), 120_000)
    expect(new Set(dialled)).toEqual(new Set([old, third]))
  })

  test('is not dialled there by one who needs nobody, and found there when it is needed', () => {
    const known: Contact[] = [before, ...peers(901, 6)]
    const bench = new Bench().choose(...peers(11, 5)).meet(known)
    expect(hosts(bench.meet([now], 'tracker'))).toEqual([])
    for (const contact of known) if (contact !== before) bench.asks(contact)
    bench.clear().linkDown(peer(11), 'left')
    const dialled = inVain(bench, 10_000)
    expect(dialled.indexOf(moved)).toBeGreaterThan(dialled.indexOf(old))
    expect(bench.knows(before)).toBe(false)
  })

  test('and is one that we had lost is found at the new place, though it was not noted', () => {
    const bench = new Bench().choose(before).linkDown(before)
    while (bench.dialled.length === 0) bench.pass(100)
    expect(hosts(bench.clear().meet([now], 'lan'))).toEqual([moved])
  })

  test('is not believed to have by the word of others', () => {
    const bench = new Bench().choose(...peers(11, 5)).meet([before, ...peers(901, 6)])
    bench.say(peer(11), { kind: 'shuffle', ttl: 1, nonce: 1, contacts: [{ key: peer(11).key, address: null }, now] })
    bench.linkDown(peer(12), 'left')
    expect(inVain(bench, 10_000)).not.toContain(moved)
  })
})
