import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { seededRng } from '../../../src/base/rng.ts'
import { ATTEMPTS_PER_S, OPENED_PER_S, STREAMS_MAX, VoiceIntake } from '../../../src/core/voice/intake.ts'
import {
  DIRECT,
  RELAYED,
  type StreamKey,
  VOICE_DATAGRAM_BYTES_MAX,
  VoiceSealer,
  writeU32,
} from '../../../src/wire/voice-datagram.ts'

const keyOf = (tag: number): StreamKey => ({ tag, secret: new Uint8Array(32).fill(tag), use: 'audio' })

function datagrams(count: number, sealer = new VoiceSealer(keyOf(1))): Uint8Array[] {
  const into = new Uint8Array(VOICE_DATAGRAM_BYTES_MAX)
  return Array.from({ length: count }, (_, i) => into.slice(0, sealer.seal(Uint8Array.of(i, 2, 3), into)))
}

function intakeOf(...tags: number[]): VoiceIntake<string> {
  const intake = new VoiceIntake<string>()
  for (const tag of tags) intake.add(keyOf(tag), `speaker ${tag}`)
  return intake
}

const none = intakeOf().drops

describe('what comes in', () => {
  test('is told whose it is, and opens once', () => {
    const intake = intakeOf(1, 2)
    const [first, second] = datagrams(2) as [Uint8Array, Uint8Array]
    expect(intake.receive(second, 0)).toMatchObject({ owner: 'speaker 1', use: 'audio', number: 1 })
    expect(intake.receive(first, 0)?.payload).toEqual(Uint8Array.of(0, 2, 3))
    for (const again of [first, second]) expect(intake.receive(again, 0)).toBeNull()
    expect(intake.drops).toEqual({ ...none, replayed: 2 })
  })

  test('is dropped and counted where nobody is known by that tag, and after they left', () => {
    const intake = intakeOf(2)
    const [first] = datagrams(1) as [Uint8Array]
    expect(intake.receive(first, 0)).toBeNull()
    intake.add(keyOf(1), 'late')
    expect(intake.receive(first, 0)?.owner).toBe('late')
    intake.remove(1)
    expect(intake.receive(first, 0)).toBeNull()
    expect(intake.drops).toEqual({ ...none, unknown: 2 })
  })

  test('with a number far ahead that nobody sealed moves nothing', () => {
    const intake = intakeOf(1)
    const [first, second] = datagrams(2) as [Uint8Array, Uint8Array]
    intake.receive(first, 0)
    for (const jump of [1, 1_024, 2 ** 31, 2 ** 32 - 2]) {
      const forged = second.slice()
      writeU32(forged, 5, 1 + jump)
      expect(intake.receive(forged, 0)).toBeNull()
    }
    expect(intake.receive(second, 0)?.number).toBe(1)
    expect(intake.drops).toEqual({ ...none, forged: 4 })
  })

  test('of 0 to 65,507 bytes of anything never throws, opens nothing, and is counted once', () => {
    const intake = intakeOf(1)
    const rng = seededRng(5)
    const lengths = [0, 1, 8, 9, 24, 25, 26, 1_200, 1_201, 9_000, 65_507]
    let sent = 0
    for (const length of [...lengths, ...Array.from({ length: 2_000 }, () => rng.below(1_400))]) {
      for (const first of [DIRECT, RELAYED, rng.below(256)]) {
        const bytes = rng.bytes(length)
        if (length > 9) {
          bytes[0] = first
          writeU32(bytes, 1, 1)
        }
        expect(intake.receive(bytes, sent++ * 10)).toBeNull()
      }
    }
    expect(Object.values(intake.drops).reduce((sum, count) => sum + count)).toBe(sent)
    expect(intake.drops.forged).toBeGreaterThan(1_000)
    expect(intake.receive(datagrams(1)[0]!, 0)).not.toBeNull()
  })

  test('with a bit changed anywhere never opens', () => {
    fc.assert(
      fc.property(fc.nat(27), fc.nat(7), (at, bit) => {
        const intake = intakeOf(1)
        const [datagram] = datagrams(1) as [Uint8Array]
        datagram[at]! ^= 1 << bit
        expect(intake.receive(datagram, 0)).toBeNull()
      }),
    )
  })
})

describe('too much', () => {
  test('from one speaker reaches nobody beyond a bounded share, and the others are heard all the same', () => {
    const intake = intakeOf(1, 2)
    const flood = datagrams(10_000)
    const honest = datagrams(50, new VoiceSealer(keyOf(2)))
    let [heard, others] = [0, 0]
    for (const [i, datagram] of flood.entries()) {
      if (intake.receive(datagram, i / 10)?.owner === 'speaker 1') heard++
      if (i % 200 === 0 && intake.receive(honest[i / 200]!, i / 10) !== null) others++
    }
    expect(heard).toBeLessThanOrEqual(2 * OPENED_PER_S)
    expect(others).toBe(50)
    expect(intake.drops.flood + intake.drops.excess).toBe(10_000 - heard)
  })

  test('of what is forged costs no more attempts than a stream has in a second', () => {
    const intake = intakeOf(1)
    const forged = datagrams(1)[0]!
    forged[20]! ^= 1
    for (let i = 0; i < 50_000; i++) intake.receive(forged, i / 50)
    expect(intake.drops.forged).toBeLessThanOrEqual(2 * ATTEMPTS_PER_S)
    expect(intake.drops.forged + intake.drops.excess).toBe(50_000)
  })

  test('streams are not remembered, nor two under one tag', () => {
    const intake = intakeOf()
    for (let tag = 1; tag <= STREAMS_MAX + 10; tag++) intake.add(keyOf(tag), 'somebody')
    expect(intake.size).toBe(STREAMS_MAX)
    intake.remove(1)
    expect(intake.add(keyOf(2), 'another')).toBe(false)
    expect(intake.add(keyOf(1), 'another')).toBe(true)
  })
})
