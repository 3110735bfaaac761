import type { Range } from '../core/history/ranges.ts'

/**
 * How text becomes words, for the index, for what is searched, and for where it is found in a text. Case and the accents of European letters
 * make no difference. Scripts without spaces between words have one "word" a character, and what is searched becomes a phrase of those: so
 * any part of a Chinese, Japanese, Thai, Lao, Khmer or Burmese sentence is found, of one character too. (SQLite's trigrams were tried: they
 * take 170 bytes a message against 47, and find nothing shorter than three characters, while most Chinese words have two.)
 */
const SPACELESS =
  '[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}]'
const TOKEN = new RegExp(`${SPACELESS}\\p{M}*|[[\\p{L}\\p{N}\\p{Co}\\p{M}]--${SPACELESS}]+`, 'gv')
const DIVIDED = new RegExp(`${SPACELESS}\\p{M}*`, 'gv')
const ANY_SPACELESS = new RegExp(SPACELESS, 'v')
const ASCII = /^[\x00-\x7f]*$/
const ACCENTS = /[\u0300-\u036f]/g

export function fold(text: string): string {
  const lower = text.toLowerCase()
  return ASCII.test(lower) ? lower : lower.normalize('NFD').replace(ACCENTS, '').normalize('NFC')
}

/** A text as the index is given it. */
export function indexed(text: string): string {
  const folded = fold(text)
  return ANY_SPACELESS.test(folded) ? folded.replace(DIVIDED, ' $& ') : folded
}

/** Something to look for: words that follow one another, folded. */
export interface Term {
  readonly words: readonly string[]
  /** The last word may go on. */
  readonly prefix: boolean
}

const TERMS_MAX = 16
const WORDS_PER_TERM_MAX = 64
const TYPED_MAX = 1024
/** Fewer letters begin so many words that looking them all up takes longer than reading what comes of it is worth. */
const PREFIX_LETTERS_MIN = 3

/** What somebody typed: blanks divide terms, quotation marks hold one together. */
export function termsOf(typed: string): Term[] {
  const parts = typed.slice(0, TYPED_MAX).match(/"[^"]*"|[^\s"]+/g) ?? []
  const terms = parts.map((part) => ({ words: tokens(part).map(({ word }) => word), prefix: false }))
  return terms.filter(({ words }) => words.length > 0 && words.length <= WORDS_PER_TERM_MAX).slice(0, TERMS_MAX)
}

/** The same terms, the last word of each free to go on where it is long enough; null where none is. */
export function widened(terms: readonly Term[]): Term[] | null {
  const wide = terms.map(({ words }) => ({ words, prefix: mayGoOn(words.at(-1)!) }))
  return wide.some(({ prefix }) => prefix) ? wide : null
}

function mayGoOn(word: string): boolean {
  return word.length >= PREFIX_LETTERS_MIN && !ANY_SPACELESS.test(word)
}

/** In the language of FTS5: all of them. Words hold letters, digits and marks only, so none can end its quotation marks. */
export function matchText(terms: readonly Term[]): string {
  return `text : (${terms.map(({ words, prefix }) => `"${words.join(' ')}"${prefix ? ' *' : ''}`).join(' AND ')})`
}

interface Token extends Range {
  readonly word: string
}

function tokens(text: string): Token[] {
  const list: Token[] = []
  for (const { 0: match, index } of text.matchAll(TOKEN)) {
    const word = fold(match)
    // Accents on nothing fold to nothing.
    if (word !== '') list.push({ from: index, to: index + match.length, word })
  }
  return list
}

export interface Found {
  /** How often each term is there. */
  readonly counts: readonly number[]
  /** Where, sorted; they do not overlap. */
  readonly marks: readonly Range[]
  /** Words in all. */
  readonly length: number
}

export function find(text: string, terms: readonly Term[]): Found {
  const list = tokens(text)
  const marked: Range[] = []
  const counts = terms.map(({ words, prefix }) => {
    let count = 0
    for (let at = 0; at + words.length <= list.length; at++) {
      if (!matches(list, at, words, prefix)) continue
      count++
      marked.push({ from: list[at]!.from, to: list[at + words.length - 1]!.to })
    }
    return count
  })
  return { counts, marks: merged(marked), length: list.length }
}

function matches(list: readonly Token[], at: number, words: readonly string[], prefix: boolean): boolean {
  return words.every((word, i) => {
    const there = list[at + i]!.word
    return there === word || (prefix && i === words.length - 1 && there.startsWith(word))
  })
}

function merged(marks: Range[]): Range[] {
  const sorted = marks.sort((a, b) => a.from - b.from || a.to - b.to)
  const kept: Range[] = []
  for (const mark of sorted) {
    const last = kept.at(-1)
    if (last === undefined || mark.from > last.to) kept.push(mark)
    else kept[kept.length - 1] = { from: last.from, to: Math.max(last.to, mark.to) }
  }
  return kept
}

const EXCERPT_LENGTH = 160
const BEFORE_FIRST = 40

/** The part of a text around the first mark, on one line, with `…` where it was cut; the marks are moved along. */
export function excerpt(text: string, marks: readonly Range[]): { excerpt: string; marks: Range[] } {
  let from = Math.max(0, (marks[0]?.from ?? 0) - BEFORE_FIRST)
  if (text.length <= EXCERPT_LENGTH) from = 0
  // Not in the middle of a character.
  if (isLowSurrogate(text, from)) from++
  let to = Math.min(text.length, from + EXCERPT_LENGTH)
  if (isLowSurrogate(text, to)) to--
  const lead = from > 0 ? '…' : ''
  const shift = lead.length - from
  const line = text.slice(from, to).replace(/\s/g, ' ')
  const inside = marks.filter((mark) => mark.from >= from && mark.from < to)
  return {
    excerpt: `${lead}${line}${to < text.length ? '…' : ''}`,
    marks: inside.map((mark) => ({ from: mark.from + shift, to: Math.min(mark.to, to) + shift })),
  }
}

function isLowSurrogate(text: string, at: number): boolean {
  const unit = text.charCodeAt(at)
  return unit >= 0xdc00 && unit <= 0xdfff
}
