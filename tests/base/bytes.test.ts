import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  ByteReader,
  ByteWriter,
  compareBytes,
  EMPTY,
  equalBytes,
  joinBytes,
  release,
  toHex,
  utf8,
  VARINT_BYTES_MAX,
  varintLength,
} from '../../src/base/bytes.ts'

const VARINT_MAX = 2 ** 49 - 1
const varints = fc.oneof(
  fc.maxSafeInteger().map((any) => Math.abs(any) % (VARINT_MAX + 1)),
  fc.integer({ min: 0, max: 7 }).chain((groups) => {
    const border = 128 ** groups
    return fc.constantFrom(...[border - 1, border, border + 1].filter((value) => value >= 0 && value <= VARINT_MAX))
  }),
)
const bytes = fc.uint8Array({ maxLength: 100 })

type Step =
  | { readonly kind: 'u8' | 'u16' | 'u32' | 'u48' | 'varint'; readonly value: number }
  | { readonly kind: 'bytes'; readonly value: Uint8Array }
  | { readonly kind: 'sized'; readonly value: Uint8Array }

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('u8' as const), value: fc.nat(0xff) }),
    fc.record({ kind: fc.constant('u16' as const), value: fc.nat(0xffff) }),
    fc.record({ kind: fc.constant('u32' as const), value: fc.integer({ min: 0, max: 0xffffffff }) }),
    fc.record({ kind: fc.constant('u48' as const), value: varints.map((value) => value % 2 ** 48) }),
    fc.record({ kind: fc.constant('varint' as const), value: varints }),
    fc.record({ kind: fc.constant('bytes' as const), value: bytes }),
    fc.record({ kind: fc.constant('sized' as const), value: bytes }),
  ),
  { maxLength: 12 },
)

function write(out: ByteWriter, list: readonly Step[]): Uint8Array {
  for (const step of list) {
    if (step.kind === 'bytes' || step.kind === 'sized') out[step.kind](step.value)
    else out[step.kind](step.value)
  }
  return out.copy()
}

function read(reader: ByteReader, step: Step): number | Uint8Array {
  if (step.kind === 'bytes') return reader.take(step.value.length)
  return step.kind === 'sized' ? reader.sized(step.value.length) : reader[step.kind]()
}

describe('writing and reading', () => {
  test('what is written in any order is read back in that order, and then there is nothing left', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 300 }), (list, capacity) => {
        const reader = new ByteReader(write(new ByteWriter(capacity), list))
        for (const step of list) expect(read(reader, step)).toEqual(step.value)
        expect(reader.done).toBe(true)
      }),
    )
  })

  test('a writer used again writes as a fresh one does, and copies stay', () => {
    fc.assert(
      fc.property(steps, steps, (first, second) => {
        const used = new ByteWriter(1)
        const kept = write(used, first)
        const before = kept.slice()
        expect(write(used.clear(), second)).toEqual(write(new ByteWriter(), second))
        expect(kept).toEqual(before)
      }),
    )
  })

  test('a number written over is the number read', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), bytes, (value, around) => {
        const out = new ByteWriter(4).bytes(around).u32(0).bytes(around)
        out.patchU32(around.length, value)
        const reader = new ByteReader(out.view())
        reader.take(around.length)
        expect(reader.u32()).toBe(value)
        expect(reader.take(around.length)).toEqual(around)
      }),
    )
  })

  test('integers are big-endian', () => {
    expect(new ByteWriter().u16(0x0102).u32(0x03040506).u48(0x0708090a0b0c).copy()).toEqual(
      Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
    )
  })
})

