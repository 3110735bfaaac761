import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { utf8 } from '../../src/base/bytes.ts'
import { cleanLine, cleanName, cleanText, decodeUtf8, NAME_GRAPHEMES_MAX } from '../../src/base/text.ts'

/** Texts made mostly of what cleaning is about. */
const PIECES = [
  ...['a', 'Z', '9', '#', ' ', '\n', '\r', '\t', '\u00a0', '\u2800', 'é', 'я', '日', '한', '\u05d0', '\ufffd'],
  ...[
    '\u0000',
    '\b',
    '\u007f',
    '\u0085',
    '\u2028',
    '\u001b',
    '\u001b[',
    '\u001b]',
    '\u009b',
    '\u009d',
    '\u009c',
    '\u0007',
  ],
  ...[
    '31m',
    '0;title',
    '\\',
    '\u001bP',
    '\u001b(B',
    '\u200b',
    '\u200c',
    '\u200d',
    '\u200e',
    '\u202e',
    '\u2066',
    '\u2069',
  ],
  ...[
    '\u00ad',
    '\u034f',
    '\u061c',
    '\u115f',
    '\u17b4',
    '\u180b',
    '\u2060',
    '\u3164',
    '\ufe00',
    '\ufe0e',
    '\ufe0f',
    '\ufeff',
  ],
  ...['\ufff9', '\ufffb', '\ufffe', '\ufdd0', '\ud83d', '\udc69', '\u{e0001}', '\u{e0067}', '\u{e007f}', '\u{e0100}'],
  ...['👩', '🏽', '❤', '🔥', '🏴', '🇩', '🇪', '\u20e3', '\u0301', '\u0301'.repeat(5), '\u0f90', '\u0605'],
  ...['\u0645', '\u06cc', '\u064b', '\u0915', '\u094d', '\u0937', '\u1780', '\u{1e900}', '\u{1e94a}'],
]
const hostile = fc.array(fc.constantFrom(...PIECES), { maxLength: 40 }).map((pieces) => pieces.join(''))
const anything = fc.oneof(hostile, fc.string({ unit: 'binary', maxLength: 60 }), fc.string({ maxLength: 60 }))

describe('what stays as it is', () => {
  test.each([
    'Hello, world! ~ {}[]\\|',
    'two\nlines\n\nand a gap',
    'Grüße, señor, naïve, Zoë',
    'e\u0301 as two code points, and Vie\u0302\u0323t',
    'Привет, мир',
    'שָׁלוֹם',
    'مرحبا بالعالم',
    'می\u200cخواهم',
    '\u0915\u094d\u200d\u0937 and \u0915\u094d\u200c\u0937',
    'ශ්\u200dරී',
    '日本語 한국어 中文',
    'ཧྐྵྨླྺྼྻྂ',
    'no-break\u00a0space, thin\u2009space',
    '😀 🎉 © ™',
    '❤️ ☺︎ ⚠️',
    '👩🏽\u200d🚀 👨\u200d👩\u200d👧\u200d👦 🏳️\u200d🌈 ❤️\u200d🔥',
    '👩🏻\u200d❤️\u200d💋\u200d👨🏼',
    '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f} 🏴\u200d☠️',
    '1️⃣ #️⃣ *️⃣',
    '🇩🇪🇫🇷',
    '\u0600123 \u06dd',
    'private use \ue0b0 and the unassigned \u0378',
  ])('%j', (text) => {
    expect(cleanText(text)).toBe(text)
  })
})

