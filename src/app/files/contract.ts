import type { Address } from '../../base/address.ts'
import type { PlannedEntry } from '../../core/transfer/folder.ts'
import type { AcceptPolicy, OfferState } from '../../core/transfer/offers.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Files, Omitted } from '../../ports/files.ts'
import type { Pending } from './pending.ts'
import type { Shares } from './shares.ts'
import type { TakenFiles } from './taken.ts'

/** What files need of talk: saying that there is one, and finding who has it. Rooms as front ends call them; people by key, in hexadecimal. */
export interface Talk {
  /** Our own key. */
  readonly own: string
  /** Says an offer in a room, or to one person (`@` and an id). Answers with the event's id in hexadecimal, or why not as a sentence. */
  offer(
    room: string,
    body: Uint8Array,
  ): Promise<{ readonly ok: true; readonly id: string } | { readonly ok: false; readonly message: string }>
  /** Takes an offer of ours back, for whoever is there and whoever comes later. Answers why not as a sentence, else null. */
  withdraw(room: string, id: string): Promise<string | null>
  /** Whether an offer is known, from an earlier run perhaps, to have been taken back. */
  isWithdrawn(id: string): boolean
  /** Nothing that they offer is shown, nor taken unasked. */
  isIgnored(key: string): boolean
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

/** Why a file waits or has failed, for programs. */
export type FileTrouble =
  | 'nobody'
  | 'full'
  | 'disk'
  | 'changed'
  | 'gone'
  | 'absent'
  | 'withdrawn'
  | 'lying'
  | 'crowded'
  | 'bad-list'

/** How a file stands, for every front end; at most ten a second for each. */
export interface FileView {
  /** The offer's event; while it is read, before there is one, another that is this run's alone. */
  readonly id: string
  /** 0 while it is read. */
  readonly number: number
  /** `reading`: it is hashed, and will be offered. */
  readonly state: OfferState | 'reading'
  readonly room: string
  /** By key. */
  readonly from: string
  readonly name: string
  /** Of the file, or of all files of the folder. */
  readonly size: number
  /** Bytes of that that are here, or have been hashed of what is being offered. */
  readonly done: number
  readonly bytesPerSecond: number
  /** Null while it cannot be told. */
  readonly leftMs: number | null
  /** When it was offered, by the clock of who did: milliseconds since 1970; 0 where that is not known. */
  readonly atMs: number
  /** Of ours: bytes that have been given to others. */
  readonly given: number
  /** Of ours: who says that he has it whole, and, to one person, that he does not want it; by key. */
  readonly taken: readonly string[]
  readonly declined: readonly string[]
  /** From how many it comes, of late. */
  readonly holders: number
  /** Those it goes through, where it does not come from its holders themselves; by key. */
  readonly through: readonly string[]
  /** Where it is, or will be; empty where nowhere. */
  readonly path: string
  /** Why it waits or has failed, as a sentence; empty where it does not. */
  readonly reason: string
  readonly trouble: FileTrouble | null
  /** Of a folder that is asked about: how many files there are, and the first of its paths, as of `pathText`. */
  readonly files: number
  readonly listing: readonly string[]
}

export type DeskOutcome =
  | { readonly ok: true; readonly view: FileView }
  | { readonly ok: false; readonly code: string; readonly message: string }

/** All that is in a folder, in the order of its content; nothing of a single file. */
export type DeskList =
  | { readonly ok: true; readonly view: FileView; readonly entries: readonly PlannedEntry[] }
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
  /** What we have taken in rooms, for the next run to give on; null as above. */
  readonly taken?: TakenFiles | null
  /** What has been offered to us and not been answered, for the next run; null as above. */
  readonly pending?: Pending | null
  /** What is given is asked after, so that it is known soon who has it: for a run that ends then. */
  readonly watches?: boolean
  readonly told: (view: FileView) => void
  /** Offers that are not listed, as of `LeftOut`. */
  readonly leftOut?: (total: number, most: string, isAll: boolean) => void
  /** Something is about to be offered, and this is not sent of it; `name`: as it will be offered. */
  readonly omitted?: (name: string, omitted: Omitted) => void
  readonly log: (message: string) => void
}
