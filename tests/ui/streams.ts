import { EventEmitter } from 'node:events'
import { PassThrough, Writable } from 'node:stream'

/** Signals that a test sends. */
export function signalSource() {
  const emitter = new EventEmitter()
  return { on: emitter.on.bind(emitter), off: emitter.off.bind(emitter), send: (name: string) => emitter.emit(name) }
}

/** Lines for a front end to read. */
export function inputOf(...lines: string[]): PassThrough {
  const input = new PassThrough()
  for (const line of lines) input.write(`${line}\n`)
  return input
}

/** Collects what is written; `hold` makes it a reader that does not read until `release`. */
export class Collector extends Writable {
  text = ''
  private held: (() => void) | null = null
  private holding = false
  private readonly waiters = new Set<() => void>()

  hold(): void {
    this.holding = true
  }

  release(): void {
    this.holding = false
    const held = this.held
    this.held = null
    held?.()
  }

  get lines(): string[] {
    return this.text.split('\n').slice(0, -1)
  }

  /** Every line as JSON; throws where one is not. */
  get events(): Record<string, unknown>[] {
    return this.lines.map((line) => JSON.parse(line))
  }

  /** Resolves once `there` holds of what was written. */
  async until(there: (text: string) => boolean): Promise<void> {
    while (!there(this.text)) await new Promise<void>((resolve) => this.waiters.add(resolve))
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const take = () => {
      this.text += chunk.toString()
      for (const wake of this.waiters) wake()
      this.waiters.clear()
      done()
    }
    if (this.holding) this.held = take
    else take()
  }
}
