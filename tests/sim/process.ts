import type { Connection, ConnectionEvents } from '../../src/ports/tcp.ts'
import type { End } from './connection.ts'
import type { Host } from './network.ts'

/** What the kernel of a host knows of its process: where it listens, what it has open, whether it runs. */
export class Process {
  readonly listeners = new Map<number, (connection: Connection) => ConnectionEvents>()
  readonly ends = new Set<End>()
  lastPort = 49_151
  dead = false
  frozen = false
  private inbox: (() => void)[] = []

  constructor(readonly host: Host) {}

  /** Runs something in the process: now, when it runs again after being frozen, or never if it is dead. */
  enter(run: () => void): void {
    if (this.dead) return
    if (this.frozen) this.inbox.push(run)
    else run()
  }

  /** As a stopped job or a sleeping laptop: nothing runs, the kernel still takes what fits in its buffers. */
  freeze(): void {
    this.frozen = true
  }

  thaw(): void {
    this.frozen = false
    const waiting = this.inbox
    this.inbox = []
    for (const run of waiting) this.enter(run)
    for (const end of [...this.ends]) end.incoming.resume()
  }

  die(tellPeers: boolean): void {
    this.dead = true
    this.inbox = []
    this.listeners.clear()
    for (const end of [...this.ends]) end.vanish(tellPeers)
  }
}
