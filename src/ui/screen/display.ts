import { cleanLine } from '../../base/text.ts'
import type { Selection } from './model/model.ts'
import { type Depth, Painter } from './terminal/painter.ts'
import type { Terminal } from './terminal/terminal.ts'
import { type Frame, selectedText } from './views/frame.ts'

/** What is told is drawn so often at most; what is typed, at once. */
const FRAME_MS = 40
/** Text that goes to the clipboard; some terminals take no more. */
const COPY_CHARS_MAX = 64 * 1024

/** When the screen is drawn: not more often than is seen, and not while the terminal is behind with what was drawn before. */
export class Display {
  private readonly painter: Painter
  private frame: Frame | null = null
  private title = ''
  private timer: Timer | null = null
  private isPlanned = false
  private isDirty = true
  private isOver = false

  /** `make`: the screen as it is to be now. */
  constructor(
    private readonly terminal: Terminal,
    depth: Depth,
    private readonly make: () => Frame,
  ) {
    this.painter = new Painter(depth)
  }

  /** Something is another than it was. */
  changed(): void {
    this.isDirty = true
  }

  /** Nothing is known of what the terminal shows. */
  forget(): void {
    this.painter.forget()
    this.title = ''
    this.isDirty = true
  }

  /** After everything that has come in with this turn of the event loop. */
  drawSoon(): void {
    if (this.isPlanned) return
    this.isPlanned = true
    setImmediate(() => {
      this.isPlanned = false
      this.draw()
    })
  }

  drawLater(): void {
    if (this.timer !== null || this.isOver) return
    this.timer = setTimeout(() => {
      this.timer = null
      this.draw()
    }, FRAME_MS)
  }

  /** Where something has changed. */
  draw(): void {
    if (!this.isDirty || this.isOver || this.terminal.isBehind) return
    this.isDirty = false
    this.frame = this.make()
    const { grid, cursor, title } = this.frame
    const titled = title === this.title ? '' : `\x1b]2;${cleanLine(title)}\x07`
    this.title = title
    this.terminal.write(titled + this.painter.paint(grid, cursor))
  }

  /** What is selected goes to the clipboard (OSC 52). */
  copy(selection: Selection): void {
    if (this.frame === null) return
    const text = selectedText(this.frame.grid, selection).slice(0, COPY_CHARS_MAX).toWellFormed()
    this.terminal.write(`\x1b]52;c;${Buffer.from(text).toString('base64')}\x07`)
  }

  stop(): void {
    this.isOver = true
    if (this.timer !== null) clearTimeout(this.timer)
  }
}
