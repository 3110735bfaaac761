import { describe, expect, test } from 'bun:test'
import { formatAddress } from '../../src/base/address.ts'
import { REGISTRATIONS_MAX } from '../../src/core/discovery/tracker-registry.ts'
import { Claims } from '../../src/node/tracker-claims.ts'
import { ByeCode } from '../../src/wire/hello.ts'
import { readRegistration } from '../../src/wire/registration.ts'
import { Bench, identityOf } from './bench.ts'
import { Peer } from './peer.ts'
import {
  answering,
  GIVEN,
  heard,
  LOCAL,
  list,
  pass,
  say,
  serving,
  signed,
  states,
  visitor,
  withNeighbour,
} from './tracked.ts'

/** A node that listens at one address and was given another, at the moment in which it dials it. */
function listening(host: string, given: { host: string; port: number }): Bench {
  const bench = new Bench(1)
  bench.run((node, now) => {
    node.listening(LOCAL.port, 0)
    node.track([given], { host, port: LOCAL.port }, 'machine', now)
  })
  return bench
}

function refuseAll(bench: Bench): void {
  for (const { attempt } of bench.dials.splice(0)) {
    bench.run((node, now) => node.dialFailed(attempt, 'refused', 'refused the connection', now))
  }
}

/** The port a node told a tracker. */
function toldPort(tracker: Peer): number | undefined {
  const [said] = heard(tracker)
  return said?.kind === 'register' ? readRegistration(said.registration)?.tcpPort : undefined
}

describe('a node whose own address is the tracker’s', () => {
  test('goes on listening there, whoever on its machine asks for the address', () => {
    const own = { host: '127.0.0.1', port: LOCAL.port }
    const bench = listening(own.host, own)
    const { attempt } = bench.dials.pop()!
    bench.run((node, now) => node.dialFailed(attempt, 'self', 'is this very node', now))
    expect(states(bench)).toEqual(['serving'])
    const peer = new Peer(bench, { seed: 70, host: '127.0.0.1' }).connect()
    say(peer, { kind: 'yield' })
    expect(heard(peer)).toEqual([{ kind: 'closed' }])
    bench.run((node, now) => node.leaveNetwork(now))
    expect(bench.listens).toEqual([])
  })

  test('is another thing than one that began to listen there while a dial was under way: that one gives it back', () => {
    const bench = listening('127.0.0.1', { host: '127.0.0.1', port: 5_000 })
    refuseAll(bench)
    expect(bench.listens.splice(0)).toMatchObject([{ kind: 'listen' }])
    for (let i = 0; i < 50 && bench.dials.length === 0; i++) bench.pass(100)
    const { attempt, address } = bench.dials.pop()!
    bench.run((node, now) => node.dialFailed(attempt, 'self', 'is this very node', now))
    bench.run((node, now) => node.listened(address, null, now))
    expect(states(bench)).toEqual(['serving'])
    say(new Peer(bench, { seed: 70, host: '127.0.0.1' }).connect(), { kind: 'yield' })
    expect(bench.listens).toEqual([{ kind: 'unlisten', address }])
  })
})

describe('those who say again and again that the tracker is lost', () => {
  /** A note every 350 ms for a while, by whom `author` says; answers how often the tracker was asked. */
  function calls(author: (at: number) => number): { asked: number; states: string[] } {
    const { bench, neighbour, tracker } = withNeighbour()
    bench.pass(2_000)
    heard(tracker)
    let asked = 0
    for (let i = 0; i < 60; i++) {
      pass(neighbour, identityOf(author(i)), bench.wallMs, { kind: 'election', tcpPort: 65_535, address: null })
      bench.pass(350)
      for (const { kind } of heard(tracker)) {
        expect(kind).toBe('register')
        asked++
        list(tracker, 'appointed')
      }
    }
    return { asked, states: states(bench) }
  }

  test('have a node look once in two seconds, however many they are', () => {
    const { asked, states } = calls((at) => 1_000 + at)
    expect(asked).toBeWithin(4, 13)
    expect(states).toEqual(['following'])
  })

  test('are not listened to for a while once the tracker has answered', () => {
    const { asked, states } = calls(() => 1_000)
    expect(asked).toBeWithin(4, 9)
    expect(states).toEqual(['following'])
  })

  test('cannot make a tracker fall silent: whoever asks it too often hears at least that it is there', () => {
    const bench = serving()
    const peer = visitor(bench, 7)
    for (let i = 1; i < 15; i++) say(peer, { kind: 'register', registration: signed(identityOf(7), bench.wallMs + i) })
    const sizes = heard(peer).map((message) => (message.kind === 'peers' ? message.peers.length : null))
    expect(sizes).toEqual([...Array(5).fill(1), ...Array(10).fill(0)])
  })
})

