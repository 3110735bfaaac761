import { type Address, formatAddress } from '../base/address.ts'
import type { Instant } from '../node/context.ts'
import type { Machine } from '../node/machine.ts'
import type { Node } from '../node/node.ts'
import type { DisownOutput, KeepOutput, LoadOutput, NodeTelling } from '../node/outputs.ts'
import type { Clock } from '../ports/clock.ts'
import type { Connection, ConnectionEvents, Listener, Tcp, TcpFault } from '../ports/tcp.ts'

/** The way to a store. `keep` is answered with the node's `kept`, `load` with its `loaded`, each from outside the call. */
export interface Keeper {
  keep(output: KeepOutput): void
  load(output: LoadOutput): void
  disown(output: DisownOutput): void
}

const NOT_OURS = { code: 'not-ours' } as const

/**
 * Feeds a node from the world's ports and carries out what it wants. The same driver runs the executable and the simulator;
 * only the ports differ. After each input it takes the outputs, lets every link with something to send write, and sets one timer.
 */
export class Driver<M extends Machine = Node> {
  private readonly connections = new Map<number, Connection>()
  /** Links whose connection said "no more for now". */
  private readonly blocked = new Set<number>()
  private readonly listeners: Listener[] = []
  /** Those that the node itself asked for, and may give up, by where it wanted them. */
  private readonly wanted = new Map<string, Listener>()
  private keeper: Keeper | null = null
  private cancelTimer: (() => void) | null = null
  private timerAtMs: number | null = null
  private flushPlanned = false
  private stopped = false
  private waiters: { readonly met: () => boolean; readonly resolve: (met: boolean) => void }[] = []

  constructor(
    readonly node: M,
    private readonly clock: Clock,
    private readonly tcp: Tcp,
    private readonly hear: (telling: NodeTelling) => void,
    /** Whether a host is this machine: only then does a node listen there of its own accord. */
    private readonly isOurs: (host: string) => Promise<boolean> = () => Promise.resolve(false),
  ) {
    this.settle()
  }

  /** Gives the node the store it was made for; before anything is said. */
  keepWith(keeper: Keeper): void {
    this.keeper = keeper
  }

  /** Listens, for as long as it runs: the node has no say in this. */
  async listen(local: { host: string; port: number }): Promise<Listener | TcpFault> {
    const result = await this.open(local)
    if ('local' in result) this.listeners.push(result)
    return result
  }

  /** Runs something on the node with the time of now, and carries out what follows from it. */
  run<T>(act: (node: M, instant: Instant) => T): T {
    const result = act(this.node, this.now())
    this.settle()
    return result
  }

  /** Resolves with true as soon as `met` holds after some input, or with false when `msMax` have passed first. */
  until(met: () => boolean, msMax: number): Promise<boolean> {
    if (this.stopped || met()) return Promise.resolve(true)
    return new Promise((resolve) => {
      const cancel = this.clock.timer(this.clock.nowMs() + msMax, () => {
        this.waiters = this.waiters.filter((other) => other !== waiter)
        resolve(false)
      })
      const settle = (value: boolean): void => {
        cancel()
        resolve(value)
      }
      const waiter = { met, resolve: settle }
      this.waiters.push(waiter)
    })
  }

  /** Nothing said is unsealed or not safe yet, and nothing sealed waits for a connection. */
  get idle(): boolean {
    return this.node.dirtyLinks.size === 0 && this.blocked.size === 0 && !this.node.hasUnsealed && !this.node.hasUnkept
  }

  /** Closes everything at once. Goodbyes and patience are the caller's. */
  stop(): void {
    this.stopped = true
    this.cancelTimer?.()
    for (const listener of [...this.listeners, ...this.wanted.values()]) listener.stop()
    for (const connection of this.connections.values()) connection.end()
    this.connections.clear()
    this.wakeWaiters()
  }

  /** Every connection has been closed by one side or the other. */
  get unconnected(): boolean {
    return this.connections.size === 0
  }

  private now(): Instant {
    return { nowMs: this.clock.nowMs(), wallMs: this.clock.wallMs() }
  }

  private accept(connection: Connection): ConnectionEvents {
    const link = this.node.accepted(connection.remote, this.now())
    if (link === null) {
      connection.abort()
      return { data() {}, drain() {}, closed() {} }
    }
    return this.attach(link, connection)
  }

