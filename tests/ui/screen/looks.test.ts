import { describe, expect, test } from 'bun:test'
import { stringWidth } from 'bun'
import fc from 'fast-check'
import { depthOf, whyNoScreen } from '../../../src/ui/screen/environment.ts'
import { namesPattern } from '../../../src/ui/screen/mentions.ts'
import { notification } from '../../../src/ui/screen/ringer.ts'
import { fit, glyphsOf, padded, widthOf } from '../../../src/ui/screen/text/glyphs.ts'
import { span } from '../../../src/ui/screen/text/styled.ts'
import { wrap } from '../../../src/ui/screen/text/wrap.ts'
import { colourAt, contrast, legibleColours } from '../../../src/ui/screen/views/colours.ts'
import { type Look, lookOf } from '../../../src/ui/screen/views/look.ts'
import { layTyped } from '../../../src/ui/screen/views/typed.ts'

const anything = fc.string({ unit: 'binary', maxLength: 60 })
const words = fc
  .array(fc.constantFrom('a', 'word', ' ', '  ', '漢字', '👨‍👩‍👧', 'e\u0301', '\n', 'x'.repeat(30)), { maxLength: 30 })
  .map((parts) => parts.join(''))

describe('text in cells', () => {
  test('holds nothing that could move a cursor', () => {
    fc.assert(
      fc.property(anything, (text) => {
        for (const glyph of glyphsOf(text)) expect(glyph.text).not.toMatch(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/)
      }),
    )
  })

  test('is divided as Unicode divides it, and as wide as Bun takes it to be', () => {
    const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })
    // What is divided by a shorter way is among these; a line feed between them divides in any case.
    let all = ''
    for (let code = 0x20; code < 0xd800; code++) all += String.fromCharCode(code)
    const visible = all.replace(/[\p{C}\p{M}\u2028\u2029]/gu, '')
    const sure = visible.match(/./gu)!.filter((char) => glyphsOf(char)[0]?.sure && glyphsOf(char)[0]?.text === char)
    expect(sure.length).toBeGreaterThan(30_000)
    expect(sure.filter((char) => stringWidth(char) !== glyphsOf(char)[0]?.width)).toEqual([])
    expect(Array.from(segmenter.segment(sure.join(''))).length).toBe(sure.length)
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), (text) => {
        // What has signs beside its letters is divided further.
        fc.pre(!/\p{Mc}/u.test(text))
        expect(glyphsOf(text).length).toBe(Array.from(segmenter.segment(text)).length)
      }),
    )
  })

  test('leaves room for signs beside their letters, for the terminals that give them a cell', () => {
    const cells = (text: string) => glyphsOf(text).map((glyph) => [glyph.text, glyph.width])
    expect(cells('हिन्दी')).toEqual([
      ['हि', 2],
      ['न्', 1],
      ['दी', 2],
    ])
    expect(cells('தமிழ்')).toEqual([
      ['த', 1],
      ['மி', 2],
      ['ழ்', 1],
    ])
    for (const text of ['हिन्दी', 'தமிழ்', 'ক্ষি']) {
      expect(
        glyphsOf(text)
          .map((glyph) => glyph.text)
          .join(''),
      ).toBe(text)
    }
  })

  test('takes a sign in two parts for the one that it is, in the cells of that', () => {
    // Bengali, Oriya, Tamil, Malayalam, Kannada.
    for (const whole of [
      '\u0995\u09cb',
      '\u0995\u09cc',
      '\u0b15\u0b4b',
      '\u0b95\u0bca',
      '\u0d15\u0d4a',
      '\u0c95\u0cca',
    ]) {
      const apart = whole.normalize('NFD')
      expect(apart.length).toBeGreaterThan(whole.length)
      const [glyph, ...more] = glyphsOf(apart)
      expect(more).toEqual([])
      expect(glyph).toEqual({ ...glyphsOf(whole)[0]!, units: apart.length })
    }
    // Some letters are taken apart by what composes the signs.
    expect(glyphsOf('\u0958\u093f').reduce((sum, { units }) => sum + units, 0)).toBe(2)
  })

  test('accounts for everything that was typed, be it drawn with less', () => {
    fc.assert(
      fc.property(anything, (text) => {
        const units = glyphsOf(text).reduce((sum, glyph) => sum + glyph.units, 0)
        expect(units).toBe(text.length)
      }),
    )
    const tower = `a${'\u0301'.repeat(60)}`
    const typed = layTyped('> ', { text: `${tower}bc`, cursor: tower.length + 1, cut: '' }, 20)
    expect(typed).toMatchObject({ rows: ['abc'], x: 4, y: 0 })
  })

  test('remembers what it divided, and no more of long texts than there is room for', () => {
    const long = (index: number) => `${index}${'\u0436'.repeat(16_000)}`
    const first = glyphsOf(long(0))
    expect(glyphsOf(long(0))).toBe(first)
    for (let index = 1; index <= 5; index++) glyphsOf(long(index))
    expect(glyphsOf(long(0))).not.toBe(first)
    expect(glyphsOf(long(0))).toEqual(first)
  })

  test('is cut and filled to a width', () => {
    fc.assert(
      fc.property(anything, fc.integer({ min: 1, max: 40 }), (text, width) => {
        expect(widthOf(fit(text, width))).toBeLessThanOrEqual(width)
        expect(widthOf(padded(text, width))).toBe(width)
      }),
    )
    expect(fit('a longer text', 8)).toBe('a longe…')
  })

  test('is broken into rows that fit, and nothing but blanks is lost', () => {
    fc.assert(
      fc.property(fc.oneof(words, anything), fc.integer({ min: 2, max: 30 }), (text, width) => {
        const rows = wrap([span(text)], width)
        const texts = rows.map((row) => row.map((part) => part.text).join(''))
        for (const row of texts) expect(widthOf(row)).toBeLessThanOrEqual(width)
        const drawn = text.split('\n').flatMap((line) => glyphsOf(line).map((glyph) => glyph.text))
        expect(texts.join('').replaceAll(' ', '')).toBe(drawn.join('').replaceAll(' ', ''))
      }),
    )
    expect(wrap([span('x '.repeat(500))], 10, 3)).toHaveLength(3)
  })

  test('that is typed has a cell for the cursor wherever it is', () => {
    fc.assert(
      fc.property(words, fc.nat(), fc.integer({ min: 8, max: 30 }), (text, place, columns) => {
        const cursor = place % (text.length + 1)
        const { rows, x, y } = layTyped('dev> ', { text, cursor, cut: '' }, columns)
        expect(x).toBeLessThan(columns)
        expect(y).toBeLessThan(rows.length)
        expect(rows.join('')).toBe(text.replaceAll('\n', ''))
      }),
    )
    expect(layTyped('> ', { text: 'one\ntwo', cursor: 5, cut: '' }, 20)).toEqual({ rows: ['one', 'two'], x: 3, y: 1 })
  })
})

