import picocolors from 'picocolors'

/** Every colour of every front end. Nothing is told by colour alone. */

type Paint = (text: string) => string

export interface Theme {
  /** A person's name, always in the same colour for the same id. */
  person(id: string, text: string): string
  readonly self: Paint
  readonly room: Paint
  /** What the eye may pass over: times, our own remarks. */
  readonly faint: Paint
  readonly fault: Paint
}

interface ColourStream {
  readonly isTTY?: boolean
}

/** The variables that say how a terminal is to be used. */
export interface TerminalEnvironment {
  readonly NO_COLOR?: string | undefined
  readonly TERM?: string | undefined
}

/** A terminal that was not asked to do without (https://no-color.org: set and not empty). */
export function wantsColour(stream: ColourStream, env: TerminalEnvironment): boolean {
  return stream.isTTY === true && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb'
}

/** `people`: of 256 colours those that names may have, which are legible; empty where there are fewer. */
export function createTheme(colour: boolean, people: readonly number[] = []): Theme {
  const c = picocolors.createColors(colour)
  // Red is for faults; black, white and yellow are lost on some terminal's background.
  const own: readonly Paint[] = [
    c.green,
    c.blue,
    c.magenta,
    c.cyan,
    c.greenBright,
    c.blueBright,
    c.magentaBright,
    c.cyanBright,
  ]
  const many = people.map(
    (index): Paint =>
      (text) =>
        `\x1b[38;5;${index}m${text}\x1b[39m`,
  )
  const palette = colour && many.length > 0 ? many : own
  return {
    person: (id, text) => palette[hash(id) % palette.length]!(text),
    self: c.bold,
    room: c.cyan,
    faint: c.dim,
    fault: c.red,
  }
}

/** FNV-1a, 32 bits: ids are chosen by their bearers, and nothing but a colour hangs on it. */
function hash(text: string): number {
  let state = 0x811c9dc5
  for (let index = 0; index < text.length; index++) state = Math.imul(state ^ text.charCodeAt(index), 0x01000193)
  return state >>> 0
}
