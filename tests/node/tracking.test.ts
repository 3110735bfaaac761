import { describe, expect, test } from 'bun:test'
import { ByteReader, toHex } from '../../src/base/bytes.ts'
import { seededRng } from '../../src/base/rng.ts'
import { HyParView } from '../../src/core/gossip/hyparview.ts'
import type { NodeIdentity } from '../../src/node/context.ts'
import { type ElectionNote, encodeNote, trackerGroupId } from '../../src/wire/election.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { ByeCode } from '../../src/wire/hello.ts'
import { PassingKind, sealPassing } from '../../src/wire/passing.ts'
import { readRegistration, sealRegistration } from '../../src/wire/registration.ts'
import {
  type ListedPeer,
  type Office,
  readTracker,
  type TrackerMessage,
  TrackerType,
  trackerType,
  writeTracker,
} from '../../src/wire/tracker.ts'
import { Bench, identityOf } from './bench.ts'
import { openPeer, Peer } from './peer.ts'

const GIVEN = { host: '192.0.2.1', port: 5_000 }
const LOCAL = { host: '0.0.0.0', port: 8_001 }

/** A node that was given a tracker, at the moment in which it dials it. */
function searching(given = GIVEN): Bench {
  const bench = new Bench(1, { membership: (key, rng, nowMs) => new HyParView(key, rng, nowMs) })
  bench.run((node, now) => {
    node.listening(LOCAL.port, 0)
    node.track([given], LOCAL, 'machine', now)
  })
  return bench
}

function signed({ signing }: NodeIdentity, wallMs: number, lastsS = 15): Uint8Array {
  return sealRegistration({ identity: signing.publicKey, ms: wallMs, lastsS, tcpPort: 6_000 }, signing)
}

function say(peer: Peer, message: TrackerMessage): void {
  peer.send(trackerType(message), (out) => writeTracker(out, message))
}

/** What a peer has heard of trackers since the last time. */
function heard(peer: Peer): TrackerMessage[] {
  const messages = peer.heard
    .filter(({ type }) => type >= TrackerType.register && type <= TrackerType.yield)
    .map(({ type, body }) => readTracker(type, new ByteReader(body))!)
  peer.heard.length = 0
  return messages
}

/** The tracker that the node's newest dial leads to. */
function answering(
  bench: Bench,
  office: Office | null,
  options: { seed?: number; ephemeral?: number; tcpPort?: number } = {},
): Peer {
  const tracker = new Peer(bench, { seed: options.seed ?? 500, dialled: true, ephemeral: options.ephemeral ?? 0 })
  tracker.open({ tcpPort: options.tcpPort ?? 5_000 })
  if (office !== null) list(tracker, office)
  return tracker
}

function list(tracker: Peer, office: Office, peers: readonly ListedPeer[] = [], registered = peers.length): void {
  say(tracker, { kind: 'peers', office, seen: '203.0.113.9', registered, peers })
}

function following(): { bench: Bench; tracker: Peer } {
  const bench = searching()
  return { bench, tracker: answering(bench, 'appointed') }
}

/** A node that became the tracker, because nobody was there. */
function serving(): Bench {
  const bench = searching()
  const { attempt } = bench.dials.pop()!
  bench.run((node, now) => node.dialFailed(attempt, 'refused', 'refused the connection', now))
  expect(bench.listens.pop()).toEqual({ kind: 'listen', address: GIVEN })
  bench.run((node, now) => node.listened(GIVEN, null, now))
  expect(states(bench)).toEqual(['serving'])
  return bench
}

function states(bench: Bench): string[] {
  return bench.tellings('tracker').map(({ state }) => state)
}

/** One who takes the node for a tracker. */
function visitor(bench: Bench, seed: number, registration?: Uint8Array): Peer {
  const peer = new Peer(bench, { seed, host: `192.0.2.${seed % 250}` }).connect()
  say(peer, { kind: 'register', registration: registration ?? signed(identityOf(seed), bench.wallMs) })
  return peer
}

const GROUP = trackerGroupId('192.0.2.1:5000', '')

/** What one who uses the same tracker says, as a neighbour passes it on. */
function pass(neighbour: Peer, author: NodeIdentity, ms: number, note: ElectionNote): void {
  const { signing } = author
  const passing = { author: signing.publicKey, room: GROUP, time: { ms, counter: 0 }, kind: PassingKind.election }
  const sealed = sealPassing({ ...passing, body: encodeNote(note) }, signing)
  neighbour.send(FrameType.passing, (out) => out.u8(0).bytes(sealed))
}

/** Links of the story's own making: one neighbour, through which notes come. */
function withNeighbour(): { bench: Bench; neighbour: Peer; tracker: Peer } {
  const bench = new Bench(1)
  const neighbour = openPeer(bench, { seed: 101 })
  bench.run((node, now) => {
    node.listening(LOCAL.port, 0)
    node.track([GIVEN], LOCAL, 'machine', now)
  })
  const tracker = answering(bench, 'appointed')
  heard(tracker)
  return { bench, neighbour, tracker }
}

