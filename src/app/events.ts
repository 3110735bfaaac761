import type { DialectName } from '../base/dialects.ts'
import type { FileTrouble } from './files/contract.ts'
import type { VoicePeer, VoiceState } from './voice/contract.ts'

/**
 * What happens, as every front end hears it. In JSON mode each of these is one line of standard output, so a field
 * here is a promise to other programs: add, never rename. `at` is milliseconds since 1970 by the sender's clock.
 */
export interface Person {
  /** The identity's public key, lowercase base32. */
  readonly id: string
  /** Cleaned for showing. */
  readonly name: string
}

/** How a peer was found: we dialled an address that was given, it dialled us, an earlier run, the local network, a tracker, other peers. */
export type Via = 'dialled' | 'accepted' | 'remembered' | 'lan' | 'tracker' | 'network'

export type MessageKind = 'text' | 'action' | 'notice'

export interface ReadyEvent {
  readonly event: 'ready'
  readonly version: string
  readonly id: string
  readonly name: string
  readonly tcp: { readonly host: string; readonly port: number }
  /** Port 0 from a program that has no UDP port, as a tracker. */
  readonly udp: { readonly host: string; readonly port: number }
}

export interface PeerEvent {
  readonly event: 'peer'
  readonly state: 'up' | 'down'
  readonly id: string
  readonly name: string
  /** Where they can be dialled; where that is not known, where they came from. */
  readonly address: string
  readonly via: Via
  /** We dialled them; false: they dialled us. */
  readonly dialled: boolean
  readonly dialect: 'native' | DialectName
  readonly verified: boolean
  /** Only with `down`: why, as a sentence. */
  readonly reason?: string
}

export interface MessageEvent {
  readonly event: 'message'
  readonly id: string
  /** An open room's name, or `@` and the other's id for a direct message. */
  readonly room: string
  readonly from: Person
  readonly text: string
  readonly at: number
  readonly self: boolean
  readonly kind: MessageKind
  /** Links crossed: 0 for one's own, 1 from a neighbour, never above 15. */
  readonly hops: number
  /** Sorts as the room does on every node: clock time, then author, then number. Compare as plain strings. */
  readonly order: string
  /** Only on what was said before and came by catching up: a bot should not answer it. */
  readonly backlog?: boolean
  /** Only on a reply: what it answers. */
  readonly answers?: Answered
  /** Only where it was edited before it came here; `text` is the edited one. */
  readonly edited?: boolean
  /** Only where its author has signed two histories, and this stands in one of them after they part. */
  readonly forked?: boolean
  /** Only on what was said in a network of another protocol, where nobody proves who he is: which. The name ends in it, and the id is no node's. */
  readonly relayed?: DialectName
}

/** The message a reply answers. */
export interface Answered {
  readonly id: string
  /** Not where the message is not known here. */
  readonly from?: Person
  /** Not either where it was deleted. */
  readonly text?: string
}

/** Something was done with a message, by `from`; only what counts is told. */
interface AboutMessage {
  /** The message's. */
  readonly id: string
  readonly room: string
  readonly from: Person
  readonly at: number
  readonly self: boolean
  readonly backlog?: boolean
}

/** Its author has other words for it now. */
export interface EditEvent extends AboutMessage {
  readonly event: 'edit'
  readonly text: string
}

/** Its author took it back: its text is to be forgotten. */
export interface DeleteEvent extends AboutMessage {
  readonly event: 'delete'
}

export interface ReactionEvent extends AboutMessage {
  readonly event: 'reaction'
  readonly emoji: string
  /** False: taken back. */
  readonly on: boolean
}

/** How far something that we said has come; told when that changes, a few times at most. */
export interface DeliveryEvent {
  readonly event: 'delivery'
  /** The message's. */
  readonly id: string
  readonly room: string
  /** Nobody has it yet; somebody has; all have who are present or were, but for those who left before. */
  readonly state: 'waiting' | 'reached' | 'everyone'
  /** Other members who have it: the most ever known of. */
  readonly reached: number
  /** Those, and who is present without it. 0 while nobody is there. */
  readonly of: number
}

export interface MemberEvent {
  readonly event: 'member'
  readonly room: string
  readonly state: 'joined' | 'left' | 'renamed'
  readonly id: string
  readonly name: string
  /** Only with `renamed`. */
  readonly was?: string
  /** Links away, as far as was told; 1 is a neighbour. */
  readonly hops: number
  /** The neighbour that told, where it is not the member itself. */
  readonly through?: Person
}

export interface RoomEvent {
  readonly event: 'room'
  readonly room: string
  readonly state: 'joined' | 'left' | 'current'
}

