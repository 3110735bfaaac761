import type { HeldFeed, LoadedBundle } from '../../node/keeping.ts'
import type { Reached } from '../../ports/store.ts'
import type { AuthoredKind } from '../../wire/event.ts'

/** What the history has to tell the node. */
export interface KeepingNode {
  /** Everything up to this is as safe as it gets. */
  kept(seq: number): void
  loaded(request: number, bundles: readonly LoadedBundle[]): void
  /** What is below the floors of these feeds was dropped on purpose. */
  dropped(feeds: readonly HeldFeed[]): void
}

/** How far a message of ours has come. */
export interface Reach extends Reached {
  /** It is safe here. */
  readonly saved: boolean
}

/** Says something of any kind; answers when it is sealed and safe, with its id, or why it cannot be said. */
export type Speak<Answer> = (room: string, kind: AuthoredKind, body: Uint8Array) => Promise<Answer>

/** A file that somebody offers, as it is about to be kept. */
export interface KeptOffer {
  readonly id: Uint8Array
  /** A public key. */
  readonly from: Uint8Array
  /** As front ends call it. */
  readonly place: string
  readonly body: Uint8Array
  /** By the clock of who said it: milliseconds since 1970. */
  readonly atMs: number
}