/** What the node itself has said to others who use the tracker. */
function notes(neighbour: Peer): number {
  const count = neighbour.heardOf(FrameType.passing).length
  neighbour.heard.length = 0
  return count
}

describe('a node that was given a tracker', () => {
  test('registers there, signed, and dials whom the list names', () => {
    const bench = searching()
    const tracker = answering(bench, null)
    const [said] = heard(tracker)
    if (said?.kind !== 'register') throw new Error('it did not register')
    const registration = readRegistration(said.registration)!
    expect(toHex(registration.identity)).toBe(toHex(identityOf(1).signing.publicKey))
    expect(registration).toMatchObject({ tcpPort: LOCAL.port, lastsS: 15 })
    list(tracker, 'appointed', [{ host: '192.0.2.7', registration: signed(identityOf(7), bench.wallMs) }])
    expect(bench.dials.map(({ address }) => address)).toEqual([{ host: '192.0.2.7', port: 6_000 }])
    expect(bench.tellings('tracker')).toMatchObject([{ state: 'following', address: GIVEN, office: 'appointed' }])
    expect(bench.node.trackers()).toMatchObject([{ state: 'following', registered: 1, trouble: '' }])
  })

  test('is nobody’s peer there, and says nothing of what goes on in its rooms', () => {
    const { bench, tracker } = following()
    bench.run((node, now) => node.join('general', now))
    bench.run((node, now) => node.say('general', 2, new TextEncoder().encode('among us'), 1, now))
    for (let i = 0; i < 10; i++) {
      bench.pass(3_000)
      list(tracker, 'appointed')
    }
    expect(bench.node.peers()).toEqual([])
    expect(bench.tellings('peer')).toEqual([])
    const types = new Set(tracker.heard.map(({ type }) => type))
    expect([...types].sort()).toEqual([FrameType.ping, TrackerType.register].filter((type) => types.has(type)))
    expect(types.has(TrackerType.register)).toBe(true)
  })

  test('dials nobody that a lying tracker names: forged, long gone, or nearer to us than it', () => {
    const { bench, tracker } = following()
    bench.pass(6_000)
    const forged = signed(identityOf(7), bench.wallMs)
    forged[50]! ^= 1
    const old = signed(identityOf(8), bench.wallMs - 3_600_000)
    const near = signed(identityOf(9), bench.wallMs)
    list(tracker, 'appointed', [
      { host: '192.0.2.7', registration: forged },
      { host: '192.0.2.8', registration: old },
      { host: '127.0.0.1', registration: near },
    ])
    bench.pass(3_000)
    expect(bench.dials).toEqual([])
  })

  test('takes a list only where it has asked for one', () => {
    const { bench, tracker } = following()
    const unasked = [{ host: '192.0.2.7', registration: signed(identityOf(7), bench.wallMs) }]
    for (let i = 0; i < 100; i++) list(tracker, 'appointed', unasked)
    expect(bench.dials).toEqual([])
    expect(tracker.ended).toBeNull()
  })

  test('hangs up on a tracker that says anything else, and never follows it for that', () => {
    for (const message of [{ kind: 'yield' }, { kind: 'register', registration: signed(identityOf(7), 1) }] as const) {
      const bench = searching()
      const tracker = answering(bench, null)
      say(tracker, message)
      expect(tracker.bye).toBe(ByeCode.protocolFault)
      expect(states(bench)).toEqual([])
    }
  })

  test('does not take an ordinary node for one, and says so', () => {
    const bench = searching()
    const other = answering(bench, null)
    say(other, { kind: 'closed' })
    expect(bench.tellings('trouble').map(({ code }) => code)).toEqual(['no-tracker'])
    expect(states(bench)).toEqual([])
    expect(bench.listens).toEqual([])
    bench.pass(2_000)
    expect(bench.dials.map(({ address }) => address)).toContainEqual(GIVEN)
  })

  test('gives up one that does not answer, and elects', () => {
    const { bench, tracker } = following()
    bench.pass(5_600)
    expect(heard(tracker).map(({ kind }) => kind)).toEqual(['register', 'register'])
    bench.pass(3_100)
    expect(tracker.bye).toBe(ByeCode.notNeeded)
    expect(states(bench)).toEqual(['following', 'electing'])
    bench.pass(1_200)
    // The address is asked for; as it is another machine's, the node serves where it listens anyway.
    expect(bench.listens.at(-1)).toEqual({ kind: 'listen', address: GIVEN })
    bench.run((node, now) => node.listened(GIVEN, 'not-ours', now))
    expect(bench.tellings('tracker').at(-1)).toMatchObject({ state: 'serving', address: LOCAL, office: 'elected' })
  })

  test('takes its leave, so that nobody is sent to it', () => {
    const { bench, tracker } = following()
    heard(tracker)
    bench.run((node, now) => node.leaveNetwork(now))
    const [said] = heard(tracker)
    expect(said?.kind === 'register' && readRegistration(said.registration)?.lastsS).toBe(0)
  })
})

