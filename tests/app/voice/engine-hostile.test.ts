import { describe, expect, test } from 'bun:test'
import { OwnKeys } from '../../../src/app/voice/engine-keys.ts'
import { streamKey } from '../../../src/app/voice/engine-member.ts'
import { emptyAudio, writeAudio } from '../../../src/wire/voice-audio.ts'
import { VoiceOpener, VoiceSealer } from '../../../src/wire/voice-datagram.ts'
import type { SeenDatagram } from '../../sim/datagrams.ts'
import { Lab, type Person, SMOOTH } from './engine-lab.ts'

const CLEAR = 0.4
const NOTHING = 0.003

/** Whether somebody who has that key could read any of the datagrams. */
function opens(key: Person['audio'], datagrams: readonly SeenDatagram[]): number {
  const opener = new VoiceOpener(streamKey(key, 'audio'))
  const into = new Uint8Array(1_200)
  return datagrams.filter(({ bytes }) => opener.open(bytes, into) >= 0).length
}

function audioPayload(time: number): Uint8Array {
  const audio = {
    ...emptyAudio(),
    level: 5,
    time,
    newest: new Uint8Array(162).fill(200).fill(0x78, 0, 1).fill(0, 1, 2),
  }
  const into = new Uint8Array(1_200)
  return into.slice(0, writeAudio(audio, into))
}

describe('ways', () => {
  test('where no direct one opens, somebody who has both passes it on, unread; and when one opens it is taken', async () => {
    const lab = new Lab()
    lab.network.wall('10.1.0.1', '10.1.0.2')
    const [a, b, c] = await lab.room(3)
    c!.silent()
    lab.pass(2_000)
    for (const each of [a!, b!]) each.forget()
    lab.pass(2_000)
    expect([a!.hears(b!) > CLEAR, b!.hears(a!) > CLEAR]).toEqual([true, true])
    expect(a!.about(b!)).toMatchObject({ path: 'relayed', via: '3', rttMs: 20, hearing: { lossPercent: 0 } })
    expect(c!.statistics.passedOn).toBeGreaterThan(200)
    lab.network.openWall('10.1.0.1', '10.1.0.2')
    lab.pass(8_000)
    expect(a!.about(b!)).toMatchObject({ path: 'direct', via: null })
    expect(b!.hears(a!)).toBeGreaterThan(CLEAR)
    expect(b!.roughness).toBeLessThan(SMOOTH)
    await lab.close()
  })

  test('without a way nothing is sent but probes', async () => {
    const lab = new Lab()
    lab.network.wall('10.1.0.1', '10.1.0.2')
    const [a, b] = await lab.room(2)
    lab.pass(5_000)
    expect(a!.about(b!)).toMatchObject({ path: 'none', hearing: null })
    expect(a!.statistics.sent).toBeLessThan(20)
    await lab.close()
  })
})

describe('keys', () => {
  test('who leaves opens nothing that is said after, and is not heard; the others miss nothing', async () => {
    const lab = new Lab()
    const [a, b, c] = await lab.room(3)
    c!.silent()
    lab.pass(2_000)
    const known = a!.audio
    for (const each of [a!, b!]) {
      each.engine.gone(c!.id, false)
      each.audio = lab.stream()
      each.engine.key(each.audio, 300)
    }
    lab.pass(100)
    for (const [each, other] of [[a!, b!] as const, [b!, a!] as const]) each.engine.member(each.knows(other))
    lab.pass(400)
    const after: SeenDatagram[] = []
    lab.network.seen = (datagram) => after.push(datagram)
    lab.pass(2_000)
    const audio = after.filter(({ from, bytes }) => from.host === a!.host && bytes.length > 100)
    expect([opens(known, audio), opens(a!.audio, audio)]).toEqual([0, audio.length])
    expect(audio.length).toBeGreaterThan(90)
    expect(after.some(({ from, to }) => from.host !== c!.host && to.host === c!.host)).toBe(false)
    expect(b!.hears(a!)).toBeGreaterThan(CLEAR)
    expect(b!.about(a!).hearing).toMatchObject({ lost: 0, concealedTicks: 0 })
    expect(b!.roughness).toBeLessThan(SMOOTH)
    c!.speaks()
    lab.pass(1_500)
    expect([a!.hears(c!), b!.hears(c!)].every((level) => level < NOTHING)).toBe(true)
    expect(a!.statistics.drops['unknown']).toBeGreaterThan(0)
    await lab.close()
  })

  test('who begins anew, with everything of theirs another, is heard again at once', async () => {
    const lab = new Lab()
    const [a, b] = await lab.room(2)
    lab.pass(2_000)
    await lab.world.settle(b!.engine.close(), 1_000)
    a!.engine.gone(b!.id, false)
    lab.people.pop()
    const again = await lab.join()
    lab.pass(2_000)
    expect([again.hears(a!) > CLEAR, a!.hears(again) > CLEAR]).toEqual([true, true])
    await lab.close()
  })

  test('one of our own that was used before is refused, before anything is sealed by it', async () => {
    const keys = new OwnKeys()
    const stream = { tag: 1, secret: 'ab'.repeat(32) }
    keys.sealer(stream, 'audio')
    expect(() => keys.sealer({ ...stream, tag: 2 }, 'control')).toThrow('second time')
  })
})

