/** What the programs that run the simulator seed by seed have in common: numbers given as text, and a line of JSON for each seed. */

/** An option that wants a number, with the one it has otherwise. */
export const numberOption = (otherwise: number) => ({ type: 'string', default: String(otherwise) }) as const

/** A number that was given, 0 or more. Ends the program with 2 and a sentence where it is none. */
export function numberGiven(command: string, what: string, given: string): number {
  const value = Number(given)
  if (Number.isFinite(value) && value >= 0) return value
  console.error(`${command}: ${what} wants a number, not ${given}`)
  process.exit(2)
}

/** Runs the seeds one after the other and prints what came of each; the program then ends with 1 if any failed. */
export async function runSeeds(seeds: readonly number[], simulate: (seed: number) => object): Promise<void> {
  for (const [i, seed] of seeds.entries()) {
    const startedMs = performance.now()
    const seconds = (): number => Math.round(performance.now() - startedMs) / 1000
    try {
      console.log(JSON.stringify({ ...simulate(seed), seconds: seconds() }))
    } catch (error) {
      process.exitCode = 1
      const failure = error instanceof Error ? (error.stack ?? error.message) : String(error)
      console.log(JSON.stringify({ seed, failure, seconds: seconds() }))
    }
    if (i === seeds.length - 1) return
    // A world that is over is let go of only once the stack is empty: without a turn between them fifty took 13 GB.
    await new Promise((resolve) => setImmediate(resolve))
    Bun.gc(true)
  }
}