describe('what a terminal would obey', () => {
  test.each([
    ['\u001b[31mred\u001b[0m', 'red'],
    ['\u001b[2J\u001b[1;1Hgone', 'gone'],
    ['\u001b[?1049h\u001b[>4;2m\u001b[ qx', 'x'],
    ['\u009b31mred', 'red'],
    ['\u001b]0;new title\u0007text', 'text'],
    ['\u001b]0;new title\u001b\\text', 'text'],
    ['\u009d52;c;cGFzdGU=\u009ctext', 'text'],
    ['\u001b]8;;http://evil.example\u001b\\click\u001b]8;;\u001b\\', 'click'],
    ['\u001bP1$r0m\u001b\\a\u001b_G;\u001b\\b\u001b^x\u001b\\c\u001bXy\u001b\\d', 'abcd'],
    ['\u001b(0lqk\u001b(B', 'lqk'],
    ['\u001bc\u001b7\u001b=x', 'x'],
    ['a\u001b', 'a'],
    ['a\u001b[31', 'a'],
    ['\u001b\u001b[31mx', 'x'],
    ['\u001b[3\u001b[31m1mx', '1mx'],
    ['lost\u001b]0;no end', 'lost'],
    ['lost\u001b]0;no end\nnext line', 'lost\nnext line'],
    ['over\rwritten', 'over\nwritten'],
    ['back\b\b\b\bspace', 'backspace'],
    ['bell\u0007 nul\u0000 del\u007f shift\u000e', 'bell nul del shift'],
  ])('%j becomes %j', (text, cleaned) => {
    expect(cleanText(text)).toBe(cleaned)
  })
})

describe('line breaks and tabs', () => {
  test.each([
    ['a\r\nb', 'a\nb'],
    ['a\n\rb', 'a\n\nb'],
    ['a\u0085b\u2028c\u2029d', 'a\nb\nc\nd'],
    ['a\u000bb\u000cc', 'abc'],
    ['if x:\n\treturn', 'if x:\n    return'],
  ])('%j becomes %j', (text, cleaned) => {
    expect(cleanText(text)).toBe(cleaned)
  })

  test('on one line, line breaks are a space', () => {
    expect(cleanLine('a\n\nb\r\nc')).toBe('a b c')
  })
})

describe('what cannot be seen', () => {
  test.each([
    ['safe\u202egnp.exe', 'safegnp.exe'],
    ['\u2066a\u2069\u2067b\u2069\u2068c\u2069', 'abc'],
    ['a\u200eb\u200fc\u061cd', 'abcd'],
    ['ad\u200bmin', 'admin'],
    ['ad\u200dm\u200cin', 'admin'],
    ['ad\u00admin\ufeff\u2060\u2064', 'admin'],
    ['a\u3164\u115f\u1160\uffa0b', 'ab'],
    ['a\ufe0fb', 'ab'],
    ['1\ufe0f2', '12'],
    ['葛\u{e0100}', '葛'],
    ['hidden\u{e0068}\u{e0069}', 'hidden'],
    ['🏴\u{e0067}\u{e0062}', '🏴'],
    ['🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e0067}\u{e0067}\u{e007f}', '🏴'],
    ['😀\u{e0067}\u{e0062}\u{e0065}\u{e007f}', '😀'],
    ['👩\u200d', '👩'],
    ['👩\u200dx', '👩x'],
    ['👩\u200d\u200d🚀', '👩🚀'],
    ['👩\ufe0f\ufe0f', '👩\ufe0f'],
    ['می\u200c', 'می'],
    ['می\u200c\u200cخ', 'میخ'],
    ['a\u200cخ', 'aخ'],
    ['a\u17b4\u200c\u1780', 'a\u1780'],
    ['base\ufff9\ufffatext\ufffb', 'basetext'],
    ['a\ufffeb\ufdd0c\u{1ffff}', 'abc'],
    ['a\ud83db\udc69c', 'a\ufffdb\ufffdc'],
  ])('%j becomes %j', (text, cleaned) => {
    expect(cleanText(text)).toBe(cleaned)
  })

  test('an emoji joins with at most seven others', () => {
    const chain = Array(12).fill('👩').join('\u200d')
    const cleaned = cleanText(chain)
    expect(cleaned.split('\u200d').length).toBe(11)
    expect(cleaned.replaceAll('\u200d', '')).toBe('👩'.repeat(12))
  })
})

