import type { CommandTable, JsonObject } from '../../../app/command.ts'
import type { Person } from '../../../app/events.ts'
import type { Keymap } from '../../../app/keymap.ts'
import type { DialectName } from '../../../base/dialects.ts'
import type { Size } from '../terminal/grid.ts'
import type { Input } from '../terminal/parser.ts'
import type { Look } from '../views/look.ts'
import type { Editor } from './editor.ts'
import type { Entry, MessageEntry } from './entry.ts'
import type { Talk } from './talk.ts'

/** What stays as it is while the screen is there. */
export interface Setup {
  readonly commands: CommandTable
  readonly keymap: Keymap
  readonly look: Look
}

/** Everything the screen shows comes from this, and from nothing else. */
export interface Model {
  readonly setup: Setup
  readonly size: Size
  /** Milliseconds since 1970, as of the last message. */
  readonly now: number
  readonly self: { readonly id: string; readonly name: string }
  /** Rooms in the order in which they were joined, then conversations. */
  readonly places: readonly Place[]
  readonly current: string | null
  /** The one before. */
  readonly last: string | null
  /** Who is in the current room. */
  readonly people: readonly PersonItem[]
  /** Who is in other rooms that one is in, or linked; some of those who are here too. */
  readonly elsewhere: readonly Person[]
  /** Names of those whom one does not hear. */
  readonly ignored: readonly string[]
  readonly network: Network
  readonly history: readonly string[]
  /** While one walks through what was typed before: where one is, and what one had begun. */
  readonly walk: { readonly index: number; readonly begun: Editor } | null
  readonly completion: Completion | null
  readonly overlay: Overlay | null
  /** What is typed while one is in no room. */
  readonly adrift: Editor
  /** What was told while one was in no room: it stands in the next one. */
  readonly early: readonly Entry[]
  /** The last thing that went wrong, until a key is pressed. */
  readonly alert: string | null
  /** What the terminal says of its focus; null: it does not say. */
  readonly focused: boolean | null
  readonly lastKeyAt: number
  readonly panes: { readonly rooms: boolean; readonly people: boolean }
  readonly hasMouse: boolean
  readonly selection: Selection | null
  readonly voice: Voice | null
  /** How loud the microphone is while it is tested, in decibels of full scale; null: it is not. */
  readonly microphoneDb: number | null
  /** What is happening to files, in a few words; empty where nothing is. */
  readonly files: string
}

/** A room, or a conversation. */
export interface Place {
  /** As commands know it: a room's name, or `@` and an id. */
  readonly room: string
  /** As people see it. */
  readonly label: string
  readonly unread: number
  readonly mentions: number
  /** People in voice there, oneself included. */
  readonly inVoice: number
  readonly talk: Talk
  readonly draft: Editor
}

export interface PersonItem {
  readonly id: string
  readonly name: string
  readonly self: boolean
  /** Links away; 0 is oneself. */
  readonly hops: number
  /** Their identity has been proved to us, or to whom we are linked with. */
  readonly verified: boolean
  /** They have an older program, and nobody vouches for who they are: which. They hear what is said in rooms, and cannot be written to alone. */
  readonly network: DialectName | null
  /** They are in voice here; null: they are not. */
  readonly voice: 'on' | 'muted' | 'deafened' | null
}

export interface Network {
  readonly links: number
  /** Whom one is linked with, by name: a few of them. */
  readonly names: readonly string[]
  /** What others can dial, the likeliest first; this and what follows only while nobody is connected. */
  readonly addresses: readonly string[]
  /** Why nobody on another machine can dial them, and what to do; empty where they can. */
  readonly secluded: string
  /** How it stands with finding others, a sentence or two each. */
  readonly hints: readonly string[]
}

/** Our own voice, and who is in voice with us. */
export interface Voice {
  readonly state: 'on' | 'muted' | 'deafened'
  readonly room: string
  /** The talk key is held. */
  readonly isHeld: boolean
  /** What is held to talk; null: nothing has to be. */
  readonly key: string | null
  /** Ids of who speaks, and of who is muted. */
  readonly speaking: ReadonlySet<string>
  readonly muted: ReadonlySet<string>
}