const WHITE = 1
const BLACK = 0
const XTERM =
  '000000 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd e5e5e5 7f7f7f ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff ffffff'.split(
    ' ',
  )
/** The first 16 colours as terminals have them. */
const PALETTES: readonly (readonly [string, readonly string[]])[] = [
  ['xterm', XTERM],
  [
    'VGA',
    '000000 aa0000 00aa00 aa5500 0000aa aa00aa 00aaaa aaaaaa 555555 ff5555 55ff55 ffff55 5555ff ff55ff 55ffff ffffff'.split(
      ' ',
    ),
  ],
  [
    'Tango',
    '2e3436 cc0000 4e9a06 c4a000 3465a4 75507b 06989a d3d7cf 555753 ef2929 8ae234 fce94f 729fcf ad7fa8 34e2e2 eeeeec'.split(
      ' ',
    ),
  ],
]

/** Of `rrggbb` (WCAG 2.2, "relative luminance"). */
function luminanceOf(hex: string): number {
  const [red = 0, green = 0, blue = 0] = (hex.match(/../g) ?? []).map((part) => {
    const share = Number.parseInt(part, 16) / 255
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function between(one: number, other: number): number {
  return contrast(Math.max(one, other), Math.min(one, other))
}

/** Everything that has a colour, and that of everybody. */
function coloursOf(look: Look): { readonly what: string; readonly fg: number; readonly isBold: boolean }[] {
  const people = Array.from({ length: 2_000 }, (_, index) => ['a person', look.person(`id${index}`)] as const)
  const all = [...Object.entries(look).filter(([, style]) => typeof style === 'object'), ...people]
  const found = all.flatMap(([what, { fg, bold = false }]) => (fg === undefined ? [] : [{ what, fg, isBold: bold }]))
  return [...new Map(found.map((each) => [JSON.stringify(each), each])).values()]
}

describe('colours', () => {
  test('of people can be read on black and on white, are many, and stay the same', () => {
    const both = legibleColours('auto')
    expect(both.length).toBeGreaterThan(20)
    for (const index of both) {
      const { luminance } = colourAt(index)
      expect(contrast(1, luminance)).toBeGreaterThan(3)
      expect(contrast(luminance, 0)).toBeGreaterThan(3)
    }
    for (const index of legibleColours('dark')) expect(contrast(colourAt(index).luminance, 0)).toBeGreaterThan(4.5)
    for (const index of legibleColours('light')) expect(contrast(1, colourAt(index).luminance)).toBeGreaterThan(4.5)
    const look = lookOf('auto', 256)
    expect(look.person('alice')).toEqual(lookOf('auto', 256).person('alice'))
    expect(new Set(Array.from({ length: 200 }, (_, i) => look.person(`id${i}`).fg)).size).toBeGreaterThan(15)
  })

  test.each(PALETTES)('of everything can be read with the 16 colours of %s, bold lightened or not', (_, palette) => {
    for (const [theme, background] of [
      ['light', WHITE],
      ['dark', BLACK],
    ] as const) {
      const contrasts = coloursOf(lookOf(theme, 16)).map(({ what, fg, isBold }) => {
        // Many terminals show the first eight bold as the other eight.
        const shown = [fg, ...(isBold && fg < 8 ? [fg + 8] : [])]
        return { what, least: Math.min(...shown.map((index) => between(luminanceOf(palette[index]!), background))) }
      })
      expect(contrasts.filter(({ least }) => least < 3.9)).toEqual([])
    }
  })

  test.each([
    ['light', WHITE, 4.5],
    ['dark', BLACK, 4.5],
    ['auto', WHITE, 3],
    ['auto', BLACK, 3],
  ] as const)('of everything can be read with 256 colours, theme %s on luminance %d', (theme, background, least) => {
    const found = coloursOf(lookOf(theme, 256))
    // The first 16 are what each terminal makes of them.
    expect(found.filter(({ fg }) => fg < 16)).toEqual([])
    expect(found.filter(({ fg }) => between(colourAt(fg).luminance, background) < least)).toEqual([])
  })

  test('are as many as the terminal has, and none where none are wanted', () => {
    expect(depthOf({ TERM: 'xterm' })).toBe(16)
    expect(depthOf({ TERM: 'xterm-256color' })).toBe(256)
    expect(depthOf({ TERM: 'xterm', COLORTERM: 'truecolor' })).toBe(256)
    expect(depthOf({ TERM: 'xterm-256color', NO_COLOR: '1' })).toBe(0)
    expect(lookOf('auto', 0).person('x')).toEqual({})
    expect(lookOf('mono', 256).person('x')).toEqual({})
    expect(lookOf('auto', 16).person('x').fg).toBeLessThan(16)
  })
})

describe('the terminal', () => {
  test('that cannot show a screen is told of', () => {
    expect(whyNoScreen({ TERM: 'dumb' }, 'linux')).toContain('TERM=dumb')
    expect(whyNoScreen({}, 'linux')).toContain('TERM')
    expect(whyNoScreen({}, 'win32')).toBeNull()
    expect(whyNoScreen({ TERM: 'xterm' }, 'linux')).toBeNull()
  })

  test('is sent the one notification it knows, and nothing in it ends it early', () => {
    expect(notification({ TERM: 'xterm-kitty' }, 'Bob', 'hi')).toBe(
      '\x1b]99;d=0:p=title;Bob\x1b\\\x1b]99;d=1:p=body;hi\x1b\\',
    )
    expect(notification({ TERM_PROGRAM: 'WezTerm' }, 'Bob', 'hi')).toBe('\x1b]9;Bob: hi\x1b\\')
    expect(notification({ VTE_VERSION: '7000' }, 'B;b', 'h\x07i\x1b\\;')).toBe('\x1b]777;notify;B,b;hi,\x1b\\')
    expect(notification({ TERM: 'xterm' }, 'Bob', 'hi')).toBe('')
  })

  test('is reached through tmux by what tmux hands on, in the kind of what is around it', () => {
    const inTmux = { TERM: 'tmux-256color', TERM_PROGRAM: 'tmux', TMUX: '/tmp/x' }
    expect(notification(inTmux, 'Bob', 'hi')).toBe('\x1bPtmux;\x1b\x1b]9;Bob: hi\x1b\x1b\\\x1b\\')
    expect(notification({ ...inTmux, VTE_VERSION: '7000' }, 'Bob', 'hi')).toContain(']777;notify;Bob;hi')
    // Whatever was said, the only end of it is its last two bytes.
    const hostile = notification({ ...inTmux, KITTY_WINDOW_ID: '1' }, 'B\x1b\\ob', '\x1b\\\x9c\x1bPtmux;')
    expect(hostile.slice(0, -2)).not.toMatch(/(?<!\x1b)\x1b\\/)
    expect(notification({ TERM: 'screen', STY: '1.pts' }, 'Bob', 'hi')).toBe('')
  })
})

test('a mention is the name by itself, in any case', () => {
  const names = (name: string, text: string) => namesPattern(name).test(text)
  expect(names('Ann', 'hi ann!')).toBe(true)
  expect(names('Ann', 'annual')).toBe(false)
  expect(names('Ann', 'äAnn')).toBe(false)
  expect(names('a.b', 'axb')).toBe(false)
  expect(names('Ж(', 'ask ж( now')).toBe(true)
})
