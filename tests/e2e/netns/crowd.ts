import { type Rng, seededRng } from '../../../src/base/rng.ts'
import { type Program, temporaryHome } from '../program.ts'
import type { Lan } from './lan.ts'

/** What is looked at when many programs are to be one network. */

/** Generous: it bounds a failure, no test waits for it to pass. */
const TOGETHER_MS_MAX = 10_000

/** `LAN_SEED=<n>`: that try alone. `LAN_TRIES=<n>`: so many, instead of each story's own number. */
export function tries(count: number): number[] {
  const only = numberFrom('LAN_SEED')
  if (only !== null) return [only]
  return Array.from({ length: numberFrom('LAN_TRIES') ?? count }, (_, i) => i + 1)
}

function numberFrom(variable: string): number | null {
  const text = process.env[variable]
  if (text === undefined || text === '') return null
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`${variable} wants a whole number, not ${text}`)
  return number
}

/** Runs a story with chance of its own for each try; a failure says which it was. */
export async function overTries(count: number, story: (rng: Rng) => Promise<void>): Promise<void> {
  for (const seed of tries(count)) {
    try {
      await story(seededRng(seed))
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      throw new Error(`LAN_SEED=${seed}: ${message}`, { cause: error })
    }
  }
}

/** In an order that chance decides; the first of them are as good as drawn by lot. */
export function shuffled<T>(things: readonly T[], rng: Rng): T[] {
  const left = [...things]
  return things.map(() => left.splice(rng.below(left.length), 1)[0]!)
}

/** One program on each machine, all started at once and with no address given; resolves when they are one network. */
export async function startTogether(lan: Lan): Promise<Program[]> {
  const programs = await Promise.all(
    lan.machines.map((machine, i) => machine.start(['--host', '::', '--username', `n${i}`], temporaryHome())),
  )
  await allSayAndHear(programs, 'hello')
  return programs
}

/** Each says something of its own, and all hear all of it. Answers how many milliseconds that took. */
export async function allSayAndHear(programs: readonly Program[], what: string): Promise<number> {
  const beganAtMs = performance.now()
  await Promise.all(programs.map((program, i) => program.say(`${what} from ${i}`)))
  await allHear(
    programs,
    programs.map((_, i) => `${what} from ${i}`),
  )
  return performance.now() - beganAtMs
}

/** Resolves when each has heard, or said, each of the texts. */
export async function allHear(
  programs: readonly Program[],
  texts: readonly string[],
  patienceMs = TOGETHER_MS_MAX,
): Promise<void> {
  await Promise.all(
    programs.map(async (program) => {
      const missing = new Set(texts)
      let seen = 0
      const look = (): boolean => {
        for (; seen < program.lines.length; seen++) {
          const line = program.lines[seen]!
          if (line.event === 'message') missing.delete(line.text)
        }
        return missing.size === 0
      }
      try {
        await program.when(look, patienceMs)
      } catch (error) {
        const [first] = missing
        throw new Error(`one did not hear ${missing.size} of ${texts.length} messages, such as "${first}"`, {
          cause: error,
        })
      }
    }),
  )
}

/** The ids of those a program is linked with as neighbours now; one with two links would be there twice. */
export function neighboursOf(program: Program): string[] {
  const ids: string[] = []
  for (const line of program.lines) {
    if (line.event !== 'peer') continue
    if (line.state === 'up') ids.push(line.id)
    else if (ids.includes(line.id)) ids.splice(ids.indexOf(line.id), 1)
    else throw new Error(`${line.id} went down without having been up`)
  }
  return ids
}

/** The ids of all that a program ever was linked with, each once, sorted. */
export function metBy(program: Program): string[] {
  const ids = program.lines.filter((line) => line.event === 'peer').map((line) => line.id)
  return [...new Set(ids)].toSorted()
}

/** Resolves when a program has no neighbour among `others` any more. */
export function hasNoneOf(program: Program, others: readonly Program[], patienceMs: number): Promise<void> {
  const ids = new Set(others.map((other) => other.id))
  return program.when(() => neighboursOf(program).every((id) => !ids.has(id)), patienceMs)
}

/** Each time, and of several the middle and the worst. */
export function timesLine(what: string, times: readonly number[]): string {
  const rounded = times.map(Math.round)
  const sorted = rounded.toSorted((a, b) => a - b)
  const summary = sorted.length < 2 ? '' : `; median ${sorted[sorted.length >> 1]}, worst ${sorted.at(-1)}`
  return `${what}: ${rounded.join(', ')} ms${summary}`
}
