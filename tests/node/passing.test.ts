import { describe, expect, test } from 'bun:test'
import type { HlcTime } from '../../src/base/hlc.ts'
import { HLC_MS_MAX } from '../../src/base/hlc.ts'
import { PRESENCE_LASTS_MS } from '../../src/core/room/members.ts'
import { PASSING_BACKLOG_BYTES_MAX } from '../../src/node/link-state.ts'
import { openRoomId } from '../../src/wire/event.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { encodePresence, PassingKind, type Presence, sealPassing } from '../../src/wire/passing.ts'
import { Bench, identityOf, WALL_START_MS } from './bench.ts'
import { openPeer, type Peer } from './peer.ts'

const MINUTE_MS = 60_000

function scene(): { bench: Bench; peer: Peer; other: Peer } {
  const bench = new Bench()
  bench.run((node, now) => node.join('general', now))
  const peer = openPeer(bench)
  const other = openPeer(bench, { seed: 101 })
  bench.pass(1_000)
  other.heard.length = 0
  return { bench, peer, other }
}

interface Said {
  readonly author?: number
  readonly time?: HlcTime
  readonly presence?: Presence
  readonly body?: Uint8Array
  readonly kind?: number
  readonly room?: string
}

function presence(bench: Bench, said: Said = {}): Uint8Array {
  const key = identityOf(said.author ?? 7).signing
  const body = said.body ?? encodePresence(said.presence ?? { state: 'here', name: 'Ann' })
  const { kind = PassingKind.presence, time = { ms: bench.wallMs, counter: 0 }, room = 'general' } = said
  return sealPassing({ author: key.publicKey, room: openRoomId(room), time, kind, body }, key)
}

function pass(peer: Peer, sealed: Uint8Array, hops = 0): void {
  peer.send(FrameType.passing, (out) => out.u8(hops).bytes(sealed))
}

const members = (bench: Bench) => bench.tellings('member').map(({ state, name }) => `${state} ${name}`)
const forwarded = (peer: Peer) => peer.heardOf(FrameType.passing).filter((body) => body.length > 0)

