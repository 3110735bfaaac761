import type { Readable } from 'node:stream'
import { type LineFault, LineSplitter } from './line-splitter.ts'

export interface LineReaderEvents {
  line(line: string): void
  fault(fault: LineFault): void
  /** No more lines: the input ended, or it broke. */
  end(): void
}

/**
 * Lines from a stream that can be held up between any two lines; then the stream is not read on either.
 *
 * It takes from the stream what it wants and never calls the stream's own `pause` and `resume`: those make
 * `process.stdin` of Bun 1.4.5 miss the end of a pipe now and then, and spin.
 */
export class LineReader {
  private readonly splitter = new LineSplitter()
  private waiting: (string | LineFault)[] = []
  private paused = false
  private ended = false
  private stopped = false

  constructor(
    private readonly input: Readable,
    private readonly events: LineReaderEvents,
  ) {
    input.on('readable', this.onReadable)
    input.on('end', this.onEnd)
    input.on('close', this.onEnd)
    input.on('error', this.onEnd)
  }

  /** No `line` until `resume`; may be called from inside one. */
  pause(): void {
    this.paused = true
  }

  resume(): void {
    if (!this.paused) return
    this.paused = false
    this.deliver()
    this.onReadable()
  }

  /** Nothing is heard any more, and nothing read. */
  stop(): void {
    this.stopped = true
    this.waiting = []
    this.input.off('readable', this.onReadable)
    this.input.off('end', this.onEnd)
    this.input.off('close', this.onEnd)
  }

  private readonly onReadable = (): void => {
    while (!this.paused && !this.stopped) {
      const chunk: Uint8Array | string | null = this.input.read()
      if (chunk === null) return
      const lines = this.splitter.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
      this.waiting = this.waiting.length === 0 ? lines : this.waiting.concat(lines)
      this.deliver()
    }
  }

  private readonly onEnd = (): void => {
    if (this.ended || this.stopped) return
    this.ended = true
    this.waiting = this.waiting.concat(this.splitter.end())
    this.deliver()
  }

  private deliver(): void {
    let next = 0
    while (!this.paused && !this.stopped && next < this.waiting.length) {
      const line = this.waiting[next++]!
      if (typeof line === 'string') this.events.line(line)
      else this.events.fault(line)
    }
    if (this.stopped) return
    this.waiting.splice(0, next)
    if (this.ended && !this.paused) {
      this.stop()
      this.events.end()
    }
  }
}
