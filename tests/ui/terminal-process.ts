import { resolve } from 'node:path'
import { endOf } from '../output-end.ts'
import { Screen } from './screen.ts'

export const ENTRY = resolve(import.meta.dir, 'front-end-entry.ts')

/** A front end in a pseudo-terminal, and what is to be seen on it. */
export class TerminalProcess {
  readonly screen: Screen
  raw = ''
  private readonly decoder = new TextDecoder()
  private readonly waiters = new Set<() => void>()
  private readonly child: Bun.Subprocess
  private readonly output = Promise.withResolvers<void>()

  constructor(
    options: { args?: readonly string[]; env?: Record<string, string>; columns?: number; rows?: number } = {},
  ) {
    const { args = [], env = {}, columns = 60, rows = 20 } = options
    this.screen = new Screen(columns, rows)
    this.child = Bun.spawn([process.execPath, ENTRY, ...args], {
      env: { ...process.env, TERM: 'xterm-256color', TZ: 'UTC', NO_COLOR: '', ...env },
      terminal: {
        cols: columns,
        rows,
        data: (_, bytes) => {
          const text = this.decoder.decode(bytes, { stream: true })
          this.raw += text
          this.screen.write(text)
          for (const wake of this.waiters) wake()
          this.waiters.clear()
        },
        exit: () => this.output.resolve(),
      },
    })
  }

  type(keys: string): void {
    this.child.terminal?.write(keys)
  }

  /** Bob says the words after `--heard`. */
  hear(): void {
    this.child.kill('SIGUSR2')
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name)
  }

  resize(columns: number, rows: number): void {
    this.screen.resize(columns)
    this.child.terminal?.resize(columns, rows)
  }

  /** Resolves once the screen shows it. The test's own time limit is the bound. */
  async until(there: (screen: Screen) => boolean): Promise<void> {
    while (!there(this.screen)) await new Promise<void>((resolve) => this.waiters.add(resolve))
  }

  /** The screen's last row. */
  async untilLast(row: string): Promise<void> {
    await this.until((screen) => screen.text.at(-1) === row)
  }

  hangUp(): void {
    this.child.terminal?.close()
  }

  /** Resolves when all is read of what it wrote. */
  get exited(): Promise<number> {
    return endOf(this.child.exited, this.output.promise)
  }

  /** For the end of a test that has failed on its way. */
  end(): void {
    this.child.kill('SIGKILL')
    if (this.child.terminal?.closed === false) this.child.terminal.close()
  }
}
