import type { Address } from '../base/address.ts'
import type { KnownPeer } from '../core/discovery/tracker-client.ts'
import type { Candidate } from '../core/election/bully.ts'
import type { Verifier } from '../crypto/sign.ts'
import type { ElectionNote } from '../wire/election.ts'
import type { ListedPeer, Office, TrackerMessage } from '../wire/tracker.ts'
import type { LinkState } from './link-state.ts'
import type { TrackerSlot } from './tracker-slot.ts'

/** A connection made to register with somebody, from the dial to the first answer. */
export interface Visit {
  readonly id: number
  readonly slot: TrackerSlot
  /** `given`: the address the user gave. `again`: a coordinator that was lost. `claim`: somebody who says to be coordinator. */
  readonly why: 'given' | 'again' | 'claim'
  readonly address: Address
  /** Who is to be there; null for anybody. */
  readonly expected: string | null
  link: LinkState | null
}

/** Whom we are registered with. */
export interface Followed extends Candidate {
  readonly link: LinkState
  readonly office: Office
  /** Where it was dialled. */
  readonly address: Address
}

export type PeersMessage = Extract<TrackerMessage, { kind: 'peers' }>

/** What a slot needs of the node around it. */
export interface SlotOwner {
  readonly verifierOf: (identity: Uint8Array) => Verifier | null
  /** Where we listen. */
  readonly local: () => Address
  begin(slot: TrackerSlot, why: Visit['why'], address: Address, expected: string | null): Visit
  abandon(visit: Visit): void
  register(link: LinkState, registration: Uint8Array): void
  /** Ends a link to a tracker. */
  part(link: LinkState): void
  /** Keeps the list from now on, or no longer. */
  open(office: Office, peers: Iterable<ListedPeer>): void
  close(slot: TrackerSlot): void
  /** Listens on the address given, or no longer; the answer to the first comes as `listened`. */
  listen(slot: TrackerSlot): void
  unlisten(slot: TrackerSlot): void
  say(slot: TrackerSlot, note: ElectionNote): void
  learnt(fresh: readonly KnownPeer[], all: Iterable<KnownPeer>): void
  /** Where a linked peer can be dialled. */
  addressOf(key: string): Address | null
  changed(slot: TrackerSlot): void
}
