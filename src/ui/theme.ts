import picocolors from 'picocolors'
import type { Inks } from './screen/views/inks.ts'

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

/** By its number among the 256; the first 16 as terminals without the others know them. */
function paintOf(index: number): Paint {
  const code = index < 8 ? `${30 + index}` : index < 16 ? `${90 + index - 8}` : `38;5;${index}`
  return (text) => `\x1b[${code}m${text}\x1b[39m`
}

/** `inks`: what has which colour; null: everything is plain. */
export function createTheme(inks: Inks | null): Theme {
  const c = picocolors.createColors(inks !== null)
  const plain: Paint = (text) => text
  const people = inks === null ? [plain] : inks.people.map(paintOf)
  const painted = (index: number | undefined): Paint => (index === undefined ? plain : paintOf(index))
  return {
    person: (id, text) => people[hash(id) % people.length]!(text),
    self: c.bold,
    room: painted(inks?.heading),
    faint: c.dim,
    fault: painted(inks?.fault),
  }
}

/** FNV-1a, 32 bits: ids are chosen by their bearers, and nothing but a colour hangs on it. */
function hash(text: string): number {
  let state = 0x811c9dc5
  for (let index = 0; index < text.length; index++) state = Math.imul(state ^ text.charCodeAt(index), 0x01000193)
  return state >>> 0
}
