import { join, resolve } from 'node:path'

/** The programs that hearsay descends from, as reference peers in Python that share no code with it. */

const PEERS = resolve(import.meta.dir, '../peers')
/** Generous: it bounds a failure, no test waits for it to pass. */
const PATIENCE_MS = 20_000

export type OriginalName = 'framed' | 'mesh' | 'tracker' | 'line'

/** One line that a reference peer reports. */
export interface Report {
  readonly event: string
  readonly [field: string]: unknown
}

export class Original {
  readonly reports: Report[] = []
  private readonly waiters = new Set<() => void>()
  private readonly child: Bun.Subprocess<'pipe', 'pipe', 'pipe'>
  private errors = ''

  private constructor(
    readonly program: OriginalName,
    args: readonly string[],
    cwd: string,
    via: readonly string[],
  ) {
    this.child = Bun.spawn([...via, 'python3', join(PEERS, `${program}.py`), ...args], {
      cwd,
      env: { PATH: process.env['PATH'] ?? '', PYTHONDONTWRITEBYTECODE: '1', HOME: cwd },
      ...{ stdin: 'pipe', stdout: 'pipe', stderr: 'pipe' },
    })
    void this.read()
    void this.readErrors()
  }

  /** Starts and waits until it is ready. `via`: a command that becomes the one after it, put in front: it chooses where the program runs. */
  static async start(
    program: OriginalName,
    args: readonly string[],
    cwd: string,
    via: readonly string[] = [],
  ): Promise<Original> {
    const original = new Original(program, args, cwd, via)
    await original.until('ready')
    return original
  }

  /** The port it says it listens on. */
  get port(): number {
    return Number(this.of('ready')[0]?.['port'])
  }

  get pid(): number {
    return this.child.pid
  }

  of(event: string): Report[] {
    return this.reports.filter((report) => report.event === event)
  }

  /** Of a tracker's peer: what it is told from now on has these ports. */
  listsAnew(ports: readonly number[]): Promise<void> {
    const before = this.of('looked').length
    const isThat = ({ ports: told }: Report): boolean =>
      Array.isArray(told) && ports.every((port) => told.includes(port))
    return this.when(() => this.of('looked').slice(before).some(isThat), `a list of ${ports}`)
  }

  /** The first report, past or to come, that fits. */
  async until(event: string, fields: Readonly<Record<string, unknown>> = {}): Promise<Report> {
    const fits = (report: Report): boolean =>
      report.event === event && Object.entries(fields).every(([name, value]) => report[name] === value)
    await this.when(() => this.reports.some(fits), `${event} ${JSON.stringify(fields)}`)
    return this.reports.find(fits)!
  }

  when(holds: () => boolean, what: string): Promise<void> {
    if (holds()) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const check = (): void => {
        if (!holds()) return
        this.waiters.delete(check)
        clearTimeout(timer)
        resolve()
      }
      const timer = setTimeout(() => {
        this.waiters.delete(check)
        const heard = this.reports.slice(-40).map((report) => JSON.stringify(report))
        reject(new Error(`${this.program} waited for ${what} in vain:\n${heard.join('\n')}\n${this.errors}`))
      }, PATIENCE_MS)
      this.waiters.add(check)
    })
  }

  do(command: Readonly<Record<string, unknown>>): void {
    this.child.stdin.write(`${JSON.stringify(command)}\n`)
    this.child.stdin.flush()
  }

  /** Dies without a word. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.child.exited
  }

  private async read(): Promise<void> {
    const decoder = new TextDecoder()
    let held = ''
    for await (const chunk of this.child.stdout) {
      held += decoder.decode(chunk, { stream: true })
      const lines = held.split('\n')
      held = lines.pop()!
      for (const line of lines) this.reports.push(JSON.parse(line))
      for (const check of [...this.waiters]) check()
    }
  }

  private async readErrors(): Promise<void> {
    for await (const chunk of this.child.stderr) this.errors += new TextDecoder().decode(chunk)
  }
}
