import { writeSync } from 'node:fs'
import { createInterface, type Interface } from 'node:readline'
import { PassThrough, type Readable, Writable } from 'node:stream'
import { stripANSI } from 'bun'
import { PASTE_MARKS_OFF, PASTE_MARKS_ON, typable } from '../pasted.ts'
import { CAN_STOP } from '../stopping.ts'
import { readSizeAnew, type Sized } from '../terminal-size.ts'
import { KeysInTurn } from './keys-in-turn.ts'
import { BREAK, type Cell, cellAt, endOf, shownPart } from './layout.ts'
import { PasteFilter } from './paste-filter.ts'

/** Lines that the up key brings back. */
const HISTORY_LINES = 500
/** The filter for pastes has waited for what may follow an escape by the time readline sees it last; what follows in a sequence it waits for anyway. */
const ESCAPE_MS = 1
/** Where the terminal does not tell. */
const COLUMNS_DEFAULT = 80
const ROWS_DEFAULT = 24
/**
 * A slow line brings several keys at once: Tabs or Shift-Tabs at the end of what is typed, and the Enter after them. Text with tabs in the
 * middle or with more line ends looks the same as a paste without marks, and stays text: completing it would change what was copied.
 */
const COMPLETING = /^([^\t\r\n\x1b]*)((?:\t|\x1b\[Z)+)(\r?)$/
const INTERRUPT = '\x03'

export type TerminalInput = Readable & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown }
export type TerminalOutput = Writable &
  Sized & {
    readonly isTTY?: boolean
    readonly columns?: number
    readonly rows?: number
    /** Where it can be written to when nothing asynchronous runs any more. */
    readonly fd?: number
  }

/** Of something that was pasted. */
export interface Paste {
  readonly hasBreaks: boolean
  /** It was longer than may be, and its end is missing. */
  readonly isCut: boolean
  /** The line with it, as Enter would send it. */
  readonly line: string
}

export interface LineEditorOptions {
  readonly input: TerminalInput
  readonly output: TerminalOutput
  /** Asked each time the line is drawn; one row, may hold colours. */
  prompt(): string
  line(line: string): void
  /** Something was pasted into the line. Nothing is sent of it before Enter. */
  pasted?(paste: Paste): void
  /** What of the keys is to be edited with: others may be taken out. */
  keys?(chunk: Uint8Array | string): Uint8Array | string
  /** The terminal is ours, or somebody else's: for a while, or for good. We are stopped only once what that takes has been done. */
  given?(isOurs: boolean): Promise<void> | undefined
  /** Tab, or with Shift: the line with something completed in it, or null. What was typed meanwhile wins. */
  complete?(typed: { text: string; cursor: number }, by: 1 | -1): Promise<{ text: string; cursor: number } | null>
  /** F1. */
  help?(): void
  /** Ctrl-C. */
  interrupt(): void
  /** Ctrl-D on an empty line, or the terminal is gone. */
  end(): void
}

/** What is on the screen. */
interface Drawn {
  readonly text: string
  /** Of the cursor in it, in UTF-16 units. */
  readonly index: number
  readonly cursor: Cell
  /** Equal for equal drawings. */
  readonly key: string
}

/**
 * A line being typed, at the bottom of a terminal, while other text comes in above it.
 *
 * node:readline edits and remembers lines but draws to nowhere; the drawing is done here. Its own drawing loses count
 * of its rows when a paste or a resize wraps the line, and then eats what stands above.
 */
export class LineEditor {
  private readonly readline: Interface
  /** What is typed, on its way to readline. It is no terminal, so that raw mode is ours to set: readline throws when a terminal has gone. */
  private readonly keys = new PassThrough()
  private readonly pastes = new PasteFilter({
    keys: (text) => this.onKeys(text),
    pasted: (text, isCut) => this.turns.keys(text.length, () => this.paste(text, isCut)),
  })
  private readonly turns = new KeysInTurn()
  /** null: nothing is. */
  private drawn: Drawn | null = null
  private planned = false
  private closed = false
  private suspended = false

