import type { Socket } from 'bun'
import type { Address } from '../base/address.ts'
import { release } from '../base/bytes.ts'
import { plainHost } from '../base/ip.ts'
import type { Connection, ConnectionEvents, Tcp, TcpFault } from '../ports/tcp.ts'
import { tcpFault } from './tcp-fault.ts'

/** How long a dial may take before it is given up: the system's own limit is minutes. */
const DIAL_MS_MAX = 10_000

/** How long the other side may take to hang up after our end. */
const HANG_UP_MS_MAX = 5_000

interface Attached {
  connection: BunConnection
}

/** One Bun socket as a `Connection`: keeps what the kernel did not take, and says `closed` exactly once. */
class BunConnection implements Connection {
  events: ConnectionEvents | null = null
  readonly local: Address
  private left: Uint8Array | null = null
  private ending = false
  private over = false
  private deadline: ReturnType<typeof setTimeout> | null = null

  constructor(
    private readonly socket: Socket<Attached>,
    readonly remote: Address,
  ) {
    this.local = { host: plainHost(socket.localAddress ?? ''), port: socket.localPort }
  }

  write(bytes: Uint8Array): boolean {
    if (this.over || this.ending) return true
    const taken = Math.max(0, this.socket.write(bytes))
    if (taken >= bytes.length) {
      release(bytes)
      return true
    }
    this.left = bytes.subarray(taken)
    return false
  }

  /** The kernel has room again. */
  drained(): void {
    if (this.over) return
    if (this.left !== null) {
      const taken = Math.max(0, this.socket.write(this.left))
      if (taken < this.left.length) {
        this.left = this.left.subarray(taken)
        return
      }
      release(this.left)
      this.left = null
    }
    if (this.ending) this.finish()
    else this.events?.drain()
  }

  end(): void {
    if (this.over || this.ending) return
    this.ending = true
    if (this.left === null) this.finish()
  }

  abort(): void {
    if (this.over) return
    this.ending = true
    this.left = null
    this.socket.terminate()
  }

  /** The socket is gone. Bun says so from inside `end` and `terminate`; our owner hears of it after its own call. */
  ended(fault: TcpFault | null): void {
    if (this.over) return
    this.over = true
    if (this.deadline !== null) clearTimeout(this.deadline)
    queueMicrotask(() => this.events?.closed(fault))
  }

  /**
   * Our last has been said, and the other side hangs up: closing with something of theirs unread would make the system
   * answer with a reset, which can overtake what we said last.
   */
  private finish(): void {
    if (this.deadline !== null) return
    this.deadline = setTimeout(() => this.socket.end(), HANG_UP_MS_MAX)
    this.deadline.unref()
    this.socket.shutdown()
  }
}

/** By its IP address, also where a name was dialled: others are told of it. */
function remoteOf({ remoteAddress, remotePort }: Socket<Attached>, dialled?: Address): Address {
  // A connection that is over already has none any more.
  if (remoteAddress === undefined) return dialled ?? { host: '', port: 0 }
  return { host: plainHost(remoteAddress), port: remotePort }
}

const handlers = {
  data(socket: Socket<Attached>, bytes: Uint8Array): void {
    // Bun hands out a Buffer over memory of its own each time (a test holds it to that); as a plain array it slices by copying.
    socket.data.connection.events?.data(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  },
  drain(socket: Socket<Attached>): void {
    socket.data.connection.drained()
  },
  end(socket: Socket<Attached>): void {
    socket.end()
  },
  close(socket: Socket<Attached>, error?: Error): void {
    socket.data?.connection.ended(error === undefined ? null : tcpFault(error))
  },
  error(socket: Socket<Attached>, error: Error): void {
    socket.data?.connection.ended(tcpFault(error))
    socket.terminate()
  },
}

/** TCP over Bun's own sockets. */
export const bunTcp: Tcp = {
  async listen(local, accept) {
    try {
      const listener = Bun.listen<Attached>({
        hostname: local.host,
        port: local.port,
        exclusive: true,
        socket: {
          ...handlers,
          open(socket) {
            const connection = new BunConnection(socket, remoteOf(socket))
            socket.data = { connection }
            socket.setNoDelay(true)
            connection.events = accept(connection)
          },
        },
      })
      return { local: { host: listener.hostname, port: listener.port }, stop: () => listener.stop() }
    } catch (error) {
      return tcpFault(error)
    }
  },

  dial(remote, { opened, failed }) {
    let settled = false
    const settle = (act: () => void): void => {
      if (settled) return
      settled = true
      clearTimeout(deadline)
      act()
    }
    const deadline = setTimeout(() => {
      settle(() => failed({ code: 'timeout', message: 'did not answer within 10 seconds' }))
    }, DIAL_MS_MAX)
    Bun.connect<Attached>({
      hostname: remote.host,
      port: remote.port,
      socket: {
        ...handlers,
        open(socket) {
          if (settled) return void socket.terminate()
          const connection = new BunConnection(socket, remoteOf(socket, remote))
          socket.data = { connection }
          socket.setNoDelay(true)
          settle(() => {
            connection.events = opened(connection)
          })
        },
        connectError(_socket, error) {
          settle(() => failed(tcpFault(error)))
        },
      },
    }).catch((error: unknown) => settle(() => failed(tcpFault(error))))
  },
}
