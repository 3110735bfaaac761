import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { formatAddress } from '../../../src/base/address.ts'
import { TOLD_MAX } from '../../../src/core/voice/candidates.ts'
import { usableEndpoint } from '../../../src/core/voice/endpoint.ts'
import { PATH_PEERS_MAX, RELAY_AFTER_MS } from '../../../src/core/voice/paths.ts'
import { type Home, World } from './path-world.ts'

function worldOf(count: number): [World, ...Home[]] {
  const world = new World()
  return [world, ...Array.from({ length: count }, () => world.add())]
}

describe('a direct path', () => {
  test('opens within a round trip where the network lets it, and its round trip is known', () => {
    const [world, a, b] = worldOf(2) as [World, Home, Home]
    world.rtt(a, b, 30)
    world.meet()
    world.pass(40)
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      expect(one.paths.route(other.id, world.nowMs)).toMatchObject({ to: other.address, via: null })
      expect(one.paths.route(other.id, world.nowMs)?.rttMs).toBeWithin(30, 33)
    }
  })

  test('opens through routers that let in only answers, since both sides knock', () => {
    const [world, a, b] = worldOf(2) as [World, Home, Home]
    a.restricted = true
    b.restricted = true
    world.meet()
    world.pass(300)
    expect(a.paths.route(b.id, world.nowMs)?.via).toBeNull()
    expect(b.paths.route(a.id, world.nowMs)?.via).toBeNull()
    world.pass(120_000)
    expect(a.paths.route(b.id, world.nowMs)?.to).toEqual(b.address)
  })

  test('is found where the member told nothing right, by where their probes come from', () => {
    const [world, a, b] = worldOf(2) as [World, Home, Home]
    a.paths.join(b.id, 1_001, 0)
    a.paths.told(b.id, [{ host: '192.168.7.7', port: 5_000 }], 0)
    b.paths.join(a.id, 1_000, 0)
    b.paths.told(a.id, [a.address], 0)
    world.pass(200)
    expect(a.paths.route(b.id, world.nowMs)?.to).toEqual(b.address)
    expect(a.paths.seenAs()).toEqual([a.address])
  })

  test('follows a member whose router gives them another port', () => {
    const [world, a, b] = worldOf(2) as [World, Home, Home]
    world.meet()
    world.pass(5_000)
    b.address = { ...b.address, port: 51_111 }
    a.paths.heard(b.id, b.address, world.nowMs)
    world.pass(6_000)
    for (let i = 0; i < 8; i++) {
      a.paths.route(b.id, world.nowMs)
      world.pass(1_000)
    }
    expect(a.paths.route(b.id, world.nowMs)?.to).toEqual(b.address)
  })

  test('is the fastest of several, and is not left for one that is about as fast', () => {
    const [world, a, b] = worldOf(2) as [World, Home, Home]
    const other = { host: '2001:db8::7', port: 6_000 }
    world.detours.set(formatAddress(other), { home: b, extraMs: 60 })
    a.paths.join(b.id, 1_001, 0)
    a.paths.told(b.id, [other, b.address], 0)
    b.paths.join(a.id, 1_000, 0)
    world.pass(2_000)
    const route = (): unknown => a.paths.route(b.id, world.nowMs)?.to
    expect(route()).toEqual(b.address)
    world.detours.set(formatAddress(other), { home: b, extraMs: -2 })
    world.pass(200_000)
    expect(route()).toEqual(b.address)
    world.rtt(a, b, 200)
    world.detours.set(formatAddress(other), { home: b, extraMs: -90 })
    world.pass(60_000)
    expect(route()).toEqual(other)
  })

  test('is kept open by a probe every 15 seconds, and no more while nobody talks', () => {
    const [world, a] = worldOf(2) as [World, Home, Home]
    world.meet()
    world.pass(3_000)
    const since = world.nowMs
    world.pass(60_000)
    expect(a.sentSince(since, 'probe')).toBeWithin(3, 7)
  })

  test('that stops answering is given up within five seconds of talk', () => {
    const [world, a, b] = worldOf(2) as [World, Home, Home]
    world.meet()
    world.pass(10_000)
    world.wall(a, b)
    let gone = 0
    for (; gone < 6_000 && a.paths.route(b.id, world.nowMs) !== null; gone += 20) world.pass(20)
    expect(gone).toBeLessThan(5_000)
    world.wall(a, b, false)
    world.pass(6_000)
    expect(a.paths.route(b.id, world.nowMs)?.via).toBeNull()
  })
})

