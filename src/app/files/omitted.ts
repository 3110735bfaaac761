import { cleanLine } from '../../base/text.ts'
import type { Omitted, OmittedKind } from '../../ports/files.ts'

/** Each of one thing, and of several, in the order they are told in. */
const WHY: Readonly<Record<OmittedKind, readonly [one: string, several: string]>> = {
  link: ['it is a link', 'links'],
  'no-file': ['it is neither a file nor a folder', 'what is neither a file nor a folder'],
  unreadable: ['it cannot be read', 'what cannot be read'],
  name: ['its name is not UTF-8', 'names that are not UTF-8'],
  path: ['its path is too long', 'paths that are too long'],
}
/** A path has a kibibyte at most, which is more than anybody reads in a sentence. */
const FIRST_CHARS_MAX = 200

/** What is not sent of the folder `name`, as a sentence that can be shown. */
export function omittedText(name: string, { count, first, kinds }: Omitted): string {
  const whys = Object.entries(WHY).filter(([kind]) => kinds.has(kind as OmittedKind))
  const path = cleanLine(first)
  const shown = path.length > FIRST_CHARS_MAX ? `${path.slice(0, FIRST_CHARS_MAX).toWellFormed()}…` : path
  if (count === 1) return `${shown} is left out: ${whys.map(([, [one]]) => one).join()}.`
  const several = whys.map(([, [, each]]) => each)
  const last = several.pop()!
  const all = several.length === 0 ? last : `${several.join(', ')} and ${last}`
  return `${count} things in ${cleanLine(name)} are left out: ${all} (the first: ${shown}).`
}
