import type { Connection, ConnectionEvents, Tcp } from '../../ports/tcp.ts'
import { FILES_MAGIC } from '../../wire/magic.ts'

type Accept = (connection: Connection) => ConnectionEvents

/**
 * One port for two kinds of links. A connection that comes in is talk's, with talk's limits, until its first byte says that it is for
 * files; then talk hears that it is gone, never having said anything, and the other side has it.
 */
export class FrontDoor {
  private acceptFiles: Accept | null = null

  constructor(private readonly tcp: Tcp) {}

  /** What the node listens and dials with. */
  get talk(): Tcp {
    return {
      listen: (local, accept) => this.tcp.listen(local, (connection) => this.guard(connection, accept)),
      dial: (remote, handlers) => this.tcp.dial(remote, handlers),
    }
  }

  /** Whose connections are for files. */
  admit(accept: Accept): void {
    this.acceptFiles = accept
  }

  private guard(connection: Connection, accept: Accept): ConnectionEvents {
    const guarded = new Guarded(connection)
    const talk = accept(guarded)
    let events: ConnectionEvents | null = null
    return {
      data: (bytes) => {
        if (events === null && bytes.length > 0) {
          const isForFiles = bytes[0] === FILES_MAGIC[0] && this.acceptFiles !== null && !guarded.isOver
          events = isForFiles ? this.acceptFiles!(connection) : talk
          if (isForFiles) {
            guarded.isOver = true
            talk.closed(null)
          }
        }
        events?.data(bytes)
      },
      drain: () => (events ?? talk).drain(),
      closed: (fault) => (events ?? talk).closed(fault),
    }
  }
}

/** A connection as talk has it: once it is somebody else's, nothing that talk does reaches it. */
class Guarded implements Connection {
  isOver = false

  constructor(private readonly connection: Connection) {}

  get remote(): Connection['remote'] {
    return this.connection.remote
  }

  get local(): Connection['local'] {
    return this.connection.local
  }

  write(bytes: Uint8Array): boolean {
    return this.isOver || this.connection.write(bytes)
  }

  end(): void {
    if (!this.isOver) this.connection.end()
  }

  abort(): void {
    if (!this.isOver) this.connection.abort()
  }
}
