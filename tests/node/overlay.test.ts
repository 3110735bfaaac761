import { describe, expect, test } from 'bun:test'
import { ByteReader, toHex } from '../../src/base/bytes.ts'
import { HyParView } from '../../src/core/gossip/hyparview.ts'
import { HEIR_MS_MAX } from '../../src/node/peering.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { ByeCode, writeBye } from '../../src/wire/hello.ts'
import {
  type Contact,
  type MembershipMessage,
  MembershipType,
  membershipType,
  readMembership,
  writeMembership,
} from '../../src/wire/membership.ts'
import { Author, nameFeed, push } from './author.ts'
import { Bench, identityOf } from './bench.ts'
import { Peer, type PeerOptions } from './peer.ts'

/** What membership decides, carried out on links. */

function choosing(seed = 1): Bench {
  const bench = new Bench(seed, { membership: (key, rng, nowMs) => new HyParView(key, rng, nowMs) })
  bench.run((node, now) => node.join('general', now))
  return bench
}

const keyOf = (seed: number): string => toHex(identityOf(seed).signing.publicKey)
const contact = (seed: number, host = `192.0.2.${seed}`): Contact => ({
  key: keyOf(seed),
  address: { host, port: 5_000 },
})

function say(peer: Peer, message: MembershipMessage): void {
  peer.send(membershipType(message), (out) => writeMembership(out, message))
}

function heard(peer: Peer): MembershipMessage[] {
  return peer.heard.flatMap(({ type, body }) => readMembership(type, new ByteReader(body)) ?? [])
}

const kinds = (peer: Peer): string[] => heard(peer).map((message) => message.kind)

function open(bench: Bench, options: PeerOptions): Peer {
  const seed = options.seed ?? 100
  return new Peer(bench, { host: `192.0.2.${seed}`, ...options }).open({ tcpPort: 5_000 })
}

function endAsDuplicate(peer: Peer): void {
  peer.send(FrameType.bye, (out) => writeBye(out, { code: ByeCode.duplicateLink, reason: 'is linked twice' }))
}

/** Refuses every dial for so long; answers how many were to addresses that the user gave. */
function refused(bench: Bench, ms: number): number {
  bench.forget()
  for (const untilMs = bench.nowMs + ms; bench.nowMs < untilMs; bench.pass(100)) {
    for (const { attempt } of bench.dials.splice(0)) {
      bench.run((node, now) => node.dialFailed(attempt, 'refused', 'refused the connection', now))
    }
  }
  return bench.tellings('dial-result').length
}

/** A peer that joined. */
function neighbour(bench: Bench, seed: number): Peer {
  const peer = open(bench, { seed })
  say(peer, { kind: 'join' })
  return peer
}

describe('a link', () => {
  test('carries no talk before both ends agree to be neighbours, and says so first', () => {
    const bench = choosing()
    const peer = open(bench, { seed: 50 })
    expect(peer.up).toBe(false)
    expect(bench.tellings('peer')).toEqual([])
    bench.run((node, now) => node.say('general', 2, Uint8Array.of(65), 1, now))
    expect(peer.heardOf(FrameType.feed)).toEqual([])
    say(peer, { kind: 'join' })
    expect(peer.up).toBe(true)
    // It compares no rooms, so it is told of each feed after a while.
    bench.pass(5_100)
    const types = peer.heard.map((frame) => frame.type)
    expect(types.indexOf(MembershipType.neighborReply)).toBeLessThan(types.indexOf(FrameType.feed))
    expect(bench.tellings('peer')).toMatchObject([{ state: 'up', via: 'accepted', dialled: false }])
  })

  test('that came in is told of where its peer can be dialled, with who dialled and how it was found', () => {
    const bench = choosing()
    const wanted = { key: keyOf(50), address: { host: '192.0.2.50', port: 5_000 } }
    bench.run((node, now) => node.meet([wanted], 'lan', now))
    neighbour(bench, 50)
    expect(bench.tellings('peer')).toMatchObject([{ remote: wanted.address, via: 'lan', dialled: false }])
    const hidden = new Peer(bench, { seed: 51, host: '192.0.2.51' }).open()
    say(hidden, { kind: 'join' })
    expect(bench.tellings('peer')[1]).toMatchObject({ remote: { host: '192.0.2.51', port: 40_000 } })
  })

  test('that ends because we leave is no news', () => {
    const bench = choosing()
    neighbour(bench, 50)
    bench.forget()
    bench.run((node, now) => node.leaveNetwork(now))
    bench.run((node, now) => node.sayGoodbye(now))
    expect(bench.node.peers()).toEqual([])
    expect(bench.tellings('peer')).toEqual([])
  })

  test('of somebody who neither asks nor answers ends within ten seconds, with a reason that blames nobody', () => {
    const bench = choosing()
    const peer = open(bench, { seed: 50 })
    bench.pass(4_900)
    expect(peer.ended).toBeNull()
    bench.pass(5_200)
    expect(peer.bye).toBe(ByeCode.notNeeded)
    expect(bench.tellings('peer')).toEqual([])
  })

  test('talk that comes over it before or after it is a neighbour’s is let be', () => {
    const bench = choosing()
    const peer = open(bench, { seed: 50 })
    const author = new Author(7)
    nameFeed(peer, 1, author, 1, 2)
    push(peer, 1, author.say('too early'))
    expect(bench.texts()).toEqual([])
    expect(peer.ended).toBeNull()
    say(peer, { kind: 'disconnect', hasHeir: false, contacts: [] })
    expect(peer.ended).toBeNull()
  })

  test('with a broken frame of membership ends', () => {
    const bench = choosing()
    const peer = neighbour(bench, 50)
    peer.send(MembershipType.shuffle, (out) => out.u8(1))
    expect(peer.bye).toBe(ByeCode.protocolFault)
  })
})

