import { type Address, formatAddress } from '../../base/address.ts'
import type { Dialect, DialectOutput } from '../../dialects/outputs.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Connection, ConnectionEvents, Listener, Tcp } from '../../ports/tcp.ts'

/** What waits for one peer that reads slowly, in bytes: a file's pieces and a lively room. Beyond it the peer is given up. */
const WAITING_BYTES_MAX = 4 * 1024 * 1024

/** What a machine has to tell, beside what is done for it here. */
export type DialectTelling = Exclude<
  DialectOutput,
  { readonly kind: 'send' | 'hang-up' | 'dial' | 'listen' | 'unlisten' }
>

interface Line {
  readonly connection: Connection
  waiting: Uint8Array[]
  waitingBytes: number
  isBlocked: boolean
  isEnding: boolean
}

/** The driver of one dialect's machine: its connections, its listeners, and its timer. */
export class Sockets<M extends Dialect = Dialect> {
  private readonly lines = new Map<number, Line>()
  private readonly listeners = new Map<string, Listener>()
  private cancelTimer: (() => void) | null = null
  private nextLink = 1
  private isStopped = false

  constructor(
    readonly machine: M,
    private readonly clock: Clock,
    private readonly tcp: Tcp,
    private readonly isOurs: (host: string) => Promise<boolean>,
    private readonly tell: (telling: DialectTelling) => void,
  ) {}

  /** Runs something on the machine, and carries out what follows from it. */
  run<T>(act: (machine: M, nowMs: number) => T): T {
    const result = act(this.machine, this.clock.nowMs())
    this.settle()
    return result
  }

  /** Takes over a connection that came in, with what was said on it so far. */
  accept(connection: Connection, first: Uint8Array): ConnectionEvents {
    const { link, events } = this.attach(connection)
    this.machine.opened(link, connection.remote, null, this.clock.nowMs(), connection.local.host)
    if (first.length > 0) this.machine.received(link, first, this.clock.nowMs())
    // The port may still be inside its own call.
    this.clock.defer(() => this.settle())
    return events
  }

  /** Whether so much waits for a peer that more had better not be made. */
  isFull(link: number): boolean {
    return (this.lines.get(link)?.waitingBytes ?? 0) > 0
  }

  /** Every connection has been closed by one side or the other. */
  get isIdle(): boolean {
    return this.lines.size === 0
  }

  stop(): void {
    this.isStopped = true
    this.cancelTimer?.()
    for (const listener of this.listeners.values()) listener.stop()
    for (const { connection } of this.lines.values()) connection.abort()
    this.lines.clear()
  }

  private attach(connection: Connection): { link: number; events: ConnectionEvents } {
    const link = this.nextLink++
    const line: Line = { connection, waiting: [], waitingBytes: 0, isBlocked: false, isEnding: false }
    this.lines.set(link, line)
    const events: ConnectionEvents = {
      data: (bytes) => this.run((machine, nowMs) => machine.received(link, bytes, nowMs)),
      drain: () => this.drained(line),
      closed: (fault) => {
        this.lines.delete(link)
        const reason = fault === null ? 'closed the connection' : fault.message
        if (!this.isStopped) this.run((machine, nowMs) => machine.closed(link, reason, nowMs))
      },
    }
    return { link, events }
  }

  private settle(): void {
    if (this.isStopped) return
    for (let outputs = this.machine.takeOutputs(); outputs.length > 0; outputs = this.machine.takeOutputs()) {
      for (const output of outputs) this.carryOut(output)
    }
    this.cancelTimer?.()
    const atMs = this.machine.nextWakeMs()
    this.cancelTimer =
      atMs === null ? null : this.clock.timer(atMs, () => this.run((machine, nowMs) => machine.wake(nowMs)))
  }

  private carryOut(output: DialectOutput): void {
    switch (output.kind) {
      case 'send':
        return this.send(output.link, output.bytes)
      case 'hang-up':
        return this.hangUp(output.link, output.abort)
      case 'dial':
        return this.dial(output.attempt, output.address)
      case 'listen':
        return void this.listen(output.address)
      case 'unlisten':
        this.listeners.get(formatAddress(output.address))?.stop()
        return void this.listeners.delete(formatAddress(output.address))
      default:
        this.tell(output)
    }
  }

  private send(link: number, bytes: Uint8Array): void {
    const line = this.lines.get(link)
    if (line === undefined || line.isEnding) return
    if (!line.isBlocked) {
      line.isBlocked = !line.connection.write(bytes)
      return
    }
    line.waiting.push(bytes)
    line.waitingBytes += bytes.length
    if (line.waitingBytes > WAITING_BYTES_MAX) this.hangUp(link, true)
  }

  private drained(line: Line): void {
    line.isBlocked = false
    while (!line.isBlocked) {
      const next = line.waiting.shift()
      if (next === undefined) break
      line.waitingBytes -= next.length
      line.isBlocked = !line.connection.write(next)
    }
    if (line.isEnding && line.waiting.length === 0) line.connection.end()
    this.settle()
  }

  private hangUp(link: number, abort: boolean): void {
    const line = this.lines.get(link)
    if (line === undefined) return
    line.isEnding = true
    if (abort) line.connection.abort()
    else if (line.waiting.length === 0) line.connection.end()
  }

  private dial(attempt: number, address: Address): void {
    this.tcp.dial(address, {
      opened: (connection) => {
        const { link, events } = this.attach(connection)
        if (this.isStopped) connection.abort()
        else {
          this.machine.opened(link, connection.remote, attempt, this.clock.nowMs(), connection.local.host)
          this.clock.defer(() => this.settle())
        }
        return events
      },
      failed: (fault) => {
        if (!this.isStopped) this.run((machine, nowMs) => machine.dialFailed(attempt, fault.message, nowMs))
      },
    })
  }

  private async listen(address: Address): Promise<void> {
    const result = (await this.isOurs(address.host))
      ? await this.tcp.listen(address, (connection) => this.accept(connection, new Uint8Array()))
      : ({ code: 'not-ours' } as const)
    if ('local' in result) {
      if (this.isStopped) return result.stop()
      this.listeners.set(formatAddress(address), result)
    }
    this.run((machine, nowMs) => machine.listened(address, 'local' in result ? null : result.code, nowMs))
  }
}
