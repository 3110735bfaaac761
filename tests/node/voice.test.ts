import { describe, expect, test } from 'bun:test'
import { FrameType } from '../../src/wire/frame.ts'
import type { VoiceHere } from '../../src/wire/voice-signal.ts'
import { audioStream, openEndpoints, sealEndpoints } from '../../src/wire/voice-signal-keys.ts'
import { Bench } from './bench.ts'
import { openPeer } from './peer.ts'
import { ENDPOINT, Hand, heresOf, intoVoice, type Scene, saidBy, scene } from './voice-hand.ts'

/** The node in voice, and what it says first. */
function voiceScene(): Scene & { first: VoiceHere } {
  const made = scene()
  intoVoice(made.bench)
  made.bench.pass(50)
  return { ...made, first: heresOf(saidBy(made.bench, made.peer))[0]! }
}

/** And with somebody, all keys known both ways. */
function together() {
  const made = voiceScene()
  const hand = new Hand(made)
  hand.say()
  made.bench.pass(500)
  const answer = heresOf(saidBy(made.bench, made.peer)).find((here) => hand.granted(here) !== null)!
  hand.grant(answer, 1)
  return { ...made, hand, admission: hand.granted(answer)!.admission }
}

describe('being in voice', () => {
  test('is told to nobody before it is known where we can be reached, and then at once, without our addresses', () => {
    const { bench, peer } = scene()
    expect(bench.run((node, now) => node.voiceAt(now).join('general'))).toBeNull()
    expect(bench.tellings('voice-session')).toMatchObject([{ room: 'general' }])
    bench.pass(20_000)
    expect(saidBy(bench, peer)).toEqual([])
    bench.run((node, now) => node.voiceAt(now).reachable([ENDPOINT]))
    bench.pass(1)
    const [here, ...more] = heresOf(saidBy(bench, peer))
    expect(more).toEqual([])
    const { audio } = bench.tellings('voice-session')[0]!
    expect(openEndpoints(audio.secret, 0, here!.endpoints)).toEqual([ENDPOINT])
    expect(here).toMatchObject({ muted: false, deafened: false, ageTenths: 0, generation: 1 })
  })

  test('is said again every 12 seconds or so, and that we left at once', () => {
    const { bench, peer } = voiceScene()
    bench.pass(120_000)
    const said = saidBy(bench, peer)
    expect(said.length).toBeGreaterThanOrEqual(8)
    expect(said.length).toBeLessThanOrEqual(12)
    bench.run((node, now) => node.voiceAt(now).leave())
    expect(saidBy(bench, peer)).toEqual([{ kind: 'left' }])
    bench.pass(60_000)
    expect(saidBy(bench, peer)).toEqual([])
  })

  test.each([
    ['another room is gone to', (bench: Bench) => bench.run((node, now) => node.voiceAt(now).join('dev'))],
    ['the room is left', (bench: Bench) => bench.run((node, now) => node.leave('general', now))],
    ['we go', (bench: Bench) => bench.run((node, now) => node.leaveNetwork(now))],
  ])('ends when %s', (_, end) => {
    const { bench, peer } = voiceScene()
    bench.run((node, now) => node.join('dev', now))
    end(bench)
    expect(saidBy(bench, peer)).toContainEqual({ kind: 'left' })
    expect(bench.node.voice.room).not.toBe('general')
  })

  test('is in rooms that are joined alone, and once in each', () => {
    const { bench } = voiceScene()
    const join = (room: string) => bench.run((node, now) => node.voiceAt(now).join(room))
    expect(join('elsewhere')).toBe('not-joined')
    expect(join('general')).toBeNull()
    expect(bench.tellings('voice-session').length).toBe(1)
    expect(bench.node.voice.present('elsewhere')).toEqual([])
  })

  test('muted a thousand times in a second is said a few times, the last of them as it is', () => {
    const { bench, peer } = voiceScene()
    for (let i = 0; i < 1_000; i++) {
      bench.run((node, now) => node.voiceAt(now).state(i % 2 === 0, i % 3 === 0))
      bench.pass(1)
    }
    bench.pass(300)
    const said = heresOf(saidBy(bench, peer))
    expect(said.length).toBeLessThanOrEqual(6)
    expect(said.at(-1)).toMatchObject({ muted: false, deafened: true })
  })

  test('with nobody to hear it is told as soon as there is somebody', () => {
    const bench = new Bench()
    bench.run((node, now) => node.join('general', now))
    intoVoice(bench)
    bench.pass(60_000)
    const peer = openPeer(bench)
    bench.pass(300)
    expect(heresOf(saidBy(bench, peer)).length).toBe(1)
  })
})

