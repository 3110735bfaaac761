import type { Writable } from 'node:stream'
import { settledWithin } from './patience.ts'

/** Above this the producer that can wait should: a few reads of a slow reader. */
const CHARS_ENOUGH = 1024 * 1024
/** Above this what cannot wait is dropped, and said to be: a burst of 100,000 messages fits. */
const CHARS_MAX = 64 * 1024 * 1024
/** How long a reader may keep us where the process was told to go. */
const HURRIED_MS_MAX = 2000
/** One write; more would only sit in the stream's own buffer. */
const WRITE_CHARS_MAX = 256 * 1024

export interface OutputQueueOptions {
  /** What stands in the output where `count` lines were dropped. */
  lostLine(count: number): string
  /** The reader is gone: nothing can be written any more. */
  gone(): void
  /** Whoever was told to wait may go on. */
  room(): void
  /** What to write for whole lines of text; a prompt is taken away before it and drawn again after. */
  frame?(text: string): string
}

/**
 * Lines on their way out. All that comes within one turn of the event loop leaves in one write; a reader that is
 * slow is waited for.
 */
export class OutputQueue {
  private lines: string[] = []
  private chars = 0
  private lost = 0
  private planned = false
  private blocked = false
  private broken = false
  private full = false
  private waiters: (() => void)[] = []
  private endWait = (): void => {}

  constructor(
    private readonly output: Writable,
    private readonly options: OutputQueueOptions,
  ) {
    output.on('drain', this.onDrain)
    output.on('error', this.onBroken)
    output.on('close', this.onBroken)
  }

  /** True: whoever can wait should, until `room` is called. */
  get isFull(): boolean {
    this.full ||= this.chars > CHARS_ENOUGH
    return this.full
  }

  /** `line` without its line feed. `droppable`: nobody can be made to wait with it. */
  push(line: string, droppable: boolean): void {
    if (this.broken) return
    if (droppable && !this.hasRoom()) {
      this.lost++
      return
    }
    this.lines.push(line)
    this.chars += line.length + 1
    this.plan()
  }

  /** Resolves once everything is with the system, or nobody reads any more, or it was waited long enough. */
  finish(hurried: boolean): Promise<void> {
    const written = this.writeRest()
    return hurried ? settledWithin(written, HURRIED_MS_MAX) : written
  }

  private async writeRest(): Promise<void> {
    this.reportLost()
    this.flush()
    await new Promise<void>((resolve) => {
      this.waiters.push(resolve)
      this.wakeIfDone()
    })
    if (!this.broken) {
      await new Promise<void>((resolve) => {
        // Where the output breaks meanwhile, nobody may call back.
        this.endWait = resolve
        this.output.write('', () => resolve())
      })
    }
    this.output.off('drain', this.onDrain)
    this.output.off('close', this.onBroken)
    // 'error' stays heard: a broken pipe may be told late, and an error nobody hears ends the process.
  }

  private hasRoom(): boolean {
    if (this.lost === 0) return this.chars <= CHARS_MAX
    if (this.chars > CHARS_MAX / 2) return false
    this.reportLost()
    return true
  }

  private reportLost(): void {
    if (this.lost === 0 || this.broken) return
    const line = this.options.lostLine(this.lost)
    this.lost = 0
    this.push(line, false)
  }

  private plan(): void {
    if (this.planned || this.blocked) return
    this.planned = true
    setImmediate(() => {
      this.planned = false
      this.flush()
    })
  }

  private flush(): void {
    let next = 0
    while (!this.blocked && !this.broken && next < this.lines.length) {
      let text = ''
      while (next < this.lines.length && text.length < WRITE_CHARS_MAX) text += `${this.lines[next++]}\n`
      this.chars -= text.length
      this.blocked = !this.output.write(this.options.frame?.(text) ?? text)
    }
    this.lines.splice(0, next)
    if (this.lines.length === 0 && this.lost > 0) this.reportLost()
    this.tellRoom()
    this.wakeIfDone()
  }

  private tellRoom(): void {
    if (!this.full || this.chars > CHARS_ENOUGH / 2) return
    this.full = false
    this.options.room()
  }

  private wakeIfDone(): void {
    if (!this.broken && (this.lines.length > 0 || this.blocked)) return
    for (const wake of this.waiters.splice(0)) wake()
  }

  private readonly onDrain = (): void => {
    this.blocked = false
    this.flush()
  }

  private readonly onBroken = (): void => {
    if (this.broken) return
    this.broken = true
    this.lines = []
    this.chars = 0
    this.lost = 0
    this.options.gone()
    this.wakeIfDone()
    this.endWait()
  }
}
