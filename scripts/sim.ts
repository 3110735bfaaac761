/** Runs the simulator's storms outside the tests, one line of JSON for each seed; ends with 1 if any failed. See `HELP`. */
import { parseArgs } from 'node:util'
import { STORM, type StormOptions, storm } from '../tests/sim/storm.ts'
import { numberGiven, numberOption, runSeeds } from './sim-seeds.ts'

const HELP = `scripts/sim [SEED…] [--seeds N] [--from SEED] [--nodes N] [--messages N] [--rooms N] [--partitions N]
            [--loss PERCENT] [--reset PER-MILLION]
scripts/sim overlay --help
scripts/sim attacks --help
scripts/sim week --help

Runs the seeds given, or N seeds from SEED on, and prints one line of JSON for each.
A seed that failed is worth a line in tests/sim/saved-seeds.ts.`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean', default: false },
    seeds: numberOption(1),
    from: numberOption(1),
    nodes: numberOption(STORM.nodes),
    messages: numberOption(STORM.messages),
    rooms: numberOption(STORM.rooms),
    partitions: numberOption(STORM.partitions),
    loss: numberOption(STORM.loss * 100),
    reset: numberOption(STORM.reset * 1e6),
  },
})

function number(name: Exclude<keyof typeof values, 'help'>): number {
  return numberGiven('sim', `--${name}`, values[name])
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
  const given = positionals.map((seed) => numberGiven('sim', 'a seed', seed))
  await runSeeds(given.length > 0 ? given : range, (seed) => storm(seed, options))
}
