import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Grid } from '../../../src/ui/screen/terminal/grid.ts'
import { Painter } from '../../../src/ui/screen/terminal/painter.ts'
import { type Style, span } from '../../../src/ui/screen/text/styled.ts'
import { Emulator, type Opinion } from './emulator.ts'

const STYLES: readonly Style[] = [
  {},
  { bold: true },
  { dim: true, fg: 4 },
  { fg: 130, bg: 12 },
  { reverse: true, underline: true },
  { italic: true, link: 'https://example.org/' },
]

const HOSTILE = [
  ...['plain', ' ', '  ', 'ü', 'ж', '─│', '日本', '한글', 'ｶﾅ', '👍', '👍🏽', '👨‍👩‍👧‍👦', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '🇩🇪', '1️⃣', '☺', '☺️'],
  ...[
    'e\u0301',
    `a${'\u0301'.repeat(10_000)}`,
    '\u0301',
    'क्षि',
    'עברית',
    'العربية',
    '\u200b',
    '\u202e',
    '\u2066',
    '…',
    '①',
    '½',
  ],
  ...[
    '\x1b[2J',
    '\x1b]0;x\x07',
    '\r',
    '\n',
    '\b',
    '\x9b1A',
    '\t',
    '\ud800',
    '\u{1f468}\u200d',
    '\ufffd',
    '﷽',
    '𒐫',
    '𖽑',
    'ൗ',
    '🏽',
    'ᆨ',
  ],
]

interface Put {
  readonly x: number
  readonly y: number
  readonly text: string
  readonly style: number
}

const text = fc
  .array(fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ maxLength: 4, unit: 'binary' })), { maxLength: 6 })
  .map((parts) => parts.join(''))
const put: fc.Arbitrary<Put> = fc.record({
  x: fc.integer({ min: 0, max: 30 }),
  y: fc.integer({ min: 0, max: 6 }),
  text,
  style: fc.integer({ min: 0, max: STYLES.length - 1 }),
})
const size = fc.record({ columns: fc.integer({ min: 1, max: 30 }), rows: fc.integer({ min: 1, max: 6 }) })
const frame = fc.record({
  puts: fc.array(put, { maxLength: 6 }),
  keeps: fc.boolean(),
  resize: fc.option(size, { freq: 6 }),
})

/** Draws the frames one after the other, and calls `check` after each. */
function play(
  frames: readonly { puts: readonly Put[]; keeps: boolean; resize: { columns: number; rows: number } | null }[],
  opinion: Opinion,
  check: (grid: Grid, emulator: Emulator) => void,
): void {
  let at = { columns: 20, rows: 4 }
  const emulator = new Emulator(at.columns, at.rows, opinion)
  emulator.write('\x1b[?7l')
  const painter = new Painter(256)
  let kept: readonly Put[] = []
  for (const { puts, keeps, resize } of frames) {
    if (resize !== null) {
      at = resize
      emulator.resize(at.columns, at.rows)
      painter.forget()
    }
    kept = keeps ? [...kept, ...puts] : puts
    const grid = new Grid(at)
    for (const { x, y, text, style } of kept) grid.put(x, y, [span(text, STYLES[style])], at.columns, null)
    emulator.write(painter.paint(grid, { x: 0, y: 0 }))
    check(grid, emulator)
  }
}

function codeOf(style: Style): string {
  const parts = [style.bold && '1', style.dim && '2', style.italic && '3', style.underline && '4', style.reverse && '7']
  const colour = (value: number | undefined, base: number) =>
    value === undefined
      ? ''
      : value < 8
        ? `${base + value}`
        : value < 16
          ? `${base + 52 + value}`
          : `${base + 8};5;${value}`
  return [...parts, colour(style.fg, 30), colour(style.bg, 40)]
    .filter((part) => typeof part === 'string' && part !== '')
    .join(';')
}

describe('the painter', () => {
  test('shows what the grid holds, after any changes and resizes, whatever the text', () => {
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 6 }), (frames) => {
        play(frames, 'ours', (grid, emulator) => {
          for (let index = 0; index < grid.chars.length; index++) {
            const cell = emulator.cells[Math.floor(index / grid.columns)]![index % grid.columns]!
            const style = grid.styles[index]!
            expect(cell).toEqual({ char: grid.chars[index]!, style: codeOf(style), link: style.link ?? '' })
          }
        })
      }),
      { numRuns: 300 },
    )
  })

  test.each(['narrow', 'wide', 'in parts'] as const)(
    'leaves every other cell as it should be where a terminal takes characters to be %s',
    (opinion) => {
      fc.assert(
        fc.property(fc.array(frame, { minLength: 1, maxLength: 6 }), (frames) => {
          play(frames, opinion, (grid, emulator) => {
            for (let index = 0; index < grid.chars.length; index++) {
              const isPartOfUnsure =
                grid.unsure[index] === 1 || (grid.chars[index] === '' && grid.unsure[index - 1] === 1)
              if (isPartOfUnsure) continue
              const cell = emulator.cells[Math.floor(index / grid.columns)]![index % grid.columns]!
              expect(cell.char).toBe(grid.chars[index]!)
            }
          })
        }),
        { numRuns: 300 },
      )
    },
  )

  test('writes nothing where nothing has changed, and little where little has', () => {
    const painter = new Painter(256)
    const draw = (words: string) => {
      const grid = new Grid({ columns: 80, rows: 24 })
      for (let y = 0; y < 24; y++) grid.put(0, y, [span(`row ${y} of a talk`)], 80)
      grid.put(10, 5, [span(words, { bold: true })], 20)
      return painter.paint(grid, { x: 3, y: 23 })
    }
    expect(draw('hello').length).toBeGreaterThan(24 * 14)
    expect(draw('hello')).toBe('')
    expect(draw('hallo')).toBe('\x1b[?2026h\x1b[?25l\x1b[6;12H\x1b[0;1ma\x1b[m\x1b[24;4H\x1b[?25h\x1b[?2026l')
  })

  test('uses no colours where there are none, and only those there are', () => {
    const codes = (depth: 0 | 16 | 256) => {
      const grid = new Grid({ columns: 3, rows: 1 })
      grid.put(0, 0, [span('a', { fg: 2 }), span('b', { fg: 130, bold: true })], 3)
      return new Painter(depth).paint(grid, null).match(/\x1b\[[\d;]*m/g)
    }
    expect(codes(0)).toEqual(['\x1b[0m', '\x1b[0;1m', '\x1b[m'])
    expect(codes(16)).toEqual(['\x1b[0m', '\x1b[0;32m', '\x1b[0;1;39m', '\x1b[m'])
    expect(codes(256)).toEqual(['\x1b[0m', '\x1b[0;32m', '\x1b[0;1;38;5;130m', '\x1b[m'])
  })
})
