import type { Address } from '../../base/address.ts'
import { datagramFault, RELAYED, relayedDatagram, tagOf } from '../../wire/voice-datagram.ts'
import { Allowance } from './allowance.ts'

/**
 * Passing on for members who do not reach each other: byte for byte, since the seals are theirs. Only from an endpoint that a member has proved,
 * to one that another has; never what was passed on before; and no more than a room of people talking needs.
 */

/** Of one member: their voice to a few others. */
const DATAGRAMS_PER_S = 400
const BYTES_PER_S = 60_000
/** Of all together: what a home's uplink can give away, 1.2 Mbit/s. */
const ALL_BYTES_PER_S = 150_000

/** What it asks of the paths. */
export interface KnownPaths<Peer> {
  peerAt(from: Address): Peer | null
  directTo(tag: number): Address | null
}

interface Share {
  readonly datagrams: Allowance
  readonly bytes: Allowance
}

export type RelayDrop = 'fault' | 'stranger' | 'unreachable' | 'excess'

export class RelayForwarder<Peer> {
  readonly drops: Record<RelayDrop, number> = { fault: 0, stranger: 0, unreachable: 0, excess: 0 }
  passedOn = 0
  private readonly shares = new Map<Peer, Share>()
  private readonly all = new Allowance(ALL_BYTES_PER_S)

  constructor(private readonly paths: KnownPaths<Peer>) {}

  /** Where `datagram`, which is for somebody else, is to be sent as it is; null where it was dropped and counted. */
  pass(datagram: Uint8Array, from: Address, nowMs: number): Address | null {
    if (datagram[0] !== RELAYED || datagramFault(datagram) !== null) return this.drop('fault')
    const peer = this.paths.peerAt(from)
    if (peer === null) return this.drop('stranger')
    const to = this.paths.directTo(tagOf(datagram))
    if (to === null || (to.host === from.host && to.port === from.port)) return this.drop('unreachable')
    if (!this.maySpend(peer, datagram.length, nowMs)) return this.drop('excess')
    this.passedOn++
    return to
  }

  left(peer: Peer): void {
    this.shares.delete(peer)
  }

  private maySpend(peer: Peer, bytes: number, nowMs: number): boolean {
    let share = this.shares.get(peer)
    if (share === undefined) {
      share = { datagrams: new Allowance(DATAGRAMS_PER_S), bytes: new Allowance(BYTES_PER_S) }
      this.shares.set(peer, share)
    }
    return share.datagrams.take(nowMs) && share.bytes.take(nowMs, bytes) && this.all.take(nowMs, bytes)
  }

  private drop(reason: RelayDrop): null {
    this.drops[reason]++
    return null
  }
}

/** What is for us in a datagram that was passed on to us: the datagram within; null where it is for somebody else. */
export function relayedForUs(datagram: Uint8Array, ownTag: number): Uint8Array | null {
  if (datagram[0] !== RELAYED || datagramFault(datagram) !== null || tagOf(datagram) !== ownTag) return null
  return relayedDatagram(datagram)
}
