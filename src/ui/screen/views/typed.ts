import type { Editor } from '../model/editor.ts'
import { glyphsOf, widthOf } from '../text/glyphs.ts'

/** What is typed, as rows, and where the cursor is in them. */
export interface Typed {
  readonly rows: readonly string[]
  readonly x: number
  readonly y: number
}

/**
 * Rows of `columns` cells, the first after `prompt`, the others below it as far in. Broken wherever a row is full: so the cursor is where one
 * expects it, and there is always a cell for it behind the last character.
 */
export function layTyped(prompt: string, { text, cursor }: Editor, columns: number): Typed {
  const indent = Math.min(widthOf(prompt), Math.max(0, columns - 4))
  const rows: string[] = []
  let row = ''
  let x = indent
  let at = 0
  let place = { x: indent, y: 0 }
  const next = () => {
    rows.push(row)
    row = ''
    x = indent
  }
  for (const [index, line] of text.split('\n').entries()) {
    if (index > 0) {
      if (at === cursor) place = { x, y: rows.length }
      at++
      next()
    }
    for (const glyph of glyphsOf(line)) {
      if (x + glyph.width >= columns) next()
      if (at <= cursor) place = { x, y: rows.length }
      row += glyph.text
      x += glyph.width
      at += glyph.units
    }
  }
  if (cursor >= at) place = { x, y: rows.length }
  rows.push(row)
  return { rows, ...place }
}
