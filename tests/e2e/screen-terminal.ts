import { join } from 'node:path'
import { endOf } from '../output-end.ts'
import { Emulator } from '../ui/screen/emulator.ts'
import { EXECUTABLE } from './program.ts'

/** Bounds a failure; no test waits for it to pass. */
const PATIENCE_MS = 15_000

/** The compiled program's full screen in a pseudo-terminal, and what a person sees there. */
export class ScreenTerminal {
  readonly emulator: Emulator
  /** Resolves when all is read of what it wrote. */
  readonly exited: Promise<number>
  raw = ''
  private readonly decoder = new TextDecoder()
  private readonly watchers = new Set<() => void>()
  private readonly child: Bun.Subprocess
  private isOver = false

  /** `shell`: a script that starts the program, which is its `"$@"`. Without one nobody is between it and the terminal. */
  constructor(
    args: readonly string[],
    readonly home: string,
    {
      columns = 80,
      rows = 24,
      env = {},
      shell,
    }: { columns?: number; rows?: number; env?: Readonly<Record<string, string>>; shell?: string } = {},
  ) {
    this.emulator = new Emulator(columns, rows)
    const output = Promise.withResolvers<void>()
    const under = shell === undefined ? [] : ['sh', '-c', shell, 'sh']
    this.child = Bun.spawn([...under, EXECUTABLE, ...args], {
      cwd: home,
      env: { HOME: home, XDG_CONFIG_HOME: join(home, 'config'), TERM: 'xterm-256color', TZ: 'UTC', ...env },
      terminal: {
        cols: columns,
        rows,
        data: (_, bytes) => {
          const text = this.decoder.decode(bytes, { stream: true })
          this.raw += text
          // Without the screen, it is another program's output.
          if (this.raw.includes('\x1b[?1049h')) this.emulator.write(text)
          for (const watch of [...this.watchers]) watch()
        },
        exit: () => output.resolve(),
      },
    })
    this.exited = endOf(this.child.exited, output.promise)
    void this.exited.then(() => {
      this.isOver = true
      for (const watch of [...this.watchers]) watch()
    })
  }

  get pid(): number {
    return this.child.pid
  }

  get rows(): string[] {
    return this.emulator.text
  }

  type(keys: string): void {
    this.child.terminal?.write(keys)
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name)
  }

  resize(columns: number, rows: number): void {
    this.emulator.resize(columns, rows)
    this.child.terminal?.resize(columns, rows)
  }

  /** Resolves once it holds of the screen. */
  async until(there: (rows: readonly string[], all: string) => boolean): Promise<void> {
    const holds = (): boolean => there(this.rows, this.rows.join('\n'))
    if (holds()) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const timer = setTimeout(() => reject(new Error(`never came:\n${this.rows.join('\n')}`)), PATIENCE_MS)
    const watch = (): void => {
      if (holds()) resolve()
      else if (this.isOver) reject(new Error(`ended with ${this.child.exitCode}:\n${this.rows.join('\n')}`))
    }
    this.watchers.add(watch)
    try {
      await promise
    } finally {
      clearTimeout(timer)
      this.watchers.delete(watch)
    }
  }

  shows(text: string): Promise<void> {
    return this.until((_, all) => all.includes(text))
  }

  /** The window is closed. */
  hangUp(): void {
    this.child.terminal?.close()
  }

  async close(): Promise<void> {
    this.child.kill('SIGKILL')
    this.hangUp()
    await this.child.exited
  }
}
