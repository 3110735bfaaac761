import type { DialectName } from '../base/dialects.ts'
import type { HlcTime } from '../base/hlc.ts'
import type { FeedKey } from '../core/history/feed-log.ts'
import type { Range } from '../core/history/ranges.ts'
import type { MessageState, Place, Reaction } from '../core/room/timeline.ts'
import type { ToldEvent, ToldMessage } from '../core/room/told.ts'

/**
 * Everything kept of rooms: the bundles as they were signed, and what people see of them. Every call does its work at
 * once. `commit` never throws for a fault of the disk, and reading never does: a read that fails answers as if nothing were
 * there, and the fault goes to `onFault` of `openStore`.
 */
export interface Store {
  /** Not null where what was found at the path could not be used and was put out of the way. */
  readonly setAside: SetAside | null
  /**
   * All of it on the disk or nothing. After a fault the caller still has the batch; giving the same one again is safe, also
   * where the first attempt has succeeded after all.
   */
  commit(batch: readonly StoreOperation[]): Committed | StoreFault
  /**
   * Takes more in as `commit` does, for everything below to answer with it, and writes nothing: it is held in memory until `letGo` or the next
   * `commit`, which begins with that, and may be given again then. After a fault nothing is held any more.
   */
  hold(batch: readonly StoreOperation[]): Committed | StoreFault
  letGo(): void
  /** Whether the disk takes something just now, found out by trying. True where there is none. */
  hasRoom(): boolean
  /** Every feed with something held or a history of its own; of one room, or of all. */
  feeds(room?: Uint8Array): FeedHeld[]
  /** Those with events in [from, to), whole, of at most `bytesMax` bytes together, but one at least. In order, or from the newest. */
  bundles(feed: FeedKey, from: number, to: number, bytesMax: number, newestFirst?: boolean): StoredBundle[]
  /** At most `limit` messages of who is heard beside a place in the room's order, that of a message perhaps; in order. */
  page(room: Uint8Array, side: 'before' | 'after', place: Place, limit: number, unheard?: Unheard): StoredMessage[]
  /** The newest, in order. */
  last(room: Uint8Array, limit: number): StoredMessage[]
  message(id: Uint8Array): StoredMessage | null
  /** A message with at most `limit` before it and as many after it, in order; empty where it is not known. */
  around(id: Uint8Array, limit: number): StoredMessage[]
  /** Everything in a room in order, piece by piece; nothing else is held meanwhile. What changes meanwhile is seen as it is then. */
  export(room: Uint8Array): Iterable<StoredMessage[]>
  search(query: SearchQuery): SearchHit[]
  /** Authors who went by a name, case apart: for `from` of a search. */
  authorsNamed(name: string): Uint8Array[]
  /** What the others but for `ignored` said after the read mark and not after `untilMs`, or came late from before the mark. */
  unread(
    room: Uint8Array,
    own: Uint8Array,
    ownNames: readonly string[],
    untilMs?: number,
    ignored?: readonly Uint8Array[],
  ): Unread
  rooms(): RoomHeld[]
  /** What is held of a feed beside its bundles: those of other histories that its author has signed. By number. */
  forks(feed: FeedKey): StoredBundle[]
  /** Whether every page of the file is in order: seconds for a large one. */
  check(): boolean
  close(): void
}

export type StoreOperation = KeepBundle | KeepFork | ForgetBody | MarkRead | NoteReach | SetRoom | DropOld

/** A verified bundle, and what its events tell. What is held already, or was dropped on purpose, is passed over. */
export interface KeepBundle {
  readonly what: 'keep'
  readonly feed: FeedKey
  /** We write this feed ourselves, now or before a restart. */
  readonly own: boolean
  readonly first: number
  readonly count: number
  /** The id of the event before the first, and that of the last. */
  readonly previous: Uint8Array
  readonly lastId: Uint8Array
  /** Of the last event. */
  readonly time: HlcTime
  readonly bytes: Uint8Array
  /** Those that people see something of. Strings are clean. */
  readonly events: readonly ToldEvent[]
}

/**
 * A verified bundle that cannot stand in its feed, because its author has signed other events at those numbers or before: kept beside it, and
 * shown like any other, with a mark. At most `FORK_EVENTS_MAX` and `FORK_BYTES_MAX` of a feed; more is passed over.
 */
export interface KeepFork extends Omit<KeepBundle, 'what' | 'own'> {
  readonly what: 'fork'
  /** The first number of the feed at which there are known to be two events. */
  readonly since: number
}

/** Takes an event's body out of its bundle; the rest still verifies. Deletions do so by themselves. Not for what is kept as a fork. */
export interface ForgetBody {
  readonly what: 'forget'
  readonly feed: FeedKey
  readonly number: number
}

/** Everything up to here was read, and everything that came late before it. The mark never goes back. */
export interface MarkRead {
  readonly what: 'read'
  readonly room: Uint8Array
  readonly upTo: Place
}

/** How far a message of ours has come. Fewer than are noted already are passed over, as is a message that is not here. */
export interface NoteReach extends Reached {
  readonly what: 'reach'
  readonly id: Uint8Array
}

