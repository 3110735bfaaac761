import { describe, expect, test } from 'bun:test'
import { toHex } from '../../src/base/bytes.ts'
import { seededRng } from '../../src/base/rng.ts'
import { FrameType } from '../../src/wire/frame.ts'
import { ByeCode } from '../../src/wire/hello.ts'
import { readRegistration } from '../../src/wire/registration.ts'
import { TrackerType } from '../../src/wire/tracker.ts'
import { Bench, identityOf } from './bench.ts'
import { Peer } from './peer.ts'
import {
  answering,
  following,
  GIVEN,
  heard,
  LOCAL,
  list,
  say,
  searching,
  serving,
  signed,
  states,
  visitor,
} from './tracked.ts'

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

  test('answers a flood of registrations with a list five times at once and then once a second, and ends it', () => {
    const bench = serving()
    const peer = visitor(bench, 7)
    for (let i = 1; i < 300; i++) {
      say(peer, { kind: 'register', registration: signed(identityOf(7), bench.wallMs + i) })
      bench.pass(10)
    }
    const lists = heard(peer).filter((message) => message.kind === 'peers' && message.peers.length > 0)
    expect(lists.length).toBeWithin(5, 10)
    expect(peer.ended).not.toBeNull()
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
