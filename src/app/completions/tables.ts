import { DIALECTS } from '../../base/dialects.ts'
import type { Arity, Flag } from '../flags.ts'
import { OPTIONS } from '../options-help.ts'
import { FORMATS } from '../options-history.ts'
import { THEMES } from '../settings.ts'
import { offeredFlags, SUBCOMMANDS, type Values } from '../subcommands.ts'

/** Where no word that comes first has come: the options of a start stand there. */
export const TOP = 'top'

const WORDS: { readonly [name: string]: readonly string[] } = {
  theme: THEMES,
  dialect: [...DIALECTS, 'all'],
  'voice-mode': ['voice', 'push', 'open'],
  'accept-files': ['all', 'ask', 'none'],
  format: FORMATS,
}

/** What a flag's value can be. */
export function valuesOf({ name, value }: Flag): Values {
  const words = WORDS[name]
  if (words !== undefined) return words
  if (value === 'folder') return 'folders'
  return value.startsWith('file') ? 'files' : 'none'
}

/** The flags that a shell offers in a place: at the top, or behind a word that comes first. */
export const PLACES: ReadonlyMap<string, readonly Flag[]> = new Map([
  [TOP, OPTIONS],
  ...SUBCOMMANDS.map((each): [string, readonly Flag[]] => [each.word, offeredFlags(each)]),
])

/** A flag, and every place where it is this very one. */
export interface Placed {
  readonly flag: Flag
  readonly places: readonly string[]
}

/** Every flag of every place, those together that a shell need not tell apart. */
export function placedFlags(): Placed[] {
  const all = [...PLACES].flatMap(([place, flags]) => flags.map((flag) => ({ place, flag })))
  const alike = Map.groupBy(all, ({ flag: { name, short, arity, about } }) => [name, short, arity, about].join('\n'))
  return Array.from(alike.values(), (group) => ({ flag: group[0]!.flag, places: group.map(({ place }) => place) }))
}

/** How a shell has to read what follows a flag: `one` has the next word for its value, `maybe` unless that is a flag too, `joined` what stands behind `=`. */
type Reading = Exclude<Arity, 'many' | 'switch'>

/** Flags that take a value, by how it is read and what it can be; each as `place:--name`, or `*:--name` where it reads so wherever it is. */
export function readings(): { reading: Reading; values: Values; patterns: string[] }[] {
  const taking = placedFlags().filter(({ flag }) => flag.arity !== 'switch')
  const rows = taking.flatMap(({ flag, places }) => {
    const reading = readingOf(flag)
    const isPlain = taking.every((other) => other.flag.name !== flag.name || readingOf(other.flag) === reading)
    const heads = isPlain ? ['*'] : places
    return heads.map((head) => ({ reading, values: valuesOf(flag), pattern: `${head}:--${flag.name}` }))
  })
  const groups = Map.groupBy(rows, ({ reading, values }) => JSON.stringify([reading, values]))
  return Array.from(groups.values(), (group) => ({
    reading: group[0]!.reading,
    values: group[0]!.values,
    patterns: [...new Set(group.map(({ pattern }) => pattern))],
  }))
}

function readingOf({ arity }: Flag): Reading {
  return arity === 'maybe' || arity === 'joined' ? arity : 'one'
}

/** The word of the only one that may stand behind options too. */
export const LATE_WORD = 'tracker'
