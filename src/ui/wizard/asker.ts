import type { Readable, Writable } from 'node:stream'

export type Prompts = typeof import('@clack/prompts')

/** What every question is put with. */
export interface Streams {
  readonly input: Readable
  readonly output: Writable
  readonly signal: AbortSignal
}

/** The question was not answered: Ctrl-C, Escape, or the terminal went away. */
export class Cancelled extends Error {}

/** Puts one question at a time. */
export class Asker {
  constructor(
    readonly prompts: Prompts,
    private readonly input: Readable,
    readonly output: Writable,
    /** Aborted when the terminal is gone. */
    private readonly gone: AbortSignal,
  ) {}

  /** The answer; throws `Cancelled` where there is none. */
  async ask<T>(question: (prompts: Prompts, streams: Streams) => Promise<T | symbol>): Promise<T> {
    // A signal for each question: prompts go on listening to theirs when they have long been answered.
    const end = new AbortController()
    const abort = () => end.abort()
    this.gone.addEventListener('abort', abort)
    try {
      if (this.gone.aborted) throw new Cancelled()
      const answer = await question(this.prompts, { input: this.input, output: this.output, signal: end.signal })
      if (typeof answer === 'symbol') throw new Cancelled()
      return answer
    } finally {
      this.gone.removeEventListener('abort', abort)
    }
  }
}
