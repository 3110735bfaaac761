import { plural } from '../../app/commands/views.ts'
import { cleanLine } from '../../base/text.ts'

/** Of an offer, below it: enough to know what it is about, and not so much that talk is pushed away. */
const SHOWN_MAX = 5

/** The first paths of a folder that is offered, and how to see the others. `files`: how many it has; `listing`: the first of its paths. */
export function firstPaths(number: number, files = 0, listing: readonly string[] = []): string[] {
  const shown = listing.slice(0, SHOWN_MAX).map(cleanLine)
  if (shown.length === listing.length) return shown
  const more = files - shown.filter((path) => !path.endsWith('/')).length
  const what = more > 0 ? `${plural(more, 'file', 'files')} more` : 'more'
  return [...shown, `… and ${what}: /files ${number} lists all`]
}