  constructor(private readonly options: LineEditorOptions) {
    const { input, output } = options
    const { keys } = this
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
    this.readline = createInterface({
      input: keys,
      output: nowhere,
      terminal: true,
      historySize: HISTORY_LINES,
      escapeCodeTimeout: ESCAPE_MS,
      removeHistoryDuplicates: true,
    })
    this.readline.on('line', (line) => this.take(line))
    this.readline.on('SIGINT', () => options.interrupt())
    this.readline.on('SIGTSTP', () => this.suspend())
    this.readline.on('close', () => this.end())
    // After readline's own listener: by then the key has done its work.
    keys.on('keypress', this.onKey)
    input.on('data', this.onInput)
    input.on('end', this.onInputEnd)
    input.on('error', this.onInputEnd)
    process.on('exit', this.onExit)
    if (CAN_STOP) process.on('SIGCONT', this.onContinue)
    this.setRawMode(true)
    output.write(PASTE_MARKS_ON)
    output.on('resize', this.onResize)
    this.refresh()
  }

  /** Draws the line again soon; many calls draw once. */
  refresh(): void {
    if (this.planned || this.closed) return
    this.planned = true
    setImmediate(() => {
      this.planned = false
      if (!this.closed && !this.suspended && this.key() !== this.drawn?.key)
        this.options.output.write(this.erase() + this.draw())
    })
  }

  /** What to write so that `text`, whole lines, stands above the line being typed. Has to be written at once. */
  frame(text: string): string {
    return this.closed ? text : this.erase() + text + this.draw()
  }

  /** Throws the half-typed line away; false where there is none. */
  clearLine(): boolean {
    if (this.readline.line === '') return false
    this.readline.write(null, { ctrl: true, name: 'e' })
    this.readline.write(null, { ctrl: true, name: 'u' })
    this.refresh()
    return true
  }

  clearScreen(): void {
    readSizeAnew(this.options.output)
    this.drawn = null
    this.options.output.write(`\x1b[2J\x1b[H${this.draw()}`)
  }

  /** Takes the prompt off the screen and gives the terminal back as it was. */
  close(): void {
    if (this.closed) return
    // First of all: the next Ctrl-C has to be a signal, since no keys are read any more.
    this.setRawMode(false)
    void this.options.given?.(false)
    this.options.output.write(PASTE_MARKS_OFF + this.erase())
    this.closed = true
    this.pastes.stop()
    this.turns.stop()
    process.off('exit', this.onExit)
    if (CAN_STOP) process.off('SIGCONT', this.onContinue)
    this.options.input.off('data', this.onInput)
    this.options.input.off('end', this.onInputEnd)
    this.options.input.pause()
    this.options.output.off('resize', this.onResize)
    this.readline.close()
  }

  private readonly onKey = (
    _: string | undefined,
    key: { ctrl?: boolean; meta?: boolean; name?: string } | undefined,
  ): void => {
    if (key?.ctrl === true && key.name === 'l') return this.clearScreen()
    if (key?.name === 'f1') this.options.help?.()
    if (key?.meta === true && (key.name === 'return' || key.name === 'enter')) this.readline.write(BREAK)
    this.refresh()
  }

  /** Terminals wrap what is there anew; the cursor stays with its character. */
  private readonly onResize = (): void => {
    if (this.drawn !== null) {
      const { text, index } = this.drawn
      this.drawn = { text, index, cursor: cellAt(text, index, this.columns), key: '' }
    }
    this.refresh()
  }

  private take(line: string): void {
    if (this.closed) return
    const { prompt } = this.current()
    this.options.output.write(`${this.erase()}${prompt}${shownPart(line, 0, Number.POSITIVE_INFINITY).text}\r\n`)
    this.options.line(withBreaks(line))
    this.refresh()
  }

  private end(): void {
    if (!this.closed) this.options.end()
  }

  private readonly onInput = (chunk: Uint8Array | string): void => this.pastes.push(chunk)