describe('reading what somebody else wrote', () => {
  test('cut short anywhere, it fails, and never reads on', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const whole = write(new ByteWriter(), list)
        for (let length = 0; length < whole.length; length++) {
          const reader = new ByteReader(whole.subarray(0, length))
          for (const step of list) read(reader, step)
          expect(reader.ok).toBe(false)
          expect(reader.done).toBe(false)
        }
      }),
      { numRuns: 30 },
    )
  })

  test('after the first failure everything is zero or empty, for good', () => {
    fc.assert(
      fc.property(bytes, steps, (given, list) => {
        const reader = new ByteReader(given)
        reader.take(given.length + 1)
        for (const step of list) {
          const value = read(reader, step)
          expect(typeof value === 'number' ? value : value.length).toBe(0)
        }
        expect(reader.ok).toBe(false)
        expect(reader.left).toBe(0)
      }),
    )
  })

  test('stays within its part of a larger buffer', () => {
    fc.assert(
      fc.property(bytes, bytes, steps, (before, after, list) => {
        const inner = write(new ByteWriter(), list)
        const reader = new ByteReader(joinBytes([before, inner, after]), before.length, before.length + inner.length)
        for (const step of list) expect(read(reader, step)).toEqual(step.value)
        expect(reader.done).toBe(true)
        expect(reader.u8()).toBe(0)
        expect(reader.ok).toBe(false)
      }),
    )
  })

  test('a size above the limit fails before anything is read', () => {
    const given = new ByteWriter().sized(new Uint8Array(11)).copy()
    expect(new ByteReader(given).sized(11).length).toBe(11)
    const reader = new ByteReader(given)
    expect(reader.sized(10)).toBe(EMPTY)
    expect(reader.ok).toBe(false)
  })
})

describe('varints', () => {
  test('take as many bytes as they are said to, seven at most', () => {
    fc.assert(
      fc.property(varints, (value) => {
        const written = new ByteWriter(1).varint(value).copy()
        expect(written.length).toBe(varintLength(value))
        expect(written.length).toBeLessThanOrEqual(VARINT_BYTES_MAX)
      }),
    )
  })

  test('have one spelling: padded ones are refused', () => {
    for (const padded of [
      [0x80, 0x00],
      [0x81, 0x00],
      [0xff, 0x80, 0x00],
    ]) {
      const reader = new ByteReader(Uint8Array.from(padded))
      reader.varint()
      expect(reader.ok).toBe(false)
    }
    expect(new ByteReader(Uint8Array.of(0)).varint()).toBe(0)
  })

  test('whatever bytes are read as one would be written the same', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 10 }), (given) => {
        const reader = new ByteReader(given)
        const value = reader.varint()
        if (reader.ok) expect(new ByteWriter().varint(value).copy()).toEqual(given.slice(0, reader.at))
      }),
    )
  })

  test('longer than seven bytes is no number', () => {
    const largest = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)
    expect(new ByteReader(largest).varint()).toBe(VARINT_MAX)
    const reader = new ByteReader(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01))
    expect(reader.varint()).toBe(0)
    expect(reader.ok).toBe(false)
  })
})

describe('comparing', () => {
  test('goes by bytes as hexadecimal text does, a beginning before what it begins', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        const texts = [toHex(a), toHex(b)] as const
        const expected = texts[0] < texts[1] ? -1 : texts[0] > texts[1] ? 1 : 0
        expect(Math.sign(compareBytes(a, b))).toBe(expected)
        expect(equalBytes(a, b)).toBe(expected === 0)
        expect(equalBytes(a, a.slice())).toBe(true)
      }),
    )
  })

  test('hexadecimal is two lowercase digits a byte', () => {
    expect(toHex(Uint8Array.of(0, 9, 10, 255))).toBe('00090aff')
  })

  test('parts are joined in order', () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 5 }), (parts) => {
        expect([...joinBytes(parts)]).toEqual(parts.flatMap((part) => [...part]))
      }),
    )
    expect(utf8('é')).toEqual(Uint8Array.of(0xc3, 0xa9))
  })
})

describe('memory that is released', () => {
  test('is gone at once, with every view of it, where it is long', () => {
    const memory = new Uint8Array(100_000)
    const view = memory.subarray(10, 90_000)
    release(view)
    expect([memory.length, view.length]).toEqual([0, 0])
    // Twice changes nothing.
    release(view)
  })

  test('stays where it is short, and where other threads have it too', () => {
    const short = new Uint8Array(1_000).fill(7)
    release(short)
    expect(short).toEqual(new Uint8Array(1_000).fill(7))
    const shared = new Uint8Array(new SharedArrayBuffer(100_000))
    release(shared)
    expect(shared.length).toBe(100_000)
  })
})