describe('a node that serves as a tracker', () => {
  test('lists those who register, itself among them', () => {
    const bench = serving()
    const one = visitor(bench, 7)
    const two = visitor(bench, 8)
    const [answer] = heard(two)
    if (answer?.kind !== 'peers') throw new Error('it did not answer')
    expect(answer).toMatchObject({ office: 'first', seen: '192.0.2.8', registered: 3 })
    const keys = answer.peers.map(({ registration }) => toHex(readRegistration(registration)!.identity))
    expect(keys).toContain(toHex(one.identity.signing.publicKey))
    expect(keys).toContain(toHex(bench.node.id))
    expect(bench.node.trackers()).toMatchObject([{ state: 'serving', registered: 3 }])
    expect(bench.node.peers()).toEqual([])
  })

  test('hangs up on who sends a forged registration or somebody else’s, and lists neither', () => {
    const bench = serving()
    const forged = signed(identityOf(7), bench.wallMs)
    forged[41]! ^= 1
    const liar = visitor(bench, 7, forged)
    const thief = visitor(bench, 8, signed(identityOf(9), bench.wallMs))
    for (const peer of [liar, thief]) expect(peer.bye).toBe(ByeCode.protocolFault)
    expect(bench.node.trackers()[0]!.registered).toBe(1)
  })

  test('tells nothing to one who plays a recording, and forgets him in time', () => {
    const bench = serving()
    const registration = signed(identityOf(7), bench.wallMs)
    const peer = visitor(bench, 7, registration)
    heard(peer)
    for (let i = 0; i < 6; i++) {
      bench.pass(3_000)
      say(peer, { kind: 'register', registration })
    }
    // Taken anew once it is forgotten, as from somebody who was never there: it is his own, and signed.
    const lists = heard(peer).filter((message) => message.kind === 'peers')
    expect(lists.slice(0, 4).every((message) => message.kind === 'peers' && message.peers.length === 0)).toBe(true)
  })

  test('answers a flood of registrations five times at once and then once a second', () => {
    const bench = serving()
    const peer = visitor(bench, 7)
    for (let i = 1; i < 300; i++) {
      say(peer, { kind: 'register', registration: signed(identityOf(7), bench.wallMs + i) })
      bench.pass(10)
    }
    expect(heard(peer).length).toBeWithin(5, 10)
  })

  test('yields its address to a program on this machine, and to nobody else', () => {
    const bench = serving()
    const ask = (host: string): Peer => {
      const peer = new Peer(bench, { seed: 70, host }).connect()
      say(peer, { kind: 'yield' })
      return peer
    }
    expect(heard(ask('198.51.100.7'))).toEqual([{ kind: 'closed' }])
    expect(bench.listens).toEqual([])
    ask('127.0.0.1')
    expect(bench.listens).toEqual([{ kind: 'unlisten', address: GIVEN }])
    bench.dials.length = 0
    bench.pass(300)
    expect(bench.dials.map(({ address }) => address)).toEqual([GIVEN])
  })

  test('lets those who rely on it know when it leaves', () => {
    const bench = serving()
    const peer = visitor(bench, 7)
    heard(peer)
    bench.run((node, now) => node.leaveNetwork(now))
    expect(heard(peer)).toEqual([{ kind: 'closed' }])
  })

  test('and one that does not says so at once, and hangs up', () => {
    const bench = new Bench(1)
    const peer = visitor(bench, 7)
    expect(heard(peer)).toEqual([{ kind: 'closed' }])
    expect(peer.ended).toBeNull()
    bench.pass(1_000)
    expect(peer.ended).toBe('end')
    expect(bench.tellings('peer')).toEqual([])
  })

  test('garbage instead of any of its frames ends that link and no other', () => {
    const bench = serving()
    const honest = visitor(bench, 7)
    const rng = seededRng(9)
    for (const type of Object.values(TrackerType)) {
      const peer = visitor(bench, 8 + type)
      heard(peer)
      peer.send(type, (out) => out.bytes(rng.bytes(90)))
      expect(peer.bye).toBe(ByeCode.protocolFault)
    }
    bench.pass(5_000)
    say(honest, { kind: 'register', registration: signed(identityOf(7), bench.wallMs) })
    expect(heard(honest).at(-1)?.kind).toBe('peers')
  })
})

