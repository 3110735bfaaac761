import type { Address } from '../../base/address.ts'
import type { Announcement } from './messages.ts'

/** A peer is offline after so long without a word. */
export const OFFLINE_MS = 30_000
/** As the originals have it: whoever has not announced itself for so long may be gone. */
export const STALE_MS = 10_000
/** Peers of one local network, as far as they are known; beyond, nobody new is. */
const PEERS_MAX = 256
/** At one address: several on one machine, but no machine fills the table. */
const PEERS_PER_HOST_MAX = 64
/** Whoever says what it was half a minute ago is not believed. */
const TIMESTAMP_AGE_MS_MAX = 30_000

export interface MeshPeer {
  readonly id: string
  name: string
  address: Address
  /** Where it says it listens, on the host it is at; null before it has announced itself. */
  port: number | null
  /** Since when it is known to be at that address. */
  portSinceMs: number
  heardAtMs: number
  /** The connection on which it is spoken with; null while there is none. It may have another, on which nothing is said. */
  link: number | null
  /** People have been told that it is there. */
  isUp: boolean
  /** It is told nothing that was said before. */
  sinceMs: number
  /** The number of the last line that it has been told. */
  toldLast: number
  isDialling: boolean
  failures: number
  /** Not dialled before. */
  restsUntilMs: number
  /** When it last began again. */
  backAtMs: number
}

/** Who has announced itself on the local network. */
export class Roster {
  readonly peers = new Map<string, MeshPeer>()

  /** Takes an announcement in; null where it is not believed, or there is no room for one more. */
  heard(said: Announcement, host: string, nowMs: number, wallMs: number): MeshPeer | null {
    if (said.atMs !== null && wallMs - said.atMs > TIMESTAMP_AGE_MS_MAX) return null
    const known = this.peers.get(said.peerId)
    if (known === undefined) {
      const peer = this.meet(said.peerId, said.username, { host, port: said.port }, nowMs)
      if (peer !== null) peer.port = said.port
      return peer
    }
    // Who comes again after a while is not where nobody answered.
    if (known.link === null && nowMs - known.heardAtMs >= STALE_MS) known.failures = known.restsUntilMs = 0
    known.heardAtMs = nowMs
    const isSameHost = host === known.address.host
    // One that is linked is where the link is, whatever others announce in its name.
    if (isSameHost || known.link === null) {
      if (!isSameHost || listensAt(known) !== said.port) known.portSinceMs = nowMs
      known.port = said.port
    }
    if (known.link === null) {
      known.address = { host, port: said.port }
      known.name = said.username
    }
    return known
  }

  /** Somebody who is there for certain, having called. */
  meet(id: string, name: string, address: Address, nowMs: number): MeshPeer | null {
    const known = this.peers.get(id)
    if (known !== undefined) return known
    if (this.peers.size >= PEERS_MAX || this.ofHost(address.host) >= PEERS_PER_HOST_MAX) return null
    const at = { port: null, portSinceMs: nowMs, heardAtMs: nowMs, link: null, isDialling: false, failures: 0 }
    const rests = { restsUntilMs: 0, backAtMs: Number.NEGATIVE_INFINITY }
    const peer: MeshPeer = { id, name, address, ...at, ...rests, isUp: false, sinceMs: nowMs, toldLast: 0 }
    this.peers.set(id, peer)
    return peer
  }

  /** Somebody else who is where it was: has announced itself since from there, or is there and connected with us. */
  successor(peer: MeshPeer, nowMs: number): MeshPeer | null {
    for (const other of this.peers.values()) {
      if (other === peer || !isAtSame(other, peer) || isPretender(other, peer)) continue
      const isThere = other.link !== null && nowMs - other.heardAtMs < STALE_MS
      if (isThere || other.heardAtMs > peer.heardAtMs) return other
    }
    return null
  }

  /** Forgets who has been offline and has no connection. */
  sweep(nowMs: number): void {
    for (const [id, peer] of this.peers) {
      if (peer.link === null && !peer.isDialling && nowMs - peer.heardAtMs >= OFFLINE_MS) this.peers.delete(id)
    }
  }

  private ofHost(host: string): number {
    let count = 0
    for (const { address } of this.peers.values()) if (address.host === host) count++
    return count
  }
}

/** Whether two listen at one address, which only one of them can. */
function isAtSame(one: MeshPeer, two: MeshPeer): boolean {
  return one.address.host === two.address.host && listensAt(one) === listensAt(two)
}

/** Whether one says that it is where another said so before, and goes on saying so: anybody on a machine can announce another's port. */
export function isPretender(one: MeshPeer, other: MeshPeer): boolean {
  return other.portSinceMs < one.portSinceMs && other.heardAtMs > one.portSinceMs
}

function listensAt({ port, address }: MeshPeer): number {
  return port ?? address.port
}
