import { seededRng } from '../../src/base/rng.ts'
import { Networks } from './networks.ts'

const KINDS = ['native', 'framed', 'mesh', 'tracker'] as const
/** Every choice of two of them or more. */
export const SHARED = Array.from({ length: 16 }, (_, chosen) => KINDS.filter((_, i) => (chosen >> i) % 2 === 1)).filter(
  (kinds) => kinds.length >= 2,
)

/** Bridges that share these networks and nothing else, each with people of its own, and nobody tells them of each other. */
export function strangers(seed: number, kinds: readonly (typeof KINDS)[number][], starts: readonly number[]): Networks {
  const networks = new Networks(seed, [], true)
  for (const kind of kinds) networks.network(kind, kind, [`${kind} one`, `${kind} two`])
  const rng = seededRng(seed)
  for (const [i, startMs] of starts.entries()) {
    const own = kinds.includes('native') ? `line ${i}` : `native ${i}`
    networks.network(own, kinds.includes('native') ? 'line' : 'native', [`own ${i}`])
    networks.hearsay(`${String.fromCharCode(97 + rng.below(26))}${i}00`, [...kinds, own], startMs)
  }
  return networks
}
