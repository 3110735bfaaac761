import { PLAIN, type Style, sameStyle } from '../text/styled.ts'
import type { Grid } from './grid.ts'

/** How many colours a terminal has. */
export type Depth = 0 | 16 | 256

/** Equal cells between two changes that are cheaper to write again than to jump over. */
const GAP_MAX = 6

const BEGIN = '\x1b[?2026h\x1b[?25l'
const END = '\x1b[?2026l'

/**
 * Turns grids into what has to be written so that the terminal shows them: only what differs from what it shows, in one synchronized
 * update (DEC private mode 2026; terminals without it ignore the mark).
 *
 * Where terminals may disagree about a character's width, nothing is taken for granted: the cursor is placed by its coordinates after it, and
 * a row that has such a character is cleared and written as a whole. So whatever the terminal makes of the character, the cells beside it are
 * as they should be.
 */
export class Painter {
  private shown: Grid | null = null
  private style: Style = PLAIN
  /** Where the terminal's cursor is known to be; -1: nowhere. */
  private x = -1
  private y = -1
  private cursor = ''

  constructor(private readonly depth: Depth) {}

  /** Nothing is known of what the terminal shows. */
  forget(): void {
    this.shown = null
  }

  /** What to write, empty where nothing has changed. `cursor`: null hides it. The grid must not be changed afterwards. */
  paint(next: Grid, cursor: { readonly x: number; readonly y: number } | null): string {
    const { shown } = this
    const isKnown = shown !== null && shown.columns === next.columns && shown.rows === next.rows
    this.style = PLAIN
    this.x = this.y = -1
    let out = ''
    for (let y = 0; y < next.rows; y++) out += this.row(next, isKnown ? shown : null, y)
    this.shown = next
    const place = cursor === null ? '' : `\x1b[${cursor.y + 1};${cursor.x + 1}H\x1b[?25h`
    if (out === '' && place === this.cursor && isKnown) return ''
    this.cursor = place
    return `${BEGIN}${isKnown ? '' : '\x1b[0m'}${out}${this.change(PLAIN)}${place}${END}`
  }

  private row(next: Grid, shown: Grid | null, y: number): string {
    const { columns } = next
    const start = y * columns
    if (shown !== null && isSameRow(next, shown, start, columns)) return ''
    if (shown === null || hasUnsure(next, start, columns)) {
      return this.wholeRow(next, y)
    }
    let out = ''
    let x = 0
    while (x < columns) {
      if (isSameCell(next, shown, start + x)) {
        x++
        continue
      }
      const end = changedUntil(next, shown, start, x, columns)
      out += this.stretch(next, y, x, end)
      x = end
    }
    return out
  }

  /** Cleared before, for what is narrower than it should be, and behind, for what is wider. */
  private wholeRow(grid: Grid, y: number): string {
    const content = contentEnd(grid, y)
    const out = `${this.change(PLAIN)}${this.goTo(0, y)}\x1b[K${this.cells(grid, y, 0, content)}`
    const isClean = content >= grid.columns || !hasUnsure(grid, y * grid.columns, grid.columns)
    return isClean ? out : `${out}${this.change(PLAIN)}${this.goTo(content, y)}\x1b[K`
  }

  /** Blanks up to the end of the row are cleared rather than written. */
  private stretch(grid: Grid, y: number, from: number, to: number): string {
    const content = contentEnd(grid, y)
    if (to < grid.columns || content >= to) return this.cells(grid, y, from, to)
    const written = content > from ? this.cells(grid, y, from, content) : ''
    return `${written}${this.change(PLAIN)}${this.goTo(Math.max(from, content), y)}\x1b[K`
  }

