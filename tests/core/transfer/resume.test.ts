import { expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  encodeResumeHeader,
  RESUME_HEADER_BYTES,
  type ResumeHeader,
  readResumeHeader,
  resumeLayout,
} from '../../../src/core/transfer/resume.ts'
import { Shape } from '../../../src/core/transfer/shape.ts'
import { PAGE_BYTES_MAX } from '../../../src/wire/content.ts'

const header: ResumeHeader = {
  offer: {
    root: new Uint8Array(32).fill(3),
    size: 5_000_000,
    manifestBytes: 0,
    entries: 0,
    changedMs: 1_600_000_000_000,
    name: 'a\u0301.txt',
  },
  from: new Uint8Array(32).fill(4),
  event: new Uint8Array(32).fill(5),
  room: 'general',
  name: 'á.txt',
}

test('a header is read back', () => {
  const bytes = encodeResumeHeader(header)
  expect(bytes).toHaveLength(RESUME_HEADER_BYTES)
  expect(readResumeHeader(bytes)).toEqual(header)
})

test('a header that was changed in one bit is none, and no bytes make reading throw', () => {
  const bytes = encodeResumeHeader(header)
  const used = bytes.findLastIndex((byte) => byte !== 0) + 1
  fc.assert(
    fc.property(fc.nat(used - 1), fc.nat(7), (at, bit) => {
      const spoilt = bytes.slice()
      spoilt[at]! ^= 1 << bit
      expect(readResumeHeader(spoilt)).toBeNull()
    }),
  )
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (any) => readResumeHeader(any) === null))
})

test('bitmap, pages and manifest stand one after the other', () => {
  for (const size of [0, 1, 64 * 1024 * 9, 2 ** 33]) {
    const shape = new Shape(size)
    const layout = resumeLayout(shape)
    expect(layout.bitmap).toBe(RESUME_HEADER_BYTES)
    expect(layout.pages).toBe(layout.bitmap + Math.ceil(shape.leaves / 8))
    expect(layout.manifest).toBe(layout.pages + shape.pages * PAGE_BYTES_MAX)
  }
})
