import { describe, expect, test } from 'bun:test'
import { HLC_MS_MAX } from '../../src/base/hlc.ts'
import { signingKeyFromSeed } from '../../src/crypto/sign.ts'
import { VOICE_LASTS_MS } from '../../src/node/voice-roster.ts'
import { openRoomId } from '../../src/wire/event.ts'
import { GRANT_SEALED_BYTES, type VoiceSignal } from '../../src/wire/voice-signal.ts'
import { Bench } from './bench.ts'
import { openPeer } from './peer.ts'
import { Hand, heresOf, intoVoice, type Scene, saidBy, scene, secretOf } from './voice-hand.ts'

const MINUTE_MS = 60_000

function voiceScene(bench = new Bench()): Scene {
  const made = scene(bench)
  intoVoice(bench)
  bench.pass(500)
  saidBy(made.bench, made.peer)
  return made
}

const present = (bench: Bench) => bench.node.voice.present('general').length
const states = (bench: Bench) => bench.tellings('voice-presence').map(({ state }) => state)

describe('a recording', () => {
  test('brings nobody back who has left, however often and in whatever order it is played', () => {
    const made = voiceScene()
    const hand = new Hand(made)
    const recorded = Array.from({ length: 5 }, (_, i) => hand.sealed(hand.here({ generation: 1 + i })))
    for (const sealed of recorded) hand.bring(sealed)
    hand.leave()
    for (const waitMs of [0, MINUTE_MS, 3 * MINUTE_MS, 5 * MINUTE_MS, 20 * MINUTE_MS]) {
      made.bench.pass(waitMs)
      for (const sealed of recorded.toReversed()) hand.bring(sealed)
    }
    expect(states(made.bench)).toEqual(['joined', 'left'])
  })

  test('brings nobody back who was given up, and keeps nobody in who is silent', () => {
    const made = voiceScene()
    const hand = new Hand(made)
    const recorded = Array.from({ length: 5 }, () => hand.sealed(hand.here()))
    for (const sealed of recorded) hand.bring(sealed)
    for (let ms = 0; ms < 5 * MINUTE_MS; ms += 5_000) {
      made.bench.pass(5_000)
      for (const sealed of recorded) hand.bring(sealed)
    }
    expect(states(made.bench)).toEqual(['joined', 'left'])
  })

  test('of somebody who is there takes nothing from what they may say', () => {
    const made = voiceScene()
    const hand = new Hand(made)
    const recorded = Array.from({ length: 400 }, () => hand.sealed(hand.here()))
    for (const sealed of recorded) hand.bring(sealed)
    // Their ids are forgotten after two minutes.
    for (let ms = 0; ms < 3 * MINUTE_MS; ms += 10_000) {
      made.bench.pass(10_000)
      hand.say()
    }
    for (const sealed of recorded) hand.bring(sealed)
    hand.say({ muted: true })
    expect(states(made.bench)).toEqual(['joined', 'changed'])
  })

  test('of long ago, or of a clock far ahead, is believed by nobody', () => {
    const made = voiceScene()
    const { bench } = made
    for (const [seed, ms] of [
      [10, bench.wallMs - 11 * MINUTE_MS],
      [11, 0],
      [12, bench.wallMs + 11 * MINUTE_MS],
      [13, HLC_MS_MAX],
    ] as const) {
      const hand = new Hand(made, seed)
      hand.bring(hand.sealed(hand.here(), { ms, counter: 0 }))
    }
    expect(states(bench)).toEqual([])
    // A clock that is some minutes off is.
    for (const [seed, minutes] of [
      [14, -9],
      [15, 9],
    ] as const) {
      const hand = new Hand(made, seed)
      hand.bring(hand.sealed(hand.here(), { ms: bench.wallMs + minutes * MINUTE_MS, counter: 0 }))
    }
    expect(states(bench)).toEqual(['joined', 'joined'])
  })
})

describe('what is no state', () => {
  test('is passed over: of every length, of every first byte, and cut short anywhere', () => {
    const made = voiceScene()
    const hand = new Hand(made)
    const whole = Uint8Array.of(1, ...hand.key.publicKey, 0, 0, 1, 0, 16, ...new Uint8Array(16), 0, 0)
    for (let length = 0; length < whole.length; length++) hand.bring(hand.signed(whole.slice(0, length)))
    for (let first = 0; first < 256; first++) if (first !== 1) hand.bring(hand.signed(Uint8Array.of(first, 9, 9)))
    hand.bring(hand.signed(new Uint8Array(1_024).fill(1)))
    expect(made.peer.up).toBe(true)
    expect(states(made.bench)).toEqual([])
    hand.bring(hand.signed(whole))
    expect(states(made.bench)).toEqual(['joined'])
  })

  test('of another room, though the same person’s, and forged for another, tell nothing of this one', () => {
    const made = voiceScene()
    const hand = new Hand(made)
    hand.bring(hand.sealed(hand.here(), hand.time(), openRoomId('elsewhere')))
    expect(states(made.bench)).toEqual([])
    const forged = hand.sealed(hand.here())
    forged.set(signingKeyFromSeed(secretOf(5)).publicKey)
    hand.bring(forged)
    expect(made.peer.up).toBe(false)
    expect(states(made.bench)).toEqual([])
  })
})

