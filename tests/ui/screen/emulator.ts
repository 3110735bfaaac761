import { glyphsOf } from '../../../src/ui/screen/text/glyphs.ts'

export interface EmulatedCell {
  /** Empty in the second half of a wide character. */
  readonly char: string
  readonly style: string
  readonly link: string
}

const BLANK: EmulatedCell = { char: ' ', style: '', link: '' }

/** How wide a terminal takes a character to be, where we are not sure ourselves. */
export type Opinion = 'ours' | 'narrow' | 'wide' | 'in parts'

const OPINIONS: Readonly<Record<Opinion, (char: string, ours: 1 | 2) => number[]>> = {
  ours: (_, ours) => [ours],
  narrow: () => [1],
  wide: () => [2],
  // A terminal that knows nothing of sequences: everything in it that has a shape takes its place.
  'in parts': (char) => Array.from(char.replace(/\p{M}|\p{Cf}/gu, ''), () => 2),
}

/**
 * As much of a terminal as the screen uses; it throws at anything else. The cursor stays in the last column when that is full, wrapping being
 * off; a wide character that would not fit there steps back, as in xterm.
 */
export class Emulator {
  cells: EmulatedCell[][]
  cursor = { x: 0, y: 0, isShown: true }
  title = ''
  readonly modes = new Set<string>(['7', '25'])
  bells = 0
  private style = ''
  private link = ''
  private rest = ''

  constructor(
    public columns: number,
    public rows: number,
    private readonly opinion: Opinion = 'ours',
  ) {
    this.cells = this.blankRows()
  }

  get text(): string[] {
    return this.cells.map((row) =>
      row
        .map(({ char }) => char)
        .join('')
        .trimEnd(),
    )
  }

  /** What is in the cells afterwards is nobody's promise: rubbish. */
  resize(columns: number, rows: number): void {
    this.columns = columns
    this.rows = rows
    this.cells = this.blankRows().map((row, y) =>
      row.map((_, x) => ({ char: (x + y) % 3 === 0 ? '#' : ' ', style: 'old', link: '' })),
    )
    this.cursor = { ...this.cursor, x: 0, y: rows - 1 }
  }

  write(text: string): void {
    this.rest += text
    while (this.rest !== '') {
      const taken = this.next(this.rest)
      if (taken === 0) return
      this.rest = this.rest.slice(taken)
    }
  }

  private next(rest: string): number {
    if (rest.startsWith('\x1b]')) {
      const string = /^\x1b\]([^\x07\x1b]*)(?:\x07|\x1b\\)/.exec(rest)
      if (string === null) return 0
      this.command(string[1]!)
      return string[0].length
    }
    if (rest.startsWith('\x1b')) {
      const control = /^\x1b\[([?<>]?)([\d;]*)([A-Za-z])/.exec(rest)
      if (control === null && /^\x1b(\[[?<>\d;]*)?$/.test(rest)) return 0
      if (control === null) throw new Error(`an unknown sequence: ${JSON.stringify(rest.slice(0, 20))}`)
      this.control(control[1]!, control[2]!, control[3]!)
      return control[0].length
    }
    if (rest.startsWith('\x07')) {
      this.bells++
      return 1
    }
    const plain = /^[^\x00-\x1f\x7f-\x9f]+/.exec(rest)?.[0]
    if (plain === undefined) throw new Error(`a control character: ${JSON.stringify(rest[0])}`)
    for (const glyph of glyphsOf(plain)) {
      if (glyph.sure || this.opinion === 'ours') this.put(glyph.text, glyph.width)
      else for (const width of OPINIONS[this.opinion](glyph.text, glyph.width)) this.put('?', width)
    }
    return plain.length
  }

  private put(char: string, width: number): void {
    if (this.modes.has('7') && this.cursor.x + width > this.columns) throw new Error('the text wraps by itself')
    const x = Math.max(0, Math.min(this.cursor.x, this.columns - width))
    const { y } = this.cursor
    for (let at = x; at < x + width; at++) this.breakWide(at, y)
    const cell = { style: this.style, link: this.link }
    this.set(x, y, { char, ...cell })
    if (width === 2) this.set(x + 1, y, { char: '', ...cell })
    this.cursor = { ...this.cursor, x: Math.min(this.columns - 1, x + width) }
  }

  /** What is left of a wide character, of which one half is overwritten, is a blank. */
  private breakWide(x: number, y: number): void {
    const row = this.cells[y]!
    if (row[x]?.char === '' && x > 0) row[x - 1] = { ...row[x - 1]!, char: ' ' }
    if (row[x + 1]?.char === '') row[x + 1] = { ...row[x + 1]!, char: ' ' }
  }

  private set(x: number, y: number, cell: EmulatedCell): void {
    if (x < this.columns) this.cells[y]![x] = cell
  }

  private control(mark: string, digits: string, final: string): void {
    const numbers = digits.split(';').map(Number)
    if (mark === '?' && (final === 'h' || final === 'l')) {
      for (const mode of digits.split(';')) {
        if (final === 'h') this.modes.add(mode)
        else this.modes.delete(mode)
        if (mode === '25') this.cursor = { ...this.cursor, isShown: final === 'h' }
      }
      return
    }
    if (final === 'm') this.style = digits.replace(/^0?;?/, '')
    else if (final === 'H') {
      const [row = 1, column = 1] = numbers.map((number) => number || 1)
      if (row > this.rows || column > this.columns) throw new Error(`a place outside: ${digits}`)
      this.cursor = { ...this.cursor, x: column - 1, y: row - 1 }
    } else if (final === 'K' && digits === '') {
      this.breakWide(this.cursor.x, this.cursor.y)
      for (let x = this.cursor.x; x < this.columns; x++)
        this.set(x, this.cursor.y, this.style === '' ? BLANK : { ...BLANK, style: this.style })
    } else if (final === 'J' && digits === '2') this.cells = this.blankRows()
    // Of the size and title of the window, and of the keyboard, nothing is to be seen.
    else if (final !== 't' && final !== 'u') throw new Error(`an unknown control: ${mark}${digits}${final}`)
  }

  private command(text: string): void {
    if (text.startsWith('8;;')) this.link = text.slice(3)
    else if (text.startsWith('2;')) this.title = text.slice(2)
    else if (!/^(9|52|99|777);/.test(text)) throw new Error(`an unknown command: ${text}`)
  }

  private blankRows(): EmulatedCell[][] {
    return Array.from({ length: this.rows }, () => Array.from({ length: this.columns }, () => BLANK))
  }
}
