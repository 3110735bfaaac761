/** Runs the simulator's weeks outside the tests, one line of JSON for each seed; ends with 1 if any failed. See `HELP`. */
import { parseArgs } from 'node:util'
import { WEEK, type WeekOptions, week } from '../tests/sim/week.ts'

const HELP = `scripts/sim week [SEED…] [--seeds N] [--from SEED] [--nodes N] [--days N] [--rooms N] [--messages N] [--loss PERCENT]
            [--reset PER-MILLION]

Runs the seeds given, or N seeds from SEED on (200 from 1), and prints one line of JSON for each: a week of people who come and go, and
what all of them have of it in the end.
A seed that failed is worth a line in tests/sim/saved-seeds.ts.`

const text = (otherwise: number) => ({ type: 'string', default: String(otherwise) }) as const

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean', default: false },
    seeds: text(200),
    from: text(1),
    nodes: text(WEEK.nodes),
    days: text(WEEK.days),
    rooms: text(WEEK.rooms),
    messages: text(WEEK.messages),
    loss: text(WEEK.loss * 100),
    reset: text(WEEK.reset * 1e6),
  },
})

function number(name: Exclude<keyof typeof values, 'help'>): number {
  return parse(`--${name}`, values[name])
}

function parse(what: string, given: string): number {
  const value = Number(given)
  if (Number.isFinite(value) && value >= 0) return value
  console.error(`sim week: ${what} wants a number, not ${given}`)
  process.exit(2)
}

function run(seed: number, options: WeekOptions): void {
  const startedMs = performance.now()
  const seconds = (): number => Math.round(performance.now() - startedMs) / 1000
  try {
    console.log(JSON.stringify({ ...week(seed, options), seconds: seconds() }))
  } catch (error) {
    process.exitCode = 1
    const failure = error instanceof Error ? (error.stack ?? error.message) : String(error)
    console.log(JSON.stringify({ seed, failure, seconds: seconds() }))
  }
}

if (values.help) {
  console.log(HELP)
} else {
  const options: WeekOptions = {
    nodes: number('nodes'),
    days: number('days'),
    rooms: number('rooms'),
    messages: number('messages'),
    loss: number('loss') / 100,
    reset: number('reset') / 1e6,
  }
  const range = Array.from({ length: number('seeds') }, (_, i) => number('from') + i)
  const given = positionals.map((given) => parse('a seed', given))
  for (const seed of given.length > 0 ? given : range) run(seed, options)
}
