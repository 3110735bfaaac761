/** Somebody at the compiled program's full screen: keys in, bytes out, and the time between them. */
const PATIENCE_MS = 20_000

export class Seat {
  bytes = 0
  private readonly startedAtMs = performance.now()
  private readonly child: Bun.Subprocess
  private readonly decoder = new TextDecoder()
  private seen = ''
  private wanted: { readonly text: string; readonly found: (atMs: number) => void } | null = null

  constructor(program: string, args: readonly string[], home: string) {
    this.child = Bun.spawn([program, '--static', ...args], {
      cwd: home,
      env: { HOME: home, XDG_CONFIG_HOME: home, XDG_DATA_HOME: home, TERM: 'xterm-256color', TZ: 'UTC' },
      terminal: {
        cols: 120,
        rows: 40,
        data: (_, bytes) => {
          this.bytes += bytes.length
          if (this.wanted === null) return
          // What is looked for may be cut in two.
          this.seen = this.seen.slice(-this.wanted.text.length) + this.decoder.decode(bytes, { stream: true })
          if (!this.seen.includes(this.wanted.text)) return
          const { found } = this.wanted
          this.wanted = null
          found(performance.now())
        },
      },
    })
  }

  get pid(): number {
    return this.child.pid
  }

  type(keys: string): void {
    this.child.terminal?.write(keys)
  }

  /** From now until `text` is written, in milliseconds. Throws where that never happens. */
  async until(text: string): Promise<number> {
    const fromMs = performance.now()
    return (await this.written(text)) - fromMs
  }

  /** From the start until `text` is written, in milliseconds. */
  async sinceStart(text: string): Promise<number> {
    return (await this.written(text)) - this.startedAtMs
  }

  /** From pressing a key until `text` is written, in milliseconds. */
  async press(keys: string, text: string): Promise<number> {
    const written = this.written(text)
    const fromMs = performance.now()
    this.type(keys)
    return (await written) - fromMs
  }

  async leave(): Promise<void> {
    const patience = setTimeout(() => this.child.kill('SIGKILL'), PATIENCE_MS)
    this.child.kill('SIGTERM')
    await this.child.exited
    clearTimeout(patience)
  }

  private written(text: string): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    const timer = setTimeout(() => reject(new Error(`the screen never showed ${JSON.stringify(text)}`)), PATIENCE_MS)
    this.seen = ''
    this.wanted = {
      text,
      found: (atMs) => {
        clearTimeout(timer)
        resolve(atMs)
      },
    }
    return promise
  }
}
