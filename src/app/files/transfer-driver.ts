import type { Address } from '../../base/address.ts'
import { Pace } from '../../core/transfer/pace.ts'
import type { Transfers, TransfersOutput } from '../../node/transfers.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Connection, ConnectionEvents, Tcp } from '../../ports/tcp.ts'

const DEAF: ConnectionEvents = { data() {}, drain() {}, closed() {} }

/** A connection that goes through others. */
export interface RelayedConnection extends Connection {
  /** The neighbour it goes through, by its key. */
  readonly through: string
}

/** Reaching people by key through others, where they cannot be dialled. */
export interface Relay {
  /** As of `Tcp.dial`. */
  call(
    key: string,
    handlers: { opened(connection: RelayedConnection): ConnectionEvents; failed(message: string): void },
  ): void
}

/** What is not about connections. */
export type WorkOutput = Exclude<TransfersOutput, { kind: 'dial' | 'call' | 'close' }>

/** Feeds the machine of transfers from the world's ports, and carries out what it wants of connections; the rest goes to `work`. */
export class TransferDriver {
  private readonly connections = new Map<number, Connection>()
  private readonly blocked = new Set<number>()
  private readonly pace: Pace
  private isWorking = false
  private cancelRest: (() => void) | null = null
  private cancelTimer: (() => void) | null = null
  private timerAtMs: number | null = null
  private isStopped = false
  /** As much has left in this turn of the event loop as may, before talk has its own. */
  private isTurnOver = false
  private isTurnPlanned = false
  /** The link whose long record was the last to leave. */
  private lastLong = 0

  constructor(
    readonly transfers: Transfers,
    private readonly clock: Clock,
    private readonly tcp: Tcp,
    private readonly work: (output: WorkOutput) => void,
    /** Null where nobody is reached through others. */
    private readonly relay: Relay | null = null,
    /** As of `Pace`. */
    talkedAtMs: () => number = () => Number.NEGATIVE_INFINITY,
  ) {
    this.pace = new Pace(talkedAtMs)
  }

  /** For the front door, and for those who come through others. */
  accept(connection: Connection | RelayedConnection): ConnectionEvents {
    const through = 'through' in connection ? connection.through : null
    const link = this.isStopped ? null : this.transfers.accepted(connection.remote, this.clock.nowMs(), through)
    return this.attach(link, connection)
  }

  /** Runs something on the machine with the time of now, and carries out what follows. */
  run<T>(act: (transfers: Transfers, nowMs: number) => T): T {
    return this.timed((nowMs) => {
      const result = act(this.transfers, nowMs)
      this.settle()
      return result
    })
  }

  stop(): void {
    this.isStopped = true
    this.cancelTimer?.()
    this.cancelRest?.()
    for (const connection of this.connections.values()) connection.end()
    this.connections.clear()
  }

  private dial(attempt: number, address: Address): void {
    this.tcp.dial(address, {
      opened: (connection) => {
        const nowMs = this.clock.nowMs()
        return this.attach(
          this.isStopped ? null : this.transfers.dialled(attempt, connection.remote, nowMs),
          connection,
        )
      },
      failed: (fault) => this.run((transfers) => transfers.dialFailed(attempt, fault.message)),
    })
  }

  private call(attempt: number, key: string): void {
    const failed = (message: string): void => this.run((transfers) => transfers.dialFailed(attempt, message))
    if (this.relay === null) return this.clock.defer(() => failed('cannot be reached through others'))
    this.relay.call(key, {
      opened: (connection) => {
        const { remote, through } = connection
        const nowMs = this.clock.nowMs()
        return this.attach(this.isStopped ? null : this.transfers.dialled(attempt, remote, nowMs, through), connection)
      },
      failed,
    })
  }

