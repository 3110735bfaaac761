import type { Address } from '../../base/address.ts'
import type { AcceptPolicy, OfferState } from '../../core/transfer/offers.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Files } from '../../ports/files.ts'
import type { Shares } from './shares.ts'

/** What files need of talk: saying that there is one, and finding who has it. Rooms as front ends call them; people by key, in hexadecimal. */
export interface Talk {
  /** Our own key. */
  readonly own: string
  /** Says an offer in a room, or to one person (`@` and an id). Answers with the event's id in hexadecimal, or why not as a sentence. */
  offer(
    room: string,
    body: Uint8Array,
  ): Promise<{ readonly ok: true; readonly id: string } | { readonly ok: false; readonly message: string }>
  /** Tells a room something that passes and is not kept. */
  pass(room: string, kind: number, body: Uint8Array): void
  /** Where a person can be dialled, as far as is known; the best first. */
  addressesOf(key: string): readonly Address[]
  /** Somebody is in the network, as far as is known. */
  isThere(key: string): boolean
  /** Where others may dial us for files. */
  ownAddresses(): readonly Address[]
  /** Whether somebody may have what was offered in a room: in a conversation the two alone. */
  mayHave(room: string, key: string): boolean
}

/** How a file stands, for every front end; at most ten a second for each. */
export interface FileView {
  readonly id: string
  readonly number: number
  readonly state: OfferState
  readonly room: string
  /** By key. */
  readonly from: string
  readonly name: string
  readonly size: number
  /** Bytes that are here, or have been hashed of what is being offered. */
  readonly done: number
  readonly bytesPerSecond: number
  /** Null while it cannot be told. */
  readonly leftMs: number | null
  /** From how many it comes just now. */
  readonly holders: number
  /** Those it goes through, where it does not come from its holders themselves; by key. */
  readonly through: readonly string[]
  /** Where it is, or will be; empty where nowhere. */
  readonly path: string
  /** Why it waits or has failed, as a sentence; empty where it does not. */
  readonly reason: string
  /** Of a folder that is asked about: how many files there are, and some of their paths. */
  readonly files: number
  readonly listing: readonly string[]
}

export type DeskOutcome =
  | { readonly ok: true; readonly view: FileView }
  | { readonly ok: false; readonly code: string; readonly message: string }

export interface DeskOptions {
  readonly files: Files
  readonly clock: Clock
  readonly talk: Talk
  readonly policy: AcceptPolicy
  /** Where what is taken goes. */
  readonly folder: string
  /** What we have offered, for the next run; null where nothing is to be written. */
  readonly shares: Shares | null
  readonly told: (view: FileView) => void
  readonly log: (message: string) => void
}
