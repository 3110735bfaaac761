/** What one datagram came with. */
export interface DatagramSource {
  /** An IPv4 or IPv6 address; a link-local one carries its zone (`fe80::1%eth0`). */
  readonly host: string
  readonly port: number
}

/** A group joined on every interface there is. */
export interface MulticastGroup {
  /** Sends on all interfaces; lost datagrams and interfaces that have gone are nobody's error. */
  send(datagram: Uint8Array): void
  /** Interfaces come and go: looks again, and joins where the group is not joined yet. */
  refresh(): void
  close(): void
}

/** Those of this machine alone, all the others, or the one that has this address. */
export type Interfaces = 'loopback' | 'all' | { readonly address: string }

export interface Multicast {
  /**
   * Joins `group` (IPv4 or IPv6) on `port`, shared with other processes of this machine, whose datagrams come too. `receive`
   * gets every datagram of at most `bytesMax` bytes, our own included; the buffer is the receiver's. Answers why not as a
   * sentence.
   */
  join(
    where: { readonly group: string; readonly port: number; readonly interfaces: Interfaces },
    bytesMax: number,
    receive: (datagram: Uint8Array, source: DatagramSource) => void,
  ): Promise<MulticastGroup | string>
}