describe('towers of marks', () => {
  const eight = '\u0301'.repeat(8)

  test.each([
    ['eight stay', `a${eight}b`, `a${eight}b`],
    ['the ninth and later go', `a${eight}${eight}${eight}b`, `a${eight}b`],
    ['joiners do not divide one', `م${`\u064b`.repeat(8)}\u200c${`\u064b`.repeat(8)}`, `م${`\u064b`.repeat(8)}`],
    ['invisible characters do not divide one', `a${eight}\u200b${eight}`, `a${eight}`],
    ['controls do not divide one', `a${eight}\u0001${eight}`, `a${eight}`],
    ['escape sequences do not divide one', `a${eight}\u001b[m${eight}`, `a${eight}`],
    ['a mark without a letter goes', '\u0301x\n\u0302y', 'x\ny'],
    ['a mark does not hide behind an invisible character', '\u200b\u0301x', 'x'],
  ])('%s', (_, text, cleaned) => {
    expect(cleanText(text)).toBe(cleaned)
  })
})

describe('cleaning, whatever comes', () => {
  test('leaves nothing that commands, hides or climbs', () => {
    fc.assert(
      fc.property(anything, (text) => {
        const cleaned = cleanText(text)
        expect(cleaned.isWellFormed()).toBe(true)
        expect(cleaned).not.toMatch(
          /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\u200b\u200e\u200f\ufeff]/,
        )
        expect(cleaned).not.toMatch(/\p{M}{9}|^\p{M}|\n\p{M}/u)
        const visible = cleaned.replace(/\u200c|\u200d|\ufe0e|\ufe0f|[\u{e0030}-\u{e007f}]/gu, '')
        expect(visible).not.toMatch(/\p{Default_Ignorable_Code_Point}|\p{Noncharacter_Code_Point}/u)
      }),
      { numRuns: 2000 },
    )
  })

  test('cleans clean: a second time changes nothing', () => {
    fc.assert(
      fc.property(anything, (text) => {
        expect(cleanText(cleanText(text))).toBe(cleanText(text))
        expect(cleanLine(cleanLine(text))).toBe(cleanLine(text))
        expect(cleanName(cleanName(text))).toBe(cleanName(text))
      }),
      { numRuns: 2000 },
    )
  })

  test('keeps every visible character of a text without escape sequences, in order', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'я', '日', '😀', '\u200b', '\u202e', '\ufe0f', '\u0001') }),
        (text) => {
          expect(cleanText(text).replaceAll('\ufe0f', '')).toBe(text.replace(/\u200b|\u202e|\ufe0f|\u0001/g, ''))
        },
      ),
    )
  })
})

