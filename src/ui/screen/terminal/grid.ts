import { glyphsOf } from '../text/glyphs.ts'
import { type Line, PLAIN, type Style } from '../text/styled.ts'

export interface Size {
  readonly columns: number
  readonly rows: number
}

/** No screen is larger; a terminal that says so would have us fill the memory. */
const COLUMNS_MAX = 1_000
const ROWS_MAX = 500
/** Below, there is nothing to draw; above 0, every index is in the grid. */
const SIDE_MIN = 1

/** In place of what could step back over its neighbour at the right edge. */
const AT_THE_EDGE = '·'

/** What is to be seen: a character and a style in each cell. The second cell of a wide character is the empty string. */
export class Grid {
  readonly columns: number
  readonly rows: number
  readonly chars: string[]
  readonly styles: Style[]
  /** Cells whose width terminals may see differently. */
  readonly unsure: Uint8Array

  constructor({ columns, rows }: Size) {
    this.columns = Math.min(COLUMNS_MAX, Math.max(SIDE_MIN, Math.floor(columns)))
    this.rows = Math.min(ROWS_MAX, Math.max(SIDE_MIN, Math.floor(rows)))
    const cells = this.columns * this.rows
    this.chars = new Array(cells).fill(' ')
    this.styles = new Array(cells).fill(PLAIN)
    this.unsure = new Uint8Array(cells)
  }

  /** Draws into row `y` from column `x`, and into `width` columns at most; the rest of them is blanked in `rest`. */
  put(x: number, y: number, line: Line, width: number, rest: Style | null = PLAIN): void {
    if (y < 0 || y >= this.rows || x < 0 || x >= this.columns) return
    const end = Math.min(this.columns, x + width)
    let column = x
    for (const { text, style } of line) {
      for (const glyph of glyphsOf(text)) {
        if (column + glyph.width > end) {
          this.blank(column, y, end, style)
          return
        }
        this.set(column, y, glyph, style)
        column += glyph.width
      }
    }
    if (rest !== null) this.blank(column, y, end, rest)
  }

  /** The characters of a row, without blanks at its end. */
  row(y: number): string {
    return this.chars
      .slice(y * this.columns, (y + 1) * this.columns)
      .join('')
      .trimEnd()
  }

  /** Turns a cell's style into another. */
  restyle(x: number, y: number, change: (style: Style) => Style): void {
    if (x < 0 || y < 0 || x >= this.columns || y >= this.rows) return
    const index = y * this.columns + x
    this.styles[index] = change(this.styles[index]!)
  }

  private set(
    x: number,
    y: number,
    { text, width, sure }: { text: string; width: 1 | 2; sure: boolean },
    style: Style,
  ): void {
    this.breakWide(x, y, x + width)
    const index = y * this.columns + x
    const isAtEdge = !sure && width === 1 && x === this.columns - 1
    this.chars[index] = isAtEdge ? AT_THE_EDGE : text
    this.styles[index] = style
    this.unsure[index] = sure || isAtEdge ? 0 : 1
    if (width === 1) return
    this.chars[index + 1] = ''
    this.styles[index + 1] = style
    this.unsure[index + 1] = 0
  }

  private blank(x: number, y: number, end: number, style: Style): void {
    if (x >= end) return
    this.breakWide(x, y, end)
    const { columns } = this
    this.chars.fill(' ', y * columns + x, y * columns + end)
    this.styles.fill(style, y * columns + x, y * columns + end)
    this.unsure.fill(0, y * columns + x, y * columns + end)
  }

  /** No half of a wide character is left at either side of what is about to be drawn from `x` to before `end`. */
  private breakWide(x: number, y: number, end: number): void {
    const row = y * this.columns
    if (this.chars[row + x] === '' && x > 0) {
      this.chars[row + x - 1] = ' '
      this.unsure[row + x - 1] = 0
    }
    if (end < this.columns && this.chars[row + end] === '') this.chars[row + end] = ' '
  }
}
