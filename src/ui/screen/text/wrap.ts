import { type Glyph, glyphsOf } from './glyphs.ts'
import { type Line, type Span, type Style, span } from './styled.ts'

interface Piece extends Glyph {
  readonly style: Style
}

/**
 * A text as rows of at most `width` cells: broken at blanks where that is possible, at line breaks always. Blanks at a break are gone; those
 * at the beginning of a line stay. At most `rowsMax` rows, the last of which then ends in a mark.
 */
export function wrap(line: Line, width: number, rowsMax = Number.POSITIVE_INFINITY): Line[] {
  const columns = Math.max(2, width)
  const rows: Line[] = []
  for (const pieces of paragraphs(line)) {
    breakUp(pieces, columns, rows, rowsMax)
    if (rows.length > rowsMax) break
  }
  if (rows.length <= rowsMax) return rows
  const kept = rows.slice(0, rowsMax)
  kept[rowsMax - 1] = [span('…', line[0]?.style)]
  return kept
}

function paragraphs(line: Line): Piece[][] {
  const all: Piece[][] = [[]]
  for (const { text, style } of line) {
    text.split('\n').forEach((part, index) => {
      if (index > 0) all.push([])
      const pieces = all.at(-1)!
      for (const glyph of glyphsOf(part)) pieces.push({ ...glyph, style })
    })
  }
  return all
}

function breakUp(pieces: readonly Piece[], columns: number, rows: Line[], rowsMax: number): void {
  let start = 0
  do {
    const end = rowEnd(pieces, start, columns)
    rows.push(joined(pieces, start, end.shown))
    start = end.next
  } while (start < pieces.length && rows.length <= rowsMax)
}

/** Where the row that begins at `start` ends, and where the next begins. */
function rowEnd(pieces: readonly Piece[], start: number, columns: number): { shown: number; next: number } {
  let used = 0
  let index = start
  let blank = -1
  while (index < pieces.length && used + pieces[index]!.width <= columns) {
    used += pieces[index]!.width
    if (pieces[index]!.text === ' ') blank = index
    index++
  }
  if (index >= pieces.length) return { shown: index, next: index }
  if (pieces[index]!.text === ' ') blank = index
  // A word that fills more than a row by itself is cut.
  if (blank <= start) return { shown: index, next: index }
  let shown = blank
  while (shown > start && pieces[shown - 1]!.text === ' ') shown--
  let next = blank + 1
  while (next < pieces.length && pieces[next]!.text === ' ') next++
  return shown === start ? { shown: index, next: index } : { shown, next }
}

function joined(pieces: readonly Piece[], start: number, end: number): Line {
  const spans: Span[] = []
  let text = ''
  for (let index = start; index < end; index++) {
    const { style } = pieces[index]!
    text += pieces[index]!.text
    if (index + 1 === end || pieces[index + 1]!.style !== style) {
      spans.push(span(text, style))
      text = ''
    }
  }
  return spans
}
