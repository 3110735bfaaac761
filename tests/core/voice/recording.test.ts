import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { recordedNames, textOf } from './recorded.ts'
import { type Arrival, parseRecording, writeRecording } from './recording.ts'

const HEADER = 'voice arrivals 1\nnetwork: a wire\n\n'
const PLAIN = { ticks: 2, begins: false, ends: false, recovers: false, heldBack: false, againAge: 0 }

/** The text in full of recordings made by hand: written down once, so that what is recorded can be read for good. */
const KNOWN: readonly (readonly [string, readonly Partial<Arrival>[]])[] = [
  ['', []],
  ['A', [{ number: 0, time: 0, arrivesUs: 0 }]],
  // 1 is C, -1 is D, 16 is gB; 20 ms after the first came one 16 us late, then one 17 us earlier than that.
  [
    'AgBjB',
    [
      { number: 0, time: 0, arrivesUs: 0 },
      { number: 1, time: 2, arrivesUs: 20_016 },
      { number: 2, time: 4, arrivesUs: 39_999 },
    ],
  ],
  // One is lost, then a spurt of 10 ms frames that repeat the third before begins 3 s later.
  [
    'A!CEAA!AosByGC',
    [
      { number: 0, time: 0, arrivesUs: 0 },
      { number: 2, time: 4, arrivesUs: 40_000 },
      { number: 3, time: 714, arrivesUs: 7_140_001, ticks: 1, begins: true, againAge: 3 },
    ],
  ],
]

describe('a recording of arrivals', () => {
  test.each(KNOWN)('is the text %j', (body, packets) => {
    const whole = packets.map((packet) => ({ ...PLAIN, ...packet }) as Arrival)
    const text = body === '' ? HEADER : `${HEADER}${body}\n`
    expect(parseRecording(text)).toEqual({ about: new Map([['network', 'a wire']]), packets: whole })
    expect(writeRecording({ about: new Map([['network', 'a wire']]), packets: whole })).toBe(text)
  })

  test('comes back as it was written, whatever arrived in whatever order', () => {
    const packet = fc.record({
      number: fc.nat(2 ** 31),
      time: fc.nat(2 ** 24 - 1),
      arrivesUs: fc.nat(2 ** 36),
      ticks: fc.constantFrom(1, 2),
      begins: fc.boolean(),
      ends: fc.boolean(),
      recovers: fc.boolean(),
      heldBack: fc.boolean(),
      againAge: fc.nat(8),
    })
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 100 }), (packets) => {
        const recording = { about: new Map([['a', 'b: c']]), packets }
        expect(parseRecording(writeRecording(recording))).toEqual(recording)
      }),
    )
  })

  test.each([
    ['', 'begins with'],
    ['voice arrivals 2\n\nA', 'begins with'],
    ['voice arrivals 1\nnetwork: a wire', 'empty line'],
    ['voice arrivals 1\nnetwork\n\nA', 'no name'],
    [`${HEADER}A?`, 'no digit'],
    [`${HEADER}g`, 'within a number'],
    [`${HEADER}!AA`, 'within a number'],
    [`${HEADER}ggggggggA`, 'too long'],
    [`${HEADER}!DAAA`, 'has the number -1'],
    [`${HEADER}!ADAA`, 'time -1'],
    [`${HEADER}!AADA`, 'marks -1'],
    [`${HEADER}!AAgSA`, 'marks 288'],
  ])('is not %j', (text, why) => {
    expect(() => parseRecording(text)).toThrow(why)
  })
})

describe('those that are kept', () => {
  test('are of half a minute to a minute each, say how they were recorded, and take a few kilobytes', () => {
    const names = recordedNames()
    expect(names.length).toBeGreaterThanOrEqual(11)
    for (const name of names) {
      const text = textOf(name)
      const { about, packets } = parseRecording(text)
      const parts = ['network', 'queue', 'voice', 'microphone', 'priority', 'machine', 'recorded']
      expect([...about.keys()], name).toEqual(parts)
      const seconds = packets.at(-1)!.arrivesUs / 1e6
      expect(seconds, name).toBeGreaterThan(28)
      expect(seconds, name).toBeLessThan(62)
      expect(text.length, name).toBeLessThan(10_000)
    }
  })

  test('are in the order in which packets came, each once', () => {
    for (const name of recordedNames()) {
      const { packets } = parseRecording(textOf(name))
      const came = packets.map(({ arrivesUs }) => arrivesUs)
      expect(came, name).toEqual(came.toSorted((a, b) => a - b))
      expect(new Set(packets.map(({ number }) => number)).size, name).toBe(packets.length)
      expect(new Set(packets.map(({ time }) => time)).size, name).toBe(packets.length)
      expect(Math.min(...packets.map(({ number }) => number)), name).toBe(0)
    }
  })
})
