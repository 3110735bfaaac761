import type { DialectName } from '../../base/dialects.ts'
import { Door, type Verdict } from '../../dialects/door.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Connection, ConnectionEvents, Tcp } from '../../ports/tcp.ts'
import { Refusals } from './refusals.ts'

/** Takes a caller over who turned out to speak a dialect; `first`: what it has said so far, perhaps nothing. */
export type Foreign = (dialect: DialectName, connection: Connection, first: Uint8Array) => ConnectionEvents

interface Waiting {
  readonly connection: Connection
  readonly accept: (connection: Connection) => ConnectionEvents
  /** Whose it is by now; null while that is not known. */
  events: ConnectionEvents | null
}

const NOTHING: ConnectionEvents = { data() {}, drain() {}, closed() {} }

/** Runs the door: one listening port for native peers and all dialects that are let in. */
export class FrontDoor {
  private readonly door: Door
  private readonly refusals: Refusals
  private readonly waiting = new Map<number, Waiting>()
  private nextCaller = 1
  private cancelTimer: (() => void) | null = null

  constructor(
    private readonly clock: Clock,
    letIn: ReadonlySet<DialectName>,
    private readonly foreign: Foreign,
    log: (code: string, message: string) => void,
  ) {
    this.door = new Door(letIn)
    this.refusals = new Refusals(clock, log)
  }

  /** The same way to the network, but with this door at every listener. */
  before({ listen, dial }: Tcp): Tcp {
    return { dial, listen: (local, accept) => listen(local, (connection) => this.came(connection, accept)) }
  }

  private came(connection: Connection, accept: Waiting['accept']): ConnectionEvents {
    const caller = this.nextCaller++
    const waiting: Waiting = { connection, accept, events: null }
    this.waiting.set(caller, waiting)
    this.door.came(caller, connection.remote.host, this.clock.nowMs())
    // Somebody else may have had to give way, who must not be closed from inside the port's own call.
    this.clock.defer(() => this.settle())
    return {
      data: (bytes) => {
        if (waiting.events !== null) return waiting.events.data(bytes)
        this.door.said(caller, bytes, this.clock.nowMs())
        this.settle()
      },
      drain: () => waiting.events?.drain(),
      closed: (fault) => {
        if (waiting.events !== null) return waiting.events.closed(fault)
        this.waiting.delete(caller)
        this.door.left(caller)
        this.settle()
      },
    }
  }

  private settle(): void {
    for (const verdict of this.door.takeVerdicts()) this.carryOut(verdict)
    this.cancelTimer?.()
    const atMs = this.door.nextWakeMs()
    this.cancelTimer =
      atMs === null
        ? null
        : this.clock.timer(atMs, () => {
            this.door.wake(this.clock.nowMs())
            this.settle()
          })
  }

  private carryOut(verdict: Verdict): void {
    const waiting = this.waiting.get(verdict.caller)
    this.waiting.delete(verdict.caller)
    if (waiting === undefined) return
    const { connection, accept } = waiting
    if (verdict.to === null) {
      this.refusals.tell(verdict.code, connection.remote, verdict.reason)
      waiting.events = NOTHING
      return connection.abort()
    }
    if (verdict.to !== 'native') {
      waiting.events = this.foreign(verdict.to, connection, verdict.first)
      return
    }
    waiting.events = accept(connection)
    waiting.events.data(verdict.first)
  }
}
