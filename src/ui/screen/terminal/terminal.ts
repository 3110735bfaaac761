import { writeSync } from 'node:fs'
import { PASTE_MARKS_OFF, PASTE_MARKS_ON } from '../../pasted.ts'
import type { TerminalInput, TerminalOutput } from '../../prompt/editor.ts'
import { CAN_STOP } from '../../stopping.ts'
import { readSizeAnew } from '../../terminal-size.ts'
import type { Size } from './grid.ts'
import { type Input, InputParser } from './parser.ts'

/** How long an escape may be the beginning of a key: what terminals and multiplexers take over a slow line. */
const ESCAPE_MS = 40
/** How long a paste that no mark ends may stall: what came later would be an answer to what is asked about it. */
const PASTE_MS = 500
/** Where the terminal does not tell. */
const SIZE_DEFAULT: Size = { columns: 80, rows: 24 }

/**
 * Alternate screen; no wrapping at the right edge; bracketed paste; focus; mouse with drags, in the encoding without limits. Cleared before it
 * is left: the console of Linux has no alternate screen, and the shell would go on in the midst of ours. The `?7` may not come back in the
 * state it had, and on is what every terminal starts with.
 */
const ENTER = `\x1b[?1049h\x1b[?7l${PASTE_MARKS_ON}\x1b[?1004h\x1b[2J\x1b[H`
const LEAVE = `\x1b[0m\x1b]8;;\x1b\\\x1b[2J\x1b[H\x1b[?1004l${PASTE_MARKS_OFF}\x1b[?7h\x1b[?25h\x1b[?1049l\x1b[23;0t`
/** The title is put aside; `LEAVE` takes it back. */
const KEEP_TITLE = '\x1b[22;0t'
const MOUSE_ON = '\x1b[?1002h\x1b[?1006h'
const MOUSE_OFF = '\x1b[?1006l\x1b[?1002l'

export interface TerminalHearer {
  input(inputs: readonly Input[]): void
  resized(): void
  /** The process was stopped, and goes on: nothing of the screen is there any more. */
  resumed(): void
  /** What was written before has gone out: there may be more. */
  drained(): void
  /** Nobody is at the other end any more. */
  gone(): void
}

/** Takes keys out of what is typed before anything else sees them. */
export interface KeyTaker {
  /** What is left. */
  pass(chunk: Uint8Array | string): Uint8Array
  /** The beginning of a key waits for the rest of it. */
  readonly isWaiting: boolean
  flush(): Uint8Array
  /** The terminal is ours, or somebody else's. */
  given(isOurs: boolean): void
  /** What has to be written for the terminal to be as it was. */
  readonly parting: string
}

/** A terminal that is used as a screen. Gives it back as it was, however the process ends. */
export class Terminal {
  private readonly parser = new InputParser()
  private timer: Timer | null = null
  private isEntered = false
  private isFull = false
  private isGone = false
  private isClosed = false
  private hasMouse = true

  constructor(
    private readonly inputStream: TerminalInput,
    private readonly output: TerminalOutput,
    private readonly hearer: TerminalHearer,
    private readonly keys: KeyTaker,
  ) {}

  get size(): Size {
    const { columns, rows } = this.output
    return { columns: columns || SIZE_DEFAULT.columns, rows: rows || SIZE_DEFAULT.rows }
  }

  /** Where the terminal may have told nobody of its size; another one is told as `resized`. */
  lookAtSize(): void {
    readSizeAnew(this.output)
  }

  /** The reader is slow: what is drawn now would only be late. */
  get isBehind(): boolean {
    return this.isFull
  }

  open(): void {
    const { inputStream, output } = this
    inputStream.on('data', this.onData)
    inputStream.on('end', this.onGone)
    inputStream.on('error', this.onGone)
    output.on('resize', this.onResize)
    output.on('drain', this.onDrain)
    output.on('error', this.onGone)
    process.on('exit', this.onExit)
    if (CAN_STOP) process.on('SIGCONT', this.onContinue)
    this.enter()
  }

  /** The terminal as it was before. Safe to call twice. */
  close(): void {
    const { inputStream, output } = this
    this.isClosed = true
    this.leave()
    inputStream.off('data', this.onData)
    inputStream.off('end', this.onGone)
    output.off('resize', this.onResize)
    output.off('drain', this.onDrain)
    process.off('exit', this.onExit)
    if (CAN_STOP) process.off('SIGCONT', this.onContinue)
    if (this.timer !== null) clearTimeout(this.timer)
    inputStream.pause()
  }

  write(text: string): void {
    if (text === '' || this.isGone || !this.isEntered) return
    this.isFull = !this.output.write(text)
  }

  useMouse(on: boolean): void {
    this.hasMouse = on
    this.write(on ? MOUSE_ON : MOUSE_OFF)
  }

  /** Ctrl-Z: gives the terminal back until the shell lets us go on. */
  suspend(): void {
    if (!CAN_STOP) return
    this.leave()
    process.kill(process.pid, 'SIGTSTP')
    // Reached once we go on. It is reached at once where no shell is above us (`xterm -e hearsay`): there the system drops the signal, and nobody
    // would ever let us go on.
    setImmediate(() => {
      if (!this.isEntered && !this.isClosed) this.onContinue()
    })
  }

  private enter(): void {
    this.setRawMode(true)
    // Kept twice, ours would be what is given back.
    const first = this.isEntered ? '' : KEEP_TITLE
    this.isEntered = true
    this.write(first + ENTER + (this.hasMouse ? MOUSE_ON : ''))
    this.keys.given(true)
  }

  private leave(): void {
    if (!this.isEntered) return
    this.keys.given(false)
    this.write(MOUSE_OFF + LEAVE)
    this.isEntered = false
    this.setRawMode(false)
  }

  private setRawMode(raw: boolean): void {
    try {
      this.inputStream.setRawMode?.(raw)
    } catch {
      // The terminal has gone (EIO): there is nothing to set right any more.
    }
  }

  private readonly onData = (chunk: Uint8Array | string): void => {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    const inputs = this.parser.push(this.keys.pass(chunk))
    const waitMs = this.parser.isPasting ? PASTE_MS : ESCAPE_MS
    if (this.parser.isWaiting || this.keys.isWaiting) this.timer = setTimeout(this.onSilence, waitMs)
    if (inputs.length > 0) this.hearer.input(inputs)
  }

  private readonly onSilence = (): void => {
    this.timer = null
    const inputs = [...this.parser.push(this.keys.flush()), ...this.parser.flush()]
    if (inputs.length > 0) this.hearer.input(inputs)
  }

  /** However it was stopped, the shell has used the terminal since. */
  private readonly onContinue = (): void => {
    this.keys.given(false)
    // What is thought to be raw already is not made so again.
    this.setRawMode(false)
    this.enter()
    readSizeAnew(this.output)
    this.hearer.resumed()
  }

  private readonly onResize = (): void => this.hearer.resized()

  private readonly onDrain = (): void => {
    this.isFull = false
    this.hearer.drained()
  }

  private readonly onGone = (): void => {
    if (this.isGone) return
    this.isGone = true
    this.hearer.gone()
  }

  /** The last chance, where nothing asynchronous runs any more: an error nobody expected, or a second Ctrl-C. */
  private readonly onExit = (): void => {
    if (!this.isEntered) return
    this.isEntered = false
    this.setRawMode(false)
    try {
      writeSync(1, this.keys.parting + MOUSE_OFF + LEAVE)
    } catch {
      // Nobody is there to be shown anything.
    }
  }
}
