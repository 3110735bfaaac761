import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { AppEvent, MessageEvent } from '../../src/app/events.ts'
import { endOf, readToEnd } from '../output-end.ts'

/** The compiled program, driven as a bot drives it: JSON lines through pipes. */

export const EXECUTABLE = resolve(import.meta.dir, '../../dist/hearsay')
if (!existsSync(EXECUTABLE)) throw new Error('dist/hearsay is not there: run scripts/build first')

/** Generous: it bounds a failure, no test waits for it to pass. */
const PATIENCE_MS = 15_000

interface Reply {
  readonly event: 'reply'
  readonly to: string
  readonly ok: boolean
  readonly ref?: string | number
  readonly code?: string
  readonly message?: string
  readonly [field: string]: unknown
}

export type Line = AppEvent | Reply

export interface RunOptions {
  readonly home?: string
  readonly env?: Readonly<Record<string, string>>
  /** A command that becomes the one after it, put in front: it chooses where the program runs. */
  readonly via?: readonly string[]
}

const homes = new Set<string>()

/** An empty folder to live in, until `removeHomes`. */
export function temporaryHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'hearsay-e2e-'))
  homes.add(home)
  return home
}

/** For the end of each test, after its programs. */
export function removeHomes(): void {
  for (const home of homes) rmSync(home, { recursive: true, force: true })
  homes.clear()
}

export async function freePort(): Promise<number> {
  const listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  const { port } = listener
  listener.stop(true)
  return port
}

export class Program {
  readonly lines: Line[] = []
  readonly home: string
  private readonly waiters = new Set<() => void>()
  private readonly child: Bun.Subprocess<'pipe', 'pipe', 'pipe'>
  private ended = false
  private nextRef = 1
  private errors = ''
  private readonly linesRead: Promise<void>
  private readonly errorsRead: Promise<void>

  constructor(args: readonly string[], options: RunOptions = {}) {
    this.home = options.home ?? temporaryHome()
    this.child = Bun.spawn([...(options.via ?? []), EXECUTABLE, '--json', ...args], {
      cwd: this.home,
      env: { HOME: this.home, XDG_CONFIG_HOME: join(this.home, 'config'), ...options.env },
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'pipe',
    })
    this.errorsRead = this.readErrors()
    this.linesRead = this.readLines()
  }

  /** Starts and waits until it listens. */
  static async start(args: readonly string[], options: RunOptions = {}) {
    const program = new Program(args, options)
    await program.until((line) => line.event === 'ready')
    return program
  }

  get pid(): number {
    return this.child.pid
  }

  get port(): number {
    return this.ready.tcp.port
  }

  get id(): string {
    return this.ready.id
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  get stderr(): string {
    return this.errors
  }

  private get ready() {
    const line = this.lines.find((each) => each.event === 'ready')
    if (line?.event !== 'ready') throw new Error('not ready yet')
    return line
  }

  messages(room?: string): MessageEvent[] {
    return this.lines.filter(
      (line): line is MessageEvent => line.event === 'message' && (room === undefined || line.room === room),
    )
  }

  texts(room?: string): string[] {
    return this.messages(room).map((message) => message.text)
  }

  /** The first line, past or to come, that fits. */
  async until(fits: (line: Line) => boolean, patienceMs = PATIENCE_MS): Promise<Line> {
    let found: Line | undefined
    await this.when(() => {
      found = this.lines.find(fits)
      return found !== undefined
    }, patienceMs)
    return found!
  }

  /** Resolves as soon as `holds` does after some line; rejects with what was heard so far when it takes too long. */
  when(holds: () => boolean, patienceMs = PATIENCE_MS): Promise<void> {
    if (holds()) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const check = (): void => {
        if (!holds() && !this.ended) return
        this.waiters.delete(check)
        clearTimeout(timer)
        if (holds()) resolve()
        else reject(new Error(`it ended first; heard:\n${this.transcript()}`))
      }
      const timer = setTimeout(() => {
        this.waiters.delete(check)
        reject(new Error(`waited ${patienceMs} ms in vain; heard:\n${this.transcript()}`))
      }, patienceMs)
      this.waiters.add(check)
    })
  }

  hears(text: string): Promise<Line> {
    return this.until((line) => line.event === 'message' && line.text === text)
  }

  peerUp(id?: string): Promise<Line> {
    return this.until((line) => line.event === 'peer' && line.state === 'up' && (id === undefined || line.id === id))
  }

  write(line: string): void {
    this.child.stdin.write(`${line}\n`)
    // Killed while it is full: that it ended is told to whoever waits for what it says.
    void Promise.resolve(this.child.stdin.flush()).catch(() => {})
  }

  /** Runs a command and waits for its reply. */
  async do(command: Record<string, unknown>): Promise<Reply> {
    const ref = `r${this.nextRef++}`
    this.write(JSON.stringify({ ...command, ref }))
    const reply = await this.until((line) => line.event === 'reply' && 'ref' in line && line.ref === ref)
    return reply as Reply
  }

  async say(text: string, room?: string): Promise<Reply> {
    return this.do({ do: 'say', text, ...(room === undefined ? {} : { room }) })
  }

  /** End of input; answers the exit status. */
  async quit(): Promise<number> {
    this.child.stdin.end()
    return this.exited
  }

  kill(signal: 'SIGKILL' | 'SIGTERM' | 'SIGINT' = 'SIGKILL'): Promise<number> {
    this.child.kill(signal)
    return this.exited
  }

  /** Resolves when all is read of what it said. */
  get exited(): Promise<number> {
    return endOf(this.child.exited, this.linesRead, this.errorsRead)
  }

  /** For the end of a test, whatever state it is in. */
  async close(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.child.exited
  }

  private transcript(): string {
    return [...this.lines.slice(-40).map((line) => JSON.stringify(line)), this.errors].join('\n')
  }

  private async readLines(): Promise<void> {
    const decoder = new TextDecoder()
    let held = ''
    for await (const chunk of this.child.stdout) {
      held += decoder.decode(chunk, { stream: true })
      const parts = held.split('\n')
      held = parts.pop()!
      for (const part of parts) this.lines.push(JSON.parse(part))
      for (const check of [...this.waiters]) check()
    }
    await readToEnd(this.errorsRead)
    this.ended = true
    for (const check of [...this.waiters]) check()
  }

  private async readErrors(): Promise<void> {
    for await (const chunk of this.child.stderr) {
      this.errors += new TextDecoder().decode(chunk)
      for (const check of [...this.waiters]) check()
    }
  }
}