  private attach(link: number | null, connection: Connection): ConnectionEvents {
    if (link === null) {
      connection.abort()
      return DEAF
    }
    this.connections.set(link, connection)
    // The port may still be inside its own `open`: the first bytes leave after it has the events.
    this.clock.defer(() => this.settle())
    return {
      data: (bytes) => this.run((transfers, nowMs) => transfers.received(link, bytes, nowMs)),
      drain: () => {
        this.blocked.delete(link)
        this.timed(() => this.settle())
      },
      closed: (fault) => {
        this.connections.delete(link)
        this.blocked.delete(link)
        const reason = fault === null ? 'closed the connection' : fault.message
        this.run((transfers, nowMs) => transfers.closed(link, reason, nowMs))
      },
    }
  }

  private settle(): void {
    if (this.isStopped) return
    this.carryOut()
    for (const link of this.inTurn(this.transfers.dirty())) this.pump(link)
    // What has left made room to read on.
    this.carryOut()
    this.setTimer()
    if (this.isTurnOver || this.transfers.hasWaiting) this.planTurn()
  }

  /** Goes on when others have had their turn: what is to be said, and what was heard, is at hand in between. */
  private planTurn(): void {
    if (this.isTurnPlanned) return
    this.isTurnPlanned = true
    this.clock.defer(() => this.rest())
  }

  /** Before the next turn, as long as talk wants it. What comes in short reads goes on meanwhile; what is to leave waits. */
  private rest(): void {
    if (this.isStopped) return
    const nowMs = this.clock.nowMs()
    const restMs = this.pace.restMs(nowMs)
    if (restMs === 0) this.turn()
    else this.cancelRest = this.clock.timer(nowMs + restMs, () => this.turn())
  }

  private turn(): void {
    this.cancelRest = null
    this.isTurnPlanned = false
    this.isTurnOver = false
    this.run((transfers, nowMs) => transfers.proceed(nowMs))
  }

  /** Counts what is done as work, once where it calls for more of it. */
  private timed<T>(act: (nowMs: number) => T): T {
    const beganAtMs = this.clock.nowMs()
    if (this.isWorking) return act(beganAtMs)
    this.isWorking = true
    try {
      return act(beganAtMs)
    } finally {
      this.isWorking = false
      this.pace.worked(beganAtMs, this.clock.nowMs())
    }
  }

  private carryOut(): void {
    for (const output of this.transfers.takeOutputs()) {
      if (output.kind === 'dial') this.dial(output.attempt, output.address)
      else if (output.kind === 'call') this.call(output.attempt, output.key)
      else if (output.kind === 'close') this.close(output.link, output.abort)
      else this.work(output)
    }
  }

  private close(link: number, abort: boolean): void {
    const connection = this.connections.get(link)
    this.connections.delete(link)
    this.blocked.delete(link)
    if (abort) connection?.abort()
    else connection?.end()
  }

  /** Beginning behind the one whose record was the last to leave. */
  private inTurn(links: number[]): number[] {
    const next = links.length < 2 ? 0 : links.indexOf(this.lastLong) + 1
    return next === 0 ? links : [...links.slice(next), ...links.slice(0, next)]
  }

  private pump(link: number): void {
    const connection = this.connections.get(link)
    while (!this.blocked.has(link) && !this.isTurnOver) {
      const bytes = this.transfers.pull(link, this.clock.nowMs())
      if (bytes === null) return
      if (this.transfers.isLong(bytes)) {
        this.isTurnOver = true
        this.lastLong = link
      }
      if (connection !== undefined && !connection.write(bytes)) this.blocked.add(link)
    }
  }

  private setTimer(): void {
    const atMs = this.transfers.nextWakeMs()
    if (atMs === this.timerAtMs) return
    this.cancelTimer?.()
    this.timerAtMs = atMs
    this.cancelTimer = null
    if (atMs === null) return
    this.cancelTimer = this.clock.timer(atMs, () => {
      this.timerAtMs = null
      this.run((transfers, nowMs) => transfers.wake(nowMs))
    })
  }
}