describe('notes of strangers', () => {
  const ELECTION: ElectionNote = { kind: 'election', tcpPort: 65_535, address: null }

  test('a thousand who say that the tracker is lost make a node look once, and say once that it is there', () => {
    const { bench, neighbour, tracker } = withNeighbour()
    bench.pass(2_000)
    heard(tracker)
    notes(neighbour)
    for (let i = 0; i < 1_000; i++) pass(neighbour, identityOf(1_000 + i), bench.wallMs, ELECTION)
    expect(heard(tracker).map(({ kind }) => kind)).toEqual(['register'])
    list(tracker, 'appointed')
    bench.pass(1_000)
    expect(notes(neighbour)).toBe(1)
    expect(states(bench)).toEqual(['following'])
  })

  test('a hundred who say that they have taken over from a tracker that is there are not even dialled', () => {
    const { bench, neighbour } = withNeighbour()
    for (let i = 0; i < 100; i++) {
      const address = { host: '198.51.100.1', port: 22 }
      pass(neighbour, identityOf(1_000 + i), bench.wallMs, { kind: 'coordinator', tcpPort: 60_000 + i, address })
    }
    expect(bench.dials).toEqual([])
  })

  test('where it is lost, they have a node dial a few addresses, none of them its own, and it takes over all the same', () => {
    const { bench, neighbour, tracker } = withNeighbour()
    bench.vanish(tracker.link!)
    const refuse = (): void => {
      for (const { attempt } of bench.dials.splice(0)) {
        bench.run((node, now) => node.dialFailed(attempt, 'refused', 'refused the connection', now))
      }
    }
    const dialled = new Map<string, number>()
    for (let i = 0; i < 200; i++) {
      const host = i % 2 === 0 ? '198.51.100.1' : '127.0.0.1'
      pass(neighbour, identityOf(1_000 + i), bench.wallMs, {
        kind: 'coordinator',
        tcpPort: 60_000 + i,
        address: { host, port: 22 },
      })
      for (const { address } of bench.dials) dialled.set(address.host, (dialled.get(address.host) ?? 0) + 1)
      refuse()
      bench.pass(50)
    }
    expect(dialled.get('127.0.0.1')).toBeUndefined()
    expect(dialled.get('198.51.100.1') ?? 0).toBeLessThan(20)
    expect(states(bench)).toContain('electing')
    for (let i = 0; i < 100; i++) {
      refuse()
      bench.pass(50)
    }
    bench.run((node, now) => node.listened(GIVEN, 'not-ours', now))
    expect(states(bench).at(-1)).toBe('serving')
  })

  test('a recording of a coordinator, or a note from another day, is not listened to', () => {
    const { bench, neighbour, tracker } = withNeighbour()
    bench.vanish(tracker.link!)
    bench.dials.length = 0
    const coordinator: ElectionNote = {
      kind: 'coordinator',
      tcpPort: 60_000,
      address: { host: '198.51.100.1', port: 60_000 },
    }
    pass(neighbour, identityOf(1_000), bench.wallMs - 3_600_000, coordinator)
    expect(bench.dials).toEqual([])
    pass(neighbour, identityOf(1_000), bench.wallMs, { ...coordinator, kind: 'alive', address: null })
    pass(neighbour, identityOf(1_000), bench.wallMs - 1_000, coordinator)
    expect(bench.dials).toEqual([])
  })

  test('one who claims to be coordinator and is not where he says is not followed', () => {
    const { bench, neighbour, tracker } = withNeighbour()
    bench.vanish(tracker.link!)
    for (const { attempt } of bench.dials.splice(0)) {
      bench.run((node, now) => node.dialFailed(attempt, 'refused', 'refused the connection', now))
    }
    pass(neighbour, identityOf(1_000), bench.wallMs, {
      kind: 'coordinator',
      tcpPort: 60_000,
      address: { host: '198.51.100.1', port: 60_000 },
    })
    const impostor = answering(bench, 'elected', { seed: 666, ephemeral: 6, tcpPort: 60_000 })
    expect(impostor.bye).toBe(ByeCode.notNeeded)
    expect(states(bench)).toEqual(['following', 'electing'])
  })

  test('the right one is: higher than we are, and answering as one', () => {
    const { bench, neighbour, tracker } = withNeighbour()
    bench.vanish(tracker.link!)
    for (const { attempt } of bench.dials.splice(0)) {
      bench.run((node, now) => node.dialFailed(attempt, 'refused', 'refused the connection', now))
    }
    pass(neighbour, identityOf(1_000), bench.wallMs, {
      kind: 'coordinator',
      tcpPort: 60_000,
      address: { host: '198.51.100.1', port: 60_000 },
    })
    answering(bench, 'elected', { seed: 1_000, tcpPort: 60_000 })
    expect(bench.tellings('tracker').at(-1)).toMatchObject({
      state: 'following',
      office: 'elected',
      address: { port: 60_000 },
    })
  })
})
