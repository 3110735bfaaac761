/** What one datagram came with. */
export interface DatagramSource {
  /** An IPv4 or IPv6 address; a link-local one carries its zone (`fe80::1%eth0`). */
  readonly host: string
  readonly port: number
}

/** A group, joined on every interface there is: on none before the first `refresh`. */
export interface MulticastGroup {
  /** Why it is joined nowhere, as the end of a sentence; null where it is joined somewhere. */
  readonly fault: string | null
  /** Sends on all interfaces; lost datagrams and interfaces that have gone are nobody's error. */
  send(datagram: Uint8Array): void
  /**
   * Interfaces come and go: looks again, leaves the group on those that have gone, and joins it on those that have come. Nothing is done where
   * nothing has changed, which takes some 100 µs. Answers whether there is somebody new to tell: it is joined on one more, or can be
   * heard from one more address.
   */
  refresh(nowMs: number): Promise<boolean>
  close(): void
}

/** Those of this machine alone, all the others, or the one that has this address. */
export type Interfaces = 'loopback' | 'all' | { readonly address: string }

/** A group (IPv4 or IPv6), its UDP port, and where it is joined. */
export interface GroupPlace {
  readonly group: string
  readonly port: number
  readonly interfaces: Interfaces
}

export interface Multicast {
  /**
   * A group whose port is shared with other processes of this machine, whose datagrams come too. `receive` gets every datagram of at most
   * `bytesMax` bytes, our own included; the buffer is the receiver's.
   */
  open(
    where: GroupPlace,
    bytesMax: number,
    receive: (datagram: Uint8Array, source: DatagramSource) => void,
  ): MulticastGroup
}
