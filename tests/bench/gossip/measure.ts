import { createServer } from 'node:net'
import { cpuMsOf, type MachineTime, machineTime, peakMbOf, WireCounter } from '../kernel.ts'
import { quantile } from '../statistics.ts'
import type { PublishReport, StatReport } from './kit.ts'
import { NodeProcess } from './node-process.ts'
import type { Topology } from './topology.ts'

export interface MeasureOptions {
  /** The command line of one node. */
  readonly command: readonly string[]
  readonly topology: Topology
  readonly payloadBytes: number
  /** Sent before anything is measured, so that the code is warm. */
  readonly warmMessages: number
  /** At full speed; 0 leaves the phase out. */
  readonly messages: number
  /** At `ratePerS`; 0 leaves the phase out. */
  readonly timedMessages: number
  readonly ratePerS: number
  /** For each phase. */
  readonly phaseMsMax: number
}

/** Figures of one phase. Null where this machine cannot tell. */
export interface PhaseResult {
  /** Share of all deliveries that took place, 0 to 1: below 1 the other figures mean little. */
  readonly deliveredShare: number
  /** At the farthest node, from the first publishing to its last delivery. */
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
  /** Share of the machine that others used meanwhile, in percent. */
  readonly otherPercent: number | null
  readonly stolenPercent: number | null
  /** Peak of the largest node so far. */
  readonly peakMb: number | null
}

export interface Measurement {
  readonly fullSpeed: PhaseResult | null
  readonly timed: PhaseResult | null
}

const START_MS_MAX = 60_000
const ANSWER_MS_MAX = 30_000
/** Quiet after dialling, so that what links do when they are new is over. */
const SETTLE_MS = 1_000
const PAUSE_MS = 500
/** Late duplicates land before bytes are read. */
const LATE_MS = 300
/** So that the bytes of a connection that is dropped in a phase still count. */
const WIRE_POLL_MS = 500

/** Starts the nodes, runs the phases, ends the nodes, whatever happens. Rejects when a node fails. */
export async function measure(options: MeasureOptions): Promise<Measurement> {
  const run = new Run(options, await freePorts(options.topology.size))
  try {
    await run.start()
    if (options.warmMessages > 0) await run.phase(options.warmMessages, 0)
    const timed = options.timedMessages > 0 ? await run.phase(options.timedMessages, options.ratePerS) : null
    const fullSpeed = options.messages > 0 ? await run.phase(options.messages, 0) : null
    return { fullSpeed, timed }
  } finally {
    await run.end()
  }
}

interface Before {
  readonly machine: MachineTime | null
  readonly nodesCpuMs: number | null
  readonly ownCpuMs: number
  readonly wireBytes: number | null
}

class Run {
  private readonly nodes: NodeProcess[] = []
  private readonly wire: WireCounter
  private phases = 0

  constructor(
    private readonly options: MeasureOptions,
    private readonly basePort: number,
  ) {
    this.wire = new WireCounter(basePort, basePort + options.topology.size - 1)
  }

  async start(): Promise<void> {
    const { topology, command } = this.options
    for (let id = 0; id < topology.size; id++) {
      const neighbors = topology.neighbors[id]!
      const children = neighbors.filter((other) => topology.parents[other] === id)
      this.nodes.push(
        new NodeProcess(command, {
          id,
          basePort: this.basePort,
          port: this.basePort + id,
          neighbors,
          dials: neighbors.filter((other) => other < id),
          parent: topology.parents[id]!,
          children,
        }),
      )
    }
    await Promise.all(this.nodes.map((node) => node.next('listening', START_MS_MAX)))
    for (const node of this.nodes) node.send({ cmd: 'dial' })
    await Promise.all(this.nodes.map((node) => node.next('ready', START_MS_MAX)))
    await Bun.sleep(SETTLE_MS)
  }

