import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { SILENT_MS_MAX } from '../../../src/node/liveness.ts'
import { type Program, removeHomes } from '../program.ts'
import { allHear, allSayAndHear, hasNoneOf, overTries, shuffled, startTogether, tries } from './crowd.ts'
import { Lan } from './lan.ts'
import { networkTests } from './requirements.ts'

/** The network is cut in two for so long that each half has given the other up, then joined again. Most of the time is that wait. */

const NODES = 8
/** A node looks only now and then for who has been silent too long. */
const GIVEN_UP_MS_MAX = SILENT_MS_MAX + 10_000
/** Announcements come every five seconds, and a dial may be waiting for its turn. */
const REJOINED_MS_MAX = 20_000

setDefaultTimeout(tries(1).length * 100_000)
afterEach(removeHomes)

async function sayEach(programs: readonly Program[], what: string): Promise<string[]> {
  const texts = programs.map((program) => `${what} by ${program.id}`)
  await Promise.all(programs.map((program, i) => program.say(texts[i]!)))
  return texts
}

describe.skipIf(!networkTests)('a network of eight cut in two', () => {
  test('talks on in each half, and tells the other all of it once they are joined', async () => {
    await overTries(1, async (rng) => {
      await using lan = await Lan.open(NODES)
      const programs = await startTogether(lan)
      const mixed = shuffled(
        lan.machines.map((machine, i) => ({ machine, program: programs[i]! })),
        rng,
      )
      const here = mixed.slice(0, NODES / 2).map(({ program }) => program)
      const there = mixed.slice(NODES / 2).map(({ program }) => program)
      await lan.cut(mixed.slice(NODES / 2).map(({ machine }) => machine))
      const cutAtMs = performance.now()
      const atOnce = [await sayEach(here, 'at once'), await sayEach(there, 'at once')] as const
      await Promise.all([allHear(here, atOnce[0], GIVEN_UP_MS_MAX), allHear(there, atOnce[1], GIVEN_UP_MS_MAX)])
      const heardMs = performance.now() - cutAtMs
      await Promise.all([
        ...here.map((program) => hasNoneOf(program, there, GIVEN_UP_MS_MAX)),
        ...there.map((program) => hasNoneOf(program, here, GIVEN_UP_MS_MAX)),
      ])
      const givenUpMs = performance.now() - cutAtMs
      const later = [await sayEach(here, 'later'), await sayEach(there, 'later')] as const
      await Promise.all([allHear(here, later[0]), allHear(there, later[1])])
      for (const program of here) expect(program.texts()).not.toContainAnyValues([...atOnce[1], ...later[1]])
      for (const program of there) expect(program.texts()).not.toContainAnyValues([...atOnce[0], ...later[0]])

      await lan.rejoin()
      const rejoinedAtMs = performance.now()
      await allHear(programs, [...atOnce, ...later].flat(), REJOINED_MS_MAX)
      const togetherMs = performance.now() - rejoinedAtMs
      await allSayAndHear(programs, 'again')
      for (const program of programs) expect(new Set(program.texts()).size).toBe(program.texts().length)
      console.log(
        `cut in two: each half heard its own within ${Math.round(heardMs)} ms, and had given the other up after ${(givenUpMs / 1_000).toFixed(1)} s; ` +
          `rejoined, all was everywhere after ${Math.round(togetherMs)} ms`,
      )
    })
  })
})
