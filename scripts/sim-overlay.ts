/** Membership and broadcast in a network of thousands, beside the papers' own figures. See `HELP`. */
import { parseArgs } from 'node:util'
import { deepCopy } from '../tests/sim/overlay/copy.ts'
import { delivery, healing, veryNext } from '../tests/sim/overlay/failures.ts'
import { mean, shapeOf } from '../tests/sim/overlay/graph.ts'
import { burst, grow } from '../tests/sim/overlay/growth.ts'
import { FeedReplication } from '../tests/sim/overlay/replication.ts'
import { SimRng } from '../tests/sim/overlay/sim-rng.ts'
import { type Spread, spread } from '../tests/sim/overlay/trees.ts'
import type { World } from '../tests/sim/overlay/world.ts'
import { columns, foot, goal, head, plain, row } from './sim-table.ts'

const HELP = `scripts/sim overlay [--quick] [--nodes N] [--seed S]

Grows a network of N nodes (10000; --quick: 1000), lets it live for 50 cycles, breaks it, broadcasts over it, and prints what
comes of that beside the figures of the papers on HyParView (DSN 2007) and Plumtree (SRDS 2007). The same seed gives the same table.`

const CYCLES = 50
const PERCENTS = [10, 20, 30, 40, 50, 60, 70, 80, 90, 95]
const QUICK_PERCENTS = [10, 30, 50, 70, 80, 90, 95]
const HYPARVIEW: Readonly<Record<number, string>> = { 90: '0.99', 95: '0.91' }
const GOAL: Readonly<Record<number, number>> = { 90: 0.99, 95: 0.95 }
const PLUMTREE: readonly (readonly [percent: number, paper: string])[] = [
  [50, '0.95'],
  [60, '0.56'],
  [70, '0.15'],
]
const JOINING = 1_000

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    nodes: { type: 'string' },
    seed: { type: 'string', default: '1' },
  },
})

function whole(name: string, given: string, least: number): number {
  const value = Number(given)
  if (Number.isInteger(value) && value >= least) return value
  console.error(`sim: --${name} wants a whole number from ${least} on, not ${given}`)
  process.exit(2)
}

function shape(world: World): void {
  const { clustering, averagePath, diameter, degree, connected } = shapeOf(world, new SimRng(1))
  head('The overlay after 50 cycles')
  row({ what: 'in one network', value: connected, atLeast: 1 })
  row({ what: 'neighbours each', value: degree, paper: '5' })
  row({ what: 'clustering coefficient', value: clustering, paper: '0.00092' })
  row({ what: 'shortest path, average', value: averagePath, paper: '6.39' })
  row({ what: 'hops to the farthest', value: diameter, paper: '9' })
}

function failures(world: World, seed: number, percents: readonly number[]): void {
  console.log(`
1,000 messages flooded before the next cycle, the first at the moment of the failure, and no copy asked for again
  reliability: each of the first 15 when the last has had its effect, as in the paper's simulator; rest: of it, all but the very first
  30 ms apart: one every 30 ms from the failure on; connecting takes 30 to 270 ms
  cycles, seconds: until every message reaches everybody; healed: of ten messages then; dials: of a node in that cycle`)
  const lines = percents.map((percent) => {
    const it = fresh(() => healing(world, percent, seed + percent))
    const what = `${percent} % fail at once`
    // The table comes when all is measured, which takes minutes.
    if (process.stderr.isTTY) console.error(`… ${what}: ${plain(it.patiently)}`)
    const reliable = goal(`${what}, reliability`, it.patiently, { atLeast: GOAL[percent] ?? 0.9999 })
    const most = percent < 80 ? 2 : 4
    const quick = percent > 90 ? '' : goal(`${what}, cycles until healed`, it.cycles, { atMost: most })
    const whole = goal(`${what}, reliability once healed`, it.healed, { atLeast: 1 })
    const paper = [HYPARVIEW[percent] ?? '1.0', percent < 80 ? '1 to 2' : percent === 90 ? '4' : '']
    const seconds = [it.wholeS, it.dialsEach]
    const apart = [it.others, it.evenly, it.first]
    return [
      what,
      it.patiently,
      paper[0]!,
      reliable,
      ...apart,
      it.cycles,
      paper[1]!,
      quick,
      it.healed,
      whole,
      ...seconds,
    ]
  })
  const titles = [
    'reliability',
    'paper',
    'goal',
    'rest',
    '30 ms apart',
    'first',
    'cycles',
    'paper',
    'goal',
    'healed',
    'goal',
  ]
  columns(['', ...titles, 'seconds', 'dials'], lines)
}

function trees(world: World, seed: number): void {
  const rng = new SimRng(seed)
  const nodes = world.actors.length
  const senders = rng.draw([...Array(nodes).keys()], 20)
  head('Broadcast over one tree for each sender')
  const warmed = fresh(() => sending(world, senders.slice(0, 1), 20, 200))
  const spreads = (who: string, [first, settled]: readonly [Spread, Spread], hops: string, atMost?: number) => {
    row({ what: `redundancy, ${who}, from the first message on`, value: first.redundancy })
    row({ what: `redundancy, ${who}, settled`, value: settled.redundancy, paper: '0', atMost: 0.05 })
    row({
      what: `hops to the last node, ${who}, average`,
      value: settled.lastHop,
      paper: hops,
      ...(atMost && { atMost }),
    })
    row({ what: `hops to the last node, ${who}, most`, value: settled.lastHopMax })
    row({ what: `milliseconds to the last node, ${who} (links of 10 to 90)`, value: settled.lastMs })
    row({ what: `reached, ${who}`, value: settled.reliability, atLeast: 1 })
    row({ what: `other frames a node and message, ${who}`, value: settled.control })
  }
  spreads('one sender', warmed, '8 to 10')
  spreads(
    '20 senders',
    fresh(() => sending(world, senders, 5, 50)),
    '17',
    12,
  )
}