describe('visits to a tracker', () => {
  test('end when the registration has run out', () => {
    const bench = serving()
    const brief = visitor(bench, 7, signed(identityOf(7), bench.wallMs, 1))
    const lasting = visitor(bench, 8)
    bench.pass(8_000)
    expect(brief.bye).toBe(ByeCode.notNeeded)
    expect(lasting.bye).toBeNull()
  })

  test('are an eighth of all from one host, be it this machine', () => {
    for (const host of ['127.0.0.1', '10.0.0.9']) {
      const bench = serving()
      const peers = Array.from({ length: REGISTRATIONS_MAX / 8 + 20 }, (_, at) => {
        const peer = new Peer(bench, { seed: 2_000 + at, host }).connect()
        say(peer, { kind: 'register', registration: signed(peer.identity, bench.wallMs, 1) })
        return peer
      })
      expect(peers.filter(({ bye }) => bye === null)).toHaveLength(REGISTRATIONS_MAX / 8)
      expect(visitor(bench, 9).bye).toBeNull()
    }
  })
})

describe('a node that others would not find by its tracker', () => {
  const TROUBLE = 'tracker-unreachable'

  test('as it listens for its own machine alone, says so and is on no list', () => {
    const bench = listening('127.0.0.1', GIVEN)
    expect(bench.tellings('trouble')).toMatchObject([{ code: TROUBLE, user: true }])
    const tracker = answering(bench, null)
    expect(toldPort(tracker)).toBe(0)
    list(tracker, 'appointed', [{ host: '192.0.2.7', registration: signed(identityOf(7), bench.wallMs) }])
    expect(states(bench)).toEqual(['following'])
    expect(bench.tellings('trouble')).toHaveLength(1)
  })

  test('as the tracker is a name of another machine, says so once it knows', () => {
    const bench = listening('127.0.0.1', { host: 'tracker.example', port: 5_000 })
    expect(bench.tellings('trouble')).toEqual([])
    bench.dials[0] = { ...bench.dials[0]!, address: GIVEN }
    expect(toldPort(answering(bench, null))).toBe(0)
    expect(bench.tellings('trouble')).toMatchObject([{ code: TROUBLE }])
  })

  test('as it listens beside the tracker’s own loopback address, says so', () => {
    const bench = listening('127.0.0.2', { host: '127.0.0.1', port: 5_000 })
    expect(bench.tellings('trouble')).toMatchObject([{ code: TROUBLE }])
    expect(bench.tellings('trouble')[0]!.message).toContain('--host 127.0.0.1')
    expect(toldPort(answering(bench, null))).toBe(0)
  })

  test('does not take over when the tracker is lost, and goes back to it', () => {
    const bench = listening('127.0.0.1', GIVEN)
    const tracker = answering(bench, 'appointed')
    bench.vanish(tracker.link!)
    for (let i = 0; i < 200; i++) {
      refuseAll(bench)
      bench.pass(100)
    }
    expect(states(bench)).toEqual(['following', 'electing'])
    expect(bench.listens).toEqual([])
    for (let i = 0; i < 20 && bench.dials.length === 0; i++) bench.pass(100)
    answering(bench, 'appointed', { ephemeral: 1 })
    expect(states(bench).at(-1)).toBe('following')
  })

  test('is heard of by nobody, and hears of the others', () => {
    const bench = serving()
    const { signing } = identityOf(7)
    const hidden = visitor(bench, 7, signed(identityOf(7), bench.wallMs, 15, 0))
    const other = visitor(bench, 8)
    const keys = heard(other).flatMap((message) => (message.kind === 'peers' ? message.peers : []))
    expect(keys.map(({ registration }) => readRegistration(registration)!.identity)).not.toContainEqual(
      signing.publicKey,
    )
    expect(heard(hidden)).toMatchObject([{ kind: 'peers', registered: 2 }])
    expect(bench.dials.map(({ address }) => formatAddress(address))).not.toContain('192.0.2.7:0')
  })

  for (const [host, given] of [
    ['0.0.0.0', GIVEN],
    ['127.0.0.1', { host: 'localhost', port: 5_000 }],
    ['192.0.2.77', GIVEN],
    ['::', { host: '127.0.0.1', port: 5_000 }],
  ] as const) {
    test(`is not one that listens on ${host} and was given ${given.host}`, () => {
      const bench = listening(host, given)
      expect(toldPort(answering(bench, null))).toBe(LOCAL.port)
      expect(bench.tellings('trouble')).toEqual([])
    })
  }
})

describe('one who claims to have taken over', () => {
  test('has us dial an address of his own choice a few times at most, known or not', () => {
    const claims = new Claims()
    const seen = { host: '192.0.2.7', port: 6_000 }
    let own = 0
    for (let i = 0; i < 100; i++) {
      claims.note({ key: `key ${i}`, port: 6_000 }, { host: '198.51.100.1', port: i + 1 }, 0)
      for (let again = 0; again < 4; again++) {
        const address = claims.next(`key ${i}`, [seen], 0)
        if (address !== seen) own++
      }
      expect(claims.next(`key ${i}`, [seen], 0)).toBeNull()
    }
    expect(own).toBe(8)
    claims.note({ key: 'stranger', port: 6_000 }, { host: '198.51.100.1', port: 1 }, 0)
    expect(claims.next('stranger', [null], 0)).toBeNull()
    claims.note({ key: 'nowhere', port: 6_000 }, null, 0)
    expect(claims.next('nowhere', [null, undefined], 10_000)).toBeNull()
  })
})
