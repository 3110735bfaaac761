import type { Address } from '../../src/base/address.ts'
import type { Connection, ConnectionEvents, TcpFault } from '../../src/ports/tcp.ts'
import { FAULTS, type Host, type Network } from './network.ts'
import { Pipe } from './pipe.ts'
import type { Process } from './process.ts'

/** One end of a simulated connection, as its process sees it. */
export class End implements Connection {
  events: ConnectionEvents | null = null
  /** What this end sends, and what it is sent. */
  outgoing!: Pipe
  incoming!: Pipe
  /** Orderly end asked for. */
  ending = false
  /** Nothing goes in or out any more; `closed` has been called or is about to be. */
  gone = false

  constructor(
    private readonly network: Network,
    readonly process: Process,
    readonly local: Address,
    readonly remote: Address,
  ) {
    process.ends.add(this)
  }

  get host(): Host {
    return this.process.host
  }

  get peer(): End {
    return this.outgoing.to
  }

  write(bytes: Uint8Array): boolean {
    return this.gone || this.ending ? true : this.outgoing.write(bytes)
  }

  end(): void {
    if (this.gone || this.ending) return
    this.ending = true
    this.outgoing.finish()
  }

  abort(): void {
    if (this.gone) return
    this.outgoing.reset()
    this.die(null)
  }

  /** The connection is over for this end alone; what the other still sends is answered with a reset. */
  die(fault: TcpFault | null): void {
    if (this.gone) return
    this.release()
    // Never from inside the call that caused it, as with a real socket.
    this.network.time.defer(() => this.process.enter(() => this.events?.closed(fault)))
  }

  /** The process is gone, or the whole machine. */
  vanish(tellPeer: boolean): void {
    if (this.gone) return
    if (tellPeer) this.outgoing.reset()
    this.release()
  }

  /** Data or a sign of life came for an end that is gone. */
  answerWithReset(): void {
    const { peer, network } = this
    if (peer.gone) return
    network.time.at(network.time.nowMs + network.latencyMs(this.host, peer.host), () => {
      if (network.reachable(this.host, peer.host)) peer.die(FAULTS.reset)
    })
  }

  private release(): void {
    this.gone = true
    this.process.ends.delete(this)
    this.outgoing.stop()
    if (!this.peer.gone) return
    this.outgoing.clear()
    this.incoming.clear()
  }
}

/** Joins two ends. `acceptAtMs`: when the listening side may hear of it; nothing arrives there before. */
export function connectEnds(network: Network, dialler: End, listener: End, acceptAtMs: number): void {
  const forward = new Pipe(network, dialler, listener)
  const backward = new Pipe(network, listener, dialler)
  dialler.outgoing = forward
  dialler.incoming = backward
  listener.outgoing = backward
  listener.incoming = forward
  network.pipes.add(forward)
  network.pipes.add(backward)
  forward.open(acceptAtMs)
}
