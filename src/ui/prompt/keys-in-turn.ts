/** A completion looks at folders, and one of them may be on a disk that does not answer: after so long the line is typed on without it. */
const WAIT_MS = 1000
/** More than hands type in that time: it is pasted, and is not kept. */
const WAITING_CHARS_MAX = 256

interface Step {
  readonly chars: number
  run(): void
}

/**
 * What is typed, in the order it came: keys that follow a completion wait for it. Where that takes too long, they win, and the
 * completions among them, asked for of a line that nobody has seen, are dropped.
 */
export class KeysInTurn {
  private waiting: Step[] = []
  private waitingChars = 0
  /** Of the completion that is waited for. */
  private timer: Timer | null = null

  /** `chars`: how many are in what waits. */
  keys(chars: number, run: () => void): void {
    if (this.timer === null) return run()
    this.wait({ chars, run })
  }

  complete(run: () => Promise<void>): void {
    if (this.timer !== null) return this.wait({ chars: 0, run: () => this.complete(run) })
    const timer = setTimeout(() => this.giveUp(), WAIT_MS)
    this.timer = timer
    void run().finally(() => {
      if (this.timer === timer) this.goOn()
    })
  }

  /** Waits for no completion. */
  giveUp(): void {
    const typed = this.waiting.filter(({ chars }) => chars > 0)
    this.stop()
    for (const { run } of typed) run()
  }

  /** Nothing that waits is done any more. */
  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    this.waiting = []
    this.waitingChars = 0
  }

  private wait(step: Step): void {
    this.waiting.push(step)
    this.waitingChars += Math.max(1, step.chars)
    if (this.waitingChars > WAITING_CHARS_MAX) this.giveUp()
  }

  private goOn(): void {
    const steps = this.waiting
    this.stop()
    for (const { chars, run } of steps) {
      if (this.timer === null) run()
      else this.wait({ chars, run })
    }
  }
}