  async end(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.quit()))
  }

  /** Node 0 publishes `count` messages; over when every other node has them all, or after `phaseMsMax`. */
  async phase(count: number, rate: number): Promise<PhaseResult> {
    const { phaseMsMax, payloadBytes } = this.options
    const timed = rate > 0
    this.phases++
    for (const node of this.nodes) {
      node.forget()
      node.send({ cmd: 'phase', phase: this.phases, count, timed })
    }
    await Promise.all(this.nodes.map((node) => node.next('phase', ANSWER_MS_MAX)))
    const before = this.take()
    const publisher = this.nodes[0]!
    publisher.send({ cmd: 'publish', count, size: payloadBytes, rate })
    const poll = setInterval(() => this.wire.totalBytes(), WIRE_POLL_MS)
    const [published] = await Promise.all([
      publisher.next('published', phaseMsMax),
      ...this.nodes.slice(1).map((node) => this.doneOrLate(node)),
    ]).finally(() => clearInterval(poll))
    const machine = this.machineShares(before)
    await Bun.sleep(LATE_MS)
    const after = this.take()
    for (const node of this.nodes) node.send({ cmd: 'stat' })
    const stats = await Promise.all(this.nodes.map((node) => node.next('stat', ANSWER_MS_MAX)))
    await Bun.sleep(PAUSE_MS)
    return { ...this.figures(count, published, stats, before, after), ...machine }
  }

  /** A node that does not get everything in time has lost some: the figures say so. One that failed says so when asked for them. */
  private doneOrLate(node: NodeProcess): Promise<unknown> {
    return node.next('done', this.options.phaseMsMax).catch(() => null)
  }

  private take(): Before {
    const each = this.nodes.map((node) => cpuMsOf(node.pid))
    const nodesCpuMs = each.includes(null) ? null : each.reduce<number>((sum, ms) => sum + (ms ?? 0), 0)
    const own = process.cpuUsage()
    const ownCpuMs = (own.user + own.system) / 1000
    return { machine: machineTime(), nodesCpuMs, ownCpuMs, wireBytes: this.wire.totalBytes() }
  }

  private machineShares(before: Before): Pick<PhaseResult, 'otherPercent' | 'stolenPercent'> {
    const now = this.take()
    if (before.machine === null || now.machine === null || before.nodesCpuMs === null || now.nodesCpuMs === null) {
      return { otherPercent: null, stolenPercent: null }
    }
    const totalMs = now.machine.totalMs - before.machine.totalMs
    const busyMs = totalMs - (now.machine.idleMs - before.machine.idleMs)
    const oursMs = now.nodesCpuMs - before.nodesCpuMs + (now.ownCpuMs - before.ownCpuMs)
    return {
      otherPercent: Math.max(0, (100 * (busyMs - oursMs)) / totalMs),
      stolenPercent: (100 * (now.machine.stolenMs - before.machine.stolenMs)) / totalMs,
    }
  }

  private figures(
    count: number,
    published: PublishReport,
    stats: readonly StatReport[],
    before: Before,
    after: Before,
  ): Omit<PhaseResult, 'otherPercent' | 'stolenPercent'> {
    const receivers = stats.slice(1)
    const delivered = receivers.reduce((sum, stat) => sum + stat.delivered, 0)
    const copies = stats.reduce((sum, stat) => sum + stat.copies, 0)
    const last = stats[this.options.topology.last]!
    const latencies = receivers.flatMap((stat) => stat.latenciesMs).sort((a, b) => a - b)
    const over = (now: number | null, then: number | null, by: number): number | null =>
      now === null || then === null ? null : (now - then) / by
    const peaks = this.nodes.map((node) => peakMbOf(node.pid) ?? Number.NaN)
    const peakMb = Math.max(...peaks)
    return {
      deliveredShare: delivered / (count * receivers.length),
      messagesPerS: (last.delivered * 1000) / (last.lastAtMs - published.startedAtMs),
      copiesPerDelivery: copies / delivered,
      wireBytesPerPayloadByte: over(after.wireBytes, before.wireBytes, delivered * this.options.payloadBytes),
      cpuUsPerDelivery: over(after.nodesCpuMs, before.nodesCpuMs, delivered / 1000),
      p50Ms: latencies.length === 0 ? null : quantile(latencies, 0.5),
      p99Ms: latencies.length === 0 ? null : quantile(latencies, 0.99),
      peakMb: Number.isNaN(peakMb) ? null : peakMb,
    }
  }
}

const FIRST_PORT = 41_000
const LAST_PORT = 48_000

/** The first of `count` ports in a row on which nothing listens on 127.0.0.1. */
async function freePorts(count: number): Promise<number> {
  for (let base = FIRST_PORT; base + count <= LAST_PORT; base += count) {
    const free = await Promise.all(Array.from({ length: count }, (_, i) => isFree(base + i)))
    if (free.every(Boolean)) return base
  }
  throw new Error(`no ${count} free ports in a row between ${FIRST_PORT} and ${LAST_PORT}`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
