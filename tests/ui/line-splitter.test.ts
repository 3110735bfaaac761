import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { LINE_BYTES_MAX, LineSplitter } from '../../src/ui/line-splitter.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
type Line = ReturnType<LineSplitter['push']>[number]

/** All lines of `input`, fed in pieces of the given sizes, the last size over and over. */
function split(input: Uint8Array, sizes: readonly number[]): Line[] {
  const splitter = new LineSplitter()
  const lines: Line[] = []
  for (let start = 0, turn = 0; start < input.length; turn++) {
    const size = sizes[Math.min(turn, sizes.length - 1)] ?? input.length
    // The buffer is used again for the next piece, as streams do.
    const piece = input.slice(start, start + size)
    lines.push(...splitter.push(piece))
    piece.fill(0xff)
    start += size
  }
  return [...lines, ...splitter.end()]
}

const codes = (lines: readonly Line[]) => lines.map((line) => (typeof line === 'string' ? line : `<${line.code}>`))

describe('lines from bytes', () => {
  test('end with LF or CRLF, and the last one needs no end', () => {
    expect(split(bytes('a\r\nb\n\nc'), [100])).toEqual(['a', 'b', '', 'c'])
    expect(split(bytes('a\n'), [100])).toEqual(['a'])
    expect(split(bytes(''), [100])).toEqual([])
  })

  test('are whole where a character or a CRLF came in two pieces', () => {
    expect(split(bytes('grüße 漢字 🎉\r\nnext\r\n'), [1])).toEqual(['grüße 漢字 🎉', 'next'])
  })

  test('lose a byte order mark, but only the very first', () => {
    expect(split(bytes('\ufeffa\n\ufeffb\n'), [100])).toEqual(['a', '\ufeffb'])
  })

  test('that are not UTF-8 are told and the next one is read', () => {
    expect(codes(split(Uint8Array.of(0x61, 0xff, 0x0a, 0x62, 0x0a), [1]))).toEqual(['<line-not-utf8>', 'b'])
  })

  test('may have 64 KiB and not a byte more', () => {
    const longest = 'x'.repeat(LINE_BYTES_MAX)
    expect(split(bytes(`${longest}\nb\n`), [1000])).toEqual([longest, 'b'])
    expect(codes(split(bytes(`${longest}x\nb\n`), [1000]))).toEqual(['<line-too-long>', 'b'])
    expect(codes(split(bytes(`${longest}x\nb\n`), [10_000_000]))).toEqual(['<line-too-long>', 'b'])
  })

  test('without any end are told once, at once, and not kept', () => {
    const splitter = new LineSplitter()
    const piece = new Uint8Array(64 * 1024)
    const found: Line[] = []
    for (let count = 0; count < 2000; count++) found.push(...splitter.push(piece))
    expect(codes(found)).toEqual(['<line-too-long>'])
    expect(codes([...splitter.push(bytes('tail\nok\n')), ...splitter.end()])).toEqual(['ok'])
  })

  test('are the same in whatever pieces the bytes come', () => {
    const inputs = fc.array(fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('\n', '\r\n', '\r')))
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 })
    fc.assert(
      fc.property(inputs, sizes, (parts, pieces) => {
        const input = bytes(parts.join(''))
        expect(split(input, pieces)).toEqual(split(input, [input.length]))
      }),
    )
  })
})