describe('a passing event', () => {
  test('is told and passed on once, however often and by whomever it is brought', () => {
    const { bench, peer, other } = scene()
    const sealed = presence(bench)
    for (let i = 0; i < 10; i++) {
      pass(peer, sealed)
      pass(other, sealed, i)
    }
    expect(members(bench)).toEqual(['joined Ann'])
    expect(
      forwarded(other)
        .map((body) => String(body.subarray(1)))
        .filter((text) => text === String(sealed)).length,
    ).toBe(1)
  })

  test('replayed when it has been forgotten brings nobody back', () => {
    const { bench, peer } = scene()
    const here = presence(bench)
    pass(peer, here)
    bench.pass(1_000)
    pass(peer, presence(bench, { presence: { state: 'left', name: 'Ann' } }))
    expect(members(bench)).toEqual(['joined Ann', 'left Ann'])
    bench.pass(5 * MINUTE_MS)
    pass(peer, here)
    expect(members(bench)).toEqual(['joined Ann', 'left Ann'])
  })

  test('recorded long ago is played back to nobody, also by a node that never heard of its author', () => {
    const { bench, peer, other } = scene()
    for (const [minutes, author] of [
      [11, 8],
      [24 * 60, 9],
      [500_000, 10],
    ] as const) {
      pass(peer, presence(bench, { author, time: { ms: bench.wallMs - minutes * MINUTE_MS, counter: 0 } }))
    }
    expect(members(bench)).toEqual([])
    expect(forwarded(other).length).toBe(3)
    // A clock that lags some minutes is believed.
    pass(peer, presence(bench, { author: 11, time: { ms: bench.wallMs - 9 * MINUTE_MS, counter: 0 } }))
    expect(members(bench)).toEqual(['joined Ann'])
  })

  test.each([
    ['a year ahead', WALL_START_MS + 365 * 24 * 60 * MINUTE_MS],
    ['as far ahead as a clock goes', HLC_MS_MAX],
  ])('%s is passed on, and neither believed nor followed', (_, ms) => {
    const { bench, peer, other } = scene()
    pass(peer, presence(bench, { time: { ms, counter: 0xffff } }))
    expect(members(bench)).toEqual([])
    expect(forwarded(other).length).toBe(1)
    bench.run((node, now) => node.say('general', 2, Uint8Array.of(65), 1, now))
    expect(bench.tellings('event')[0]!.time.ms - bench.wallMs).toBeLessThan(1_000)
  })

  test('forged ends the link, and does not keep the true one out', () => {
    const { bench, peer, other } = scene()
    const sealed = presence(bench)
    const forged = sealed.slice()
    forged[forged.length - 1]! ^= 1
    pass(peer, forged)
    expect(peer.up).toBe(false)
    expect(members(bench)).toEqual([])
    pass(other, sealed)
    expect(members(bench)).toEqual(['joined Ann'])
  })

  test('cut short at any byte, or with one more, ends the link', () => {
    const whole = presence(scene().bench)
    for (let length = 0; length <= whole.length + 1; length++) {
      if (length === whole.length) continue
      const { bench, peer } = scene()
      pass(peer, length > whole.length ? Uint8Array.of(...whole, 0) : whole.slice(0, length))
      expect(peer.up).toBe(false)
      expect(members(bench)).toEqual([])
    }
  })

  test('has its hops counted up to 15 whatever a peer says', () => {
    for (const [said, passedOn] of [
      [0, 1],
      [13, 14],
      [14, 15],
      [15, 15],
      [255, 15],
    ] as const) {
      const { bench, peer, other } = scene()
      pass(peer, presence(bench), said)
      expect(forwarded(other)[0]?.[0]).toBe(passedOn)
      expect(bench.run((node) => node.members('general'))[0]?.hops).toBe(passedOn)
    }
  })

  test('of a kind nobody knows, or of a room nobody here is in, is passed on all the same', () => {
    const { bench, peer, other } = scene()
    pass(peer, presence(bench, { kind: 200, body: new Uint8Array(1024) }))
    pass(peer, presence(bench, { room: 'elsewhere' }))
    expect(forwarded(other).length).toBe(2)
    expect(members(bench)).toEqual([])
  })

  test('whose inside is broken is passed on, and tells nothing', () => {
    const { bench, peer, other } = scene()
    for (const body of [[], [1], [9, 0], [1, 1, 0xff], [1, 0x81, 1, ...new Array(129).fill(65)]]) {
      pass(peer, presence(bench, { body: Uint8Array.from(body) }))
      bench.pass(1)
    }
    expect(members(bench)).toEqual([])
    expect(forwarded(other).length).toBe(5)
    expect(peer.up).toBe(true)
  })

  test('about ourselves, said by a recording of us, changes nothing', () => {
    const { bench, peer } = scene()
    pass(peer, presence(bench, { author: 1, presence: { state: 'left', name: 'x' } }))
    expect(members(bench)).toEqual([])
  })

  test('gives way where a peer does not read', () => {
    const { bench, peer, other } = scene()
    bench.blocked.add(other.link!)
    for (let i = 0; i < 1_200; i++)
      pass(peer, presence(bench, { kind: 200, body: new Uint8Array(1000).fill(i), author: i % 5 }))
    expect(other.up).toBe(true)
    bench.blocked.delete(other.link!)
    bench.settle()
    const bytes = other.heardOf(FrameType.passing).reduce((sum, body) => sum + body.length, 0)
    expect(bytes).toBeLessThan(PASSING_BACKLOG_BYTES_MAX + 2_000)
    expect(bytes).toBeGreaterThan(PASSING_BACKLOG_BYTES_MAX / 2)
  })
})

describe('presence', () => {
  test('that is not repeated runs out', () => {
    const { bench, peer } = scene()
    pass(peer, presence(bench))
    bench.pass(PRESENCE_LASTS_MS)
    expect(members(bench)).toEqual(['joined Ann'])
    bench.pass(MINUTE_MS)
    expect(members(bench)).toEqual(['joined Ann', 'left Ann'])
  })

  test('is answered to a crowd of newcomers a few times a second, not to each', () => {
    const { bench, peer } = scene()
    peer.heard.length = 0
    for (let i = 0; i < 200; i++) {
      pass(peer, presence(bench, { author: 1_000 + i }))
      bench.pass(5)
    }
    expect(peer.heardOf(FrameType.passing).length).toBeLessThan(8)
  })
})
