import type { Readable, Writable } from 'node:stream'

export type Prompts = typeof import('@clack/prompts')

/** What every question is put with. */
export interface Streams {
  readonly input: Readable
  readonly output: Writable
  readonly signal: AbortSignal
}

const CTRL_C = 3
const ESCAPE = 27

/** The question was not answered: Ctrl-C, or the terminal went away. */
export class Cancelled extends Error {}

/** Escape: the question before is wanted again. */
export class Back extends Error {}

/** Puts one question at a time. */
export class Asker {
  constructor(
    readonly prompts: Prompts,
    private readonly input: Readable,
    readonly output: Writable,
    /** Aborted when the terminal is gone. */
    private readonly gone: AbortSignal,
    /** The last that was pressed was Escape: the prompts tell it from Ctrl-C no more. */
    private readonly isEscaped: () => boolean,
  ) {}

  /**
   * Has something done until a key is pressed, or it says that it is over; what `begin` answers ends it. Throws `Back` for Escape, `Cancelled` for
   * Ctrl-C and where the terminal is gone.
   */
  async untilKey(begin: (finish: () => void) => () => void): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<Error | null>()
    const key = (chunk: Uint8Array): void => {
      const isEscape = chunk[0] === ESCAPE && chunk.length === 1
      resolve(chunk[0] === CTRL_C ? new Cancelled() : isEscape ? new Back() : null)
    }
    const abort = (): void => resolve(new Cancelled())
    this.input.on('data', key)
    this.gone.addEventListener('abort', abort)
    this.input.resume()
    const end = begin(() => resolve(null))
    try {
      if (this.gone.aborted) throw new Cancelled()
      const error = await promise
      if (error !== null) throw error
    } finally {
      this.input.off('data', key)
      this.gone.removeEventListener('abort', abort)
      end()
    }
  }

  /** The answer; throws `Back` or `Cancelled` where there is none. */
  async ask<T>(question: (prompts: Prompts, streams: Streams) => Promise<T | symbol>): Promise<T> {
    // A signal for each question: prompts go on listening to theirs when they have long been answered.
    const end = new AbortController()
    const abort = () => end.abort()
    this.gone.addEventListener('abort', abort)
    try {
      if (this.gone.aborted) throw new Cancelled()
      const answer = await question(this.prompts, { input: this.input, output: this.output, signal: end.signal })
      if (typeof answer === 'symbol') throw !end.signal.aborted && this.isEscaped() ? new Back() : new Cancelled()
      return answer
    } finally {
      this.gone.removeEventListener('abort', abort)
    }
  }
}