  private onKeys(typed: string): void {
    if (this.closed) return
    const keys = this.options.keys?.(typed) ?? typed
    const text = typeof keys === 'string' ? keys : new TextDecoder().decode(keys)
    if (text.includes(INTERRUPT)) this.turns.giveUp()
    const [, before = '', tabs = '', enter = ''] = COMPLETING.exec(text) ?? []
    if (this.options.complete === undefined || tabs === '') return this.write(keys)
    this.write(before)
    for (const tab of tabs.match(/\t|\x1b\[Z/g) ?? []) this.turns.complete(() => this.complete(tab === '\t' ? 1 : -1))
    this.write(enter)
  }

  private write(keys: Uint8Array | string): void {
    if (keys.length > 0) this.turns.keys(keys.length, () => this.keys.write(keys))
  }

  /** Into the line, as if its line breaks had been typed with Alt. */
  private paste(pasted: string, isCut: boolean): void {
    if (this.closed) return
    // What else readline ends a line at.
    const text = typable(pasted.replace(/[\u2028\u2029]/g, '\n').replaceAll(BREAK, ''))
    if (text === '') return
    this.readline.write(text.replaceAll('\n', BREAK))
    this.options.pasted?.({ hasBreaks: text.includes('\n'), isCut, line: withBreaks(this.readline.line) })
    this.refresh()
  }

  private async complete(by: 1 | -1): Promise<void> {
    // What was typed before it is in the line by then.
    await new Promise((resolve) => setImmediate(resolve))
    const { line, cursor } = this.readline
    const completed = (await this.options.complete?.({ text: line, cursor }, by)) ?? null
    if (completed === null || this.closed || this.readline.line !== line || this.readline.cursor !== cursor) return
    this.readline.write(null, { ctrl: true, name: 'e' })
    this.readline.write(null, { ctrl: true, name: 'u' })
    this.readline.write(completed.text)
    while (this.readline.cursor > completed.cursor) {
      const at = this.readline.cursor
      this.readline.write(null, { name: 'left' })
      if (this.readline.cursor >= at) break
    }
    this.refresh()
  }

  private readonly onInputEnd = (): void => {
    this.turns.giveUp()
    this.keys.end()
  }

  private setRawMode(raw: boolean): void {
    try {
      this.options.input.setRawMode?.(raw)
    } catch {
      // The terminal has gone (EIO); the end of input follows, and there is nothing to set right any more.
    }
  }

  /** An error nobody expected, or a second Ctrl-C: the shell would be given a terminal that marks pastes. */
  private readonly onExit = (): void => {
    const { fd } = this.options.output
    if (fd === undefined) return
    try {
      writeSync(fd, PASTE_MARKS_OFF)
    } catch {
      // Nobody is there to be shown anything.
    }
  }

  /** Ctrl-Z. Until `fg`. */
  private suspend(): void {
    if (!CAN_STOP) return
    this.suspended = true
    const isLetGo = this.options.given?.(false) ?? Promise.resolve()
    void isLetGo.finally(() => {
      if (!this.closed) this.options.output.write(PASTE_MARKS_OFF + this.erase())
      this.setRawMode(false)
      process.kill(process.pid, 'SIGTSTP')
      // Reached at once where no shell is above us: the system drops the signal there, and nobody would let us go on.
      setImmediate(() => {
        if (this.suspended) this.onContinue()
      })
    })
  }

  /** However we were stopped, the shell has used the terminal since. */
  private readonly onContinue = (): void => {
    this.suspended = false
    if (this.closed) return
    // What is thought to be raw already is not made so again.
    this.setRawMode(false)
    this.setRawMode(true)
    void this.options.given?.(true)
    readSizeAnew(this.options.output)
    this.options.output.write(PASTE_MARKS_ON + this.erase() + this.draw())
  }

  private get columns(): number {
    return this.options.output.columns || COLUMNS_DEFAULT
  }

  private current(): { readonly prompt: string; readonly text: string; readonly cursor: number } {
    const prompt = this.options.prompt()
    const rows = this.options.output.rows || ROWS_DEFAULT
    // One row less than there are: a row that has scrolled away cannot be drawn again.
    const cells = this.columns * Math.max(1, rows - 1) - stripANSI(prompt).length * 2
    return { prompt, ...shownPart(this.readline.line, this.readline.cursor, Math.max(8, cells)) }
  }

  private key(): string {
    const { prompt, text, cursor } = this.current()
    return `${this.columns} ${cursor} ${prompt}${text}`
  }

  private erase(): string {
    if (this.drawn === null) return ''
    const { row } = this.drawn.cursor
    this.drawn = null
    return `\r${row > 0 ? `\x1b[${row}A` : ''}\x1b[J`
  }

  private draw(): string {
    const { prompt, text, cursor } = this.current()
    const bare = stripANSI(prompt)
    const whole = bare + text
    const index = bare.length + cursor
    const end = endOf(whole, this.columns)
    const at = cellAt(whole, index, this.columns)
    this.drawn = { text: whole, index, cursor: at, key: this.key() }
    // A full last row wraps only once something more is written.
    const wrapped = end.column === 0 && end.row > 0 ? ' \r' : ''
    if (index === whole.length) return `${prompt}${text}${wrapped}`
    const up = end.row > at.row ? `\x1b[${end.row - at.row}A` : ''
    const right = at.column > 0 ? `\x1b[${at.column}C` : ''
    return `${prompt}${text}${wrapped}${up}\r${right}`
  }
}

function withBreaks(line: string): string {
  return line.replaceAll(BREAK, '\n')
}
