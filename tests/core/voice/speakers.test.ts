import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { LoudestSpeakers, SPEAKERS_HEARD_MAX } from '../../../src/core/voice/loudest.ts'
import { Speaking } from '../../../src/core/voice/speaking.ts'
import { type EncodedFrame, TalkSpurts } from '../../../src/core/voice/talk-spurts.ts'

describe('who is decoded of many', () => {
  test('is everybody while there are few, and the first of a hundred at once', () => {
    const loudest = new LoudestSpeakers<number>()
    for (let round = 0; round < 50; round++) for (let who = 0; who < 100; who++) loudest.spoke(who, 30, round * 20)
    expect(loudest.count).toBe(SPEAKERS_HEARD_MAX)
    for (let who = 0; who < 100; who++) expect(loudest.isHeard(who)).toBe(who < SPEAKERS_HEARD_MAX)
  })

  test('is whoever is clearly louder, after a moment, instead of the quietest', () => {
    const loudest = new LoudestSpeakers<string>(2)
    loudest.spoke('loud', 20, 0)
    loudest.spoke('quiet', 45, 0)
    for (let i = 0; i < 4; i++) expect(loudest.spoke('shouts', 10, i * 20)).toBeNull()
    expect(loudest.spoke('shouts', 10, 100)).toBe('quiet')
    expect([loudest.isHeard('shouts'), loudest.isHeard('quiet'), loudest.isHeard('loud')]).toEqual([true, false, true])
    for (let i = 0; i < 20; i++) expect(loudest.spoke('quiet', 18, 120 + i * 20)).toBeNull()
  })

  test('gets a place as soon as one has fallen silent or left', () => {
    const loudest = new LoudestSpeakers<string>(1)
    loudest.spoke('first', 20, 0)
    loudest.spoke('second', 20, 300)
    expect(loudest.isHeard('second')).toBe(false)
    loudest.spoke('second', 20, 500)
    expect([loudest.isHeard('first'), loudest.isHeard('second')]).toEqual([false, true])
    loudest.left('second')
    loudest.spoke('third', 90, 501)
    expect(loudest.isHeard('third')).toBe(true)
  })

  test('are never more than there are places, whoever says what', () => {
    const spoken = fc.array(fc.tuple(fc.nat(200), fc.nat(127), fc.nat(500)), { maxLength: 400 })
    fc.assert(
      fc.property(spoken, (spoken) => {
        const loudest = new LoudestSpeakers<number>(5)
        let nowMs = 0
        for (const [who, level, passed] of spoken) {
          nowMs += passed
          const halted = loudest.spoke(who, level, nowMs)
          if (halted !== null) expect(loudest.isHeard(halted)).toBe(false)
          expect(loudest.count).toBeLessThanOrEqual(5)
        }
      }),
    )
  })
})

describe('who speaks, for people to see,', () => {
  const talk = (speaking: Speaking, fromMs: number, toMs: number, level = 25): void => {
    for (let ms = fromMs; ms < toMs; ms += 20) speaking.heard(level, false, ms)
  }

  test('is shown from the second packet on, over pauses, until a while after the last', () => {
    const speaking = new Speaking()
    speaking.heard(25, false, 0)
    expect(speaking.isSpeaking(0)).toBe(false)
    speaking.heard(25, false, 20)
    expect(speaking.isSpeaking(20)).toBe(true)
    talk(speaking, 40, 1_000)
    talk(speaking, 1_300, 1_500)
    for (let ms = 0; ms < 300; ms += 20) expect(speaking.isSpeaking(1_000 + ms)).toBe(true)
    expect(speaking.isSpeaking(1_700)).toBe(true)
    expect(speaking.nextWakeMs).toBeGreaterThan(1_700)
    expect(speaking.isSpeaking(speaking.nextWakeMs)).toBe(false)
    expect(speaking.nextWakeMs).toBe(Number.POSITIVE_INFINITY)
  })

  test('ends sooner where the sender says that it ends', () => {
    const speaking = new Speaking()
    talk(speaking, 0, 1_000)
    speaking.heard(25, true, 1_000)
    expect(speaking.isSpeaking(1_080)).toBe(true)
    expect(speaking.isSpeaking(1_120)).toBe(false)
  })

  test('is nobody whose microphone only hums', () => {
    const speaking = new Speaking()
    talk(speaking, 0, 5_000, 70)
    expect(speaking.isSpeaking(5_000)).toBe(false)
    talk(speaking, 5_000, 5_100, 53)
    expect(speaking.isSpeaking(5_100)).toBe(false)
    talk(speaking, 5_100, 5_200, 45)
    talk(speaking, 5_200, 7_000, 53)
    expect(speaking.isSpeaking(7_000)).toBe(true)
  })
})

describe('talk spurts', () => {
  const frame = (time: number, given: Partial<EncodedFrame> = {}): EncodedFrame => ({
    time,
    ticks: 2,
    opus: Uint8Array.of(0x78, time, 2, 3),
    level: 20,
    ends: false,
    heldBack: false,
    recovers: true,
    ...given,
  })

  test('begin after every gap, end where the gate closes, and repeat nothing from before they began', () => {
    const spurts = new TalkSpurts()
    const marks = [frame(0), frame(2), frame(4, { ends: true }), frame(6), frame(10), frame(12)].map((given) => {
      const { begins, ends, recovers } = spurts.frame(given)!
      return [begins, ends, recovers]
    })
    expect(marks).toEqual([
      [true, false, false],
      [false, false, true],
      [false, true, true],
      [true, false, false],
      [true, false, false],
      [false, false, true],
    ])
  })

  test('send a pause once, as their end, and nothing until there is sound', () => {
    const spurts = new TalkSpurts()
    const pause = Uint8Array.of(0x78)
    spurts.frame(frame(0))
    expect(spurts.frame(frame(2, { opus: pause }))).toMatchObject({ ends: true, begins: false })
    for (const time of [4, 6, 8]) expect(spurts.frame(frame(time, { opus: pause }))).toBeNull()
    expect(spurts.frame(frame(10))).toMatchObject({ begins: true })
  })

  test('say a frame again that lies so far back, if the spurt reaches so far', () => {
    const spurts = new TalkSpurts()
    spurts.againAge = 3
    const again = Array.from({ length: 6 }, (_, i) => {
      const { olderCount, older } = spurts.frame(frame(2 * i))!
      return olderCount === 0 ? null : [older[0]!.age, older[0]!.opus[1]]
    })
    expect(again).toEqual([null, null, null, [3, 0], [3, 2], [3, 4]])
    spurts.frame(frame(12, { ends: true }))
    expect(spurts.frame(frame(14))?.olderCount).toBe(0)
  })
})