describe('somebody else in voice', () => {
  test('is shown to who is not, with their name, until they leave', () => {
    const made = scene()
    const hand = new Hand(made)
    hand.say({ ageTenths: 30 })
    hand.say({ muted: true })
    const { bench } = made
    expect(bench.node.voice.present('general')).toMatchObject([{ muted: true, deafened: false }])
    expect(bench.nowMs - bench.node.voice.present('general')[0]!.sinceMs).toBe(3_000)
    hand.leave()
    const told = bench.tellings('voice-presence').map(({ state, muted, isNew }) => [state, muted, isNew])
    // Said to be there for longer than we have been here.
    expect(told).toEqual([
      ['joined', false, false],
      ['changed', true, false],
      ['left', true, false],
    ])
    expect(saidBy(bench, made.peer)).toEqual([])
  })

  test('is granted our key soon, and is told of once theirs has come', () => {
    const { bench, hand, admission } = together()
    const [told, ...more] = bench.tellings('voice-member')
    expect(more).toEqual([])
    const pair = hand.pair({ ...hand.here(), session: bench.node.voice['session']!['key'].publicKey })
    expect(told).toMatchObject({
      tag: hand.tag,
      audio: audioStream(hand.id, hand.secret),
      theirs: pair.outgoing(1).control,
      ours: pair.incoming(admission).control,
      endpoints: [{ host: '198.51.100.7', port: 6_000 }],
      muted: false,
      isNew: true,
    })
  })

  test('is told of again where something is new, and only then', () => {
    const { bench, hand, first } = together()
    bench.forget()
    hand.say()
    hand.say({ deafened: true })
    expect(bench.tellings('voice-member')).toEqual([])
    hand.say({ muted: true })
    expect(bench.tellings('voice-member')).toMatchObject([{ muted: true, isNew: false }])
    hand.secret = hand.secret.with(31, 9)
    hand.grant(first, 1, { generation: 2 })
    expect(bench.tellings('voice-member')[1]!.audio).toEqual(audioStream(hand.id, hand.secret))
    // Sealed once more, and the same.
    hand.grant(first, 1, { generation: 2, revision: 1 })
    expect(bench.tellings('voice-member').length).toBe(2)
    const endpoints = sealEndpoints(hand.secret, 2, [ENDPOINT])
    hand.say({ generation: 2, revision: 2, endpoints })
    hand.say({ generation: 2, revision: 1 })
    expect(bench.tellings('voice-member').slice(2)).toMatchObject([{ endpoints: [ENDPOINT] }])
  })

  test('whose key comes after something newer of theirs is told of all the same', () => {
    const { bench, first, ...made } = voiceScene()
    const hand = new Hand({ bench, ...made })
    const early = hand.time()
    hand.say()
    bench.pass(500)
    const tag = bench.tellings('voice-session')[0]!.tag
    const sealed = hand.pair(first).outgoing(1).seal(1, hand.secret)
    hand.bring(hand.sealed(hand.here({ muted: true, grants: [{ tag, admission: 1, sealed }] }), early))
    // The state in it is not news any more, the key is.
    expect(bench.tellings('voice-member')).toMatchObject([{ muted: false }])
  })

  test('who goes has our key changed soon after, and sealing by it waits until others can know it', () => {
    const { bench, peer, hand } = together()
    new Hand({ bench, peer }, 8).say()
    bench.pass(500)
    saidBy(bench, peer)
    hand.leave()
    expect(bench.tellings('voice-gone')).toMatchObject([{ chime: true }])
    bench.pass(200)
    expect(bench.tellings('voice-key')).toMatchObject([{ afterMs: 500 }])
    for (const here of heresOf(saidBy(bench, peer))) expect(hand.granted(here)).toBeNull()
  })

  test('who begins anew, and is the only other, is spoken to under the new key at once', () => {
    const { bench, peer, hand } = together()
    hand.key = new Hand({ bench, peer }, 7, 77).key
    hand.say()
    bench.pass(200)
    expect(bench.tellings('voice-key')).toMatchObject([{ afterMs: 0 }])
    // Who came between has that one, and takes nothing of another before it is told.
    hand.key = new Hand({ bench, peer }, 7, 78).key
    new Hand({ bench, peer }, 8).say()
    hand.say()
    bench.pass(1_200)
    expect(bench.tellings('voice-key')).toMatchObject([{ afterMs: 0 }, { afterMs: 500 }])
  })

  test('who asks for our key, and goes before it is told again, had it all the same', () => {
    const { bench, hand } = together()
    hand.say({ lacks: [{ tag: bench.tellings('voice-session')[0]!.tag, floor: 0 }] })
    hand.leave()
    bench.pass(500)
    expect(bench.tellings('voice-key').length).toBe(1)
  })

  test('who begins anew is gone, without a sound, and is there again under other keys', () => {
    const { bench, peer, hand, first } = together()
    hand.key = new Hand({ bench, peer }, 7, 77).key
    hand.say()
    expect(bench.tellings('voice-gone')).toMatchObject([{ chime: false }])
    bench.pass(500)
    expect(bench.tellings('voice-key').length).toBe(1)
    const [answer] = heresOf(saidBy(bench, peer)).filter((here) => hand.granted(here) !== null)
    // They are given the new one, not the one before it as well.
    expect(answer!.generation).toBe(2)
    hand.grant(first, 1)
    const [before, after] = bench.tellings('voice-member')
    expect(after!.isNew).toBe(false)
    expect(after!.ours.secret).not.toEqual(before!.ours.secret)
  })
})

