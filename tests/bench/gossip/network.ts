import { machineTime, peakMbOf, WireCounter } from '../kernel.ts'
import { freePorts } from './free-ports.ts'
import type { PublishReport } from './kit.ts'
import { NodeProcess } from './node-process.ts'
import { type Counters, type KillResult, killFigures, machineShares, type PhaseResult, phaseFigures } from './phase.ts'
import type { Topology } from './topology.ts'

export interface NetworkOptions {
  /** The command line of one node. */
  readonly command: readonly string[]
  readonly topology: Topology
  readonly payloadBytes: number
  /** For each phase: what has not been published or has not arrived by then is left out. */
  readonly phaseMsMax: number
}

const START_MS_MAX = 60_000
const ANSWER_MS_MAX = 30_000
/** Of a phase, the part in which is published: what is under way at its end may still arrive. */
const PUBLISHING_SHARE = 0.7
/** Quiet after dialling, so that what links do when they are new is over. */
const SETTLE_MS = 1_000
const PAUSE_MS = 500
/** Late duplicates land before bytes are read. */
const LATE_MS = 300
/** So that the bytes of a connection that is dropped in a phase still count. */
const WIRE_POLL_MS = 500

/** The processes of one implementation, linked as told. Whoever opens one calls `end`, whatever happens. */
export class Network {
  private readonly nodes: NodeProcess[] = []
  private readonly wire: WireCounter
  private phases = 0

  private constructor(
    private readonly options: NetworkOptions,
    private readonly basePort: number,
  ) {
    this.wire = new WireCounter(basePort, basePort + options.topology.size - 1)
  }

  /** Starts the nodes, hands them to `use`, and ends them. Rejects when one of them fails. */
  static async with<T>(options: NetworkOptions, use: (network: Network) => Promise<T>): Promise<T> {
    const network = new Network(options, await freePorts(options.topology.size))
    try {
      await network.start()
      return await use(network)
    } finally {
      await Promise.all(network.nodes.map((node) => node.quit()))
    }
  }

  private async start(): Promise<void> {
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

  /** A phase of which nothing is kept. */
  async warmUp(count: number, ratePerS: number): Promise<void> {
    await this.begin(this.nodes, count, ratePerS > 0)
    await this.publish(this.nodes, count, ratePerS)
    await Bun.sleep(LATE_MS)
  }

  /** Node 0 publishes `count` messages, `ratePerS` or (0) as fast as it can; over when every other node has them all, or time is up. */
  async phase(count: number, ratePerS: number): Promise<PhaseResult> {
    await this.begin(this.nodes, count, ratePerS > 0)
    const before = this.counters()
    const poll = setInterval(() => this.wire.totalBytes(), WIRE_POLL_MS)
    const published = await this.publish(this.nodes, count, ratePerS).finally(() => clearInterval(poll))
    const shares = machineShares(before, this.counters())
    await Bun.sleep(LATE_MS)
    const after = this.counters()
    const stats = await this.stats(this.nodes)
    const peakMb = Math.max(...this.nodes.map((node) => peakMbOf(node.pid) ?? Number.NaN))
    await Bun.sleep(PAUSE_MS)
    return {
      ...phaseFigures(this.options.payloadBytes, published, stats, before, after),
      ...shares,
      peakMb: Number.isNaN(peakMb) ? null : peakMb,
    }
  }

  /** The same, and half way through `victims` get SIGKILL, all at once. Node 0 is not to be one. */
  async killPhase(victims: readonly number[], count: number, ratePerS: number): Promise<KillResult> {
    const survivors = this.nodes.filter((_, id) => !victims.includes(id))
    await this.begin(this.nodes, count, true)
    const before = this.counters()
    const killed = Bun.sleep((count * 500) / ratePerS).then(() =>
      Promise.all(victims.map((id) => this.nodes[id]!.kill())),
    )
    const published = await this.publish(survivors, count, ratePerS).finally(() => killed)
    const shares = machineShares(before, this.counters())
    await Bun.sleep(LATE_MS)
    const stats = await this.stats(survivors)
    const half = Math.floor(count / 2)
    return { ...killFigures(victims.length, published.count, half, ratePerS, stats.slice(1)), ...shares }
  }

  private async begin(nodes: readonly NodeProcess[], count: number, timed: boolean): Promise<void> {
    this.phases++
    for (const node of nodes) {
      node.forget()
      node.send({ cmd: 'phase', phase: this.phases, count, timed })
    }
    await Promise.all(nodes.map((node) => node.next('phase', ANSWER_MS_MAX)))
  }

  /** Resolves when all of `nodes`, the publisher first, have everything, or time is up. */
  private async publish(nodes: readonly NodeProcess[], count: number, ratePerS: number): Promise<PublishReport> {
    const { phaseMsMax, payloadBytes } = this.options
    const publisher = nodes[0]!
    const msMax = phaseMsMax * PUBLISHING_SHARE
    publisher.send({ cmd: 'publish', count, size: payloadBytes, rate: ratePerS, msMax })
    const [published] = await Promise.all([
      publisher.next('published', phaseMsMax),
      ...nodes.slice(1).map((node) => this.doneOrLate(node)),
    ])
    return published
  }

  /** A node that does not get everything in time has lost some: the figures say so. One that failed says so when asked for them. */
  private doneOrLate(node: NodeProcess): Promise<unknown> {
    return node.next('done', this.options.phaseMsMax).catch(() => null)
  }

  private stats(nodes: readonly NodeProcess[]) {
    for (const node of nodes) node.send({ cmd: 'stat' })
    return Promise.all(nodes.map((node) => node.next('stat', ANSWER_MS_MAX)))
  }

  private counters(): Counters {
    const each = this.nodes.map((node) => node.cpuMs)
    const nodesCpuMs = each.includes(null) ? null : each.reduce<number>((sum, ms) => sum + (ms ?? 0), 0)
    const own = process.cpuUsage()
    const ownCpuMs = (own.user + own.system) / 1000
    const { totalMs, idleMs, stolenMs } = machineTime() ?? { totalMs: null, idleMs: null, stolenMs: null }
    return { nodesCpuMs, ownCpuMs, wireBytes: this.wire.totalBytes(), totalMs, idleMs, stolenMs }
  }
}
