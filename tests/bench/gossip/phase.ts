/** What is made of the counts of one phase: pure, so that it can be held to cases worked out by hand. */
import { quantile } from '../statistics.ts'
import type { PublishReport, StatReport } from './kit.ts'

/** Counters of everything that ran, at one moment. Null where this machine cannot tell. */
export interface Counters {
  readonly nodesCpuMs: number | null
  readonly ownCpuMs: number
  readonly wireBytes: number | null
  readonly totalMs: number | null
  readonly idleMs: number | null
  readonly stolenMs: number | null
}

/** Share of the machine that was not ours, in percent. Null where this machine cannot tell. */
export interface MachineShares {
  readonly otherPercent: number | null
  /** Taken by the host this virtual machine runs on. */
  readonly stolenPercent: number | null
}

/** Figures of one phase. Null where this machine cannot tell. */
export interface PhaseResult extends MachineShares {
  /** Share of all deliveries that took place, 0 to 1: below 1 the other figures mean little. */
  readonly deliveredShare: number
  /** At the node that was last to have them, from the first publishing to its last delivery. */
  readonly messagesPerS: number
  /** 1 without redundancy; 0 where copies are not counted. */
  readonly copiesPerDelivery: number
  /** Bytes given to TCP by all nodes, over bytes delivered. */
  readonly wireBytesPerPayloadByte: number | null
  /** Processor time of all nodes over deliveries. */
  readonly cpuUsPerDelivery: number | null
  /** From publishing to delivery, over all deliveries at all nodes; null in a phase that is not timed. */
  readonly p50Ms: number | null
  readonly p99Ms: number | null
  /** Peak of the largest node so far. */
  readonly peakMb: number | null
}

/** Figures of the phase in which nodes are killed, of those that are left. */
export interface KillResult extends MachineShares {
  readonly killed: number
  /** Deliveries there should have been. */
  readonly expected: number
  /** Those that did not take place. */
  readonly missed: number
  readonly p99Ms: number
  /** The slowest delivery of all. */
  readonly worstMs: number
  /** The same of messages that had half a second or more before the kill: what this machine does to any message. */
  readonly worstBeforeMs: number
  readonly over100Ms: number
}

/** Published so long before the kill a message is counted as one from before. */
const BEFORE_S = 0.5

export function machineShares(before: Counters, after: Counters): MachineShares {
  const difference = (of: (counters: Counters) => number | null): number => {
    const [then, now] = [of(before), of(after)]
    return then === null || now === null ? Number.NaN : now - then
  }
  const totalMs = difference((counters) => counters.totalMs)
  const busyMs = totalMs - difference((counters) => counters.idleMs)
  const oursMs = difference((counters) => counters.nodesCpuMs) + difference((counters) => counters.ownCpuMs)
  const percent = (ms: number): number | null => (Number.isNaN(ms) ? null : Math.max(0, (100 * ms) / totalMs))
  return {
    otherPercent: percent(busyMs - oursMs),
    stolenPercent: percent(difference((counters) => counters.stolenMs)),
  }
}

/** `stats`: of every node, the publisher first. */
export function phaseFigures(
  payloadBytes: number,
  published: PublishReport,
  stats: readonly StatReport[],
  before: Counters,
  after: Counters,
): Omit<PhaseResult, keyof MachineShares | 'peakMb'> {
  const receivers = stats.slice(1)
  const delivered = receivers.reduce((sum, stat) => sum + stat.delivered, 0)
  const copies = stats.reduce((sum, stat) => sum + stat.copies, 0)
  const speeds = receivers.map((stat) => (stat.delivered * 1000) / (stat.lastAtMs - published.startedAtMs))
  const latencies = receivers.flatMap((stat) => arrived(stat.latenciesMs)).sort((a, b) => a - b)
  const over = (now: number | null, then: number | null, by: number): number | null =>
    now === null || then === null ? null : (now - then) / by
  return {
    deliveredShare: delivered / (published.count * receivers.length),
    messagesPerS: Math.max(0, Math.min(...speeds)),
    copiesPerDelivery: copies / delivered,
    wireBytesPerPayloadByte: over(after.wireBytes, before.wireBytes, delivered * payloadBytes),
    cpuUsPerDelivery: over(after.nodesCpuMs, before.nodesCpuMs, delivered / 1000),
    p50Ms: latencies.length === 0 ? null : quantile(latencies, 0.5),
    p99Ms: latencies.length === 0 ? null : quantile(latencies, 0.99),
  }
}

/** `survivors`: stats of every node left but the publisher. Of the `published` messages those with a number under `killedAt` came before. */
export function killFigures(
  killed: number,
  published: number,
  killedAt: number,
  ratePerS: number,
  survivors: readonly StatReport[],
): Omit<KillResult, keyof MachineShares> {
  const steady = Math.max(0, killedAt - Math.ceil(ratePerS * BEFORE_S))
  const latencies = survivors.flatMap((stat) => arrived(stat.latenciesMs)).sort((a, b) => a - b)
  const before = survivors.flatMap((stat) => arrived(stat.latenciesMs.slice(0, steady))).sort((a, b) => a - b)
  const expected = published * survivors.length
  return {
    killed,
    expected,
    missed: expected - latencies.length,
    p99Ms: quantile(latencies, 0.99),
    worstMs: latencies.at(-1) ?? Number.NaN,
    worstBeforeMs: before.at(-1) ?? Number.NaN,
    over100Ms: latencies.filter((ms) => ms > 100).length,
  }
}

/** Of messages that came. */
function arrived(latenciesMs: readonly number[]): number[] {
  return latenciesMs.filter((ms) => ms >= 0)
}
