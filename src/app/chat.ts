import type { Address } from '../base/address.ts'
import type { DialectName } from '../base/dialects.ts'
import type { Remark } from './doctor.ts'
import type { AppEvent, MessageKind, Person, Via } from './events.ts'
import type { FilesChat } from './files/files-chat.ts'
import type { Ignored } from './ignoring.ts'
import type { Messages } from './messages.ts'
import type { Voice } from './voice/contract.ts'

/** A fault a user can act on: `code` stable and kebab-case, `message` one sentence saying what happened and what to do. */
export interface Fault {
  readonly ok: false
  readonly code: string
  readonly message: string
}

export type Outcome<T extends object = object> = ({ readonly ok: true } & T) | Fault

export interface PeerView extends Person {
  /** Where they can be dialled; where that is not known, where they came from. */
  readonly address: string
  readonly via: Via
  /** We dialled them; false: they dialled us. */
  readonly dialled: boolean
  readonly dialect: 'native' | DialectName
  readonly verified: boolean
  /** Only where the dialect knows no rooms: the one that it is bridged with. */
  readonly room?: string
  /** Round-trip time in milliseconds; null before the first answer. */
  readonly rttMs: number | null
}

/** Somebody in the network whom we are not linked with ourselves. */
export interface OtherView extends Person {
  /** Links away, as last heard. */
  readonly hops: number
  /** The neighbour that last told of them; null where that one is gone. */
  readonly through: Person | null
}

/** A neighbour that is one no longer. */
export interface GoneView extends Person {
  readonly address: string
  /** Why, as the end of a sentence that begins with the name. */
  readonly reason: string
  /** Milliseconds since 1970. */
  readonly at: number
}

export interface UserView extends Person {
  readonly self: boolean
  /** Links away, as last heard; 0 is oneself. */
  readonly hops: number
  /** Only of those who are in voice in the room. */
  readonly voice?: 'on' | 'muted' | 'deafened'
}

export interface RoomView {
  readonly room: string
  readonly current: boolean
  readonly users: number
  /** What others said that was not read yet; 10,000 means "at least". */
  readonly unread: number
  /** Those of them that name us. */
  readonly mentions: number
  /** How many are in voice there, oneself included; left out where nobody is. */
  readonly voice?: number
}

export interface TrackerView {
  /** As it was given. */
  readonly given: string
  /** `searching`: never found yet. `checking`: lost a moment ago, and perhaps back in another. */
  readonly state: 'searching' | 'following' | 'checking' | 'electing' | 'serving'
  /** Where the list is kept, or was. */
  readonly address: string
  /** Who keeps it, oneself perhaps; null while nobody does. */
  readonly by: Person | null
  /** Since when, in milliseconds since 1970. */
  readonly since: number
  /** How many are on the list, as last told. */
  readonly registered: number
  /** Why the address given is not used, as the end of a sentence that begins with it; empty while it is. */
  readonly trouble: string
}

/**
 * Everything a command can do: the whole of hearsay as the command table sees it. The one real implementation drives
 * a node; tests give commands and front ends a small one of their own.
 */
export interface Chat {
  readonly id: string
  readonly messages: Messages
  readonly files: FilesChat
  readonly voice: Voice
  readonly ignored: Ignored
  name(): string
  /** The room a bare line goes to, or null when every room has been left. `@<id>` while in a direct conversation. */
  currentRoom(): string | null
  rooms(): RoomView[]
  peers(): PeerView[]
  /** Somebody by the whole id, there or not, by the last name known of them. */
  whoIs(id: string): Person | null
  /** Everybody else who is in our rooms, and through whom. */
  others(): OtherView[]
  /** The neighbour that went last; null if none has. */
  lastGone(): GoneView | null
  /** How we stand in the network, and what to do about it. */
  doctor(): Remark[]
  /** Members of a joined room, oneself included. */
  users(room: string): UserView[]
  /** How it stands with each tracker given. */
  trackers(): TrackerView[]
  /** Dials and keeps trying (with backoff) until `disconnect`. Answers when the first attempt has ended. `dialect`: what is spoken there, if not ours. */
  connect(address: Address, dialect?: DialectName | null): Promise<Outcome<{ peer: Person }>>
  /** Hangs up on a peer and stops dialling it. `peer`: a name, `name#abcd`, an id, a prefix of an id (4 characters or more), or an address. */
  disconnect(peer: string): Outcome<{ peer: Person }>
  /** Answers once the message is sealed, safe here and handed to the links. `room` null: the current one. */
  say(room: string | null, kind: MessageKind, text: string): Promise<Outcome<{ id: string; room: string }>>
  /** A message only `peer` can read. `peer` as in `disconnect`; anyone seen in a room will do, connected or not. */
  direct(peer: string, text: string): Promise<Outcome<{ id: string; room: string }>>
  /** Joins and makes it current; joining a joined room only switches. */
  join(room: string): Outcome<{ room: string }>
  leave(room: string): Outcome<{ room: string; current: string | null }>
  rename(name: string): Outcome<{ name: string }>
  /** Hears everything from now on; the returned function stops it. */
  subscribe(hear: (event: AppEvent) => void): () => void
  /**
   * Leaves: waits (bounded) until what was said has left for every connected peer, says goodbye, closes. `started`
   * attempts to connect are given the chance to end first. Safe to call twice.
   */
  close(): Promise<void>
}
