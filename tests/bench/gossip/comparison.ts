/** What rounds have measured, to be read: tables, and the goals beside them. */
import { against, atMost, figure, type Goal, over, spread, table } from '../report.ts'
import { type Sample, summarise } from '../statistics.ts'
import { IMPLEMENTATIONS, type Implementation, TITLES } from './implementations.ts'
import type { Measurement } from './measure.ts'
import type { KillResult, MachineShares, PhaseResult } from './phase.ts'
import { type Of, RATE_PER_S, type RoundResults } from './rounds.ts'

type Picker<T> = (phase: T) => number | null

const FULL_SPEED: readonly (readonly [string, Picker<PhaseResult>])[] = [
  ['full speed, messages/s', (phase) => phase.messagesPerS],
  ['  CPU µs per delivery', (phase) => phase.cpuUsPerDelivery],
  ['  wire bytes per payload byte', (phase) => phase.wireBytesPerPayloadByte],
  ['  delivered, %', (phase) => 100 * phase.deliveredShare],
  ['  peak memory of a node, MB', (phase) => phase.peakMb],
  ['  used by others meanwhile, %', (phase) => phase.otherPercent],
]

const TIMED: readonly (readonly [string, Picker<PhaseResult>])[] = [
  [`at ${RATE_PER_S}/s, latency p50 ms`, (phase) => phase.p50Ms],
  ['  latency p99 ms', (phase) => phase.p99Ms],
  ['  CPU µs per delivery', (phase) => phase.cpuUsPerDelivery],
  ['  wire bytes per payload byte', (phase) => phase.wireBytesPerPayloadByte],
  ['  delivered, %', (phase) => 100 * phase.deliveredShare],
  ['  used by others meanwhile, %', (phase) => phase.otherPercent],
]

function measured<T>(results: Of<T>): Implementation[] {
  return IMPLEMENTATIONS.filter((implementation) => results[implementation] !== undefined)
}

/** Columns are the implementations. */
export function speedTable(results: Of<Measurement>): string {
  const found = measured(results)
  const rows = (
    figures: readonly (readonly [string, Picker<PhaseResult>])[],
    of: (measurement: Measurement) => PhaseResult | null,
  ) => figures.map(([label, pick]) => [label, ...found.map((one) => spread(over(results[one]!.map(of), pick)))])
  return table([
    ['', ...found.map((one) => TITLES[one])],
    ...rows(FULL_SPEED, (measurement) => measurement.fullSpeed),
    ...rows(TIMED, (measurement) => measurement.timed),
  ])
}

const KILL: readonly (readonly [string, Picker<KillResult>])[] = [
  ['worst ms', (kill) => kill.worstMs],
  ['worst before the kill', (kill) => kill.worstBeforeMs],
  ['p99 ms', (kill) => kill.p99Ms],
  ['used by others, %', (kill) => kill.otherPercent],
]

/** Rows are the implementations. What was lost is added up over all repeats: a median would hide it. */
export function killTable(results: Of<KillResult>): string {
  const row = (one: Implementation): string[] => {
    const sum = (of: (kill: KillResult) => number) => results[one]!.reduce((all, kill) => all + of(kill), 0)
    const of = sum((kill) => kill.expected).toLocaleString('en-US')
    return [
      TITLES[one],
      `${sum((kill) => kill.missed).toLocaleString('en-US')} of ${of}`,
      ...KILL.map(([, pick]) => spread(over(results[one]!, pick))),
      String(sum((kill) => kill.over100Ms)),
    ]
  }
  const head = ['', 'missed', ...KILL.map(([label]) => label), 'over 100 ms']
  return table([head, ...measured(results).map(row)])
}

/** The goals of one topology: always as many, in the same order. `what` says it for all of them. */
export function speedGoals(topology: string, results: Of<Measurement>): Goal[] {
  const of = (one: Implementation, phase: 'fullSpeed' | 'timed', pick: Picker<PhaseResult>): Sample | null =>
    over(
      (results[one] ?? []).map((measurement) => measurement[phase]),
      // Losing messages is no way to be quick.
      (result) => (result.deliveredShare === 1 ? pick(result) : null),
    )
  const speed = (one: Implementation) => of(one, 'fullSpeed', (phase) => phase.messagesPerS)
  const p99 = (one: Implementation) => of(one, 'timed', (phase) => phase.p99Ms)
  const wire = (phase: 'fullSpeed' | 'timed') => of('hearsay', phase, (result) => result.wireBytesPerPayloadByte)
  const factor = topology.startsWith('chain') ? 50 : 100
  return [
    against(
      'messages/s, at least 100 × gossipsub (50 × in a chain)',
      speed('hearsay'),
      speed('gossipsub'),
      factor,
      true,
    ),
    against('messages/s, at least 2 × flood', speed('hearsay'), speed('flood'), 2, true),
    atMost('wire bytes per payload byte at full speed, at most 1.05', wire('fullSpeed'), 1.05, ''),
    atMost(`wire bytes per payload byte at ${RATE_PER_S}/s, at most 1.5`, wire('timed'), 1.5, ''),
    against('p99 latency, at most 0.25 × gossipsub', p99('hearsay'), p99('gossipsub'), 0.25, false),
    against('p99 latency, at most 2 × flood', p99('hearsay'), p99('flood'), 2, false),
  ]
}

/** The worst of all repeats counts, not their median. */
export function killGoals(results: Of<KillResult>): Goal[] {
  return (['hearsay', 'overlay'] as const).flatMap((one) => {
    const worst = (pick: Picker<KillResult>): Sample | null => {
      const sample = over(results[one] ?? [], pick)
      return sample === null ? null : summarise([sample.max])
    }
    return [
      atMost(
        `${TITLES[one]}: survivors miss nothing`,
        worst((kill) => kill.missed),
        0,
        'missed',
      ),
      atMost(
        `${TITLES[one]}: worst delivery at most 100 ms`,
        worst((kill) => kill.worstMs),
        100,
        'ms',
      ),
    ]
  })
}

/** Goals that several topologies have in common, a column each. */
export function goalTable(columns: readonly string[], goals: readonly (readonly Goal[])[]): string {
  const cell = ({ met, detail }: Goal): string => (met === null ? detail : `${detail} ${met ? 'met' : 'MISSED'}`)
  const rows = (goals[0] ?? []).map(({ what }, at) => [`goal: ${what}`, ...goals.map((column) => cell(column[at]!))])
  return table([['', ...columns], ...rows])
}

/** What others took of the machine while all this was measured; null where it cannot tell. */
export function othersLine({ speeds, kills }: RoundResults): string | null {
  const phases: MachineShares[] = Object.values(kills).flat()
  for (const results of speeds.values()) {
    for (const { fullSpeed, timed } of Object.values(results).flat()) {
      for (const phase of [fullSpeed, timed]) if (phase !== null) phases.push(phase)
    }
  }
  const others = summarise(phases.map((phase) => phase.otherPercent ?? Number.NaN))
  const stolen = summarise(phases.map((phase) => phase.stolenPercent ?? Number.NaN))
  if (others === null) return null
  const host = stolen === null ? '' : `, its host ${spread(stolen)}`
  const disturbed = phases.filter((phase) => (phase.otherPercent ?? 0) > DISTURBED_PERCENT).length
  return `others took ${spread(others)} % of the machine${host}; more than ${figure(DISTURBED_PERCENT)} % in ${disturbed} of ${phases.length} phases`
}

/** Of two cores, a fifth of one: enough to be seen in a figure. */
const DISTURBED_PERCENT = 10