export interface GapEvent {
  readonly event: 'gap'
  readonly room: string
  readonly from: Person
  /** How many of this author's events nobody reachable has; 0 where what was said to be missing has come after all. */
  readonly missing: number
}

/** How voice stands in a room: told when that changes, and once a second of what is measured. */
export interface VoiceEvent {
  readonly event: 'voice'
  /** Ours: `off` also of a room that others are in voice in, and we are not. */
  readonly state: VoiceState
  readonly room: string
  /** Who is in voice there beside us. */
  readonly peers: readonly VoicePeer[]
  readonly deafened: boolean
  /** We are being sent. */
  readonly talking: boolean
  /** Only where somebody came, went, or muted themselves. */
  readonly change?: VoiceChange
}

export interface VoiceChange extends Person {
  /** `there`: they were before we knew of the room's voice. */
  readonly what: 'joined' | 'there' | 'left' | 'muted' | 'unmuted' | 'deafened'
}

/** While the microphone is tested, ten times a second: decibels of full scale, -127 to 0. */
export interface LevelEvent {
  readonly event: 'level'
  readonly peakDb: number
  readonly levelDb: number
  /** Clicks so far. */
  readonly gaps: number
}

/** How it stands with a file or folder that was offered: each change of state at once, and how far they have come at most ten times a second, of all of them together. */
export interface FileEvent {
  readonly event: 'file'
  /** The offer's. */
  readonly id: string
  /** What people name it by: `/accept 3`; 0 while it is read. */
  readonly number: number
  /** `reading`: a file of ours before it is offered, under an id of its own; over when `done` is `size`. `offering`: ours. `waiting`: accepted, and nobody who has it is here, or the disk is full; `reason` tells. */
  readonly state:
    | 'reading'
    | 'offering'
    | 'offered'
    | 'accepted'
    | 'progress'
    | 'waiting'
    | 'done'
    | 'failed'
    | 'declined'
    | 'cancelled'
    | 'withdrawn'
  readonly room: string
  readonly from: Person
  readonly self: boolean
  readonly name: string
  /** Bytes of the file, or of all files of the folder. */
  readonly size: number
  /** Of these, how many are here. */
  readonly done: number
  readonly bytesPerSecond: number
  /** Seconds, where that can be told. */
  readonly left?: number
  /** From how many it has come in the last five seconds. */
  readonly holders: number
  /** Neighbours who pass it on, where those it comes from cannot be reached otherwise. */
  readonly through?: readonly Person[]
  /** Where it is or will be. */
  readonly path?: string
  readonly reason?: string
  /** Why it waits or has failed, for programs. */
  readonly trouble?: FileTrouble
  /** When it was offered, by the clock of who did: milliseconds since 1970. */
  readonly at?: number
  /** Of ours: bytes given to others, who says that he has it whole, and, of one person, that he does not want it. */
  readonly given?: number
  readonly taken?: readonly Person[]
  readonly refused?: readonly Person[]
  /** Only of a folder: how many files it has, and its first 200 paths, with `/` at the end of an empty folder; the command `files` tells all. */
  readonly files?: number
  readonly listing?: readonly string[]
}

/** Who keeps the list of nodes now, for those who use the tracker at `given`. */
export interface TrackerEvent {
  readonly event: 'tracker'
  /** We keep it; somebody else does, and we are on it; it is lost, and who is to keep it is being found out. */
  readonly state: 'serving' | 'following' | 'electing'
  /** Where it is kept, or was. */
  readonly address: string
  /** The tracker as it was given. */
  readonly given: string
  /** Who keeps it; not with `electing`. */
  readonly by?: Person
  /** Whoever keeps it stands in for the tracker that was lost. */
  readonly elected?: boolean
}

export interface ErrorEvent {
  readonly event: 'error'
  /** Stable, kebab-case. */
  readonly code: string
  /** What happened and what to do, as one sentence a user can act on. */
  readonly message: string
}

/** Not an error: something the user should know (a dial that is tried again, a temporary identity). */
export interface NoticeEvent {
  readonly event: 'notice'
  readonly code: string
  readonly message: string
  /** Only with `unread`: the conversation, and how much in it was not read before the start. */
  readonly room?: string
  readonly unread?: number
}

export type AppEvent =
  | ReadyEvent
  | PeerEvent
  | MessageEvent
  | EditEvent
  | DeleteEvent
  | ReactionEvent
  | DeliveryEvent
  | MemberEvent
  | RoomEvent
  | GapEvent
  | FileEvent
  | TrackerEvent
  | VoiceEvent
  | LevelEvent
  | ErrorEvent
  | NoticeEvent
