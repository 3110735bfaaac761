import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { isOpusPause, opusSamples } from '../../src/wire/voice-opus.ts'

/** RFC 6716, table 2: milliseconds of a frame by configuration. */
const FRAME_MS = [
  ...[10, 20, 40, 60, 10, 20, 40, 60, 10, 20, 40, 60],
  ...[10, 20, 10, 20],
  ...[2.5, 5, 10, 20, 2.5, 5, 10, 20, 2.5, 5, 10, 20, 2.5, 5, 10, 20],
]

describe('the length of an Opus packet', () => {
  test('is that of table 2 for every configuration, mono and stereo, one frame', () => {
    for (const [config, ms] of FRAME_MS.entries()) {
      for (const stereo of [0, 4]) expect(opusSamples(Uint8Array.of((config << 3) | stereo, 1, 2))).toBe(ms * 48)
    }
  })

  test('counts two equal, two unequal and many frames', () => {
    const toc = 0x78 // CELT, 20 ms
    expect(opusSamples(Uint8Array.of(toc | 1, 1, 2))).toBe(1_920)
    expect(opusSamples(Uint8Array.of(toc | 1, 1, 2, 3))).toBe(0)
    expect(opusSamples(Uint8Array.of(toc | 2, 1, 9, 8))).toBe(1_920)
    expect(opusSamples(Uint8Array.of(toc | 2, 3, 9, 8))).toBe(0)
    expect(opusSamples(Uint8Array.of(toc | 2, 252))).toBe(0)
    expect(opusSamples(Uint8Array.of(toc | 2))).toBe(0)
    expect(opusSamples(Uint8Array.of(toc | 3, 6, 1))).toBe(5_760)
    expect(opusSamples(Uint8Array.of(toc | 3, 7, 1))).toBe(0)
    expect(opusSamples(Uint8Array.of(toc | 3, 0, 1))).toBe(0)
    expect(opusSamples(Uint8Array.of(toc | 3))).toBe(0)
  })

  test('is from nothing to 120 ms, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1_300 }), (bytes) => {
        const samples = opusSamples(bytes)
        expect(samples % 120 === 0 && samples >= 0 && samples <= 5_760).toBe(true)
      }),
    )
    expect(opusSamples(new Uint8Array(0))).toBe(0)
    expect(opusSamples(new Uint8Array(1_277))).toBe(0)
  })

  test('a pause is a packet of one or two bytes', () => {
    expect([1, 2, 3].map((length) => isOpusPause(new Uint8Array(length)))).toEqual([true, true, false])
  })
})