describe('a peer that membership wants', () => {
  test('is dialled, asked, and told of as it was found', () => {
    const bench = choosing()
    bench.run((node, now) => node.meet([contact(50)], 'lan', now))
    expect(bench.dials.map((dial) => dial.address)).toEqual([{ host: '192.0.2.50', port: 5_000 }])
    const peer = open(bench, { seed: 50, dialled: true })
    expect(kinds(peer)).toEqual(['join'])
    say(peer, { kind: 'neighbor-reply', accepted: true, contacts: [contact(51)] })
    expect(bench.tellings('peer')).toMatchObject([{ state: 'up', via: 'lan' }])
    bench.pass(1_000)
    expect(bench.dials.map((dial) => dial.address.host)).toEqual(['192.0.2.51'])
    const told = open(bench, { seed: 51, dialled: true })
    say(told, { kind: 'neighbor-reply', accepted: true, contacts: [] })
    expect(bench.tellings('peer')[1]).toMatchObject({ state: 'up', via: 'network' })
  })

  test('and turns out to be somebody else is not linked with', () => {
    const bench = choosing()
    bench.run((node, now) => node.meet([contact(50)], 'lan', now))
    const stranger = open(bench, { seed: 66, dialled: true })
    expect(stranger.bye).toBe(ByeCode.notNeeded)
    expect(bench.node.peers()).toEqual([])
  })

  test('and turns out to be somebody else who is linked by now keeps that link: it is not greeted on another', () => {
    const bench = choosing()
    const linked = neighbour(bench, 66)
    bench.run((node, now) => node.meet([contact(50)], 'lan', now))
    const again = open(bench, { seed: 66, dialled: true, ephemeral: 1 })
    expect(again.heard.map(({ type }) => type)).toEqual([FrameType.bye])
    expect(again.bye).toBe(ByeCode.notNeeded)
    expect(linked.up).toBe(true)
  })

  test('and hung up on us is left alone, whoever names it', () => {
    const bench = choosing()
    const other = neighbour(bench, 60)
    bench.run((node, now) => node.meet([contact(50)], 'lan', now))
    const peer = open(bench, { seed: 50, dialled: true })
    say(peer, { kind: 'neighbor-reply', accepted: true, contacts: [] })
    peer.send(FrameType.bye, (out) => writeBye(out, { code: ByeCode.hungUp, reason: '' }))
    say(other, { kind: 'neighbor-reply', accepted: true, contacts: [contact(50)] })
    bench.pass(200_000)
    expect(bench.dials.filter((dial) => dial.address.host === '192.0.2.50')).toEqual([])
  })
})

describe('an address the user gave', () => {
  const given = { host: '192.0.2.80', port: 5_000 }

  function full(): Bench {
    const bench = choosing()
    for (let seed = 50; seed < 55; seed++) neighbour(bench, seed)
    return bench
  }

  test('is reached when whoever is there is our neighbour, and not before', () => {
    const bench = choosing()
    bench.run((node, now) => node.connect(given, now))
    const peer = open(bench, { seed: 80, dialled: true })
    expect(bench.tellings('dial-result')).toEqual([])
    expect(bench.node.settling).toBeGreaterThan(0)
    say(peer, { kind: 'neighbor-reply', accepted: true, contacts: [] })
    expect(bench.tellings('dial-result')).toMatchObject([{ code: 'ok' }])
    expect(bench.node.settling).toBe(0)
  })

  test('that has no room is no failure where others have, and rests as long as they stay', () => {
    const bench = full()
    bench.run((node, now) => node.connect(given, now))
    const peer = open(bench, { seed: 80, dialled: true })
    bench.forget()
    say(peer, { kind: 'neighbor-reply', accepted: false, contacts: [] })
    expect(bench.tellings('dial-result')).toMatchObject([{ code: 'ok' }])
    expect(bench.tellings('trouble')).toMatchObject([{ code: 'neighbours-enough', user: true }])
    bench.dials.length = 0
    bench.pass(20_000)
    expect(bench.dials.filter((dial) => dial.address.host === given.host)).toEqual([])
  })

  test('whose peer has gone is tried again rarely while there are others, and at once when there are none', () => {
    const bench = choosing()
    bench.run((node, now) => node.connect(given, now))
    const peer = open(bench, { seed: 80, dialled: true })
    say(peer, { kind: 'neighbor-reply', accepted: true, contacts: [] })
    const other = neighbour(bench, 60)
    bench.vanish(peer.link!)
    const during = refused(bench, 1_800_000)
    expect(during).toBeGreaterThan(8)
    expect(during).toBeLessThan(16)
    expect(other.up).toBe(true)
    bench.vanish(other.link!)
    expect(refused(bench, 1_000)).toBeGreaterThan(0)
  })

  test('whose peer has gone is dialled again at once where links are only as given', () => {
    const bench = new Bench()
    bench.run((node, now) => node.connect(given, now))
    const peer = open(bench, { seed: 80, dialled: true })
    open(bench, { seed: 60 })
    bench.vanish(peer.link!)
    expect(refused(bench, 1_000)).toBeGreaterThan(0)
  })

  test('that has no room is tried again where there is nobody else', () => {
    const bench = choosing()
    bench.run((node, now) => node.connect(given, now))
    const peer = open(bench, { seed: 80, dialled: true })
    say(peer, { kind: 'neighbor-reply', accepted: false, contacts: [] })
    expect(bench.tellings('dial-result')).toMatchObject([{ code: 'not-taken-in', failures: 1 }])
    bench.pass(3_000)
    expect(bench.dials.map((dial) => dial.address)).toContainEqual(given)
  })
})

