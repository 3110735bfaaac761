import { wrapAnsi } from 'bun'
import { cleanLine } from '../../base/text.ts'
import { fit } from '../screen/text/glyphs.ts'
import { withoutCommands } from './advice.ts'

/** Standard error, as far as it is written to here. */
export interface ErrorOutput {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
  write(text: string): unknown
}

/** A line is drawn again so often at most. */
const DRAWN_EVERY_MS = 100
const COLUMNS_DEFAULT = 80
/** Narrower than this, a terminal only says that it does not know. */
const COLUMNS_MIN = 20
const ROWS_DEFAULT = 24
/** The question, which may take two, what stands above the list, and how many there are more. */
const QUESTION_ROWS = 5
const LIST_ROWS_MIN = 5
const LIST_INDENT = '  '
const WHOLE = { hard: true, trim: false, wordWrap: false }

/**
 * One line at the bottom of a terminal that changes in place, and lines that stay above it. Where there is no terminal, only faults are written, and what
 * it has waited for in vain for long. What the chat advises and only a chat takes is left out of all of it.
 */
export class StatusLine {
  private drawn = ''
  private wanted = ''
  private drawnAtMs = Number.NEGATIVE_INFINITY
  /** What is wanted came too soon after what is drawn. */
  private isHeldBack = false

  constructor(
    private readonly output: ErrorOutput,
    private readonly nowMs: () => number,
  ) {}

  get isShown(): boolean {
    return this.output.isTTY === true
  }

  /** What happens just now; drawn as often as anybody can read it. */
  show(text: string): void {
    this.wanted = text
    const nowMs = this.nowMs()
    this.isHeldBack = this.isShown && nowMs - this.drawnAtMs < DRAWN_EVERY_MS
    if (!this.isShown || this.isHeldBack) return
    this.drawnAtMs = nowMs
    this.draw(text)
  }

  /** Draws what came too soon, where nothing else has come since: to be called now and then. */
  catchUp(): void {
    if (this.isHeldBack) this.show(this.wanted)
  }

  /** Something a person wants to know; not for scripts. */
  tell(text: string): void {
    if (this.isShown) this.print(text)
  }

  /** Something that whoever started it is to know, also where that is a script. */
  note(text: string): void {
    this.print(this.isShown ? text : `hearsay: ${text}`)
  }

  /** Why something did not go as it should. */
  fault(text: string): void {
    this.print(`hearsay: ${text}`)
  }

  /** So many lines of a list are seen at once, with the question below them. */
  get listRows(): number {
    return Math.max(LIST_ROWS_MIN, (this.output.rows || ROWS_DEFAULT) - QUESTION_ROWS)
  }

  /** Lines that stay, in one write; what is too long for one goes on indented, so that no path can pass for a line of ours. */
  list(lines: readonly string[]): void {
    if (!this.isShown || lines.length === 0) return
    const columns = this.columns - 1 - LIST_INDENT.length
    const rows = lines.flatMap((line) => wrapAnsi(cleanLine(line), columns, WHOLE).split('\n'))
    this.output.write(`${this.erased()}${rows.map((row) => `${LIST_INDENT}${row}\n`).join('')}`)
  }

  /** Asks, with the cursor behind the question. */
  ask(question: string): void {
    this.isHeldBack = false
    this.output.write(`${this.erased()}${cleanLine(question)} `)
  }

  clear(): void {
    this.wanted = ''
    this.isHeldBack = false
    if (this.drawn !== '') this.output.write(this.erased())
  }

  private print(text: string): void {
    const { wanted } = this
    this.output.write(`${this.erased()}${cleanLine(withoutCommands(text))}\n`)
    if (this.isShown && wanted !== '') this.draw(wanted)
  }

  private draw(text: string): void {
    const line = fit(cleanLine(withoutCommands(text)), this.columns - 1)
    if (line === this.drawn) return
    this.output.write(`\r${line}\x1b[J`)
    this.drawn = line
  }

  private get columns(): number {
    return Math.max(COLUMNS_MIN, this.output.columns || COLUMNS_DEFAULT)
  }

  private erased(): string {
    if (this.drawn === '') return ''
    this.drawn = ''
    return '\r\x1b[J'
  }
}
