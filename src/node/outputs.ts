import type { Address } from '../base/address.ts'
import type { HlcTime } from '../base/hlc.ts'
import type { FeedKey } from '../core/history/feed-log.ts'
import type { Standing } from '../core/room/standings.ts'
import type { Office } from '../wire/tracker.ts'
import type { CircuitTelling } from './circuit-outputs.ts'
import type { KeptEvent } from './keeping.ts'
import type { VoiceTelling } from './voice-outputs.ts'

/** What a node wants done (`dial`, `close`) and what it has to tell. The driver carries out the first and passes on the second. */
export type NodeOutput =
  | DialOutput
  | CloseOutput
  | ListenOutput
  | UnlistenOutput
  | KeepOutput
  | LoadOutput
  | DisownOutput
  | NodeTelling

/** Dial; answer with `dialled` or `dialFailed` and the same attempt. */
export interface DialOutput {
  readonly kind: 'dial'
  readonly attempt: number
  readonly address: Address
}

/** Close the connection: after what was pulled has left, or at once. */
export interface CloseOutput {
  readonly kind: 'close'
  readonly link: number
  readonly abort: boolean
}

/**
 * Listen on one more address, if it is one of this machine's, or stop. The first is answered with `listened` and null or a code: `not-ours`,
 * or why not as the port has it.
 */
export interface ListenOutput {
  readonly kind: 'listen'
  readonly address: Address
}

export interface UnlistenOutput {
  readonly kind: 'unlisten'
  readonly address: Address
}

/** Keep a bundle for good; answer with `kept` when it is safe, at the latest of several. What it holds is the keeper's. */
export interface KeepOutput {
  readonly kind: 'keep'
  /** Counts from 1. */
  readonly seq: number
  readonly feed: FeedKey
  /** We wrote it. */
  readonly own: boolean
  readonly first: number
  readonly count: number
  /** The id before its first event, and of its last. */
  readonly previous: Uint8Array
  readonly lastId: Uint8Array
  /** Of its last event. */
  readonly time: HlcTime
  readonly bytes: Uint8Array
  /** All of its events that can be read. */
  readonly events: readonly KeptEvent[]
  /** Only where it is of another history than the feed's own: the first number at which there are two events. */
  readonly forkedSince?: number
}

/** A feed of ours must not be gone on with at the next start: others have more of it than we do. */
export interface DisownOutput {
  readonly kind: 'disown'
  readonly feed: FeedKey
}

/**
 * Read the bundles of a feed that reach into [from, to), in order or from the newest down, some `bytesMax` of them but one at least; answer
 * with `loaded`.
 */
export interface LoadOutput {
  readonly kind: 'load'
  readonly request: number
  readonly feed: FeedKey
  readonly from: number
  readonly to: number
  readonly bytesMax: number
  readonly newestFirst: boolean
}

export type NodeTelling =
  | PeerTelling
  | DialTelling
  | EventTelling
  | SaidTelling
  | DeliveryTelling
  | MemberTelling
  | GapTelling
  | FilesTelling
  | CircuitTelling
  | TrackerTelling
  | VoiceTelling
  | TroubleTelling

/** How a peer was found: its address was given and we dialled, it dialled us, or who told of it. */
export type Via = 'dialled' | 'accepted' | 'remembered' | 'lan' | 'tracker' | 'network'

export interface PeerTelling {
  readonly kind: 'peer'
  readonly state: 'up' | 'down'
  readonly link: number
  /** Ed25519 public key, 32 bytes. */
  readonly peer: Uint8Array
  /** As sent: clean before showing. */
  readonly name: string
  /** Where it can be dialled, or where it came from as far as that is not known. */
  readonly remote: Address
  readonly via: Via
  /** We dialled it; false: it dialled us. */
  readonly dialled: boolean
  /** With `down`: why, as the end of a sentence about the peer. */
  readonly reason: string
}

/** An attempt to reach a given address has ended. */
export interface DialTelling {
  readonly kind: 'dial-result'
  readonly address: Address
  /** The peer found there, or null. */
  readonly peer: Uint8Array | null
  readonly code: string
  /** Why not, as the end of a sentence that begins with the address. */
  readonly reason: string
  /** Attempts that failed since the last success. */
  readonly failures: number
  /** Milliseconds until it is tried again; null when it is not. */
  readonly retryMs: number | null
}

/** Something said in a room that is joined, or directly to us. */
export interface EventTelling {
  readonly kind: 'event'
  /** An open room's name; null for a direct message. */
  readonly room: string | null
  /** With a direct message: the other of the two. */
  readonly peer: Uint8Array | null
  readonly id: Uint8Array
  readonly author: Uint8Array
  /** The author's name when it was said, as sent; empty if never told. */
  readonly name: string
  readonly number: number
  readonly time: HlcTime
  readonly eventKind: number
  /** UTF-8 as sent, perhaps broken: a view to read now, not to keep. */
  readonly body: Uint8Array
  readonly hops: number
  readonly self: boolean
  /** It came while catching up, not as it was said. */
  readonly backlog: boolean
  /** Its author has signed two histories, and it stands in one of them after they part. */
  readonly forked?: boolean
}

/** One of our own events has been sealed and is safe here. */
export interface SaidTelling {
  readonly kind: 'said'
  /** What `say` was called with. */
  readonly ref: number
  readonly id: Uint8Array
}

/** How far something that we said has come. */
export interface DeliveryTelling extends Standing {
  readonly kind: 'delivery'
  /** An open room's name; null for a direct message. */
  readonly room: string | null
  /** With a direct message: its reader. */
  readonly peer: Uint8Array | null
  /** The message's. */
  readonly id: Uint8Array
}

export interface MemberTelling {
  readonly kind: 'member'
  readonly room: string
  readonly state: 'joined' | 'left' | 'renamed'
  readonly member: Uint8Array
  readonly name: string
  /** The former name, with `renamed`. */
  readonly was: string
  readonly hops: number
  /** Hexadecimal key of the neighbour that told. */
  readonly through: string
}

export interface GapTelling {
  readonly kind: 'gap'
  readonly room: string
  readonly author: Uint8Array
  readonly name: string
  /** So many events of this author nobody we are linked to has; 0: what was missing has come. */
  readonly missing: number
}

/** Somebody tells a room we are in something about files that passes; the signature is his. */
export interface FilesTelling {
  readonly kind: 'files'
  /** An open room's name; null for a conversation. */
  readonly room: string | null
  readonly author: Uint8Array
  /** `seek` or `holding`. */
  readonly passingKind: number
  /** As sent: a view to read now, not to keep. */
  readonly body: Uint8Array
}

/** Who keeps the list of nodes now, for those who use the tracker at `given`. */
export interface TrackerTelling {
  readonly kind: 'tracker'
  /** We keep it, somebody else does, or who is to is being found out. */
  readonly state: 'serving' | 'following' | 'electing'
  readonly given: Address
  /** Where it is kept, or was. */
  readonly address: Address
  /** Who keeps it; null while that is being found out. */
  readonly peer: Uint8Array | null
  /** As sent; empty for our own. */
  readonly name: string
  readonly office: Office | null
}

/** Something went wrong that is nobody's business but the diagnostics', or (with `user`) the user's too. */
export interface TroubleTelling {
  readonly kind: 'trouble'
  readonly code: string
  readonly message: string
  readonly user: boolean
}
