import { compareBytes, equalBytes, utf8 } from '../../base/bytes.ts'
import { compareHlc, type HlcTime } from '../../base/hlc.ts'

/**
 * What is shown of a message once everything that was said about it is known, in whatever order that arrived:
 *
 * - only its author may edit or delete it, and everything about it is said in its own room;
 * - of several edits the last in the room's order counts;
 * - a deletion is final;
 * - of one person's switching one emoji on and off, the last in the room's order counts.
 *
 * Whoever keeps messages elsewhere (a database) must come to the same.
 */
export interface Amendment {
  /** The amending event's own id. */
  readonly id: Uint8Array
  readonly room: Uint8Array
  readonly author: Uint8Array
  readonly number: number
  readonly time: HlcTime
  readonly change: Change
}

export type Change =
  | { readonly what: 'edit'; readonly text: string }
  | { readonly what: 'delete' }
  | { readonly what: 'reaction'; readonly emoji: string; readonly on: boolean }

/** A message as it was said. `text` null where its body is gone and nobody here knows what it was. */
export interface Said {
  readonly room: Uint8Array
  readonly author: Uint8Array
  readonly text: string | null
}

/** `gone`: the body is missing though no deletion is known; somebody may still bring it. */
export type MessageState = 'whole' | 'edited' | 'gone' | 'deleted'

export interface Shown {
  readonly state: MessageState
  /** Empty where it is gone or deleted. */
  readonly text: string
  readonly reactions: readonly Reaction[]
}

export interface Reaction {
  readonly emoji: string
  /** In the order of their keys. */
  readonly authors: readonly Uint8Array[]
}

/** Longer than any emoji there is: a flag of tags has 28 bytes. */
export const EMOJI_BYTES_MAX = 32
/**
 * Emoji one person can have switched on or off on one message. The last ones in the room's order are kept: since a newer switching
 * only ever replaces an older one, the same ones are left whatever order they came in.
 */
export const EMOJI_PER_PERSON_MAX = 16

/** What tells two amendments apart in the room's order. */
export interface Place {
  readonly time: HlcTime
  readonly author: Uint8Array
  readonly number: number
  readonly id: Uint8Array
}

/** The room's order: clock time, author, number. The id only decides between two events that should not both be. */
export function comparePlaces(a: Place, b: Place): number {
  return (
    compareHlc(a.time, b.time) || compareBytes(a.author, b.author) || a.number - b.number || compareBytes(a.id, b.id)
  )
}

export function isEmoji(emoji: string): boolean {
  return emoji !== '' && utf8(emoji).length <= EMOJI_BYTES_MAX
}

/** Whether an amendment has a say about a message. */
function mayAmend(said: Said, amendment: Amendment): boolean {
  if (!equalBytes(said.room, amendment.room)) return false
  if (amendment.change.what === 'reaction') return isEmoji(amendment.change.emoji)
  return equalBytes(said.author, amendment.author)
}

/** What is shown of `said`; `amendments` are those that name it, in any order, the same one perhaps twice. */
export function shown(said: Said, amendments: Iterable<Amendment>): Shown {
  let edit: { place: Place; text: string } | null = null
  let deleted = false
  const switched = new Map<string, Switching>()
  for (const amendment of amendments) {
    if (!mayAmend(said, amendment)) continue
    const { change } = amendment
    if (change.what === 'delete') deleted = true
    else if (change.what === 'edit') {
      if (edit === null || comparePlaces(amendment, edit.place) > 0) edit = { place: amendment, text: change.text }
    } else {
      const key = `${amendment.author.toHex()}${change.emoji}`
      const before = switched.get(key)
      if (before === undefined || comparePlaces(amendment, before.place) > 0) {
        switched.set(key, { place: amendment, emoji: change.emoji, on: change.on })
      }
    }
  }
  if (deleted) return { state: 'deleted', text: '', reactions: [] }
  const reactions = gather(switched.values())
  if (edit !== null) return { state: 'edited', text: edit.text, reactions }
  return { state: said.text === null ? 'gone' : 'whole', text: said.text ?? '', reactions }
}

interface Switching {
  readonly place: Place
  readonly emoji: string
  readonly on: boolean
}

function gather(switchings: Iterable<Switching>): Reaction[] {
  const counted = new Map<string, number>()
  const chosen: { emoji: string; author: Uint8Array }[] = []
  for (const { place, emoji, on } of [...switchings].sort((a, b) => comparePlaces(b.place, a.place))) {
    const person = place.author.toHex()
    const count = (counted.get(person) ?? 0) + 1
    counted.set(person, count)
    if (on && count <= EMOJI_PER_PERSON_MAX) chosen.push({ emoji, author: place.author })
  }
  return groupReactions(chosen)
}

/** What was chosen by whom, by emoji: those that most chose first, then by code point. */
export function groupReactions(chosen: Iterable<{ readonly emoji: string; readonly author: Uint8Array }>): Reaction[] {
  const authorsOf = new Map<string, Uint8Array[]>()
  for (const { emoji, author } of chosen) {
    const authors = authorsOf.get(emoji)
    if (authors === undefined) authorsOf.set(emoji, [author])
    else authors.push(author)
  }
  const reactions = [...authorsOf].map(([emoji, authors]) => ({ emoji, authors: authors.sort(compareBytes) }))
  return reactions.sort((a, b) => b.authors.length - a.authors.length || compareBytes(utf8(a.emoji), utf8(b.emoji)))
}
