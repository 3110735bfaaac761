import type { Address } from '../base/address.ts'

/** Why a connection ended or could not be made; `code` is stable, `message` is a sentence for the user. */
export interface TcpFault {
  readonly code:
    | 'refused'
    | 'unreachable'
    | 'timeout'
    | 'no-such-host'
    | 'reset'
    | 'port-taken'
    | 'not-allowed'
    | 'other'
  readonly message: string
}

/** What the owner of a connection hears. Set once, by the one who got the connection. */
export interface ConnectionEvents {
  /** Bytes in the order they were sent. The buffer is the receiver's to keep: the port never reuses it. */
  data(bytes: Uint8Array): void
  /** After `write` answered false: everything has been handed to the kernel and more is welcome. */
  drain(): void
  /** Exactly once, whoever closed, and never from inside a call of the owner's; nothing follows. `fault` is null for an orderly end. */
  closed(fault: TcpFault | null): void
}

export interface Connection {
  readonly remote: Address
  /** By which of our addresses it leaves this machine; an empty host where that is not known. */
  readonly local: Address
  /**
   * Takes all of `bytes`, always; answers false when the kernel took only a part. The rest is kept by the port and
   * the caller must write nothing more until `drain`. Ownership of `bytes` passes to the port, which may release their memory.
   */
  write(bytes: Uint8Array): boolean
  /** Sends what was taken, then closes. `closed` follows; what the other side said before it noticed may still come first. */
  end(): void
  /** Closes at once, dropping what is not sent. `closed` follows. */
  abort(): void
}

export interface Listener {
  readonly local: Address
  stop(): void
}

export interface Tcp {
  /** Listens; port 0 lets the system choose. `accept` answers with the events for that connection. */
  listen(
    local: { host: string; port: number },
    accept: (connection: Connection) => ConnectionEvents,
  ): Promise<Listener | TcpFault>
  /** Dials. Exactly one of `opened` or `failed` is called, never before `dial` has returned. */
  dial(
    remote: Address,
    handlers: { opened(connection: Connection): ConnectionEvents; failed(fault: TcpFault): void },
  ): void
}