describe('keys that do not come', () => {
  test('are asked for after a moment, three times more at growing intervals, and then with what is said anyway', () => {
    const { bench, peer, ...made } = voiceScene()
    const hand = new Hand({ bench, peer, ...made })
    const asked: number[] = []
    const beganMs = bench.nowMs
    for (let ms = 0; ms < 120_000; ms += 100) {
      if (ms % 12_000 === 0) hand.say()
      bench.pass(100)
      const lacks = heresOf(saidBy(bench, peer)).flatMap((here) => here.lacks)
      if (lacks.length > 0) asked.push(bench.nowMs - beganMs)
      expect(lacks.every(({ tag, floor }) => tag === hand.tag && floor === 0)).toBe(true)
    }
    expect(asked[0]).toBeLessThan(2_000)
    expect(asked.length).toBeGreaterThan(8)
    expect(asked.length).toBeLessThan(16)
  })

  test('of those who were there before us, and have not heard of us, are asked for as well', () => {
    const { bench, peer } = scene()
    const hand = new Hand({ bench, peer })
    hand.say()
    intoVoice(bench)
    bench.pass(1_000)
    const [first, ...more] = heresOf(saidBy(bench, peer))
    expect([hand.granted(first!)?.admission, first!.lacks, more]).toEqual([1, [], []])
    bench.pass(1_000)
    expect(heresOf(saidBy(bench, peer)).map(({ lacks }) => lacks)).toEqual([[{ tag: hand.tag, floor: 0 }]])
  })

  test('are told again to who asks', () => {
    const { bench, peer, hand, first, admission } = together()
    saidBy(bench, peer)
    const { tag, audio } = bench.tellings('voice-session')[0]!
    hand.say({ lacks: [{ tag, floor: 0 }] })
    bench.pass(500)
    const granted = heresOf(saidBy(bench, peer)).map((here) => hand.granted({ ...here, session: first.session }))
    expect(granted).toEqual([{ secret: audio.secret, admission }])
    expect(bench.tellings('voice-key')).toEqual([])
  })
})

describe('who was given up and comes back', () => {
  test('is told of under new keys only: those of before are asked for anew and not taken again', () => {
    const { bench, peer, hand, first } = together()
    const old = bench.tellings('voice-member')[0]!
    bench.pass(51_000)
    expect(bench.tellings('voice-gone')).toMatchObject([{ chime: true }])
    bench.forget()
    saidBy(bench, peer)
    hand.grant(first, 1, { ageTenths: 510 })
    hand.secret = hand.secret.with(31, 9)
    hand.grant(first, 1, { generation: 2 })
    hand.grant(first, 2)
    bench.pass(3_000)
    expect(bench.tellings('voice-member')).toEqual([])
    const said = heresOf(saidBy(bench, peer))
    expect(said.flatMap(({ lacks }) => lacks)).toContainEqual({ tag: hand.tag, floor: 1 })
    expect(said.find((here) => hand.granted(here) !== null)!.generation).toBe(2)
    hand.grant(first, 2, { generation: 2 })
    const [told] = bench.tellings('voice-member')
    expect(told!.isNew).toBe(false)
    for (const stream of ['theirs', 'ours', 'audio'] as const)
      expect(told![stream].secret).not.toEqual(old[stream].secret)
  })

  test('and had given us up is granted new keys of ours, and whoever asks for that again and again, now and then', () => {
    const { bench, peer, hand, admission } = together()
    saidBy(bench, peer)
    const { tag } = bench.tellings('voice-session')[0]!
    const before = bench.tellings('voice-member')[0]!
    hand.say({ lacks: [{ tag, floor: admission }] })
    bench.pass(1_000)
    const granted = heresOf(saidBy(bench, peer)).map((here) => [here.generation, hand.granted(here)?.admission])
    expect(granted).toEqual([[2, admission + 1]])
    expect(bench.tellings('voice-member')[1]!.ours.secret).not.toEqual(before.ours.secret)
    for (let floor = 0; floor < 60; floor++) {
      hand.say({ lacks: [{ tag, floor }] })
      bench.pass(1_000)
    }
    expect(bench.tellings('voice-key').length).toBeLessThanOrEqual(5)
  })
})

test('what is said of voice goes on its way through a node that is in no room, and is told of there to nobody', () => {
  const bench = new Bench()
  const peer = openPeer(bench)
  const other = openPeer(bench, { seed: 101 })
  new Hand({ bench, peer }).say()
  expect(other.heardOf(FrameType.passing).length).toBe(1)
  expect(bench.tellings('voice-presence')).toEqual([])
})
