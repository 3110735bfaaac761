import { endOf } from '../output-end.ts'

/** A process at a pseudo-terminal of the test's own. */
export class AtTerminal {
  /** What it has written, escape sequences taken out, from the last `until` on. */
  seen = ''
  /** Resolves when all is read of what it wrote. */
  readonly exited: Promise<number>
  private readonly child: Bun.Subprocess
  private isOver = false
  private readonly decoder = new TextDecoder()
  private wake: () => void = () => {}

  constructor(command: readonly string[], environment: Record<string, string>) {
    let raw = ''
    const output = Promise.withResolvers<void>()
    this.child = Bun.spawn([...command], {
      env: environment,
      terminal: {
        cols: 100,
        rows: 40,
        data: (_terminal, bytes) => {
          raw += this.decoder.decode(bytes, { stream: true })
          // A sequence may be cut in two: what may be its beginning waits for the rest.
          const cut = /\u001b[^a-zA-Z]*$/.exec(raw)?.index ?? raw.length
          this.seen += Bun.stripANSI(raw.slice(0, cut))
          raw = raw.slice(cut)
          this.wake()
        },
        exit: () => output.resolve(),
      },
    })
    this.exited = endOf(this.child.exited, output.promise)
    void this.exited.then(() => {
      this.isOver = true
      this.wake()
    })
  }

  /** Waits until it has written `text`, and forgets what it wrote up to there; answers with that. */
  async until(text: string): Promise<string> {
    while (!this.seen.includes(text)) {
      if (this.isOver) throw new Error(`ended before writing ${JSON.stringify(text)}: ${this.seen}`)
      await new Promise<void>((resolve) => {
        this.wake = resolve
      })
    }
    const end = this.seen.indexOf(text) + text.length
    const written = this.seen.slice(0, end)
    this.seen = this.seen.slice(end)
    return written
  }

  type(keys: string): void {
    this.child.terminal!.write(keys)
  }

  hangUp(): void {
    this.child.terminal!.close()
  }

  /** Processor time it took, in milliseconds; once it has ended. */
  cpuMs(): number {
    return Number(this.child.resourceUsage()!.cpuTime.total) / 1000
  }
}
