import { stringWidth } from 'bun'

interface Row {
  cells: string[]
  /** The next row goes on with the same line. */
  wrapped: boolean
}

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })

/**
 * As much of a terminal as tests need: what of ECMA-48 the prompt uses, wrapping like xterm (the cursor waits in the last column), and wrapping
 * anew on a resize. Anything it does not know it throws at.
 */
export class Screen {
  private rows: Row[]
  private row = 0
  private column = 0
  private pending = false
  private unfinished = ''
  /** What is pasted comes with marks around it. */
  marksPastes = false
  /** Rows that have scrolled away. */
  readonly scrolled: string[] = []

  constructor(
    private columns: number,
    private height: number,
  ) {
    this.rows = [blank()]
  }

  /** Rows without trailing blanks, down to the last one with something in it. */
  get text(): string[] {
    const rows = this.rows.map(shown)
    while (rows.length > 0 && rows.at(-1) === '') rows.pop()
    return rows
  }

  get all(): string[] {
    return [...this.scrolled, ...this.text]
  }

  get cursor(): { row: number; column: number } {
    return this.pending ? { row: this.row + 1, column: 0 } : { row: this.row, column: this.column }
  }

  write(bytes: string): void {
    let rest = this.unfinished + bytes
    this.unfinished = ''
    while (rest !== '') {
      if (rest[0] === '\x1b') {
        const [sequence, digits, final] = /^\x1b\[\??([\d;]*)([A-Za-z])/.exec(rest) ?? []
        if (sequence === undefined) {
          if (rest.length > 20) throw new Error(`an unknown sequence: ${JSON.stringify(rest.slice(0, 20))}`)
          this.unfinished = rest
          return
        }
        this.control(final!, Number(digits || 0))
        rest = rest.slice(sequence.length)
        continue
      }
      const [plain] = /^[^\x1b]+/.exec(rest)!
      for (const { segment } of segmenter.segment(plain)) this.put(segment)
      rest = rest.slice(plain.length)
    }
  }

  resize(columns: number): void {
    const lines: { cells: string[]; cursor: number | null }[] = []
    let open = false
    this.rows.forEach((row, index) => {
      if (!open) lines.push({ cells: [], cursor: null })
      const line = lines.at(-1)!
      if (index === this.row) line.cursor = line.cells.length + this.column + (this.pending ? 1 : 0)
      line.cells.push(...(row.wrapped ? row.cells : trimmed(row.cells)))
      open = row.wrapped
    })
    this.columns = columns
    this.rows = []
    for (const { cells, cursor } of lines) {
      const first = this.rows.length
      let row = blank()
      let at = { row: first, column: 0 }
      cells.forEach((cell, index) => {
        const wide = cells[index + 1] === '' ? 2 : 1
        if (cell !== '' && row.cells.length + wide > columns) {
          this.rows.push({ cells: row.cells, wrapped: true })
          row = blank()
        }
        if (index === cursor) at = { row: this.rows.length, column: row.cells.length }
        row.cells.push(cell)
      })
      this.rows.push(row)
      if (cursor === null) continue
      if (cursor >= cells.length) at = { row: this.rows.length - 1, column: row.cells.length + cursor - cells.length }
      this.row = at.row + Math.floor(at.column / columns)
      this.column = at.column % columns
      this.pending = false
    }
    while (this.rows.length <= this.row) this.rows.push(blank())
    this.scroll()
  }

  private put(segment: string): void {
    if (segment === '\r\n') {
      this.put('\r')
      this.put('\n')
      return
    }
    if (segment === '\r') {
      this.column = 0
      this.pending = false
      return
    }
    if (segment === '\n') {
      // The terminal driver's doing (ONLCR).
      this.column = 0
      return this.down()
    }
    if (/^[\x00-\x1f\x7f-\x9f]/.test(segment)) throw new Error(`a control character: ${JSON.stringify(segment)}`)
    const width = stringWidth(segment)
    if (this.pending || this.column + width > this.columns) {
      this.rows[this.row]!.wrapped = true
      this.column = 0
      this.down()
    }
    const { cells } = this.rows[this.row]!
    while (cells.length < this.column) cells.push(' ')
    cells[this.column] = segment
    if (width === 2) cells[this.column + 1] = ''
    this.column += width
    this.pending = this.column === this.columns
    if (this.pending) this.column--
  }

  private down(): void {
    this.pending = false
    this.row++
    if (this.row === this.rows.length) this.rows.push(blank())
    this.scroll()
  }

  private scroll(): void {
    while (this.rows.length > this.height) {
      this.scrolled.push(shown(this.rows.shift()!))
      this.row--
    }
  }

  private control(final: string, count: number): void {
    if (final === 'm') return
    if (count === 2004 && /^[hl]$/.test(final)) {
      this.marksPastes = final === 'h'
      return
    }
    this.pending = false
    if (final === 'A') this.row = Math.max(0, this.row - Math.max(1, count))
    else if (final === 'C') this.column = Math.min(this.columns - 1, this.column + Math.max(1, count))
    else if (final === 'J' && count === 0) {
      this.rows[this.row]!.cells.length = Math.min(this.rows[this.row]!.cells.length, this.column)
      this.rows[this.row]!.wrapped = false
      this.rows.length = this.row + 1
    } else if (final === 'J' && count === 2) this.rows = this.rows.map(blank)
    else if (final === 'H' && count === 0) this.row = this.column = 0
    else throw new Error(`an unknown control: ${count}${final}`)
  }
}

function blank(): Row {
  return { cells: [], wrapped: false }
}

function trimmed(cells: readonly string[]): string[] {
  const copy = [...cells]
  while (copy.at(-1) === ' ') copy.pop()
  return copy
}

function shown({ cells }: Row): string {
  return cells.join('').trimEnd()
}
