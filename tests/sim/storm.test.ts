import { expect, setDefaultTimeout, test } from 'bun:test'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { again, REAL_MS_MAX, seedsOf } from './seeds.ts'
import { STORM, type StormResult, storm } from './storm.ts'

/** All of them take six minutes on two free cores, and took thirteen on busy ones: a limit for what hangs, not for what is slow. */
setDefaultTimeout(2 * REAL_MS_MAX)

/**
 * A hundred nodes, a thousand messages, a twentieth of all segments lost, twenty partitions that heal; fifty seeds. What must hold is in
 * `storm` and in the witness.
 */
const SEEDS = 50
const SEEDS_PER_PROCESS = 13

type Line = StormResult & { readonly failure?: string; readonly seconds: number }

/** Runs seeds in a process of their own. */
async function runSeeds(seeds: readonly number[]): Promise<Line[]> {
  const program = join(import.meta.dir, '../../scripts/sim.ts')
  const child = Bun.spawn([process.execPath, program, ...seeds.map(String)], { stdout: 'pipe', stderr: 'inherit' })
  const text = await new Response(child.stdout).text()
  await child.exited
  const lines = text.trim().split('\n')
  if (lines.length !== seeds.length) throw new Error(`the simulator ended early, after: ${lines.at(-1)}`)
  return lines.map((line) => JSON.parse(line))
}

/**
 * Each process is given some seeds and then another one takes over: a world leaves garbage that is slow to go, and a new process takes three
 * seconds of processor time to make all of the program fast.
 */
async function inParallel(seeds: readonly number[]): Promise<Line[]> {
  const waiting = [...seeds]
  const lines: Line[] = []
  const worker = async (): Promise<void> => {
    while (waiting.length > 0) lines.push(...(await runSeeds(waiting.splice(0, SEEDS_PER_PROCESS))))
  }
  await Promise.all(Array.from({ length: availableParallelism() }, worker))
  return lines
}

/** Each runs once, for both tests. */
let all: Promise<Line[]> | undefined
function allStorms(): Promise<Line[]> {
  all ??= inParallel(seedsOf('storm', SEEDS))
  return all
}

test('whatever a torn network does, each message is shown once to each member of its room, in one order', async () => {
  const lines = await allStorms()
  const failures = lines.filter((line) => line.failure !== undefined)
  expect(failures.map((line) => `${again(import.meta.path, line.seed)}\n${line.failure}`)).toEqual([])
  const most = Math.max(...lines.map((line) => line.seconds))
  const total = lines.reduce((sum, line) => sum + line.seconds, 0)
  const events = lines.reduce((sum, line) => sum + line.events, 0)
  console.log(
    `${lines.length} storms: ${(total / lines.length).toFixed(1)} s each (at most ${most.toFixed(1)}), ` +
      `${Math.round(events / total)} events a second, ${Math.round(events / lines.length)} events a storm`,
  )
})

test('a seed replays its run to the last telling, in this process and in another', async () => {
  const [seed] = seedsOf('storm', 1)
  const options = { ...STORM, nodes: 20, messages: 100 }
  const first = storm(seed!, options)
  expect(storm(seed!, options)).toEqual(first)
  expect(storm(seed! + 1, options).hash).not.toBe(first.hash)
  const [among, [alone]] = await Promise.all([allStorms(), runSeeds([seed!])])
  const { seconds: _, ...replayed } = alone!
  expect(among.find((line) => line.seed === seed)).toMatchObject(replayed)
})