describe('hostile senders', () => {
  test('a wrong key, a replay, and any bytes at all are dropped and counted, answered by nothing, and heard by nobody', async () => {
    const lab = new Lab()
    const [a, b] = await lab.room(2)
    b!.silent()
    lab.pass(1_000)
    const stranger = { host: '10.9.9.9', port: 9_999 }
    const seen: SeenDatagram[] = []
    lab.network.seen = (datagram) => seen.push(datagram)
    lab.pass(500)
    const replayed = seen.filter(({ to }) => to.host === b!.host)
    a!.silent()
    lab.pass(1_000)
    seen.length = 0
    b!.forget()
    const forger = new VoiceSealer(streamKey({ ...a!.audio, secret: 'cd'.repeat(32) }, 'audio'), 5_000)
    const forged = new Uint8Array(1_200)
    for (let i = 0; i < 200; i++) {
      lab.network.send(stranger, b!.endpoint, forged.subarray(0, forger.seal(audioPayload(i), forged)))
      lab.network.send(stranger, b!.endpoint, lab.rng.bytes(lab.rng.below(1_500)))
      if (replayed[i] !== undefined) lab.network.send(a!.endpoint, b!.endpoint, replayed[i]!.bytes)
    }
    for (const size of [0, 1, 1_200, 65_507]) lab.network.send(stranger, b!.endpoint, new Uint8Array(size).fill(0xb1))
    lab.pass(2_500)
    expect(seen.some(({ to }) => to.host === stranger.host)).toBe(false)
    const { drops } = b!.statistics
    expect(drops['forged']).toBe(200)
    expect(drops['replayed']).toBe(replayed.length)
    expect(b!.loudest).toBe(0)
    a!.speaks()
    lab.pass(1_500)
    expect(b!.hears(a!)).toBeGreaterThan(CLEAR)
    await lab.close()
  })

  test('a member who sends 10,000 packets a second, and one who seals nonsense, disturb nobody else', async () => {
    const lab = new Lab()
    const [a, b, c] = await lab.room(3)
    c!.silent()
    lab.pass(1_000)
    c!.set({ muted: true })
    const audio = new VoiceSealer(streamKey(c!.audio, 'audio'), 10_000)
    const control = new VoiceSealer(streamKey(c!.to(b!), 'control'), 10_000)
    const bytes = new Uint8Array(1_200)
    const answers: SeenDatagram[] = []
    lab.network.seen = (datagram) => {
      if (datagram.from.host === b!.host && datagram.to.host === c!.host) answers.push(datagram)
    }
    b!.forget()
    for (let ms = 0; ms < 2_000; ms++) {
      for (let i = 0; i < 10; i++) {
        const payload = i % 2 === 0 ? audioPayload(lab.rng.u32() % 2 ** 24) : lab.rng.bytes(1 + lab.rng.below(200))
        const sealer = i % 5 === 4 ? control : audio
        lab.network.send(c!.endpoint, b!.endpoint, bytes.subarray(0, sealer.seal(payload, bytes)))
      }
      lab.pass(1)
    }
    expect(b!.statistics.drops['excess']).toBeGreaterThan(10_000)
    expect(b!.statistics.drops['malformed']).toBeGreaterThan(100)
    expect(b!.hears(a!)).toBeGreaterThan(0.3)
    expect(b!.about(a!).hearing).toMatchObject({ lost: 0, concealedTicks: 0 })
    expect(b!.loudest).toBeLessThan(1)
    // Their own audio, which is sent to them, and not much more.
    expect(answers.length).toBeLessThan(2 * (2 * 50 + 40))
    await lab.close()
  }, 30_000)

  test('of 100 who speak at once the loudest are decoded, and a friend who is louder is among them', async () => {
    const lab = new Lab()
    const [a, friend] = await lab.room(2, { gainDb: -20 })
    a!.silent()
    const crowd = Array.from({ length: 100 }, (_, i) => ({
      id: `x${i}`,
      tag: lab.rng.u32(),
      audio: lab.stream(),
      sender: { host: '10.7.0.1', port: 2_000 + i },
    }))
    for (const { id, tag, audio, sender } of crowd) {
      const streams = { audio, theirs: lab.stream(), ours: lab.stream() }
      const rest = { endpoints: [sender], volumePercent: 100, muted: false, chime: false }
      a!.engine.member({ id, tag, ...streams, ...rest })
    }
    const sealers = crowd.map(({ audio }) => new VoiceSealer(streamKey(audio, 'audio')))
    const bytes = new Uint8Array(1_200)
    friend!.set({})
    for (let frame = 0; frame < 100; frame++) {
      for (const [i, sealer] of sealers.entries()) {
        const payload = audioPayload(2 * frame)
        payload[1] = 40
        lab.network.send(crowd[i]!.sender, a!.endpoint, bytes.subarray(0, sealer.seal(payload, bytes)))
      }
      lab.pass(20)
    }
    expect(a!.statistics.members.filter(({ hearing }) => hearing !== null && hearing.received > 40).length).toBe(101)
    const decoded = a!.statistics.members.filter(({ hearing }) => (hearing?.playedTicks ?? 0) > 100)
    expect(decoded.length).toBeWithin(20, 27)
    expect(decoded.map(({ id }) => id)).toContain(friend!.id)
    expect(a!.loudest).toBeLessThan(0.9)
    await lab.close()
  }, 30_000)
})
