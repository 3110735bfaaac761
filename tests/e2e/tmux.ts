import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EXECUTABLE } from './program.ts'

if (Bun.which('tmux') === null) console.error('the tests in tmux were not run: tmux is missing')

/** Whether there is a tmux to run the program in. */
export const tmuxTests = Bun.which('tmux') !== null

const PATIENCE_MS = 15_000
const LOOK_MS = 25

/** The program in a terminal that is not ours: a tmux server of its own, with nobody's configuration. */
export class Tmux {
  private readonly folder = mkdtempSync(join(tmpdir(), 'hearsay-tmux-'))
  private readonly socket = join(this.folder, 'socket')

  constructor(args: readonly string[], home: string, { columns, rows }: { columns: number; rows: number }) {
    const env = [
      'env',
      '-i',
      `HOME=${home}`,
      `XDG_CONFIG_HOME=${join(home, 'config')}`,
      'TZ=UTC',
      'LANG=C.UTF-8',
      'TERM=tmux-256color',
      `TMUX=${this.socket},1,0`,
    ]
    const command = [...env, EXECUTABLE, ...args].map((word) => `'${word}'`).join(' ')
    this.run(
      '-f',
      '/dev/null',
      'new-session',
      '-d',
      '-x',
      `${columns}`,
      '-y',
      `${rows}`,
      `${command}; echo LEFT WITH $?; exec sleep 600`,
    )
    this.run('set', '-g', 'window-size', 'manual')
  }

  /** Keys by tmux's own names: `Enter`, `PPage`, `M-a`. */
  press(...keys: string[]): void {
    this.run('send-keys', ...keys)
  }

  type(text: string): void {
    this.run('send-keys', '-l', text)
  }

  paste(text: string): void {
    this.run('set-buffer', text)
    this.run('paste-buffer', '-p')
  }

  resize(columns: number, rows: number): void {
    this.run('resize-window', '-x', `${columns}`, '-y', `${rows}`)
  }

  /** What is on the screen, with colours or without. */
  capture(withColours = false): string {
    return this.run('capture-pane', '-p', ...(withColours ? ['-e'] : []))
  }

  /** tmux tells nobody what it shows: it has to be asked. */
  async until(there: (screen: string) => boolean): Promise<string> {
    const end = performance.now() + PATIENCE_MS
    for (;;) {
      const screen = this.capture()
      if (there(screen)) return screen
      if (performance.now() > end) throw new Error(`never came:\n${screen}`)
      await Bun.sleep(LOOK_MS)
    }
  }

  /** Somebody looks at it in a terminal of their own. Answers what that terminal gets, and what is typed there. */
  attach(settings: readonly (readonly string[])[]): Onlooker {
    for (const setting of settings) this.run('set', '-g', ...setting)
    return new Onlooker(['tmux', '-u', '-S', this.socket, 'attach'])
  }

  close(): void {
    Bun.spawnSync(['tmux', '-S', this.socket, 'kill-server'], { stdout: 'ignore', stderr: 'ignore' })
    rmSync(this.folder, { recursive: true, force: true })
  }

  private run(...args: string[]): string {
    const done = Bun.spawnSync(['tmux', '-u', '-S', this.socket, ...args], { env: { ...process.env, TMUX: undefined } })
    if (done.exitCode !== 0) throw new Error(`tmux ${args[0]}: ${done.stderr.toString()}`)
    return done.stdout.toString()
  }
}

/** The terminal around tmux. */
export class Onlooker {
  raw = ''
  private readonly watchers = new Set<() => void>()
  private readonly child: Bun.Subprocess

  constructor(command: readonly string[]) {
    const decoder = new TextDecoder()
    this.child = Bun.spawn([...command], {
      env: { PATH: process.env['PATH'] ?? '', LANG: 'C.UTF-8', TERM: 'xterm-256color' },
      terminal: {
        cols: 80,
        rows: 24,
        data: (_, bytes) => {
          this.raw += decoder.decode(bytes, { stream: true })
          for (const watch of this.watchers) watch()
        },
      },
    })
  }

  type(keys: string): void {
    this.child.terminal?.write(keys)
  }

  async gets(text: string): Promise<void> {
    const end = performance.now() + PATIENCE_MS
    while (!this.raw.includes(text)) {
      if (performance.now() > end) throw new Error(`never came: ${JSON.stringify(text)}`)
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, PATIENCE_MS)
      this.watchers.add(resolve)
      await promise
      this.watchers.delete(resolve)
      clearTimeout(timer)
    }
  }

  async close(): Promise<void> {
    this.child.kill()
    await this.child.exited
  }
}
