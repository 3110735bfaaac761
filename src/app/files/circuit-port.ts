import type { CircuitTelling } from '../../node/circuit-outputs.ts'
import type { Circuits } from '../../node/circuits.ts'
import type { Instant } from '../../node/context.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ConnectionEvents } from '../../ports/tcp.ts'
import type { Relay, RelayedConnection } from './transfer-driver.ts'

/** Runs something on the node's circuits with the time of now, and carries out what follows. */
export type RunCircuits = <T>(act: (circuits: Circuits, instant: Instant) => T) => T

type Handlers = Parameters<Relay['call']>[1]

/** Circuits as connections: whoever uses them need not know that others pass on what is written. */
export class CircuitPort implements Relay {
  private readonly open = new Map<number, ConnectionEvents>()
  private readonly calls = new Map<number, Handlers>()
  /** Told, and not passed on yet: never from inside a call of those who use them. As much as came in one turn. */
  private readonly told: CircuitTelling[] = []
  private accept: ((connection: RelayedConnection) => ConnectionEvents) | null = null

  constructor(
    private readonly clock: Clock,
    private readonly run: RunCircuits,
  ) {}

  /** Whose connections are those that others have made to us. */
  admit(accept: (connection: RelayedConnection) => ConnectionEvents): void {
    this.accept = accept
  }

  call(key: string, handlers: Handlers): void {
    const circuit = this.run((circuits, instant) => circuits.call(key, instant))
    if (circuit !== null) this.calls.set(circuit, handlers)
    else this.clock.defer(() => handlers.failed('cannot be reached through others just now'))
  }

  /** What the node tells of circuits. */
  hear(telling: CircuitTelling): void {
    this.told.push(telling)
    if (this.told.length === 1) this.clock.defer(() => this.passOn())
  }

  private passOn(): void {
    for (const telling of this.told.splice(0)) this.take(telling)
  }

  private take(telling: CircuitTelling): void {
    const { circuit } = telling
    const call = this.calls.get(circuit)
    switch (telling.state) {
      case 'called': {
        const events = this.accept?.(this.connection(circuit, telling.through))
        if (events === undefined) return this.run((circuits, instant) => circuits.end(circuit, true, instant))
        this.open.set(circuit, events)
        return
      }
      case 'answered':
        this.calls.delete(circuit)
        if (call !== undefined) this.open.set(circuit, call.opened(this.connection(circuit, telling.through)))
        return
      case 'data':
        return this.open.get(circuit)?.data(telling.bytes)
      case 'drain':
        return this.open.get(circuit)?.drain()
      case 'closed': {
        this.calls.delete(circuit)
        call?.failed(telling.reason)
        const events = this.open.get(circuit)
        this.open.delete(circuit)
        events?.closed(null)
      }
    }
  }

  private connection(circuit: number, through: string): RelayedConnection {
    const close = (abort: boolean): void => {
      this.run((circuits, instant) => circuits.end(circuit, abort, instant))
      // Once, and not from inside this call; what comes meanwhile is nobody's.
      this.clock.defer(() => {
        const events = this.open.get(circuit)
        this.open.delete(circuit)
        events?.closed(null)
      })
    }
    return {
      through,
      remote: { host: `through ${through.slice(0, 8)}`, port: 0 },
      local: { host: '', port: 0 },
      write: (bytes) => this.run((circuits, instant) => circuits.write(circuit, bytes, instant)),
      end: () => close(false),
      abort: () => close(true),
    }
  }
}
