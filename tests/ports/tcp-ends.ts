import type { Address } from '../../src/base/address.ts'
import type { Connection, ConnectionEvents, Listener, TcpFault } from '../../src/ports/tcp.ts'
import type { TcpWorld } from './tcp.compliance.ts'

/** One end of a connection under test: keeps all it hears, and lets a test wait for something to hold. */
export class End implements ConnectionEvents {
  connection!: Connection
  readonly chunks: Uint8Array[] = []
  receivedBytes = 0
  drains = 0
  /** One for each `closed`. */
  readonly faults: (TcpFault | null)[] = []
  /** What came after `closed`, which nothing may. */
  readonly afterClosed: string[] = []
  onData: ((bytes: Uint8Array) => void) | null = null
  onDrain: (() => void) | null = null
  private waiters: { readonly met: () => boolean; readonly resolve: () => void }[] = []

  meet(connection: Connection): this {
    this.connection = connection
    this.look()
    return this
  }

  data(bytes: Uint8Array): void {
    this.note('data')
    this.receivedBytes += bytes.length
    this.chunks.push(bytes)
    this.onData?.(bytes)
    this.look()
  }

  drain(): void {
    this.note('drain')
    this.drains++
    this.onDrain?.()
    this.look()
  }

  closed(fault: TcpFault | null): void {
    this.note('closed')
    this.faults.push(fault)
    this.look()
  }

  received(): Buffer {
    return Buffer.concat(this.chunks)
  }

  /** Resolves as soon as `met` holds after something was heard. */
  when(met: () => boolean): Promise<void> {
    if (met()) return Promise.resolve()
    return new Promise((resolve) => this.waiters.push({ met, resolve }))
  }

  private note(what: string): void {
    if (this.faults.length > 0) this.afterClosed.push(what)
  }

  private look(): void {
    const met = this.waiters.filter((waiter) => waiter.met())
    if (met.length === 0) return
    this.waiters = this.waiters.filter((waiter) => !met.includes(waiter))
    for (const { resolve } of met) resolve()
  }
}

export async function listening(
  world: TcpWorld,
  accept: (connection: Connection) => ConnectionEvents = (connection) => new End().meet(connection),
): Promise<Listener> {
  const listener = await world.settle(world.tcp.listen({ host: world.host, port: 0 }, accept))
  if (!('local' in listener)) throw new Error(`cannot listen: ${listener.message}`)
  return listener
}

export interface Meeting {
  readonly dialler: End
  readonly listener: End
  readonly listen: Listener
  readonly address: Address
  /** Nobody heard anything while `dial` was still running. */
  readonly returnedFirst: boolean
}

/** Two ends, connected. */
export async function meet(world: TcpWorld): Promise<Meeting> {
  const dialler = new End()
  const listener = new End()
  const listen = await listening(world, (connection) => listener.meet(connection))
  const address = listen.local
  let returned = false
  let returnedFirst = false
  const dialled = new Promise<void>((resolve, reject) => {
    world.tcp.dial(address, {
      opened(connection) {
        returnedFirst = returned
        dialler.meet(connection)
        resolve()
        return dialler
      },
      failed: (fault) => reject(new Error(fault.message)),
    })
  })
  returned = true
  await world.settle(dialled)
  await world.settle(listener.when(() => listener.connection !== undefined))
  return { dialler, listener, listen, address, returnedFirst }
}
