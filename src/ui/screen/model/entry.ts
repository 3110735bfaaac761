import type { FileEvent, MessageKind } from '../../../app/events.ts'

// What stands in a talk. Names and texts here have been cleaned.

export interface Who {
  readonly id: string
  /** As it is to be shown: tagged where it could be somebody else's. */
  readonly name: string
  readonly self: boolean
}

export interface MessageEntry {
  readonly kind: 'message'
  readonly id: string
  /** Sorts as the room does on every node. */
  readonly order: string
  readonly from: Who
  readonly how: MessageKind
  readonly text: string
  /** Milliseconds since 1970. */
  readonly at: number
  readonly state: 'whole' | 'edited' | 'gone' | 'deleted'
  /** Its author has signed two histories. */
  readonly isForked: boolean
  /** It names us. */
  readonly mentions: boolean
  readonly answers: Quoted | null
  readonly reactions: readonly Reaction[]
  /** How far one of ours has come; null where it is not known, or not ours. */
  readonly standing: 'unsaved' | 'waiting' | 'reached' | 'everyone' | null
}

export interface Quoted {
  /** The message's short id. */
  readonly which: string
  readonly name: string | null
  readonly text: string | null
}

export interface Reaction {
  readonly emoji: string
  readonly by: readonly { readonly id: string; readonly name: string }[]
}

/** A remark of the program's own. */
export interface NoteEntry {
  readonly kind: 'note'
  readonly id: string
  readonly at: number
  readonly text: string
  readonly tone: Tone
}

export type Tone = 'plain' | 'faint' | 'fault' | 'welcome'

/** A file that is offered, or on its way. */
export interface FileEntry {
  readonly kind: 'file'
  readonly id: string
  readonly at: number
  readonly from: Who
  readonly name: string
  /** Bytes. */
  readonly size: number
  readonly done: number
  readonly state: FileEvent['state']
  /** What commands know it by. */
  readonly number: number
  /** Of a folder: how many it has. */
  readonly files: number | null
  readonly bytesPerSecond: number
  /** From how many it comes. */
  readonly holders: number
  /** Who does not want what we offer. */
  readonly refused: readonly string[]
  /** Who has it whole, of what we offer. */
  readonly takers: readonly string[]
  /** Seconds, where that can be told. */
  readonly left?: number
  /** Why it failed or waits, or where it is. */
  readonly remark: string
}

export type Entry = MessageEntry | NoteEntry | FileEntry
