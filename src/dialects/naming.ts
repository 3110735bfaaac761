import { bareName, type DialectName, markName, NATIVE_MARK } from '../base/dialects.ts'
import type { Words } from './words.ts'

type Network = DialectName | 'native'

/** Whether they were heard in the network in which whoever says something signs it. */
export function isSigned(heardOn: Network, { from }: Words): boolean {
  return heardOn === 'native' && from === 'native'
}

/**
 * Whether a node of ours that we hear in the native network, too, is said to have brought them from there: what was signed is on its way then, and
 * decides who said them. Anybody may claim that; who does only waits. `natives`: who is there, as bridges are called.
 */
export function isClaim(heardOn: Network, { from, bridge }: Words, natives: ReadonlySet<string> | undefined): boolean {
  return heardOn !== 'native' && from === 'native' && bridge !== null && (natives?.has(bridge) ?? false)
}

/** Words as they are said elsewhere: under a name that tells whom nobody vouches for. `own`: what we are called as a bridge. */
export function wordsFor(target: Network, heardOn: Network, said: Words, own: string): Words {
  // That somebody is one of ours is not told by those who cannot know.
  const isHearsay = heardOn !== 'native' && said.from === 'native'
  const words = isHearsay ? { ...said, name: bareName(said.name) } : said
  if (target === 'native') return words
  if (heardOn !== 'native') return { ...words, name: markName(words.name, heardOn) }
  // We are there under our own name, and need no mark to be told from ourselves.
  if (words.author === own) return words
  return { ...words, name: markName(words.name, words.from === 'native' ? NATIVE_MARK : words.from) }
}
