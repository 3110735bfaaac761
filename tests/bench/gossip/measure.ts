import { Network, type NetworkOptions } from './network.ts'
import type { KillResult, PhaseResult } from './phase.ts'
import { victimsOf } from './topology.ts'

interface WarmUp {
  /** Sent at full speed before anything is measured, so that the code is warm. */
  readonly warmMessages: number
  /** The same at the rate of what is measured: a burst warms other code than one message at a time does. */
  readonly warmTimedMessages: number
}

export interface MeasureOptions extends NetworkOptions, WarmUp {
  /** At full speed; 0 leaves the phase out. */
  readonly messages: number
  /** At `ratePerS`; 0 leaves the phase out. */
  readonly timedMessages: number
  readonly ratePerS: number
}

export interface Measurement {
  readonly fullSpeed: PhaseResult | null
  readonly timed: PhaseResult | null
}

/** Starts the nodes, runs the phases, ends the nodes, whatever happens. Rejects when a node fails. */
export function measure(options: MeasureOptions): Promise<Measurement> {
  return Network.with(options, async (network) => {
    await warmUp(network, options, options.ratePerS)
    const timed = options.timedMessages > 0 ? await network.phase(options.timedMessages, options.ratePerS) : null
    const fullSpeed = options.messages > 0 ? await network.phase(options.messages, 0) : null
    return { fullSpeed, timed }
  })
}

export interface KillOptions extends NetworkOptions, WarmUp {
  readonly messages: number
  readonly ratePerS: number
  /** How many get SIGKILL half way. Those left stay connected by the links they have. */
  readonly kill: number
  /** Who they are is drawn from it. */
  readonly seed: number
}

/** Like `measure`, with nodes that vanish while messages flow. */
export async function measureKill(options: KillOptions): Promise<KillResult> {
  const victims = victimsOf(options.topology, options.kill, options.seed)
  if (victims.length < options.kill)
    throw new Error(`${options.topology.name} falls apart without ${options.kill} nodes`)
  return await Network.with(options, async (network) => {
    await warmUp(network, options, options.ratePerS)
    return network.killPhase(victims, options.messages, options.ratePerS)
  })
}

async function warmUp(network: Network, { warmMessages, warmTimedMessages }: WarmUp, ratePerS: number): Promise<void> {
  if (warmMessages > 0) await network.warmUp(warmMessages, 0)
  if (warmTimedMessages > 0) await network.warmUp(warmTimedMessages, ratePerS)
}