  private dial(attempt: number, address: Address): void {
    this.tcp.dial(address, {
      opened: (connection) => {
        const link = this.stopped ? null : this.node.dialled(attempt, connection.remote, this.now())
        if (link === null) {
          connection.abort()
          return { data() {}, drain() {}, closed() {} }
        }
        return this.attach(link, connection)
      },
      failed: (fault) => {
        if (!this.stopped) this.run((node, instant) => node.dialFailed(attempt, fault.code, fault.message, instant))
      },
    })
  }

  private attach(link: number, connection: Connection): ConnectionEvents {
    this.connections.set(link, connection)
    // The port may still be inside its own `open`: the first bytes leave after it has the events.
    this.clock.defer(() => this.settle())
    return {
      data: (bytes) => {
        this.node.received(link, bytes, this.now())
        this.settle()
      },
      drain: () => {
        this.blocked.delete(link)
        this.settle()
      },
      closed: (fault) => {
        this.connections.delete(link)
        this.blocked.delete(link)
        this.node.closed(link, fault === null ? 'closed the connection' : fault.message, this.now())
        this.settle()
      },
    }
  }

  private settle(): void {
    if (this.stopped) return
    this.carryOut()
    this.pump()
    this.planFlush()
    this.setTimer()
    if (this.waiters.length > 0) this.wakeWaiters()
  }

  private carryOut(): void {
    for (const output of this.node.takeOutputs()) {
      if (output.kind === 'dial') this.dial(output.attempt, output.address)
      else if (output.kind === 'close') this.close(output.link, output.abort)
      else if (output.kind === 'keep') this.keeper?.keep(output)
      else if (output.kind === 'load') this.keeper?.load(output)
      else if (output.kind === 'disown') this.keeper?.disown(output)
      else if (output.kind === 'listen') void this.listenToo(output.address)
      else if (output.kind === 'unlisten') this.unlisten(output.address)
      else this.hear(output)
    }
  }

  private async listenToo(address: Address): Promise<void> {
    const result = (await this.isOurs(address.host)) ? await this.open(address) : NOT_OURS
    if ('local' in result) this.wanted.set(formatAddress(address), result)
    if (this.stopped) return this.unlisten(address)
    this.run((node, instant) => node.listened(address, 'local' in result ? null : result.code, instant))
  }

  private unlisten(address: Address): void {
    const name = formatAddress(address)
    this.wanted.get(name)?.stop()
    this.wanted.delete(name)
  }

  private open(local: Address): Promise<Listener | TcpFault> {
    return this.tcp.listen(local, (connection) => this.accept(connection))
  }

  private close(link: number, abort: boolean): void {
    const connection = this.connections.get(link)
    this.connections.delete(link)
    this.blocked.delete(link)
    if (abort) connection?.abort()
    else connection?.end()
  }

  /** Each link writes until its connection is full or it has nothing more; a full one goes on at its `drain`. */
  private pump(): void {
    for (const state of this.node.dirtyLinks) {
      const { id } = state
      if (this.blocked.has(id)) continue
      const connection = this.connections.get(id)
      for (;;) {
        const bytes = this.node.pull(id, this.now())
        if (bytes === null) break
        if (connection !== undefined && !connection.write(bytes)) {
          this.blocked.add(id)
          break
        }
      }
    }
    this.carryOut()
  }

  /** What was said in this turn is sealed together at its end. */
  private planFlush(): void {
    if (this.flushPlanned || !this.node.hasUnsealed) return
    this.flushPlanned = true
    this.clock.defer(() => {
      this.flushPlanned = false
      if (this.stopped) return
      this.node.flush(this.now())
      this.settle()
    })
  }

  private setTimer(): void {
    const atMs = this.node.nextWakeMs()
    if (atMs === this.timerAtMs) return
    this.cancelTimer?.()
    this.timerAtMs = atMs
    this.cancelTimer = null
    if (atMs === null) return
    this.cancelTimer = this.clock.timer(atMs, () => {
      this.timerAtMs = null
      this.node.wake(this.now())
      this.settle()
    })
  }

  private wakeWaiters(): void {
    const met = this.waiters.filter((waiter) => this.stopped || waiter.met())
    if (met.length === 0) return
    this.waiters = this.waiters.filter((waiter) => !met.includes(waiter))
    for (const waiter of met) waiter.resolve(true)
  }
}
