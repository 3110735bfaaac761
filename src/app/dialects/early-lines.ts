import type { Interface } from 'node:readline'

/** Lines kept for the other side until it is there: more than anybody types into the empty; a script that says more waits unread. */
const LINES_MAX = 1_000

/**
 * What is typed before anybody is there. It is for whoever comes, and leaving comes after it, where a script has written both; where somebody sits
 * at a terminal, or nothing was said, leaving is now.
 */
export class EarlyLines {
  /** They leave, and nobody has come. */
  readonly left: Promise<void>
  private readonly lines: string[] = []
  private isOver = false
  private leave!: () => void
  private readonly hearLine = (line: string): void => this.typed(line)
  private readonly hearEnd = (): void => this.ended()

  /** `isTerminal`: somebody types there. `isEndLeaving`: an input that ends without a word leaves, as it does at a terminal. */
  constructor(
    private readonly input: Interface,
    private readonly options: { readonly isTerminal: boolean; readonly isEndLeaving: boolean },
  ) {
    this.left = new Promise((resolve) => {
      this.leave = resolve
    })
    input.on('line', this.hearLine)
    input.on('close', this.hearEnd)
  }

  /** Somebody is there: hands over what was typed, and all that will be. */
  handOver(typed: (line: string) => void, ended: () => void): void {
    this.input.off('line', this.hearLine)
    this.input.off('close', this.hearEnd)
    for (const line of this.lines.splice(0)) typed(line)
    if (this.isOver) return ended()
    this.input.on('line', typed)
    this.input.on('close', ended)
    this.input.resume()
  }

  private typed(line: string): void {
    if (line.trim() === '') return
    if (line.trim() === '/quit' && this.isAtOnce) return this.leave()
    this.lines.push(line)
    if (this.lines.length >= LINES_MAX) this.input.pause()
  }

  private ended(): void {
    this.isOver = true
    if (this.isAtOnce && (this.options.isTerminal || this.options.isEndLeaving)) this.leave()
  }

  private get isAtOnce(): boolean {
    return this.options.isTerminal || this.lines.length === 0
  }
}
