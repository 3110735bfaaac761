import { basename } from 'node:path'
import { SAVED_SEEDS } from './saved-seeds.ts'

/** For `setDefaultTimeout` in each file: worlds take as long as the machine lets them; what hangs is ended by virtual time. */
export const REAL_MS_MAX = 900_000

/** `SIM_SEED=<n>`: this one only. `SIM_SEEDS=<n>`: so many of every story, instead of its own number. */
const ONLY_SEED = numberFrom('SIM_SEED')
const SEED_COUNT = numberFrom('SIM_SEEDS')

function numberFrom(variable: string): number | null {
  const text = process.env[variable]
  if (text === undefined || text === '') return null
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`${variable} wants a whole number, not ${text}`)
  return number
}

/** The seeds of a story: saved ones first, then 1 to `count`. */
export function seedsOf(story: string, count: number): number[] {
  if (ONLY_SEED !== null) return [ONLY_SEED]
  const saved = SAVED_SEEDS[story] ?? []
  const others = Array.from({ length: SEED_COUNT ?? count }, (_, i) => i + 1).filter((seed) => !saved.includes(seed))
  return [...saved, ...others]
}

/** How to run one seed of one test file again. */
export function again(file: string, seed: number): string {
  return `seed ${seed}; again with: SIM_SEED=${seed} bun test tests/sim/${basename(file)}`
}

/** Runs a story over its seeds; a failure says which seed it was and how to run just that. `file`: the test's own path. */
export async function overSeeds(
  file: string,
  count: number,
  run: (seed: number) => void | Promise<void>,
): Promise<void> {
  for (const seed of seedsOf(basename(file, '.test.ts'), count)) {
    try {
      await run(seed)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      throw new Error(`${again(file, seed)}\n${message}`, { cause: error })
    }
  }
}
