import { joinBytes } from '../../base/bytes.ts'
import { FIRST_BYTES_MAX, notLetIn, recognise, unclear } from '../../dialects/recognise.ts'
import { HANDSHAKE_MS_MAX } from '../../node/links.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Connection, ConnectionEvents, Tcp } from '../../ports/tcp.ts'
import { Refusals } from './refusals.ts'

type Log = (code: string, message: string) => void

/**
 * The way to the network where no dialect is let in: who comes with one is hung up on, and the log says which it is. Everybody else is none of
 * its business, and how long somebody may take and how many may come is up to those who listen, who have each caller until it is refused.
 */
export function shutDoor({ listen, dial }: Tcp, clock: Clock, log: Log): Tcp {
  const refusals = new Refusals(clock, log)
  return {
    dial,
    listen: (local, accept) =>
      listen(local, (connection) => {
        const caller = new Caller(connection, clock, refusals)
        return caller.guard(accept(caller))
      }),
  }
}

/** A connection as its listener has it. */
class Caller implements Connection {
  /** What was said; null once it has been judged. */
  private first: Uint8Array | null = new Uint8Array()
  private isRefused = false
  private readonly cameAtMs: number

  constructor(
    private readonly connection: Connection,
    private readonly clock: Clock,
    private readonly refusals: Refusals,
  ) {
    this.cameAtMs = clock.nowMs()
  }

  get remote(): Connection['remote'] {
    return this.connection.remote
  }

  get local(): Connection['local'] {
    return this.connection.local
  }

  write(bytes: Uint8Array): boolean {
    return this.isRefused || this.connection.write(bytes)
  }

  end(): void {
    if (!this.isRefused) this.connection.end()
  }

  /** Who is hung up on sooner than a handshake may take had to give way to others, or we are leaving: that tells nothing of who it is. */
  abort(): void {
    if (this.isRefused) return
    const hadTime = this.clock.nowMs() - this.cameAtMs >= HANDSHAKE_MS_MAX
    if (this.first !== null && hadTime) this.tell('silent', unclear(this.first, new Set()))
    this.first = null
    this.connection.abort()
  }

  guard(events: ConnectionEvents): ConnectionEvents {
    return {
      data: (bytes) => {
        if (this.first === null) {
          if (!this.isRefused) events.data(bytes)
          return
        }
        const first = this.first.length === 0 ? bytes : joinBytes([this.first, bytes])
        const guess = recognise(first.subarray(0, FIRST_BYTES_MAX))
        if (guess.kind === 'undecided') {
          this.first = first
          return
        }
        this.first = null
        if (guess.kind !== 'dialect' && guess.kind !== 'pause') return events.data(first)
        this.tell('dialect-off', notLetIn(guess.dialect))
        this.isRefused = true
        this.connection.abort()
        events.closed(null)
      },
      drain: () => events.drain(),
      closed: (fault) => {
        this.first = null
        if (!this.isRefused) events.closed(fault)
      },
    }
  }

  private tell(code: string, reason: string): void {
    this.refusals.tell(code, this.remote, reason)
  }
}
