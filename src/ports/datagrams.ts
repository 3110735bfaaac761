import type { Address } from '../base/address.ts'

/** UDP: whole datagrams that may be lost, doubled, or come in another order, and whose origin nobody has proved. */
export interface Datagrams {
  /** `local`: an IPv4 or IPv6 address of this machine, or the unspecified one of either; `::` takes both families. Port 0: any. */
  bind(local: Address, events: DatagramEvents): Promise<DatagramSocket | DatagramFault>
}

export interface DatagramEvents {
  /** The bytes are the receiver's. `from` is written in the one way it can be: an IPv4 address is never shown as mapped into IPv6. */
  received(datagram: Uint8Array, from: Address): void
}

export interface DatagramSocket {
  readonly ok: true
  /** As bound, with the port that it got. */
  readonly local: Address
  /** Where this machine can be reached at by others, as of now: its addresses that fit `local`. */
  endpoints(): Address[]
  /**
   * The buffer is the caller's again after the call. False where the system did not take it: no room, no way there, or no such address. That
   * is no error: it counts as lost, and so does what is too long. Never throws.
   */
  send(datagram: Uint8Array, to: Address): boolean
  /** No event comes after the call, and nothing is sent. */
  close(): void
}

/** Why a port cannot be had; `message` is a sentence for the user that says what is the matter and what to do. */
export interface DatagramFault {
  readonly ok: false
  readonly code: 'port-taken' | 'not-allowed' | 'no-such-address' | 'network'
  readonly message: string
  readonly cause: unknown
}

/** A machine with more is a router, and members are told eight. */
export const ENDPOINTS_MAX = 64
