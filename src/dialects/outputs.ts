import type { Address } from '../base/address.ts'
import type { DialectName } from '../base/dialects.ts'
import type { Words } from './words.ts'

/** What a dialect's machine wants done, and what it has to tell. */
export type DialectOutput =
  | SendOutput
  | HangUpOutput
  | DialOutput
  | ListenOutput
  | MulticastOutput
  | DatagramOutput
  | WordsTelling
  | BridgeTelling
  | PeerTelling
  | DialledTelling
  | FileTelling
  | SoundTelling
  | TroubleTelling

/** Write to a connection; the bytes are the taker's. */
export interface SendOutput {
  readonly kind: 'send'
  readonly link: number
  readonly bytes: Uint8Array
}

/** Close a connection: after what was sent has left, or at once. */
export interface HangUpOutput {
  readonly kind: 'hang-up'
  readonly link: number
  readonly abort: boolean
}

/** Dial; answer with `opened` or `dialFailed` and the same attempt. */
export interface DialOutput {
  readonly kind: 'dial'
  readonly attempt: number
  readonly address: Address
}

/** Listen there too, or no longer; the first is answered with `listened`. */
export interface ListenOutput {
  readonly kind: 'listen' | 'unlisten'
  readonly address: Address
}

/** Send to the dialect's multicast group. */
export interface MulticastOutput {
  readonly kind: 'multicast'
  readonly datagram: Uint8Array
}

export interface DatagramOutput {
  readonly kind: 'datagram'
  readonly to: Address
  readonly datagram: Uint8Array
}

/** Somebody said something, for the first time as far as the machine can tell. */
export interface WordsTelling {
  readonly kind: 'words'
  /** Where several links of a dialect are networks of their own: which. */
  readonly link: number | null
  readonly words: Words
}

/** Another bridge has introduced itself. */
export interface BridgeTelling {
  readonly kind: 'bridge'
  readonly id: string
  /** Since when it says it is one, on our clock: later than it is by the time on the way. */
  readonly sinceMs: number
  /** Where it says it listens, which may be on another machine that goes by the same address; null where that is not told. */
  readonly claimed: Address | null
}

export interface PeerTelling {
  readonly kind: 'peer'
  readonly state: 'up' | 'down'
  /** Told apart within the dialect. */
  readonly id: string
  /** Clean; perhaps empty. */
  readonly name: string
  readonly address: Address
  /** We dialled it. */
  readonly dialled: boolean
  readonly link: number | null
  /** With `down`: why, as the end of a sentence. */
  readonly reason: string
}

/** What became of an attempt to dial an address that was asked for. */
export interface DialledTelling {
  readonly kind: 'dialled'
  readonly address: Address
  /** Who is there, as in `PeerTelling`; null: nobody, for `reason`. */
  readonly peer: { readonly id: string; readonly name: string } | null
  readonly reason: string
  /** It had worked the last time, or was not tried before. */
  readonly isNew: boolean
}

/** A file comes over a link: its beginning, its bytes, and its end. */
export type FileTelling =
  | {
      readonly kind: 'file'
      readonly link: number
      readonly state: 'begins'
      readonly name: string
      readonly size: number
    }
  | { readonly kind: 'file'; readonly link: number; readonly state: 'bytes'; readonly bytes: Uint8Array }
  /** `whole`: all of it came. */
  | { readonly kind: 'file'; readonly link: number; readonly state: 'ends'; readonly whole: boolean }
  /** One of ours may be sent now: its header has left. */
  | { readonly kind: 'file'; readonly link: number; readonly state: 'wanted' }

/** 20 ms of somebody's voice. */
export interface SoundTelling {
  readonly kind: 'sound'
  /** Who, as the dialect tells peers apart. */
  readonly speaker: string
  readonly room: string
  readonly sequence: number
  readonly samples: Int16Array
}

export interface TroubleTelling {
  readonly kind: 'trouble'
  readonly code: string
  /** A sentence. */
  readonly message: string
  /** The user should know. */
  readonly user: boolean
}

/** What the owner of connections tells a dialect's machine. Every method takes the monotonic time in milliseconds. */
export interface Dialect {
  readonly dialect: DialectName
  start(nowMs: number): void
  /** A connection is there: of an attempt of ours, or (null) one that came in. `local`: by which of our hosts it leaves the machine. */
  opened(link: number, remote: Address, attempt: number | null, nowMs: number, local?: string): void
  /** The buffer is the machine's from here on. */
  received(link: number, bytes: Uint8Array, nowMs: number): void
  closed(link: number, reason: string, nowMs: number): void
  dialFailed(attempt: number, reason: string, nowMs: number): void
  /** What became of a `listen`: null, or why not. */
  listened(address: Address, code: string | null, nowMs: number): void
  /** Says something in the network, or over one of its links where these are networks of their own. */
  say(words: Words, link: number | null, nowMs: number): void
  renamed(name: string, nowMs: number): void
  /** Says goodbye where the protocol has a word for it. */
  leave(nowMs: number): void
  wake(nowMs: number): void
  nextWakeMs(): number | null
  takeOutputs(): DialectOutput[]
}

/** A dialect whose peers are dialled by their address. */
export interface Diallable extends Dialect {
  /** Dials, and goes on trying; `kept`: it is dialled already, `full`: it is one too many. Answered by `dialled`. */
  connect(address: Address, nowMs: number): 'dialling' | 'kept' | 'full'
  /** Hangs up on a peer, by its id, and dials it no more; false where there is none. */
  disconnect(id: string, nowMs: number): boolean
  /** Dials an address no more, and hangs up on who is there; false where it was not dialled. */
  letGo(address: Address, nowMs: number): boolean
}
