import { against, atMost, type Goal, over, spread, table } from '../report.ts'
import { IMPLEMENTATIONS, type Implementation, type Prepared } from './implementations.ts'
import { type Measurement, measure, type PhaseResult } from './measure.ts'
import type { Topology } from './topology.ts'

export interface CompareOptions {
  readonly topology: Topology
  readonly repeats: number
  readonly timedMessages: number
  /** How much of the usual number of messages is sent at full speed, 0 to 1. */
  readonly share: number
  readonly prepared: Readonly<Record<Implementation, Prepared>>
}

export type Measurements = Partial<Record<Implementation, Measurement[]>>

const PAYLOAD_BYTES = 256
const RATE_PER_S = 200
const PHASE_MS_MAX = 60_000
/** Enough for one to three seconds at the speed each has shown, so that none is a matter of luck. */
const MESSAGES: Record<Implementation, { readonly warm: number; readonly fullSpeed: number }> = {
  hearsay: { warm: 30_000, fullSpeed: 400_000 },
  flood: { warm: 3_000, fullSpeed: 120_000 },
  gossipsub: { warm: 500, fullSpeed: 10_000 },
  rawtcp: { warm: 50_000, fullSpeed: 1_500_000 },
}

/** Nodes hold what they are sent: with more of them each gets less, so that a run lasts as long. */
function messagesFor(implementation: Implementation, options: CompareOptions): number {
  return Math.ceil((MESSAGES[implementation].fullSpeed * options.share * 3) / options.topology.size)
}

export function measureOne(
  implementation: Implementation,
  command: readonly string[],
  options: CompareOptions,
): Promise<Measurement> {
  return measure({
    command,
    topology: options.topology,
    payloadBytes: PAYLOAD_BYTES,
    warmMessages: MESSAGES[implementation].warm,
    messages: messagesFor(implementation, options),
    timedMessages: options.timedMessages,
    ratePerS: RATE_PER_S,
    phaseMsMax: PHASE_MS_MAX,
  })
}

/** All of them in turn, and that again for each repeat: what slows the machine down for a while slows all alike. */
export async function compare(options: CompareOptions, say: (line: string) => void): Promise<Measurements> {
  const results: Measurements = {}
  for (let repeat = 0; repeat < options.repeats; repeat++) {
    for (const implementation of IMPLEMENTATIONS) {
      const prepared = options.prepared[implementation]
      if ('missing' in prepared) {
        if (repeat === 0) say(`  ${prepared.missing}`)
        continue
      }
      try {
        const measurement = await measureOne(implementation, prepared.command, options)
        results[implementation] = [...(results[implementation] ?? []), measurement]
      } catch (error) {
        say(`  ${implementation} could not be measured: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  }
  return results
}

type Pick = (phase: PhaseResult) => number | null

const FULL_SPEED: readonly (readonly [string, Pick])[] = [
  ['full speed, messages/s', (phase) => phase.messagesPerS],
  ['  CPU µs per delivery', (phase) => phase.cpuUsPerDelivery],
  ['  wire bytes per payload byte', (phase) => phase.wireBytesPerPayloadByte],
  ['  delivered, %', (phase) => 100 * phase.deliveredShare],
  ['  peak memory of a node, MB', (phase) => phase.peakMb],
  ['  used by others meanwhile, %', (phase) => phase.otherPercent],
]

const TIMED: readonly (readonly [string, Pick])[] = [
  [`at ${RATE_PER_S}/s, latency p50 ms`, (phase) => phase.p50Ms],
  ['  latency p99 ms', (phase) => phase.p99Ms],
  ['  CPU µs per delivery', (phase) => phase.cpuUsPerDelivery],
  ['  wire bytes per payload byte', (phase) => phase.wireBytesPerPayloadByte],
  ['  delivered, %', (phase) => 100 * phase.deliveredShare],
]

export function comparisonTable(results: Measurements): string {
  const found = IMPLEMENTATIONS.filter((implementation) => results[implementation] !== undefined)
  const rows = (figures: readonly (readonly [string, Pick])[], of: (measurement: Measurement) => PhaseResult | null) =>
    figures.map(([label, pick]) => [label, ...found.map((one) => spread(over(results[one]!.map(of), pick)))])
  return table([
    ['', ...found],
    ...rows(FULL_SPEED, (measurement) => measurement.fullSpeed),
    ...rows(TIMED, (measurement) => measurement.timed),
  ])
}

/** What the chain is to reach, judged by medians. */
export function comparisonGoals(results: Measurements): Goal[] {
  const of = (implementation: Implementation, pick: Pick) =>
    over(
      (results[implementation] ?? []).map((measurement) => measurement.fullSpeed),
      pick,
    )
  // Losing messages is no way to be quick.
  const speed = (implementation: Implementation) =>
    of(implementation, (phase) => (phase.deliveredShare === 1 ? phase.messagesPerS : null))
  const ours = speed('hearsay')
  const wire = of('hearsay', (phase) => phase.wireBytesPerPayloadByte)
  return [
    against('at least 2 × flood', ours, speed('flood'), 2, true),
    against('at least 50 × gossipsub', ours, speed('gossipsub'), 50, true),
    atMost('at most 1.1 wire bytes per payload byte', wire, 1.1, ''),
  ]
}