describe('names', () => {
  test.each([
    ['  Alice  ', 'Alice'],
    ['Alice \t\n Bob', 'Alice Bob'],
    ['\u001b[31mAlice', 'Alice'],
    ['Al\u200bice', 'Alice'],
    ['\u2800\u3164\u00a0 \u200b', ''],
    ['', ''],
    ['\u0301\u0302', ''],
    [' \u0301 \u0301Alice', 'Alice'],
    ['Zoë 日本', 'Zoë 日本'],
    ['م\u200c', 'م'],
  ])('%j becomes %j', (text, name) => {
    expect(cleanName(text)).toBe(name)
  })

  test('have at most 32 characters as a person counts them', () => {
    expect(cleanName('x'.repeat(100))).toBe('x'.repeat(NAME_GRAPHEMES_MAX))
    expect(cleanName('ë'.repeat(100))).toBe('ë'.repeat(NAME_GRAPHEMES_MAX))
    expect(cleanName('e\u0308'.repeat(100))).toBe('e\u0308'.repeat(NAME_GRAPHEMES_MAX))
    expect(cleanName(`${'x'.repeat(31)} y`)).toBe('x'.repeat(31))
  })

  test('do not end in a joiner whose second letter was cut off', () => {
    expect(cleanName('\u0645\u200c'.repeat(40))).toBe(`${'\u0645\u200c'.repeat(24)}\u0645`)
    expect(cleanName(`${'x'.repeat(31)}\u0645\u200c\u0645`)).toBe(`${'x'.repeat(31)}\u0645`)
  })

  test('have at most 128 bytes, and are cut between characters', () => {
    const family = '👨\u200d👩\u200d👧\u200d👦'
    expect(utf8(family).length).toBe(25)
    expect(cleanName(family.repeat(10))).toBe(family.repeat(5))
    expect(cleanName('🏽'.repeat(3))).toBe('🏽'.repeat(3))
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 8 }), (pieces) => {
        const name = cleanName(pieces.join(''))
        const segments = [...new Intl.Segmenter('en').segment(name)]
        expect(segments.length).toBeLessThanOrEqual(NAME_GRAPHEMES_MAX)
        expect(utf8(name).length).toBeLessThanOrEqual(128)
        expect(name).toBe(name.trim())
        expect(name).not.toMatch(/\s\s|[^\S ]|\u2800/)
      }),
      { numRuns: 500 },
    )
  })
})

describe('UTF-8', () => {
  test('is read as it is, a byte order mark included', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(decodeUtf8(utf8(text))).toBe(text.toWellFormed())
      }),
    )
    expect(decodeUtf8(utf8('\ufeffx'))).toBe('\ufeffx')
    expect(decodeUtf8(new Uint8Array(0))).toBe('')
  })

  test.each([
    ['a lone continuation', [0x80]],
    ['a missing one', [0xc3]],
    ['a cut emoji', [0xf0, 0x9f, 0x98]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['an overlong NUL', [0xe0, 0x80, 0x80]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a code point above U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['a byte that is in no UTF-8', [0x61, 0xff, 0x62]],
  ])('broken by %s is null', (_, bytes) => {
    expect(decodeUtf8(new Uint8Array(bytes))).toBeNull()
    expect(decodeUtf8(utf8('ok'))).toBe('ok')
  })
})

describe('time', () => {
  /** Texts of 16 KiB built to be slow: of one kind, of runs that almost match, and of every piece above. */
  const worst = [
    ...PIECES,
    '\u001b[0',
    '\u001b]x',
    `a${'\u0301'.repeat(8)}`,
    '\n\u0301',
    '👩\u200d',
    '🏴\u{e0067}',
    `🏴${'\u{e0067}'.repeat(6)}`,
    '1\ufe0f',
    'م\u200c',
    '\u094d\u200d',
  ].map((piece) => piece.repeat(Math.ceil(16_384 / utf8(piece).length)))
  const runs = ['\u001b[', '\u001b]', '\u001b', '\u0301', '🏴', 'م'].flatMap((start) =>
    ['0', ' ', '\u0301', '\u{e0067}', '\u200d'].map((rest) => start + rest.repeat(16_384)),
  )

  test('cleaning takes time in proportion to the length, for the worst 16 KiB and for 16 times as much', () => {
    for (const text of [...worst, ...runs]) cleanText(text)
    const begun = performance.now()
    for (const text of [...worst, ...runs]) cleanText(text)
    const once = performance.now() - begun
    // Measured: 10 to 15 ms together. A step that backtracks over all of a text takes seconds.
    expect(once).toBeLessThan(500)
    const longBegun = performance.now()
    for (const text of [...worst, ...runs]) cleanText(text.repeat(16))
    expect(performance.now() - longBegun).toBeLessThan(Math.max(once, 20) * 16 * 8)
  })

  test('a name is cut before it is counted', () => {
    const begun = performance.now()
    for (const text of worst) cleanName(text.repeat(4))
    expect(performance.now() - begun).toBeLessThan(1000)
  })
})
