import { IMPLEMENTATIONS, type Implementation, type Prepared, TITLES } from './implementations.ts'
import { type Measurement, measure, measureKill } from './measure.ts'
import type { KillResult } from './phase.ts'
import { describeTopology, type Topology, topologyNamed } from './topology.ts'

export interface RoundOptions {
  /** To measure speed, latency and bytes over. */
  readonly topologies: readonly Topology[]
  /** Whether the kill test is part of it. */
  readonly kills: boolean
  readonly repeats: number
  readonly timedMessages: number
  readonly killMessages: number
  /** How much of the usual number of messages is sent at full speed, 0 to 1. */
  readonly share: number
  readonly prepared: Readonly<Record<Implementation, Prepared>>
  /** On the clock of `performance.now()`: no measurement begins after it. */
  readonly endAtMs: number
}

export type Of<T> = Partial<Record<Implementation, T[]>>

export interface RoundResults {
  /** By the name of the topology. */
  readonly speeds: ReadonlyMap<string, Of<Measurement>>
  readonly kills: Of<KillResult>
}

export const PAYLOAD_BYTES = 256
export const RATE_PER_S = 200
/** Below what the slowest here can carry between 16 processes on two cores: what is measured is the loss, not the queue before it. */
export const KILL_RATE_PER_S = 50
export const KILL_COUNT = 4
export const KILL_TOPOLOGY = topologyNamed('rr16d3')!
const PHASE_MS_MAX = 30_000
const WARM_TIMED_MESSAGES = 150
/** Enough for one to three seconds at the speed each has shown, so that none is a matter of luck. */
const MESSAGES: Record<Implementation, { readonly warm: number; readonly fullSpeed: number }> = {
  hearsay: { warm: 30_000, fullSpeed: 400_000 },
  overlay: { warm: 30_000, fullSpeed: 400_000 },
  flood: { warm: 3_000, fullSpeed: 120_000 },
  gossipsub: { warm: 300, fullSpeed: 10_000 },
  rawtcp: { warm: 50_000, fullSpeed: 1_500_000 },
}
/** A network of so few is fully meshed, whatever it would be told to be. */
const MESH_SIZE_MAX = 6

/** Nodes hold what they are sent: with more of them each gets less, so that a run lasts as long. */
function messagesFor(implementation: Implementation, size: number, share: number): number {
  return Math.ceil((MESSAGES[implementation].fullSpeed * share * 3) / size)
}

/** What both kinds of measurement are told alike. */
function common(implementation: Implementation, command: readonly string[], topology: Topology) {
  return {
    command,
    topology,
    payloadBytes: PAYLOAD_BYTES,
    phaseMsMax: PHASE_MS_MAX,
    warmMessages: MESSAGES[implementation].warm,
    warmTimedMessages: WARM_TIMED_MESSAGES,
  }
}

export function measureSpeed(
  implementation: Implementation,
  command: readonly string[],
  topology: Topology,
  { share, timedMessages }: Pick<RoundOptions, 'share' | 'timedMessages'>,
): Promise<Measurement> {
  return measure({
    ...common(implementation, command, topology),
    messages: messagesFor(implementation, topology.size, share),
    timedMessages,
    ratePerS: RATE_PER_S,
  })
}

/** All of them in turn, and that again for each repeat: what slows the machine down for a while slows all alike. */
export class Rounds {
  private readonly speeds = new Map<string, Of<Measurement>>()
  private readonly kills: Of<KillResult> = {}
  private isLate = false

  constructor(
    private readonly options: RoundOptions,
    /** Told once why something is left out. */
    private readonly say: (line: string) => void,
    private readonly progress: (line: string) => void,
  ) {}

  async run(): Promise<RoundResults> {
    const { repeats, topologies, kills, prepared } = this.options
    for (const one of IMPLEMENTATIONS) if ('missing' in prepared[one]) this.say(`  ${prepared[one].missing}`)
    for (let repeat = 1; repeat <= repeats; repeat++) {
      for (const topology of topologies) {
        this.progress(`round ${repeat} of ${repeats}: ${describeTopology(topology)}`)
        const results = this.speeds.get(topology.name) ?? {}
        this.speeds.set(topology.name, results)
        const belongs = (one: Implementation): boolean => one !== 'overlay' || topology.size > MESH_SIZE_MAX
        await this.each(results, belongs, (one, command) => measureSpeed(one, command, topology, this.options))
      }
      if (!kills) continue
      this.progress(`round ${repeat} of ${repeats}: kill test`)
      // A tree that is given and not found has nothing to mend itself with.
      await this.each(
        this.kills,
        (one) => one !== 'rawtcp',
        (one, command) => this.kill(one, command, repeat),
      )
    }
    return { speeds: this.speeds, kills: this.kills }
  }

  private kill(implementation: Implementation, command: readonly string[], round: number): Promise<KillResult> {
    return measureKill({
      ...common(implementation, command, KILL_TOPOLOGY),
      messages: this.options.killMessages,
      ratePerS: KILL_RATE_PER_S,
      kill: KILL_COUNT,
      // Others in each round, the same for all implementations.
      seed: round,
    })
  }

  private async each<T>(
    results: Of<T>,
    belongs: (implementation: Implementation) => boolean,
    act: (implementation: Implementation, command: readonly string[]) => Promise<T>,
  ): Promise<void> {
    for (const implementation of IMPLEMENTATIONS) {
      const prepared = this.options.prepared[implementation]
      if ('missing' in prepared || !belongs(implementation) || this.outOfTime()) continue
      try {
        results[implementation] = [...(results[implementation] ?? []), await act(implementation, prepared.command)]
      } catch (error) {
        this.say(
          `  ${TITLES[implementation]} could not be measured: ${error instanceof Error ? error.message : String(error)}`,
        )
      }
    }
  }

  private outOfTime(): boolean {
    if (performance.now() < this.options.endAtMs) return false
    if (!this.isLate) this.say('  the time for this run is up: what is not measured by now is left out')
    this.isLate = true
    return true
  }
}