describe('where no direct path opens', () => {
  test('datagrams go through the member who has both with the least round trip, within two seconds', () => {
    const [world, a, b, near, far] = worldOf(4) as [World, Home, Home, Home, Home]
    world.wall(a, b)
    world.rtt(a, near, 30)
    world.rtt(near, b, 40)
    world.rtt(a, far, 20)
    world.rtt(far, b, 200)
    world.meet()
    world.pass(RELAY_AFTER_MS - 100)
    expect(a.paths.route(b.id, world.nowMs)).toBeNull()
    world.pass(1_050)
    const route = a.paths.route(b.id, world.nowMs)
    expect(route).toMatchObject({ via: near.id, to: near.address })
    expect(route?.rttMs).toBeWithin(70, 75)
    expect(b.paths.route(a.id, world.nowMs)?.via).toBe(near.id)
    expect(near.paths.peerAt(a.address)).toBe(a.id)
    expect(near.paths.directTo(1_000 + b.id)).toEqual(b.address)
  })

  test('and one opens later, it is taken', () => {
    const [world, a, b, c] = worldOf(3) as [World, Home, Home, Home]
    world.wall(a, b)
    world.meet()
    world.pass(3_000)
    expect(a.paths.route(b.id, world.nowMs)?.via).toBe(c.id)
    world.wall(a, b, false)
    world.pass(6_000)
    expect(a.paths.route(b.id, world.nowMs)?.via).toBeNull()
  })

  test('and who passed things on leaves, somebody else does', () => {
    const [world, a, b, c, d] = worldOf(4) as [World, Home, Home, Home, Home]
    world.wall(a, b)
    world.meet()
    world.pass(3_000)
    const first = a.paths.route(b.id, world.nowMs)?.via
    a.paths.leave(first!)
    expect(a.paths.route(b.id, world.nowMs)?.via).toBe(first === c.id ? d.id : c.id)
    a.paths.leave(first === c.id ? d.id : c.id)
    expect(a.paths.route(b.id, world.nowMs)).toBeNull()
  })

  test('and nobody has both, there is no way, and the knocking stays rare', () => {
    const [world, a, b] = worldOf(2) as [World, Home, Home]
    world.wall(a, b)
    world.meet()
    world.pass(60_000)
    expect(a.paths.route(b.id, world.nowMs)).toBeNull()
    expect(a.sentSince(0, 'probe')).toBeWithin(6, 30)
  })
})

