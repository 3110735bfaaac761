import type { Address } from '../base/address.ts'

/** From how far somebody has connected to us. */
export type Reach = 'loopback' | 'link' | 'private' | 'global'

const REACHES: readonly Reach[] = ['loopback', 'link', 'private', 'global']

/** The wider of the two. */
export function wider(one: Reach | null, other: Reach): Reach {
  return one !== null && REACHES.indexOf(one) > REACHES.indexOf(other) ? one : other
}

/** How it stands with an address the user gave. */
export interface TargetFact {
  readonly address: Address
  /** Hexadecimal key of the peer linked there; null when none is. */
  readonly peerKey: string | null
  readonly failures: number
  /** Why the last attempt failed, as the end of a sentence; empty when none has. */
  readonly reason: string
  /** Until it is tried again; null when it is being tried, or rests. */
  readonly retryMs: number | null
}

/** A neighbour that is one no longer. */
export interface GoneFact {
  readonly peer: Uint8Array
  readonly name: string
  readonly address: Address
  readonly reason: string
  /** Wall clock. */
  readonly atMs: number
}

/** How a node stands in its network, for diagnostics. */
export interface NodeFacts {
  readonly neighbours: number
  readonly known: number
  readonly reachedFrom: Reach | null
  readonly targets: readonly TargetFact[]
  readonly lastGone: GoneFact | null
}
