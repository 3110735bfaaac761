/** What is left of membership and broadcast under attack. See `HELP`. */
import { parseArgs } from 'node:util'
import { poisonAttack, type SybilResult, sybilAttack } from '../tests/sim/overlay/attacks.ts'
import { deepCopy } from '../tests/sim/overlay/copy.ts'
import { CYCLE_MS, grow } from '../tests/sim/overlay/growth.ts'
import { MISCHIEFS } from '../tests/sim/overlay/mischief.ts'
import { relayAttack } from '../tests/sim/overlay/relay-attack.ts'
import { scattered, type World } from '../tests/sim/overlay/world.ts'
import { columns, foot, goal } from './sim-table.ts'

const HELP = `scripts/sim attacks [--quick] [--nodes N] [--seed S]

Grows a network of N nodes (1000; --quick: 400) and mounts attacks on it: a thousand sybils against one node, poisoned shuffles, and
relays that do harm to the feeds that pass through them. Says what honest nodes still do. The same seed gives the same table.`

const CYCLES = 20
const SYBILS = 1_000
/** Far from any honest node's own place among the scattered addresses. */
const SCATTERED_FROM = 1_000_000
const HONEST_MIN = 2

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

function sybils(world: World, seed: number, isQuick: boolean): void {
  const seconds = isQuick ? 120 : 600
  console.log(`
${SYBILS} sybils against one node for ${seconds} s, each trying a hundred times in that time or as often as it may
  links: with honest peers, at the end and fewest; passive: share of sybils; heard, said: of messages to and from the victim`)
  const places: readonly (readonly [string, (sybil: number) => string])[] = [
    ['from one /24', (i) => `9.9.9.${1 + (i % 254)}`],
    ['from ten /24', (i) => `9.9.${i % 10}.${1 + (i % 254)}`],
    ['from anywhere', (i) => scattered(SCATTERED_FROM + i)],
  ]
  const rows = places.flatMap(([where, hostOf]) =>
    [0, 30].map((churnEveryS) => {
      const attacked = copyOf(world, seed)
      const result: SybilResult = sybilAttack(attacked, SYBILS, seconds, hostOf, churnEveryS)
      const what = churnEveryS === 0 ? where : `${where}, an honest neighbour dies every ${churnEveryS} s`
      const { honestEnd, honestMin, passiveShare, heard, said } = result
      const atLeast = churnEveryS === 0 ? HONEST_MIN : 1
      const wanted = goal(`sybils ${what}, honest links`, honestMin, { atLeast })
      return [what, honestEnd, honestMin, wanted, passiveShare, heard, said]
    }),
  )
  columns(['', 'links', 'fewest', 'goal', 'passive', 'heard', 'said'], rows)
}

function poison(world: World, seed: number): void {
  console.log(`
Shuffles poisoned for 20 cycles by neighbours that name peers who do not exist, four times a second
  known: of passive views, what leads nowhere, on average and in the worst; dials: to nowhere, a node and minute
  links: with honest peers, a node; half: flooded messages that arrive after half of all fail at once (the 100th to the 200th)`)
  const rows = [1, 5, 25].map((reach) => {
    const result = poisonAttack(copyOf(world, seed), reach, 20, CYCLE_MS)
    const wanted = goal(`poisoner of ${reach}, after half have failed`, result.healed, { atLeast: 0.99 })
    return [
      `one poisoner, ${reach} targets`,
      result.share,
      result.worst,
      result.dialsPerMinute,
      result.degree,
      result.healed,
      wanted,
    ]
  })
  columns(['', 'known', 'worst', 'dials', 'links', 'half', 'goal'], rows)
}

function relays(world: World, seed: number, share: number): void {
  console.log(`
${share * 100} % of all nodes do harm to the feeds of five honest ones (whole nodes would cut off whoever sends too much: here nobody does)
  reached: honest nodes that have each message within 5 s; copies: sent for each that was new, less one; ms: on links of 10 to 90
  frames: about feeds, for each message and node`)
  const rows = [null, ...MISCHIEFS].map((kind) => {
    const result = relayAttack(copyOf(world, seed), kind, share)
    const { reliability, lastHop, lastHopMax, redundancy, medianMs, lastMs, framesEach } = result
    const wanted = share > 0.1 ? '' : goal(`relays: ${kind}, reached`, reliability, { atLeast: 0.9999 })
    return [kind ?? 'nobody does', reliability, wanted, lastHop, lastHopMax, redundancy, medianMs, lastMs, framesEach]
  })
  columns(['', 'reached', 'goal', 'hops', 'most', 'copies', 'ms to half', 'to the last', 'frames'], rows)
}

function copyOf(world: World, seed: number): World {
  Bun.gc(true)
  const copy = deepCopy(world)
  copy.rng.reseed(seed)
  return copy
}

if (values.help) {
  console.log(HELP)
} else {
  const startedMs = performance.now()
  const nodes = whole('nodes', values.nodes ?? (values.quick ? '400' : '1000'), 100)
  const seed = whole('seed', values.seed, 0)
  console.log(`${nodes} nodes, seed ${seed}, ${CYCLES} cycles of 30 s`)
  const world = grow(nodes, seed, CYCLES)
  sybils(world, seed, values.quick)
  poison(world, seed)
  for (const share of [0.1, 0.3]) relays(world, seed, share)
  foot(startedMs)
}
