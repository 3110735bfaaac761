import type { DialectName } from '../base/dialects.ts'
import type { Range } from '../core/history/ranges.ts'
import type { Outcome } from './chat.ts'
import type { Answered, MessageKind, Person } from './events.ts'

/**
 * What people do with what was said: the part of `Chat` that is about messages. Fields of what it answers go out as JSON: add, never rename.
 */
export interface Messages {
  /** The message that is meant. `whose`: those that are counted and looked through. */
  find(which: Which, whose: 'anyone' | 'own'): Outcome<{ message: MessageView }>
  /** Gives one of our own messages another text. `was`: the one it had. */
  edit(which: Which, text: string): Promise<Outcome<Done>>
  /** Takes one of our own messages back: its text goes from every store that hears of it. */
  remove(which: Which): Promise<Outcome<Done>>
  /** Says something in answer to a message, where that was said. `id`: of the answer. */
  reply(which: Which, text: string): Promise<Outcome<Done>>
  /** `on` null: the other way than it is. */
  react(which: Which, emoji: string, on: boolean | null): Promise<Outcome<Done & { emoji: string; on: boolean }>>
  /** At most `limit` messages, in order: the newest, or those before `before`. `room` null: the current one. */
  history(
    room: string | null,
    limit: number,
    before: string | null,
  ): Outcome<{ room: string; messages: readonly MessageView[]; more: boolean }>
  /** At most `limit` messages that stand after the one with the whole id `after`, in order. */
  following(after: string, limit: number): Outcome<{ room: string; messages: readonly MessageView[]; more: boolean }>
  search(asked: SearchAsked): Outcome<{ hits: readonly HitView[] }>
  /** Everything that is here of a room has been read. */
  markRead(room: string | null): Outcome<{ room: string }>
  unread(room: string): UnreadView
  /** Every conversation that is kept, as `Chat.join` takes it. */
  conversations(): readonly string[]
  /** What a room shows when one comes in. */
  earlier(room: string, limit: number): Earlier
}

/**
 * Which message: null for the last one; `#3` (or `3`) for the third from the end of the room one is in, of one's own where only those will do;
 * `#3fa9` (or `3fa9`) by the first characters of its id, 4 at least; a whole id in any room.
 */
export type Which = string | null

/** What stands in the place of a deleted message that told of an offer: its name and size went with it. */
export const OFFER_TAKEN_BACK = 'took back the offer of a file'

const ID_CHARS_SHOWN = 6

/** What people see of an id, and give to name a message. */
export function shortId(id: string): string {
  return `#${id.slice(0, ID_CHARS_SHOWN)}`
}

export interface Done {
  /** Of the message. */
  readonly id: string
  readonly room: string
  /** The text of the message it was done with, before. */
  readonly was: string
}

export interface MessageView {
  readonly id: string
  readonly room: string
  readonly from: Person
  /** Empty where it is deleted, or gone. */
  readonly text: string
  readonly at: number
  readonly self: boolean
  readonly kind: MessageKind
  /** Only where it tells that a file is offered; deleted, that the offer was taken back. */
  readonly offer?: true
  /** As of a `message` event. */
  readonly order: string
  /** `gone`: nobody has brought its text yet. */
  readonly state: 'whole' | 'edited' | 'gone' | 'deleted'
  readonly answers?: Answered
  readonly reactions: readonly ReactionView[]
  /** As of a `message` event. */
  readonly forked?: boolean
  /** As of a `message` event. */
  readonly relayed?: DialectName
  /** Of one's own, where it is known. */
  readonly standing?: Standing
}

export interface ReactionView {
  readonly emoji: string
  readonly by: readonly Person[]
}

/** How far a message of ours has come: nobody has it yet and it waits, somebody has, or all who are there. */
export interface Standing {
  readonly state: 'unsaved' | 'waiting' | 'reached' | 'everyone'
  /** Other members who have it: the most ever known of. */
  readonly reached: number
  /** Those, and who is present without it. 0: nobody is there. */
  readonly members: number
}

export interface SearchAsked {
  readonly words: string
  /** A name somebody went by, or an id. */
  readonly from: string | null
  readonly room: string | null
  /** Said before this, in milliseconds since 1970. */
  readonly before: number | null
  readonly limit: number
}

export interface HitView {
  readonly message: MessageView
  /** A part of the text, on one line, and where the words are in it. */
  readonly excerpt: string
  readonly marks: readonly Range[]
}

export interface UnreadView {
  /** Up to 10,000; that many means "at least". */
  readonly count: number
  readonly mentions: number
}

export interface Earlier {
  readonly messages: readonly MessageView[]
  /** The id of the first of them that was not read; null where all were, or none ever. */
  readonly firstUnread: string | null
}
