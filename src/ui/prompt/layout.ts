import { stringWidth } from 'bun'

/** A cell of the terminal, counted from where the prompt begins. */
export interface Cell {
  readonly row: number
  readonly column: number
}

let segmenter: Intl.Segmenter | null = null

/**
 * Where the cursor stands after `text` was written from column 0 on a terminal that wraps by itself. `text` holds
 * nothing that moves the cursor otherwise. A full row counts as wrapped: whoever writes it has to make that true.
 */
export function endOf(text: string, columns: number): Cell {
  if (/^[\x20-\x7e]*$/.test(text)) return { row: Math.floor(text.length / columns), column: text.length % columns }
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' })
  let row = 0
  let column = 0
  for (const { segment } of segmenter.segment(text)) {
    const width = stringWidth(segment)
    // A wide character does not begin in the last column.
    if (column + width > columns) {
      row++
      column = 0
    }
    column += width
    if (column === columns) {
      row++
      column = 0
    }
  }
  return { row, column }
}

/** Where the character at `index` (UTF-16 units) of `text` is, or the end where there is none. As `endOf` otherwise. */
export function cellAt(text: string, index: number, columns: number): Cell {
  const end = endOf(text.slice(0, index), columns)
  const next = text.codePointAt(index)
  const fits = next === undefined || end.column + stringWidth(String.fromCodePoint(next)) <= columns
  return fits ? end : { row: end.row + 1, column: 0 }
}

/** The part of a line that is shown, and where the cursor is in it, in UTF-16 units. */
export interface Shown {
  readonly text: string
  readonly cursor: number
}

const CUT = '…'

/** Stands for a line break in what is typed, since the line editor ends a line at one; no text that is sent has this (a noncharacter: Unicode 16, 23.7). */
export const BREAK = '\ufdd0'

/** A line that is wider than `cells` as the part of it around the cursor, with marks where it was cut. */
export function shownPart(line: string, cursor: number, cells: number): Shown {
  const text = line.replaceAll(BREAK, '⏎').replace(/[\x00-\x1f\x7f-\x9f]/g, '·')
  if (stringWidth(text) <= cells) return { text, cursor }
  // No character is wider than two cells: half as many always fit, with a mark on each side.
  const length = Math.max(1, Math.floor(cells / 2) - 1)
  const chars = Array.from(text)
  const before = Array.from(text.slice(0, cursor)).length
  const start = Math.max(0, Math.min(before - Math.floor(length / 2), chars.length - length))
  const left = start > 0 ? CUT : ''
  const right = start + length < chars.length ? CUT : ''
  const beforeCursor = left + chars.slice(start, before).join('')
  return { text: beforeCursor + chars.slice(before, start + length).join('') + right, cursor: beforeCursor.length }
}