  private cells(grid: Grid, y: number, from: number, to: number): string {
    let out = ''
    for (let x = from; x < to; x++) {
      const index = y * grid.columns + x
      const char = grid.chars[index]!
      if (char === '') continue
      out += this.goTo(x, y) + this.change(grid.styles[index]!) + char
      const width = x + 1 < grid.columns && grid.chars[index + 1] === '' ? 2 : 1
      // At the edge a cursor stands in the last column, or behind it: as it happens.
      if (grid.unsure[index] === 1 || x + width >= grid.columns) this.x = -1
      else this.x = x + width
    }
    return out
  }

  private goTo(x: number, y: number): string {
    if (this.x === x && this.y === y) return ''
    this.x = x
    this.y = y
    return x === 0 ? `\x1b[${y + 1}H` : `\x1b[${y + 1};${x + 1}H`
  }

  private change(style: Style): string {
    if (sameStyle(style, this.style)) return ''
    const before = this.style
    this.style = style
    const link = before.link === style.link ? '' : linkCode(style.link)
    const code = styleCode(style, this.depth)
    return link + (code === styleCode(before, this.depth) ? '' : code)
  }
}

function isSameCell(a: Grid, b: Grid, index: number): boolean {
  return a.chars[index] === b.chars[index] && sameStyle(a.styles[index]!, b.styles[index]!)
}

function isSameRow(a: Grid, b: Grid, start: number, columns: number): boolean {
  for (let index = start; index < start + columns; index++) if (!isSameCell(a, b, index)) return false
  return true
}

function hasUnsure(grid: Grid, start: number, columns: number): boolean {
  for (let index = start; index < start + columns; index++) if (grid.unsure[index] === 1) return true
  return false
}

/** Just behind the last cell of a row that is no plain blank. */
function contentEnd(grid: Grid, y: number): number {
  const start = y * grid.columns
  let end = grid.columns
  while (end > 0 && grid.chars[start + end - 1] === ' ' && sameStyle(grid.styles[start + end - 1]!, PLAIN)) end--
  return end
}

/** The end of the changes that begin at `x`, small gaps bridged. */
function changedUntil(next: Grid, shown: Grid, start: number, x: number, columns: number): number {
  let end = x + 1
  let same = 0
  for (let at = end; at < columns && same <= GAP_MAX; at++) {
    if (isSameCell(next, shown, start + at)) same++
    else {
      same = 0
      end = at + 1
    }
  }
  // A wide character is written as a whole.
  while (end < columns && next.chars[start + end] === '') end++
  return end
}

const codes = { 0: new WeakMap<Style, string>(), 16: new WeakMap<Style, string>(), 256: new WeakMap<Style, string>() }

/** Select Graphic Rendition (ECMA-48, 8.3.117), always from the default on. */
function styleCode(style: Style, depth: Depth): string {
  const known = codes[depth].get(style)
  if (known !== undefined) return known
  const code = makeCode(style, depth)
  codes[depth].set(style, code)
  return code
}

function makeCode(style: Style, depth: Depth): string {
  const parts: string[] = []
  if (style.bold) parts.push('1')
  if (style.dim) parts.push('2')
  if (style.italic) parts.push('3')
  if (style.underline) parts.push('4')
  if (style.reverse) parts.push('7')
  if (depth > 0) {
    if (style.fg !== undefined) parts.push(colourCode(style.fg, 30, depth))
    if (style.bg !== undefined) parts.push(colourCode(style.bg, 40, depth))
  }
  return parts.length === 0 ? '\x1b[m' : `\x1b[0;${parts.join(';')}m`
}

function colourCode(colour: number, base: 30 | 40, depth: Depth): string {
  if (colour < 8) return String(base + colour)
  if (colour < 16) return String(base + 60 + colour - 8)
  return depth === 256 ? `${base + 8};5;${colour}` : String(base + 9)
}

/** OSC 8, as terminals have come to agree on. */
function linkCode(link: string | undefined): string {
  return link !== undefined && /^[\x21-\x7e]+$/.test(link) ? `\x1b]8;;${link}\x1b\\` : '\x1b]8;;\x1b\\'
}