describe('keys that are none', () => {
  test('of a session whose agreement everybody knows: shown, and granted nothing', () => {
    const made = voiceScene()
    const { bench, peer } = made
    const hand = new Hand(made)
    for (let i = 0; i < 20; i++) {
      hand.say({ session: new Uint8Array(32) })
      bench.pass(5_000)
    }
    expect(present(bench)).toBe(1)
    expect(heresOf(saidBy(bench, peer)).flatMap(({ grants, lacks }) => [...grants, ...lacks])).toEqual([])
  })

  test('grants that do not open, in every generation: nobody is told of, and keys are asked for as ever', () => {
    const made = voiceScene()
    const { bench, peer } = made
    const hand = new Hand(made)
    const { tag } = bench.tellings('voice-session')[0]!
    for (let i = 1; i <= 60; i++) {
      const grants = Array.from({ length: 18 }, () => ({
        tag,
        admission: i,
        sealed: new Uint8Array(GRANT_SEALED_BYTES),
      }))
      hand.say({ generation: i < 50 ? i : 2 ** 32 - i, grants })
      bench.pass(1_000)
    }
    expect(bench.tellings('voice-member')).toEqual([])
    expect(saidBy(bench, peer).length).toBeLessThan(15)
  })

  test('endpoints that do not open, or are none: the member is told of without any', () => {
    const made = voiceScene()
    const hand = new Hand(made)
    hand.say()
    made.bench.pass(500)
    const [answer] = heresOf(saidBy(made.bench, made.peer))
    hand.grant(answer!, 1, { endpoints: new Uint8Array(168) })
    hand.say({ revision: 1, endpoints: new Uint8Array(3) })
    expect(made.bench.tellings('voice-member')).toMatchObject([{ endpoints: [] }])
  })
})

describe('too much', () => {
  test('1,000 changes a second from one: a few are told, nothing is answered, and others are heard', () => {
    const made = voiceScene()
    const { bench, peer } = made
    const [loud, calm] = [new Hand(made, 7), new Hand(made, 8)]
    loud.say()
    bench.pass(500)
    saidBy(bench, peer)
    for (let ms = 0; ms < 4_000; ms++) {
      loud.say({ muted: ms % 2 === 0, ageTenths: ms })
      bench.pass(1)
    }
    calm.say()
    expect(present(bench)).toBe(2)
    expect(states(bench).filter((state) => state === 'changed').length).toBeLessThan(64 + 20)
    expect(saidBy(bench, peer).length).toBeLessThan(8)
    expect(peer.up).toBe(true)
  })

  test('a new session 1,000 times a second: keys change and are granted now and then', () => {
    const made = voiceScene()
    const { bench, peer } = made
    const hand = new Hand(made)
    for (let ms = 0; ms < 4_000; ms++) {
      hand.key = new Hand(made, 7, ms).key
      hand.say()
      bench.pass(1)
    }
    expect(bench.tellings('voice-key').length).toBeLessThan(5)
    expect(saidBy(bench, peer).length).toBeLessThan(15)
  })

  test('joining and leaving 1,000 times a second: the same', () => {
    const made = voiceScene()
    const { bench, peer } = made
    const hand = new Hand(made)
    for (let ms = 0; ms < 2_000; ms++) {
      hand.say()
      hand.leave()
      bench.pass(1)
    }
    expect(states(bench).length).toBeLessThan(20)
    expect(saidBy(bench, peer).length).toBeLessThan(10)
  })

  test('a crowd of made-up people: 149 beside us are let in, told a few times a second, and whoever was there stays', () => {
    const made = voiceScene(new Bench(1))
    const { bench, peer } = made
    const friend = new Hand(made, 7)
    friend.say()
    for (let i = 0; i < 400; i++) {
      new Hand(made, 1_000 + i).say()
      bench.pass(5)
    }
    expect(present(bench)).toBe(149)
    // Some 18 keys an event.
    expect(saidBy(bench, peer).length).toBeLessThan(8 + 149 / 16)
    friend.say({ muted: true })
    expect(states(bench).at(-1)).toBe('changed')
  })

  test('60 who ask for our key over and over: it is told again a few times a second', () => {
    const made = voiceScene()
    const { bench, peer } = made
    const { tag } = bench.tellings('voice-session')[0]!
    const hands = Array.from({ length: 60 }, (_, i) => new Hand(made, 1_000 + i))
    for (let ms = 0; ms < 6_000; ms += 250) {
      for (const hand of hands) hand.say({ lacks: [{ tag, floor: 0 }] })
      bench.pass(250)
    }
    expect(saidBy(bench, peer).length).toBeLessThan(32 + 6 * 4 + 2)
  })

  test('a room that is full is joined by nobody, until they run out', () => {
    const made = scene()
    const { bench } = made
    for (let i = 0; i < 200; i++) new Hand(made, 1_000 + i).say()
    expect(present(bench)).toBe(150)
    expect(bench.run((node, now) => node.voiceAt(now).join('general'))).toBe('full')
    bench.pass(VOICE_LASTS_MS + 6_000)
    expect(bench.run((node, now) => node.voiceAt(now).join('general'))).toBeNull()
  })
})

