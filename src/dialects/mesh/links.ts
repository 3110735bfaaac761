import type { Address } from '../../base/address.ts'
import { hostOf } from '../places.ts'
import type { MeshLink } from './link.ts'
import type { MeshPeer } from './roster.ts'

/** The connections of the mesh, by their number. */
export class MeshLinks extends Map<number, MeshLink> {
  /** Those of one peer, in the order in which they came. */
  of(peer: MeshPeer): MeshLink[] {
    return [...this.values()].filter((link) => link.peer === peer)
  }

  /** The one on which a peer is spoken with. */
  spokenOn({ link }: MeshPeer): MeshLink | null {
    return link === null ? null : (this.get(link) ?? null)
  }

  /** How many there are with the machine at that address. */
  countOf(remote: Address): number {
    const host = hostOf(remote)
    let count = 0
    for (const link of this.values()) if (hostOf(link.remote) === host) count++
    return count
  }

  /** When anything came last from whoever is at its other end, on any. */
  heardAtMs(link: MeshLink): number {
    const all = link.peer === null ? [link] : this.of(link.peer)
    return Math.max(...all.map(({ heardAtMs }) => heardAtMs))
  }
}
