import { type Flag, HELP_FLAG } from './flags.ts'
import { TRACKER_FLAGS } from './options-help.ts'
import { EXPORT_FLAGS } from './options-history.ts'
import { TWO_FLAGS } from './options-line.ts'
import { transferFlags } from './options-transfer.ts'

/** A word that may come first, for the completions and the manual page. */
export interface Subcommand {
  readonly word: string
  /** What it does. */
  readonly about: string
  /** What stands behind it beside flags, as a synopsis spells it; empty: nothing. */
  readonly operands: string
  /** What such an operand can be, and how many a shell offers. */
  readonly values: Values
  readonly operandsMax: number
  /** Those it takes, all but --help. */
  readonly flags: readonly Flag[]
  /** The names of those it cannot do without. */
  readonly required?: readonly string[]
}

/** What a value can be: a path, one of a few words, or something nobody can guess. */
export type Values = 'files' | 'folders' | 'none' | readonly string[]

/** The shells that there are completions for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const
const SWITCHES = { operands: '[on|off|toggle]', values: ['on', 'off', 'toggle'], operandsMax: 1 } as const

/** Words that may come first, in the order of the manual page. */
export const SUBCOMMANDS: readonly Subcommand[] = [
  {
    ...bare('send', 'offer files until somebody has them, without a screen'),
    ...{ operands: '<path> …', values: 'files', operandsMax: Number.POSITIVE_INFINITY, flags: transferFlags('send') },
  },
  {
    ...bare('receive', 'take what is offered, without a screen'),
    ...{ operands: '[<folder>|-]', values: 'folders', operandsMax: 1, flags: transferFlags('receive') },
  },
  { ...bare('tracker', 'keep a list of who is there'), flags: TRACKER_FLAGS },
  { ...bare('export', 'write down what was said in a room'), flags: EXPORT_FLAGS, required: ['room'] },
  { ...bare('import', 'take in what was written down'), operands: '<file>', values: 'files', operandsMax: 1 },
  { ...bare('listen', 'wait for one other, with nobody between or beside you'), flags: TWO_FLAGS.listen },
  { ...bare('connect', 'dial the one who listens'), operands: '<host> <port>', flags: TWO_FLAGS.connect },
  { ...bare('ptt', 'hold or let go the talk key of the hearsay that runs'), ...SWITCHES },
  { ...bare('mute', 'mute the hearsay that runs'), ...SWITCHES },
  bare('unmute', 'let it be heard again'),
  { ...bare('deafen', 'mute it, and hear nobody'), ...SWITCHES },
  bare('undeafen', 'hear again, and be heard'),
  bare('status', 'how its voice stands'),
  {
    ...bare('completions', 'make a shell complete these words'),
    ...{ operands: SHELLS.join('|'), values: SHELLS, operandsMax: 1 },
  },
  bare('manual', 'write the manual page'),
]

function bare(word: string, about: string): Subcommand {
  return { word, about, operands: '', values: 'none', operandsMax: 0, flags: [] }
}

/** What a shell offers behind it. */
export function offeredFlags({ flags }: Subcommand): Flag[] {
  return [...flags, HELP_FLAG]
}
