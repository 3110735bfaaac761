import { stringWidth } from 'bun'

/** What one character, as a person counts them, takes of a row. */
export interface Glyph {
  readonly text: string
  readonly width: 1 | 2
  /** UTF-16 units that it stands for, be it drawn with fewer. */
  readonly units: number
  /** Every terminal is known to draw it so wide. Where not, the cursor has to be placed anew after it. */
  readonly sure: boolean
}

/** Nothing that can be read is longer; what is loses its marks. */
const UNITS_MAX = 40
/** Stands for what cannot be drawn: a control character, a mark with nothing to sit on. */
const STAND_IN: Glyph = { text: '·', width: 1, units: 1, sure: true }

/** Marks that stand beside what they belong to. */
const BESIDE = /\p{Mc}/u
const JOINER = /[\u200c\u200d]/
const LETTER_AND_MARKS = /\P{M}\p{M}*|^\p{M}+/gu

const PLAIN = /^[\x20-\x7e]*$/
const CONTROL = /[\p{Cc}\u2028\u2029]/u
/**
 * Single code points that terminals agree about: Latin, Greek and Cyrillic letters, general punctuation that is in every font, arrows
 * and box drawing take one cell; kana, Han and Hangul syllables two.
 */
const NARROW =
  '\\u00a1-\\u00ac\\u00ae-\\u02ff\\u0370-\\u0482\\u048a-\\u052f\\u1e00-\\u1fff\\u2010-\\u2026\\u2190-\\u2193\\u2500-\\u259f'
const WIDE = '\\u3041-\\u3096\\u30a1-\\u30fa\\u30fc\\u4e00-\\u9fff\\uac00-\\ud7a3'
const SURE_NARROW = new RegExp(`^[${NARROW}]$`)
const SURE_WIDE = new RegExp(`^[${WIDE}]$`)
/** None of these joins with its neighbours, so they need not be divided by the rules for those that do. */
const SEPARATE = new RegExp(`^[\\x20-\\x7e${NARROW}${WIDE}]*$`)

const ASCII: readonly Glyph[] = Array.from({ length: 0x7f }, (_, code) =>
  code < 0x20 ? STAND_IN : { text: String.fromCharCode(code), width: 1, units: 1, sure: true },
)

let segmenter: Intl.Segmenter | null = null

/** Texts that were divided before: those of a few screens. A glyph takes some 100 bytes, and a message may have 16,000 of them. */
const KNOWN_MAX = 2_000
const KNOWN_GLYPHS_MAX = 64 * 1024
const known = new Map<string, readonly Glyph[]>()
let knownGlyphs = 0

/** `text` as what is drawn of it. Whatever it holds, nothing of the answer moves a cursor. */
export function glyphsOf(text: string): readonly Glyph[] {
  if (PLAIN.test(text)) return Array.from(text, (char) => ASCII[char.charCodeAt(0)]!)
  const before = known.get(text)
  if (before !== undefined) return before
  const glyphs = SEPARATE.test(text) ? Array.from(text, separate) : divide(text)
  knownGlyphs += glyphs.length
  if (known.size >= KNOWN_MAX || knownGlyphs > KNOWN_GLYPHS_MAX) {
    known.clear()
    knownGlyphs = glyphs.length
  }
  known.set(text, glyphs)
  return glyphs
}

function separate(char: string): Glyph {
  return ASCII[char.charCodeAt(0)] ?? { text: char, width: SURE_WIDE.test(char) ? 2 : 1, units: 1, sure: true }
}

function divide(text: string): Glyph[] {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' })
  return Array.from(segmenter.segment(text.toWellFormed()), ({ segment }) => syllable(segment)).flat()
}

function syllable(segment: string): Glyph[] {
  if (!BESIDE.test(segment)) return [glyphOf(segment)]
  // A sign in two parts, one before its letter and one behind, is one sign: taken apart it would be two, in two cells of some terminals.
  const normal = segment.normalize('NFC')
  // Some letters are taken apart by that.
  const composed = normal.length < segment.length ? normal : segment
  const glyphs = partsOf(composed).map(glyphOf)
  const last = glyphs.at(-1)!
  return [...glyphs.slice(0, -1), { ...last, units: last.units + segment.length - composed.length }]
}

/**
 * Vowel signs that stand beside their letter take a cell of their own in some terminals and none in others: where they took none and a cell is
 * counted for them nothing worse is seen than a gap, but the other way round they would be drawn over, and other words be read. A syllable of
 * several letters is divided at these, so that all of it has its cells.
 */
function partsOf(segment: string): readonly string[] {
  if (!BESIDE.test(segment) || JOINER.test(segment)) return [segment]
  return segment.match(LETTER_AND_MARKS) ?? [segment]
}

function glyphOf(segment: string): Glyph {
  const ascii = segment.length === 1 ? ASCII[segment.charCodeAt(0)] : undefined
  if (ascii !== undefined) return ascii
  const units = segment.length
  if (CONTROL.test(segment)) return { ...STAND_IN, units }
  const text = segment.length <= UNITS_MAX ? segment : String.fromCodePoint(segment.codePointAt(0)!)
  const width = stringWidth(text) + (BESIDE.test(text) ? 1 : 0)
  if (width === 0 || joinsBefore(text)) return { ...STAND_IN, units }
  const sure = SURE_NARROW.test(text) || SURE_WIDE.test(text)
  return { text, width: width >= 2 ? 2 : 1, units, sure }
}

/** A mark, or the like, that would be drawn with whatever stands in the cell before it. */
function joinsBefore(text: string): boolean {
  return segmenter?.segment(`a${text}`).containing(0)?.segment !== 'a'
}

/** Cells that `text` takes. */
export function widthOf(text: string): number {
  if (PLAIN.test(text)) return text.length
  let width = 0
  for (const glyph of glyphsOf(text)) width += glyph.width
  return width
}

/** As much of `text` as fits, with a mark where something is missing. */
export function fit(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  if (width <= 0) return ''
  return `${part(text, width - 1)}…`
}

/** The beginning of `text` that takes at most `width` cells. */
function part(text: string, width: number): string {
  let kept = ''
  let left = width
  for (const glyph of glyphsOf(text)) {
    left -= glyph.width
    if (left < 0) break
    kept += glyph.text
  }
  return kept
}

/** `text` in exactly `width` cells: cut, or followed by blanks. */
export function padded(text: string, width: number): string {
  const cut = fit(text, width)
  return cut + ' '.repeat(Math.max(0, width - widthOf(cut)))
}