describe('what a member can have us send', () => {
  test('is nothing but probes to endpoints that did not answer, and an answer for each probe at most', () => {
    const [world, a, b, victim] = worldOf(3) as [World, Home, Home, Home]
    a.paths.join(b.id, 1_001, 0)
    a.paths.told(b.id, [victim.address], 0)
    for (let i = 0; i < 500; i++) {
      world.pass(2)
      a.paths.heard(b.id, victim.address, world.nowMs)
      a.paths.probed(b.id, i, victim.address, world.nowMs)
      a.paths.answered(b.id, i, victim.address, world.nowMs)
      expect(a.paths.route(b.id, world.nowMs)).toBeNull()
    }
    const kinds = a.sent.map(({ kind }) => kind)
    expect(kinds.filter((kind) => kind === 'reach')).toEqual([])
    expect(kinds.filter((kind) => kind === 'answer').length).toBeLessThanOrEqual(42)
    expect(kinds.filter((kind) => kind === 'probe').length).toBeLessThanOrEqual(8)
  })

  test('is no scan: told of other endpoints again and again, we knock at a few dozen in ten minutes', () => {
    const [world, a, b] = worldOf(2) as [World, Home, Home]
    a.paths.join(b.id, 1_001, 0)
    for (let second = 0; second < 600; second++) {
      const endpoints = Array.from({ length: 8 }, (_, i) => ({
        host: `203.0.${second % 250}.${i + 1}`,
        port: 2_000 + second,
      }))
      a.paths.told(b.id, endpoints, world.nowMs)
      world.pass(1_000)
    }
    expect(new Set(a.sent.map(({ to }) => to)).size).toBeLessThanOrEqual(16 + 10)
    expect(a.sent.length).toBeLessThan(300)
  }, 20_000)

  test('to one host is little, also where a hundred members name it together', () => {
    const [world, a] = worldOf(1) as [World, Home]
    for (let peer = 1; peer <= 100; peer++) {
      a.paths.join(peer, 5_000 + peer, 0)
      const endpoints = Array.from({ length: TOLD_MAX }, (_, i) => ({
        host: '203.0.113.9',
        port: 2_000 + peer * 10 + i,
      }))
      a.paths.told(peer, endpoints, 0)
    }
    world.pass(10_000)
    expect(a.sentSince(0, 'probe')).toBeLessThanOrEqual(24 + 8 * 10)
  })

  test('goes to literal addresses of single hosts alone, and to ports that no service has', () => {
    const usable = (host: string, port = 40_000, loopback = false): string | null => {
      const endpoint = usableEndpoint({ host, port }, loopback)
      return endpoint === null ? null : formatAddress(endpoint)
    }
    expect(usable('192.0.2.1')).toBe('192.0.2.1:40000')
    expect(usable('::ffff:192.0.2.1')).toBe('192.0.2.1:40000')
    expect(usable('2001:DB8::0:1')).toBe('[2001:db8::1]:40000')
    for (const host of ['example.org', '224.0.0.1', '255.255.255.255', '0.0.0.0', 'ff02::1', '::', '1.2.3', '']) {
      expect(usable(host)).toBeNull()
    }
    for (const port of [0, 53, 1_023, 65_536, 4_000.5, Number.NaN]) expect(usable('192.0.2.1', port)).toBeNull()
    expect([usable('127.0.0.1'), usable('127.0.0.1', 40_000, true), usable('192.0.2.1', 40_000, true)]).toEqual([
      null,
      '127.0.0.1:40000',
      null,
    ])
  })

  test('is bounded, whatever is said in whatever order', () => {
    const act = fc.record({
      what: fc.constantFrom('told', 'heard', 'probed', 'answered', 'reached', 'pass', 'leave', 'join'),
      peer: fc.nat(4),
      host: fc.nat(20),
      token: fc.nat(3),
    })
    fc.assert(
      fc.property(fc.array(act, { maxLength: 200 }), (acts) => {
        const [world, a] = worldOf(1) as [World, Home]
        const { paths } = a
        for (const { what, peer, host, token } of acts) {
          const from = { host: `192.0.2.${host}`, port: 30_000 }
          if (what === 'told') paths.told(peer, [from, from, { ...from, port: 1 }], world.nowMs)
          else if (what === 'heard') paths.heard(peer, from, world.nowMs)
          else if (what === 'probed') paths.probed(peer, token, from, world.nowMs)
          else if (what === 'answered') paths.answered(peer, token, from, world.nowMs)
          else if (what === 'reached') paths.reached(peer, [{ tag: 1_000 + host, rttMs: token }], world.nowMs)
          else if (what === 'leave') paths.leave(peer)
          else if (what === 'join') paths.join(peer, 1_000 + peer, world.nowMs)
          else world.pass(host * 20)
          // Nobody ever answered with a token that was drawn, so nothing but probes and answers leaves.
          expect(paths.route(peer, world.nowMs)).toBeNull()
        }
        expect(a.sentSince(0, 'reach')).toBe(0)
      }),
      { numRuns: 60 },
    )
  })

  test('members beyond the bound are not remembered', () => {
    const [, a] = worldOf(1) as [World, Home]
    const joined = Array.from({ length: PATH_PEERS_MAX + 5 }, (_, i) => a.paths.join(i, i, 0))
    expect(joined.filter(Boolean)).toHaveLength(PATH_PEERS_MAX)
    expect(a.paths.join(3, 999_999, 0)).toBe(false)
    a.paths.leave(3)
    expect(a.paths.join(999, 4, 0)).toBe(false)
    expect(a.paths.join(999, 3, 0)).toBe(true)
  })
})
