import { type Goal, goalLine } from '../report.ts'
import { goalTable, killGoals, killTable, othersLine, speedGoals, speedTable } from './comparison.ts'
import type { Implementation, Prepared } from './implementations.ts'
import { KILL_COUNT, KILL_RATE_PER_S, KILL_TOPOLOGY, PAYLOAD_BYTES, type RoundResults, Rounds } from './rounds.ts'
import { describeTopology, type Topology } from './topology.ts'

export interface GossipPartOptions {
  readonly quick: boolean
  /** None: the kill test alone. */
  readonly topologies: readonly Topology[]
  readonly kills: boolean
  readonly prepared: Readonly<Record<Implementation, Prepared>>
  readonly endAtMs: number
}

export interface GossipFigures {
  readonly repeats: number
  readonly speeds: Readonly<Record<string, unknown>>
  readonly kills: RoundResults['kills']
}

/** Measures hearsay beside its peers and prints it, goals last. */
export async function gossipPart(options: GossipPartOptions): Promise<{ goals: Goal[]; figures: GossipFigures }> {
  const { quick, topologies } = options
  const repeats = quick ? 1 : 3
  const times = repeats === 1 ? 'once each' : `${repeats} times each, in turn; median (range)`
  console.log(`gossip: ${PAYLOAD_BYTES}-byte messages of one publisher, ${times}`)
  const rounds = new Rounds(
    {
      ...options,
      repeats,
      timedMessages: quick ? 300 : 600,
      killMessages: quick ? 200 : 400,
      share: quick ? 0.2 : 1,
    },
    (line) => console.log(line),
    (line) => console.error(`  … ${line}`),
  )
  const results = await rounds.run()
  for (const topology of topologies) {
    console.log(`${describeTopology(topology)} (${topology.name})`)
    console.log(speedTable(results.speeds.get(topology.name) ?? {}))
  }
  const goals = topologies.length === 0 ? [] : printGoals(topologies, results)
  if (options.kills) goals.push(...printKills(results))
  const others = othersLine(results)
  if (others !== null) console.log(others)
  const figures = { repeats, speeds: Object.fromEntries(results.speeds), kills: results.kills }
  return { goals, figures }
}

function printGoals(topologies: readonly Topology[], { speeds }: RoundResults): Goal[] {
  const goals = topologies.map(({ name }) => speedGoals(name, speeds.get(name) ?? {}))
  console.log('against the goals')
  console.log(goalTable(topologies.map(describeTopology), goals))
  return topologies.flatMap(({ name }, at) => goals[at]!.map((goal) => ({ ...goal, what: `${name}: ${goal.what}` })))
}

function printKills({ kills }: RoundResults): Goal[] {
  console.log(
    `kill test: ${KILL_COUNT} of the ${describeTopology(KILL_TOPOLOGY)} get SIGKILL while ${KILL_RATE_PER_S} messages/s flow`,
  )
  console.log(
    '  links fixed: victims drawn so that the rest stays connected, others in each round; own overlay: it has to mend itself; raw TCP cannot',
  )
  console.log(killTable(kills))
  const goals = killGoals(kills)
  for (const goal of goals) console.log(goalLine(goal))
  return goals
}
