import { describe, expect, test } from 'bun:test'
import { seededRng } from '../../src/base/rng.ts'
import type { Networks, Party } from './networks.ts'
import { SHARED, strangers } from './strangers.ts'

const SEEDS = 40
const OFFSET_MS_MAX = 3_000
const WORDS_FOR_MS = 6_000

/** Bridges that begin one soon after the other, and people who do not wait for that. What each of those sees who have a bridge by then. */
function begin(seed: number, kinds: (typeof SHARED)[number], bridges: number): { starts: number[]; seen: string[] } {
  const rng = seededRng(seed)
  const starts = Array.from({ length: bridges }, (_, i) =>
    i === 0 || seed % 4 === 0 ? 0 : rng.below(OFFSET_MS_MAX + 1),
  )
  const networks: Networks = strangers(seed, kinds, starts)
  // People of their own have no other bridge.
  const fromMs = ({ name }: Party): number => (name.startsWith('own') ? starts[Number(name.at(-1))]! : 0)
  const all = Array.from({ length: 30 }, (_, i) => {
    const by = networks.parties[rng.below(networks.parties.length)]!
    const said = { text: `${by.name} ${i}`, by, atMs: fromMs(by) + rng.below(WORDS_FOR_MS) }
    networks.time.at(said.atMs, () => networks.say(by, said.text))
    return said
  })
  networks.time.pass(60_000)
  const seen = all.map(({ text, by, atMs }) => {
    const others = networks.parties.filter((party) => party !== by && fromMs(party) <= atMs)
    return `${text} at ${atMs}: ${others.map((party) => party.seen.get(text) ?? 0).join(' ')}`
  })
  return { starts, seen }
}

describe.each(SHARED.map((kinds) => [kinds.join(' and '), kinds] as const))(
  'bridges that begin within three seconds of each other, and share %s',
  (_, kinds) => {
    test('two: whatever is said once the first is there, everybody sees once', () => {
      for (let seed = 1; seed <= SEEDS; seed++) {
        const { starts, seen } = begin(seed, kinds, 2)
        const wrong = seen.filter((each) => !/:( 1)+$/.test(each))
        expect({ seed, starts, wrong }).toEqual({ seed, starts, wrong: [] })
      }
    })

    test('three: everybody sees it, hardly ever twice', () => {
      let copies = 0
      for (let seed = 1; seed <= SEEDS; seed++) {
        const { starts, seen } = begin(seed, kinds, 3)
        const lost = seen.filter((each) => / 0\b/.test(each.split(':')[1]!))
        expect({ seed, starts, lost }).toEqual({ seed, starts, lost: [] })
        copies += seen.filter((each) => / [2-9]/.test(each.split(':')[1]!)).length
      }
      // Of 1200 things said.
      expect(copies).toBeLessThan(12)
    })
  },
)