describe('two connections with one peer', () => {
  test('the one that takes over from the other goes on where that was', () => {
    const bench = choosing()
    const first = neighbour(bench, 50)
    expect(first.up).toBe(true)
    const second = open(bench, { seed: 50, ephemeral: 1 })
    const third = open(bench, { seed: 50, ephemeral: 2 })
    const open_ = [first, second, third].filter((peer) => peer.up)
    expect(open_).toHaveLength(1)
    const states = bench.tellings('peer').map((telling) => telling.state)
    expect(states.at(-1)).toBe('up')
    expect(states.filter((state) => state === 'up').length - states.filter((state) => state === 'down').length).toBe(1)
  })

  test('of which the other side ended one before the other was up here are no news', () => {
    const bench = choosing()
    const first = neighbour(bench, 50)
    bench.forget()
    endAsDuplicate(first)
    const second = open(bench, { seed: 50, ephemeral: 1 })
    say(second, { kind: 'join' })
    expect(second.up).toBe(true)
    bench.pass(HEIR_MS_MAX * 2)
    expect(bench.tellings('peer')).toEqual([])
  })

  test('of which the other one never comes up are told of as gone a little later', () => {
    const bench = choosing()
    endAsDuplicate(neighbour(bench, 50))
    bench.pass(HEIR_MS_MAX - 1)
    expect(bench.tellings('peer').map((telling) => telling.state)).toEqual(['up'])
    bench.pass(2)
    expect(bench.tellings('peer').map((telling) => telling.state)).toEqual(['up', 'down'])
  })

  test('of which the other side ends one before any hello are one, and no news', () => {
    const bench = choosing()
    const first = neighbour(bench, 50)
    bench.forget()
    for (const ephemeral of [1, 2, 3, 4]) {
      const second = new Peer(bench, { seed: 50, host: '192.0.2.50', ephemeral }).connect()
      second.send(FrameType.bye, (out) => writeBye(out, { code: ByeCode.notNeeded, reason: 'is somebody else' }))
    }
    bench.pass(HEIR_MS_MAX * 2)
    expect(first.up).toBe(true)
    expect(bench.tellings('peer')).toEqual([])
  })

  test('a peer that has been started again is asked anew', () => {
    const bench = choosing()
    neighbour(bench, 50)
    const again = open(bench, { seed: 50, staticSeed: 51 })
    expect(bench.tellings('peer').map((telling) => telling.state)).toEqual(['up', 'down'])
    say(again, { kind: 'join' })
    expect(again.up).toBe(true)
  })
})

describe('links as they are given', () => {
  test('are neighbours at once, and say so to those who ask and those who do not', () => {
    const bench = new Bench()
    const accepted = open(bench, { seed: 50 })
    expect(accepted.up).toBe(true)
    expect(kinds(accepted)).toEqual(['neighbor-reply'])
    bench.run((node, now) => node.connect({ host: '192.0.2.80', port: 5_000 }, now))
    const dialled = open(bench, { seed: 80, dialled: true })
    expect(heard(dialled)).toEqual([{ kind: 'neighbor', priority: 'high' }])
    say(dialled, { kind: 'neighbor-reply', accepted: true, contacts: [contact(90)] })
    say(accepted, { kind: 'join' })
    expect(heard(accepted).at(-1)).toMatchObject({ kind: 'neighbor-reply', accepted: true })
    bench.pass(100_000)
    expect(bench.dials).toEqual([])
  })

  test('end where the other side has no room for us', () => {
    const bench = new Bench()
    const peer = open(bench, { seed: 50 })
    say(peer, { kind: 'neighbor-reply', accepted: false, contacts: [] })
    expect(peer.up).toBe(false)
    expect(bench.tellings('peer').at(-1)).toMatchObject({ state: 'down' })
  })
})
