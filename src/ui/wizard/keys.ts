import { PassThrough, type Readable } from 'node:stream'

/** A terminal's input, as far as it is needed here; a `tty.ReadStream` is one. */
export type TerminalInput = Readable & {
  readonly isTTY?: boolean
  setRawMode?(raw: boolean): unknown
}

const CTRL_D = 4
const ESCAPE = 27

export interface Keys {
  readonly keys: Readable
  /** The last that came was an Escape and nothing else. */
  isEscaped(): boolean
  stop(): void
}

/**
 * Takes the keys of `input`, until `stop`, and passes them on in a stream that is no terminal itself:
 * what reads that can neither set the mode of a terminal that has gone (which throws) nor wait at its end for ever.
 * `ended` is called once, when there will be no more: Ctrl-D, end of input, or the terminal went away.
 */
export function takeKeys(input: TerminalInput, ended: () => void): Keys {
  const keys = new PassThrough()
  let isEscaped = false
  let over = false
  const end = () => {
    if (over) return
    over = true
    ended()
  }
  const pass = () => {
    for (;;) {
      const chunk: Uint8Array | string | null = input.read()
      if (chunk === null) return
      const bytes = Buffer.from(chunk)
      isEscaped = bytes.length === 1 && bytes[0] === ESCAPE
      const stop = bytes.indexOf(CTRL_D)
      keys.write(stop === -1 ? bytes : bytes.subarray(0, stop))
      if (stop !== -1) end()
    }
  }
  for (const event of ENDS) input.on(event, end)
  // Unlike `data` and `pause`, which whoever reads next would have to know of, this leaves the input as it was.
  input.on('readable', pass)
  setRaw(input, true)
  return {
    keys,
    isEscaped: () => isEscaped,
    stop() {
      // The listeners for the end stay where it has come: more of the same may follow.
      if (!over) for (const event of ENDS) input.off(event, end)
      over = true
      input.off('readable', pass)
      setRaw(input, false)
    },
  }
}

const ENDS = ['end', 'close', 'error'] as const

function setRaw(input: TerminalInput, raw: boolean): void {
  if (input.destroyed) return
  try {
    input.setRawMode?.(raw)
  } catch {
    // The terminal has gone; its end is heard of as such.
  }
}
