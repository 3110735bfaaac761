/** The compiled program with a history of its own, asked as another program asks it: a line of JSON in, a line out. */
const START_MS_MAX = 60_000

export type Reply = Readonly<Record<string, unknown>>

export class JsonProgram {
  /** From spawning it to its `ready` line, in milliseconds. */
  readyMs = 0
  private readonly startedAtMs = performance.now()
  private readonly child: Bun.Subprocess<'pipe', 'pipe', 'ignore'>
  private readonly lines: AsyncGenerator<Reply>

  private constructor(program: string, home: string) {
    this.child = Bun.spawn([program, '--json', '--static'], {
      cwd: home,
      env: { HOME: home, XDG_CONFIG_HOME: home, XDG_DATA_HOME: home },
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'ignore',
    })
    this.lines = linesOf(this.child.stdout)
  }

  /** With its folders in `home`. Throws when it does not become ready. */
  static async start(program: string, home: string): Promise<JsonProgram> {
    const started = new JsonProgram(program, home)
    const deadline = setTimeout(() => started.child.kill('SIGKILL'), START_MS_MAX)
    await started.next('ready')
    started.readyMs = performance.now() - started.startedAtMs
    clearTimeout(deadline)
    return started
  }

  /** Since it was spawned, in milliseconds. */
  get ageMs(): number {
    return performance.now() - this.startedAtMs
  }

  async ask(command: Reply): Promise<Reply> {
    this.write([command])
    return this.answer()
  }

  /** Says all of it at once; resolves when each is acknowledged. */
  async sayAll(texts: readonly string[]): Promise<void> {
    this.write(texts.map((text) => ({ do: 'say', text })))
    for (const _ of texts) await this.answer()
  }

  /** Ends its input, and waits until it has closed its history. */
  async end(): Promise<void> {
    this.child.stdin.end()
    await this.child.exited
  }

  /** For when something has gone wrong with it. */
  kill(): void {
    this.child.kill('SIGKILL')
  }

  private write(commands: readonly Reply[]): void {
    this.child.stdin.write(commands.map((command) => `${JSON.stringify(command)}\n`).join(''))
    this.child.stdin.flush()
  }

  private async answer(): Promise<Reply> {
    const reply = await this.next('reply')
    if (reply['ok'] !== true) throw new Error(`hearsay refuses: ${reply['message']}`)
    return reply
  }

  private async next(event: string): Promise<Reply> {
    for (;;) {
      const { value, done } = await this.lines.next()
      if (done === true) throw new Error(`hearsay ended with ${await this.child.exited}`)
      if (value['event'] === event) return value
    }
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Reply> {
  const decoder = new TextDecoder()
  let held = ''
  for await (const chunk of stream) {
    const lines = (held + decoder.decode(chunk, { stream: true })).split('\n')
    held = lines.pop() ?? ''
    for (const line of lines) yield JSON.parse(line)
  }
}
