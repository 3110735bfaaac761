import { describe, expect, test } from 'bun:test'
import {
  HALF_OPEN_MAX,
  HALF_OPEN_PATIENCE_MS,
  HALF_OPEN_PER_BLOCK_MAX,
  HALF_OPEN_PER_HOST_MAX,
} from '../../src/node/inbound.ts'
import { HANDSHAKE_MS_MAX } from '../../src/node/links.ts'
import { Bench, identityOf } from './bench.ts'
import { Caller, inBlock, spread } from './caller.ts'
import { openPeer, Peer } from './peer.ts'

/** As many callers from one host as may be half open, none of which can be made to leave yet. */
function crowd(bench: Bench, host: string, count = HALF_OPEN_PER_HOST_MAX): Caller[] {
  return Array.from({ length: count }, () => new Caller(bench, host).speak())
}

/** How many there is room for from a host, found out with callers that nobody has a reason to make leave. */
function roomFor(bench: Bench, host: string): number {
  let count = 0
  while (new Caller(bench, host).speak().isIn) count++
  return count
}

describe('connections that have not proved who they are', () => {
  test('are 8 from one address, and others are still let in', () => {
    const bench = new Bench()
    expect(roomFor(bench, spread(1))).toBe(HALF_OPEN_PER_HOST_MAX)
    expect(new Caller(bench, spread(2)).isIn).toBe(true)
  })

  test('are 16 from one block of the global network, of IPv4 and of IPv6', () => {
    for (const host of [inBlock, (at: number) => `2001:db8:7:${at}::${at + 1}`]) {
      const bench = new Bench()
      const callers = Array.from({ length: 40 }, (_, at) => new Caller(bench, host(at)).speak())
      expect(callers.filter(({ isIn }) => isIn).length).toBe(HALF_OPEN_PER_BLOCK_MAX)
      expect(new Caller(bench, spread(1)).isIn).toBe(true)
    }
  })

  test.each(['10.1.2', '192.168.7', '169.254.1', '127.0.0'])(
    'have no share of a block where that is no one’s: %s',
    (net) => {
      const bench = new Bench()
      const callers = Array.from({ length: 40 }, (_, at) => new Caller(bench, `${net}.${at + 1}`).speak())
      expect(callers.every(({ isIn }) => isIn)).toBe(true)
    },
  )

  test('are 64 in all', () => {
    const bench = new Bench()
    const callers = Array.from({ length: 100 }, (_, at) => new Caller(bench, spread(at)).speak())
    expect(callers.filter(({ isIn }) => isIn).length).toBe(HALF_OPEN_MAX)
  })

  test('and say nothing give way, the oldest of those from where most come first', () => {
    const bench = new Bench()
    const honest = Array.from({ length: HALF_OPEN_MAX - 10 }, (_, at) => new Caller(bench, spread(at)))
    bench.pass(10)
    const crowded = Array.from({ length: 10 }, (_, at) => new Caller(bench, inBlock(at)))
    for (let at = 0; at < 9; at++) {
      expect(new Caller(bench, spread(100 + at)).isIn).toBe(true)
      expect(crowded[at]!.ended).toBe('abort')
      expect(crowded[at + 1]!.isIn).toBe(true)
    }
    expect(honest.every(({ isIn }) => isIn)).toBe(true)
    // Now nobody is more than others: the oldest of all goes.
    expect(new Caller(bench, spread(200)).isIn).toBe(true)
    expect(honest.findIndex(({ isIn }) => !isIn)).toBe(0)
  })

  test('from one host push out one of their own, nobody else', () => {
    const bench = new Bench()
    const other = new Caller(bench, spread(2))
    const own = Array.from({ length: HALF_OPEN_PER_HOST_MAX }, () => new Caller(bench, spread(1)))
    for (let at = 0; at < 200; at++) expect(new Caller(bench, spread(1)).isIn).toBe(true)
    expect(own.some(({ isIn }) => isIn)).toBe(false)
    expect(other.isIn).toBe(true)
  })

  test('and have begun to speak are given three seconds before they give way', () => {
    const bench = new Bench()
    const slow = Array.from({ length: HALF_OPEN_MAX }, (_, at) => new Caller(bench, spread(at)).speak())
    bench.pass(HALF_OPEN_PATIENCE_MS - 1)
    expect(new Caller(bench, spread(100)).isIn).toBe(false)
    bench.pass(1)
    expect(new Caller(bench, spread(100)).isIn).toBe(true)
    expect(slow.filter(({ isIn }) => !isIn)).toEqual([slow[0]!])
  })

  test('and come without end, from everywhere, keep no honest caller out', () => {
    const bench = new Bench()
    for (let at = 0; at < 100; at++) {
      for (let more = 0; more < 20; more++) new Caller(bench, spread(at * 20 + more))
      expect(openPeer(bench, { seed: 300 + at, host: inBlock(at % 20) }).up).toBe(true)
      bench.vanish(bench.node.peers()[0]!.id)
    }
  })

  test.each([
    ['breaks off', (caller: Caller) => caller.bench.vanish(caller.link!)],
    ['is not hearsay', (caller: Caller) => caller.send(Uint8Array.of(0x47))],
    ['is of another version', (caller: Caller) => caller.send(Uint8Array.of(0xd7, 0x48, 0x53, 0x59, 9))],
  ])('make room for another at once when one %s', (_, end) => {
    const bench = new Bench()
    crowd(bench, spread(1), HALF_OPEN_PER_HOST_MAX - 1)
    for (let at = 0; at < 20; at++) end(new Caller(bench, spread(1)))
    expect(bench.node.settling).toBe(HALF_OPEN_PER_HOST_MAX - 1)
    expect(roomFor(bench, spread(1))).toBe(1)
  })

  test('make room when their ten seconds are over', () => {
    const bench = new Bench()
    for (let at = 0; at < 8; at++) crowd(bench, spread(at))
    bench.pass(HANDSHAKE_MS_MAX)
    expect(bench.node.settling).toBe(0)
    for (let at = 0; at < 8; at++) expect(roomFor(bench, spread(at))).toBe(HALF_OPEN_PER_HOST_MAX)
  })

  test('count no longer once they have said hello, and are given back exactly once', () => {
    const bench = new Bench()
    const peers = Array.from({ length: 20 }, (_, i) => openPeer(bench, { seed: 300 + i, host: spread(1) }))
    expect(peers.every((peer) => peer.up)).toBe(true)
    expect(roomFor(bench, spread(1))).toBe(HALF_OPEN_PER_HOST_MAX)
    // The links that were up end: that gives back nothing that was given back before.
    for (const peer of peers) bench.vanish(peer.link!)
    expect(roomFor(bench, spread(1))).toBe(0)
  })

  test('count until hello, not only until the handshake is through', () => {
    const bench = new Bench()
    for (let i = 0; i < HALF_OPEN_PER_HOST_MAX; i++) new Peer(bench, { seed: 300 + i, host: spread(1) }).connect()
    expect(roomFor(bench, spread(1))).toBe(0)
  })

  test('that are refused for being a second link give their place back', () => {
    const bench = new Bench()
    openPeer(bench, { seed: 300, host: spread(1) })
    for (let i = 1; i < 30; i++) openPeer(bench, { seed: 300, ephemeral: i, host: spread(1) })
    expect(bench.node.peers().length).toBe(1)
    expect(roomFor(bench, spread(1))).toBe(HALF_OPEN_PER_HOST_MAX)
  })

  test('with ourselves give their place back', () => {
    const bench = new Bench(7)
    for (let i = 0; i < 30; i++) openPeer(bench, { identity: identityOf(7), ephemeral: i, host: spread(1) })
    expect(roomFor(bench, spread(1))).toBe(HALF_OPEN_PER_HOST_MAX)
  })
})
