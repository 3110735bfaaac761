import type { Theme } from '../../../app/settings.ts'
import type { Depth } from '../terminal/painter.ts'
import { PLAIN, type Style } from '../text/styled.ts'
import { inksOf } from './inks.ts'

/** How everything looks. Nothing is told by colour alone. */
export interface Look {
  /** A person's name, always the same for the same id. */
  person(id: string): Style
  readonly plain: Style
  readonly self: Style
  /** What the eye may pass over. */
  readonly faint: Style
  readonly border: Style
  readonly fault: Style
  readonly mention: Style
  readonly unread: Style
  readonly link: Style
  readonly action: Style
  readonly status: Style
  readonly statusFault: Style
  readonly current: Style
  readonly news: Style
  readonly heading: Style
  readonly box: Style
  readonly bar: Style
}

const NO_COLOURS = {
  plain: PLAIN,
  self: { bold: true },
  faint: { dim: true },
  border: { dim: true },
  fault: { bold: true },
  mention: { bold: true, reverse: true },
  unread: { bold: true },
  link: { underline: true },
  action: { italic: true },
  status: { reverse: true },
  statusFault: { reverse: true, bold: true },
  current: { reverse: true },
  news: { bold: true },
  heading: { bold: true },
  box: PLAIN,
  bar: PLAIN,
} as const satisfies Omit<Look, 'person'>

export function lookOf(theme: Theme, depth: Depth): Look {
  const inks = inksOf(theme, depth)
  if (inks === null) return { ...NO_COLOURS, person: () => PLAIN }
  const { people, mayBeBold: bold } = inks
  const styles = people.map((fg): Style => ({ fg }))
  return {
    ...NO_COLOURS,
    fault: { fg: inks.fault, bold },
    // Nothing is told by colour alone.
    mention: { fg: inks.mention, bold, underline: !bold },
    unread: { fg: inks.unread, bold },
    statusFault: { fg: inks.fault, reverse: true, bold },
    heading: { fg: inks.heading, bold },
    bar: { fg: inks.bar },
    person: (id) => styles[hash(id) % styles.length]!,
  }
}

/** FNV-1a, 32 bits: ids are chosen by their bearers, and nothing but a colour hangs on it. */
function hash(text: string): number {
  let state = 0x811c9dc5
  for (let index = 0; index < text.length; index++) state = Math.imul(state ^ text.charCodeAt(index), 0x01000193)
  return state >>> 0
}
