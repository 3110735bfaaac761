/** Runs the simulator's storms outside the tests, one line of JSON for each seed; ends with 1 if any failed. See `HELP`. */
import { parseArgs } from 'node:util'
import { STORM, type StormOptions, storm } from '../tests/sim/storm.ts'

const HELP = `scripts/sim [SEED…] [--seeds N] [--from SEED] [--nodes N] [--messages N] [--rooms N] [--partitions N]
            [--loss PERCENT] [--reset PER-MILLION]
scripts/sim overlay --help
scripts/sim attacks --help
scripts/sim week --help

Runs the seeds given, or N seeds from SEED on, and prints one line of JSON for each.
A seed that failed is worth a line in tests/sim/saved-seeds.ts.`

const text = (otherwise: number) => ({ type: 'string', default: String(otherwise) }) as const

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean', default: false },
    seeds: text(1),
    from: text(1),
    nodes: text(STORM.nodes),
    messages: text(STORM.messages),
    rooms: text(STORM.rooms),
    partitions: text(STORM.partitions),
    loss: text(STORM.loss * 100),
    reset: text(STORM.reset * 1e6),
  },
})

function number(name: Exclude<keyof typeof values, 'help'>): number {
  return parse(`--${name}`, values[name])
}

function parse(what: string, given: string): number {
  const value = Number(given)
  if (Number.isFinite(value) && value >= 0) return value
  console.error(`sim: ${what} wants a number, not ${given}`)
  process.exit(2)
}

function run(seed: number, options: StormOptions): void {
  const startedMs = performance.now()
  const seconds = (): number => Math.round(performance.now() - startedMs) / 1000
  try {
    const result = storm(seed, options)
    console.log(JSON.stringify({ ...result, seconds: seconds() }))
  } catch (error) {
    process.exitCode = 1
    const failure = error instanceof Error ? (error.stack ?? error.message) : String(error)
    console.log(JSON.stringify({ seed, failure, seconds: seconds() }))
  }
}

if (values.help) {
  console.log(HELP)
} else {
  const options: StormOptions = {
    nodes: number('nodes'),
    messages: number('messages'),
    rooms: number('rooms'),
    partitions: number('partitions'),
    loss: number('loss') / 100,
    reset: number('reset') / 1e6,
  }
  const range = Array.from({ length: number('seeds') }, (_, i) => number('from') + i)
  const given = positionals.map((text) => parse('a seed', text))
  for (const seed of given.length > 0 ? given : range) run(seed, options)
}