export interface Reached {
  /** Other members who have it: the most ever known of. */
  readonly reached: number
  /** Those, and who was present without it then. */
  readonly members: number
}

export interface SetRoom {
  readonly what: 'room'
  readonly room: Uint8Array
  readonly settings: RoomSettings
}

export interface RoomSettings {
  /** An open room's; of a conversation what the other was called last, empty where that is not known. */
  readonly name: string
  /** The other of a conversation. */
  readonly peer: Uint8Array | null
  readonly joined: boolean
  /** How long and how much is kept of it; null: everything. */
  readonly ageMsMax: number | null
  readonly bytesMax: number | null
}

/** Drops what was said before a time, and the oldest until the room's bundles take at most so many bytes. */
export interface DropOld {
  readonly what: 'drop'
  readonly room: Uint8Array
  readonly beforeMs: number
  readonly bytesMax: number
}

export interface Committed {
  readonly ok: true
  /** Ids of messages that were there before and look different now, each once; but for a fork's mark. */
  readonly changed: readonly Uint8Array[]
  /** A drop has done its share for one commit and there is more: give it again. */
  readonly more: boolean
}

export interface FeedHeld {
  readonly key: FeedKey
  readonly own: boolean
  /** One past the newest number ever held: not to be used again in a feed of our own. */
  readonly next: number
  /** The id of event `next - 1`. */
  readonly tip: Uint8Array
  /** What is below was dropped on purpose and need not be fetched. */
  readonly floor: number
  readonly ranges: readonly Range[]
  /** Messages whose bodies are gone though no deletion is known: somebody may have them. Some 16,000 in a room at most. */
  readonly unproven: readonly { readonly number: number; readonly id: Uint8Array }[]
  /** The first number at which its author is known to have signed two events; null where he has not. */
  readonly forkedSince: number | null
}

export interface StoredBundle {
  readonly first: number
  readonly count: number
  readonly previous: Uint8Array
  readonly bytes: Uint8Array
}

/** A message as it is shown now. Its place in the room's order is its own fields. */
export interface StoredMessage extends Place {
  readonly room: Uint8Array
  /** Empty where it is not known yet. */
  readonly name: string
  /** `EventKind.file`: that something was offered, in words. */
  readonly kind: ToldMessage['kind']
  readonly state: MessageState
  /** Empty where it is gone or deleted. */
  readonly text: string
  readonly reply: Reply | null
  readonly reactions: readonly Reaction[]
  /** Its author has signed two histories, and this stands in one of them after they part. */
  readonly isForked: boolean
  /** Null where nothing is noted of it. */
  readonly reach: Reached | null
}

export interface Reply {
  readonly id: Uint8Array
  /** Null where what is answered is not known here. */
  readonly to: {
    readonly author: Uint8Array
    readonly name: string
    readonly text: string
    readonly state: MessageState
  } | null
}

/** Whose words are passed over, however many they are; at most 500 of each. */
export interface Unheard {
  /** But for what they have passed on from other networks. */
  readonly authors: readonly Uint8Array[]
  /** Those of other networks, by the names without marks that their words were passed on under, whoever did. */
  readonly strangers: readonly { readonly network: DialectName; readonly name: string }[]
}

export interface SearchQuery {
  /** As typed: every word must be there, in quotation marks one after the other; the beginning of a word will do where few have the whole. */
  readonly words: string
  /** By one of these. */
  readonly from?: readonly Uint8Array[]
  readonly room?: Uint8Array
  /** Said before this time. */
  readonly beforeMs?: number
  readonly unheard?: Unheard
  readonly limit: number
}

export interface SearchHit {
  readonly message: StoredMessage
  /** A part of its text on one line, and where in it the words are. */
  readonly excerpt: string
  readonly marks: readonly Range[]
}

export interface Unread {
  /** At most `UNREAD_MAX`: more than that many is only "many". */
  readonly count: number
  readonly mentions: number
}

export const UNREAD_MAX = 10_000

export interface RoomHeld {
  readonly room: Uint8Array
  readonly settings: RoomSettings
  readonly messages: number
  readonly bundles: number
  /** Of its bundles; what is kept beside them comes to about twice that. */
  readonly bytes: number
  /** Times of the oldest and the newest message; null without any. */
  readonly oldestMs: number | null
  readonly newestMs: number | null
  readonly readTo: Place | null
}

/** What happened to a file that could not be used. */
export interface SetAside {
  readonly reason: 'damaged' | 'foreign'
  /** Where it is now. */
  readonly path: string
  /** Bundles of it that could be read and verify: the new one begins with them. */
  readonly saved: number
  /** A sentence for the user. */
  readonly message: string
}

/**
 * Why a store cannot be opened or has failed; `message` says what happened and what to do. `damaged`, when the store was
 * open: close it and open it again, now or at the next start, and it is looked through and put aside.
 */
export interface StoreFault {
  readonly ok: false
  readonly code: 'held' | 'damaged' | 'newer' | 'full' | 'denied' | 'failed'
  readonly message: string
  /** With `held`: the process that has it, where that can be told. */
  readonly pid: number | null
  readonly cause: unknown
}
