import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { normaliseRoom } from '../../src/base/room-name.ts'

describe('a room name', () => {
  test('is the same with a hash, in capitals, with blanks around it, composed or decomposed', () => {
    for (const typed of ['dev', '#dev', '##dev', 'Dev', ' #DEV ']) expect(normaliseRoom(typed)).toBe('dev')
    expect(normaliseRoom('Cafe\u0301')).toBe('caf\u00e9')
    expect(normaliseRoom('CAFÉ')).toBe('café')
  })

  test('may be in any script and hold an emoji', () => {
    expect(normaliseRoom('Привет')).toBe('привет')
    expect(normaliseRoom('東京')).toBe('東京')
    expect(normaliseRoom('❤️')).toBe('❤')
  })

  test('has 1 to 32 characters as a person counts them', () => {
    expect(normaliseRoom('')).toBeNull()
    expect(normaliseRoom('#')).toBeNull()
    expect(normaliseRoom('x'.repeat(32))).toBe('x'.repeat(32))
    expect(normaliseRoom('x'.repeat(33))).toBeNull()
    // A letter with a dot below: no single character for it, two code units, three bytes.
    expect(normaliseRoom('x\u0323'.repeat(20))).toBe('x\u0323'.repeat(20))
  })

  test('has at most 64 bytes', () => {
    expect(normaliseRoom('京'.repeat(21))).toBe('京'.repeat(21))
    expect(normaliseRoom('京'.repeat(22))).toBeNull()
    expect(normaliseRoom('x'.repeat(1_000_000))).toBeNull()
  })

  test('holds nothing that separates, hides or steers', () => {
    const hostile = [
      'a b',
      'a\tb',
      'a\nb',
      'a\u00a0b',
      'a\u200bb',
      'a\u202eb',
      'a\u001b[2Jb',
      'a\u0000',
      'a\u00adb',
      'a\u3164b',
    ]
    for (const name of [...hostile, 'a\ud800', 'a\ue000', '@bob', '#@bob']) expect(normaliseRoom(name)).toBeNull()
  })

  test('stays as it is when folded again, and within its bounds', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' })), (text) => {
        const room = normaliseRoom(text)
        if (room === null) return
        expect(normaliseRoom(room)).toBe(room)
        expect(new TextEncoder().encode(room).length).toBeLessThanOrEqual(64)
        expect(room).not.toMatch(/[\s\p{Cc}\p{Cf}\p{Cs}\p{Co}]/u)
      }),
      { numRuns: 2000 },
    )
  })
})