/** The first messages over new trees, and as many when those have settled. */
function sending(world: World, senders: readonly number[], each: number, everyMs: number): readonly [Spread, Spread] {
  const copy = deepCopy(world)
  const feeds = new FeedReplication(copy)
  return [spread(copy, feeds, senders, each, everyMs), spread(copy, feeds, senders, each, everyMs)]
}

/** Broadcasts over `settled` itself, which is not as it was from then on. */
function broken(settled: World, seed: number, tries: number): void {
  settled.rng.reseed(seed)
  const senders = settled.rng.draw([...settled.actors.keys()], 5)
  spread(settled, new FeedReplication(settled), senders, 10, 100)
  head('The very next message, sent in the moment of the failure and nothing after it, within 5 s')
  for (const [percent, paper] of PLUMTREE) {
    const reached = Array.from({ length: tries }, (_, i) =>
      fresh(() => veryNext(settled, percent, senders[i]!, seed + 10 * percent + i)),
    )
    row({ what: `${percent} % fail at once`, value: mean(reached), paper, ...(percent === 50 && { atLeast: 0.99 }) })
  }
  head('1,000 messages sent as hearsay sends them, from the moment of the failure on: who has them when the cycle ends')
  const delays: [number, number, number][] = []
  for (const percent of [50, 80, 90, 95]) {
    const { delivered, medianMs, lastMs } = fresh(() => delivery(settled, percent, seed + percent))
    row({
      what: `${percent} % fail at once`,
      value: delivered,
      paper: HYPARVIEW[percent] ?? '1.0',
      atLeast: GOAL[percent] ?? 0.9999,
    })
    delays.push([percent, medianMs, lastMs])
  }
  head('the same: milliseconds to the last node, on average')
  for (const [percent, , lastMs] of delays) row({ what: `${percent} % fail at once`, value: lastMs })
}

function hundred(seed: number): void {
  const world = grow(100, seed, CYCLES)
  // Its bounds hold for the average of 30 messages from the first one on. All senders share one tree there; here each has its own, and its first message goes
  // over every link, so that with many senders it is the settled trees that have a goal.
  head('100 nodes, as in the simulation of iroh-gossip; "paper" is what that asserts, from the first message on')
  const everybody = [...Array(100).keys()]
  const one = sending(world, everybody.slice(0, 1), 30, 100)
  const many = sending(world, everybody, 3, 20)
  for (const [who, [first, settled], redundancy, hops, hopsMax] of [
    ['one sender', one, '< 0.2', '< 15', 14],
    ['100 senders', many, '< 1', '< 18', 12],
  ] as const) {
    row({ what: `redundancy, ${who}, from the first message on`, value: first.redundancy, paper: redundancy })
    row({ what: `redundancy, ${who}, settled`, value: settled.redundancy, atMost: 0.05 })
    row({ what: `hops to the last, ${who}, average from the first on`, value: first.lastHop, paper: hops })
    row({ what: `hops to the last node, ${who}, most, settled`, value: settled.lastHopMax, atMost: hopsMax })
  }
}

function joining(seed: number): void {
  const world = grow(JOINING, seed, 20)
  for (const through of ['any', 'one'] as const) {
    const result = fresh(() => burst(deepCopy(world), JOINING, through))
    const whom = through === 'any' ? 'each through any' : 'all through one contact'
    head(`1,000 nodes join a network of 1,000 at the same moment, ${whom}`)
    row({ what: 'seconds until it is one network', value: result.connectedS, atMost: 60 })
    row({ what: 'seconds until 19 of 20 places are taken', value: result.fullS })
    row({ what: 'reached a cycle later', value: result.reached, atLeast: 1 })
    row({ what: 'dials a node', value: result.dials })
    row({ what: 'dials of one node, most', value: result.dialsMax })
    row({ what: 'messages a node', value: result.messages })
    row({ what: 'messages of one node, most', value: result.messagesMax })
  }
}

/** Runs a measurement and lets go of the copies of the world that it made. */
function fresh<T>(measure: () => T): T {
  const result = measure()
  Bun.gc(true)
  return result
}

if (values.help) {
  console.log(HELP)
} else {
  const startedMs = performance.now()
  const nodes = whole('nodes', values.nodes ?? (values.quick ? '1000' : '10000'), 100)
  const seed = whole('seed', values.seed, 0)
  console.log(`${nodes} nodes, seed ${seed}, ${CYCLES} cycles of 30 s`)
  const world = grow(nodes, seed, CYCLES)
  shape(world)
  failures(world, seed, values.quick ? QUICK_PERCENTS : PERCENTS)
  trees(world, seed)
  broken(world, seed, values.quick ? 1 : 3)
  hundred(seed)
  joining(seed)
  foot(startedMs)
}