/** A completion under way: the key again brings the next candidate. */
export interface Completion {
  readonly before: Editor
  /** Of the word that is completed, in UTF-16 units; it ends at the cursor. */
  readonly start: number
  readonly candidates: readonly string[]
  readonly index: number
}

export type Overlay =
  | { readonly kind: 'help'; readonly top: number }
  | { readonly kind: 'jump'; readonly typed: Editor; readonly selected: number }
  | { readonly kind: 'paste'; readonly text: string }

/** Cells from one to another, both included, in reading order or against it. */
export interface Selection {
  readonly from: Point
  readonly to: Point
  /** The pane in which it began. */
  readonly within: { readonly x: number; readonly width: number }
}

export interface Point {
  readonly x: number
  readonly y: number
}

/** What happens. */
export type Message =
  | { readonly kind: 'input'; readonly input: Input; readonly now: number }
  | { readonly kind: 'resized'; readonly size: Size }
  | { readonly kind: 'tick'; readonly now: number }
  /** Something was said, or is to be remarked. `room` null: wherever one is. */
  | {
      readonly kind: 'added'
      readonly room: string | null
      readonly label: string
      readonly entry: Entry
      readonly isLive: boolean
    }
  | {
      readonly kind: 'amended'
      readonly room: string
      readonly id: string
      readonly change: (entry: MessageEntry) => MessageEntry
    }
  | {
      readonly kind: 'opened'
      readonly room: string
      readonly label: string
      readonly entries: readonly MessageEntry[]
      readonly hasOlder: boolean
      readonly unreadFrom: string | null
      readonly unread: number
      readonly mentions: number
    }
  | {
      readonly kind: 'paged'
      readonly room: string
      readonly where: 'before' | 'after'
      readonly entries: readonly MessageEntry[]
      readonly more: boolean
    }
  /** Something has not been read there since before the start; its history is opened by whoever goes there. */
  | { readonly kind: 'listed'; readonly room: string; readonly label: string; readonly unread: number }
  | { readonly kind: 'entered'; readonly room: string; readonly label: string }
  | { readonly kind: 'left'; readonly room: string }
  | {
      readonly kind: 'network'
      readonly network: Network
      readonly people: readonly PersonItem[]
      readonly elsewhere: readonly Person[]
      readonly ignored: readonly string[]
      readonly self: Model['self']
      readonly labels: ReadonlyMap<string, string>
    }
  | {
      readonly kind: 'voice'
      readonly voice: Voice | null
      readonly microphoneDb: number | null
      /** How many are in voice in rooms where that may have changed. */
      readonly counts: readonly { readonly room: string; readonly count: number }[]
    }
  /** What is happening to files, in a few words. */
  | { readonly kind: 'files'; readonly words: string }
  | { readonly kind: 'paths'; readonly before: Editor; readonly start: number; readonly found: readonly string[] }
  | { readonly kind: 'alert'; readonly text: string }
  | { readonly kind: 'cleared' }
  /** Somebody asked which there are. */
  | { readonly kind: 'keys' }

/** What is to be done about it, by whoever drives the screen. */
export type Effect =
  /** As somebody typed it. */
  | { readonly do: 'line'; readonly line: string }
  | { readonly do: 'command'; readonly object: JsonObject }
  | { readonly do: 'open'; readonly room: string }
  | { readonly do: 'page'; readonly room: string; readonly where: 'before' | 'after'; readonly id: string }
  | { readonly do: 'read'; readonly room: string }
  | { readonly do: 'paths'; readonly before: Editor; readonly start: number; readonly typed: string }
  | { readonly do: 'ring'; readonly title: string; readonly body: string }
  | { readonly do: 'copy'; readonly selection: Selection }
  | { readonly do: 'mouse'; readonly on: boolean }
  /** `isSpared`: there was something smaller to interrupt, and it is done. */
  | { readonly do: 'interrupt'; readonly isSpared: boolean }
  | { readonly do: 'redraw' | 'suspend' | 'quit' }

export type Updated = readonly [Model, readonly Effect[]]
