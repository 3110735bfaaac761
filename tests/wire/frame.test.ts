import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { ByteWriter } from '../../src/base/bytes.ts'
import { beginFrame, eachFrame, endFrame, FrameType, readU32 } from '../../src/wire/frame.ts'
import { anyBytes } from './codec-laws.ts'

interface Frame {
  readonly type: number
  readonly body: Uint8Array
}

const frames = fc.array(fc.record({ type: fc.nat(255), body: anyBytes(80) }), { maxLength: 8 })

function record(frames: readonly Frame[]): Uint8Array {
  const out = new ByteWriter(8)
  for (const { type, body } of frames) {
    const at = beginFrame(out, type)
    out.bytes(body)
    endFrame(out, at)
  }
  return out.copy()
}

function walk(bytes: Uint8Array, stopAfter = Number.POSITIVE_INFINITY): { whole: boolean; frames: Frame[] } {
  const read: Frame[] = []
  const whole = eachFrame(
    bytes,
    (type, all, start, end) => read.push({ type, body: all.slice(start, end) }),
    () => read.length < stopAfter,
  )
  return { whole, frames: read }
}

describe('frames in a record', () => {
  test('are walked in order, each with its type and body', () => {
    fc.assert(fc.property(frames, (written) => expect(walk(record(written))).toEqual({ whole: true, frames: written })))
  })

  test('cut short anywhere but between two of them, the record does not fit', () => {
    fc.assert(
      fc.property(frames, (written) => {
        const bytes = record(written)
        const borders = new Set([0])
        for (let at = 0; at < bytes.length; at += 4 + readU32(bytes, at)) borders.add(at)
        for (let length = 0; length < bytes.length; length++) {
          expect(walk(bytes.slice(0, length)).whole).toBe(borders.has(length))
        }
      }),
      { numRuns: 40 },
    )
  })

  test('any bytes: no throw, no body beyond the end, and every byte accounted for', () => {
    fc.assert(
      fc.property(anyBytes(120), (bytes) => {
        const { whole, frames } = walk(bytes)
        const walked = frames.reduce((sum, { body }) => sum + 5 + body.length, 0)
        expect(walked).toBeLessThanOrEqual(bytes.length)
        if (whole) expect(walked).toBe(bytes.length)
      }),
    )
  })

  test('a length of zero, and one that goes a byte too far, do not fit', () => {
    expect(walk(Uint8Array.of(0, 0, 0, 0, 9)).whole).toBe(false)
    expect(walk(Uint8Array.of(0, 0, 0, 1, 9))).toEqual({ whole: true, frames: [{ type: 9, body: new Uint8Array(0) }] })
    expect(walk(Uint8Array.of(0, 0, 0, 2, 9)).whole).toBe(false)
    expect(walk(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 9)).whole).toBe(false)
  })

  test('the walk stops where its owner has had enough', () => {
    const three = record([1, 2, 3].map((type) => ({ type, body: new Uint8Array(2) })))
    expect(walk(three, 2)).toMatchObject({ whole: true, frames: [{ type: 1 }, { type: 2 }] })
  })

  test('every type has a number of its own', () => {
    const types = Object.values(FrameType)
    expect(new Set<number>(types).size).toBe(types.length)
  })
})
