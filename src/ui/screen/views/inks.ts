import type { Theme } from '../../../app/settings.ts'
import type { Depth } from '../terminal/painter.ts'
import { legibleColours } from './colours.ts'

/** Which colour everything has that has one, by its number among the 256. */
export interface Inks {
  /** Of people's names. */
  readonly people: readonly number[]
  /** What is pointed at: the room one types into, a key, an address to read out. */
  readonly heading: number
  readonly mention: number
  readonly unread: number
  readonly fault: number
  readonly bar: number
  /** Whether bold may be added: many terminals with 16 colours show the dark ones bold as the bright ones, which are lost on white. */
  readonly mayBeBold: boolean
}

/**
 * With 256 colours, all from those that every terminal has the same, each with a contrast (WCAG 2.2) of 4.5 with the background; of 3.8 where
 * that can be either, since no colour has 4.6 with both.
 */
const OF_256 = {
  auto: { heading: 31, mention: 133, unread: 130, fault: 160, bar: 28, mayBeBold: true },
  dark: { heading: 80, mention: 213, unread: 221, fault: 203, bar: 77, mayBeBold: true },
  light: { heading: 24, mention: 90, unread: 94, fault: 124, bar: 28, mayBeBold: true },
} as const satisfies Readonly<Record<Exclude<Theme, 'mono'>, Omit<Inks, 'people'>>>

/**
 * With 16, each terminal has its own: those with a contrast of 3.9 in the palettes of xterm, VGA and Tango where the background is known, red for
 * faults alone. Where it is not, none has that with both, and these are what most people's palettes make the best of.
 */
const OF_16 = {
  auto: { people: [2, 4, 5, 6, 10, 12, 13, 14], heading: 6, mention: 5, unread: 3, fault: 1, bar: 2, mayBeBold: true },
  dark: { people: [2, 6, 10, 11, 13, 14], heading: 14, mention: 13, unread: 11, fault: 9, bar: 10, mayBeBold: true },
  light: { people: [0, 4, 5, 8], heading: 4, mention: 5, unread: 5, fault: 1, bar: 4, mayBeBold: false },
} as const satisfies Readonly<Record<Exclude<Theme, 'mono'>, Inks>>

/** Null where nothing has a colour. */
export function inksOf(theme: Theme, depth: Depth): Inks | null {
  if (theme === 'mono' || depth === 0) return null
  return depth === 16 ? OF_16[theme] : { ...OF_256[theme], people: legibleColours(theme) }
}