describe('one tag for two', () => {
  /** Found by trying: these two people’s sessions have one tag. */
  const [LEFT, RIGHT] = [
    { seed: 201, session: 36_518 },
    { seed: 202, session: 12_831 },
  ]

  test('who was there first is a member, the other is shown, and takes their place when they go', () => {
    const made = voiceScene()
    const { bench, peer } = made
    const [first, second] = [new Hand(made, LEFT.seed, LEFT.session), new Hand(made, RIGHT.seed, RIGHT.session)]
    expect(first.tag).toBe(second.tag)
    first.say()
    second.say()
    bench.pass(500)
    const said = heresOf(saidBy(bench, peer))
    const granted = said.find(({ grants }) => grants.length > 0)!
    expect(granted.grants.length).toBe(1)
    expect(first.granted(granted)).not.toBeNull()
    second.grant(granted, 1)
    expect(bench.tellings('voice-member')).toEqual([])
    first.grant(granted, 1)
    expect(bench.tellings('voice-member')).toMatchObject([{ member: first.id }])
    expect(present(bench)).toBe(2)
    first.leave()
    second.say()
    bench.pass(500)
    second.grant(granted, 1)
    expect(bench.tellings('voice-member').at(-1)).toMatchObject({ member: second.id, tag: second.tag })
  })

  test('who has ours has us draw another, a few times and no more', () => {
    // As bad as chance can be: whatever it draws is the same.
    const bench = new Bench(1, { randomBytes: (n) => (n === 32 ? secretOf(110_110) : new Uint8Array(n)) })
    bench.run((node, now) => node.join('general', now))
    intoVoice(bench)
    const hand = new Hand({ bench, peer: openPeer(bench) }, 203, 29_178)
    bench.forget()
    bench.pass(1_000)
    expect(bench.node.voice['session']!.tag).toBe(hand.tag)
    for (let i = 0; i < 10; i++) {
      hand.say()
      bench.pass(100)
      if (bench.tellings('voice-session').length > 0) bench.run((node, now) => node.voiceAt(now).reachable([]))
    }
    expect(bench.tellings('voice-session').length).toBe(3)
    expect(bench.tellings('voice-member')).toEqual([])
  })
})

test('said at every instant and in any order by ten people, never is one told gone who was not there', () => {
  const made = voiceScene()
  const { bench } = made
  const hands = Array.from({ length: 10 }, (_, i) => new Hand(made, 300 + i))
  const rng = { at: 1 }
  const below = (n: number): number => {
    rng.at = (rng.at * 48_271) % 0x7fffffff
    return rng.at % n
  }
  const waiting: { sealed: Uint8Array; hand: Hand }[] = []
  for (let step = 0; step < 2_000; step++) {
    const hand = hands[below(10)]!
    const answer = heresOf(saidBy(bench, made.peer)).at(-1)
    if (answer !== undefined && below(3) > 0) hand.grant(answer, 1 + below(3), { generation: 1 + below(4) })
    const signal: VoiceSignal = below(5) === 0 ? { kind: 'left' } : hand.here({ generation: 1 + below(4) })
    waiting.push({ sealed: hand.sealed(signal), hand })
    while (waiting.length > 8) {
      const [{ sealed, hand: of }] = waiting.splice(below(waiting.length), 1) as [(typeof waiting)[0]]
      of.bring(sealed)
    }
    bench.pass(below(20) === 0 ? below(30_000) : below(500))
  }
  const there = new Set<string>()
  const known = new Set<string>()
  for (const telling of bench.told) {
    if (telling.kind === 'voice-presence') {
      const key = telling.member.toHex()
      expect(there.has(key)).toBe(telling.state !== 'joined')
      if (telling.state === 'left') there.delete(key)
      else there.add(key)
    } else if (telling.kind === 'voice-member') known.add(telling.member.toHex())
    else if (telling.kind === 'voice-gone') expect(known.delete(telling.member.toHex())).toBe(true)
  }
  expect(bench.tellings('voice-gone').length).toBeGreaterThan(5)
  expect(present(bench)).toBe(there.size)
})
