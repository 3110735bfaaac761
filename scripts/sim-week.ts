/** Runs the simulator's weeks outside the tests, one line of JSON for each seed; ends with 1 if any failed. See `HELP`. */
import { parseArgs } from 'node:util'
import { WEEK, type WeekOptions, week } from '../tests/sim/week.ts'
import { numberGiven, numberOption, runSeeds } from './sim-seeds.ts'

const HELP = `scripts/sim week [SEED…] [--seeds N] [--from SEED] [--nodes N] [--days N] [--rooms N] [--messages N] [--loss PERCENT]
            [--reset PER-MILLION]

Runs the seeds given, or N seeds from SEED on (200 from 1), and prints one line of JSON for each: a week of people who come and go, and
what all of them have of it in the end.
A seed that failed is worth a line in tests/sim/saved-seeds.ts.`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean', default: false },
    seeds: numberOption(200),
    from: numberOption(1),
    nodes: numberOption(WEEK.nodes),
    days: numberOption(WEEK.days),
    rooms: numberOption(WEEK.rooms),
    messages: numberOption(WEEK.messages),
    loss: numberOption(WEEK.loss * 100),
    reset: numberOption(WEEK.reset * 1e6),
  },
})

function number(name: Exclude<keyof typeof values, 'help'>): number {
  return numberGiven('sim week', `--${name}`, values[name])
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
  const given = positionals.map((seed) => numberGiven('sim week', 'a seed', seed))
  await runSeeds(given.length > 0 ? given : range, (seed) => week(seed, options))
}
