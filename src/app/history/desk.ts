import { encodeBase32 } from '../../base/base32.ts'
import { equalBytes, toHex, utf8 } from '../../base/bytes.ts'
import { comparePlaces } from '../../core/room/timeline.ts'
import { cleanEmoji } from '../../core/room/told.ts'
import type { SearchQuery, Store, StoredMessage } from '../../ports/store.ts'
import { encodeReaction, encodeRemoval, encodeTextAbout } from '../../wire/amendment.ts'
import { EventKind } from '../../wire/event.ts'
import type { Fault, Outcome } from '../chat.ts'
import type { Ignoring } from '../ignoring.ts'
import type {
  Done,
  Earlier,
  HitView,
  Messages,
  MessageView,
  SearchAsked,
  Standing,
  UnreadView,
  Which,
} from '../messages.ts'
import type { People } from '../people.ts'
import type { Reach, Speak } from './contract.ts'
import { findMessage } from './finding.ts'
import type { History } from './service.ts'
import { lastBelieved, lastShown, shownUntilMs } from './shown.ts'
import { messageView, standingOf } from './views.ts'

export interface DeskOptions {
  readonly history: History
  readonly people: People
  /** Our own id, base32. */
  readonly id: string
  readonly name: () => string
  readonly currentRoom: () => string | null
  readonly ignoring: Ignoring
  readonly speak: Speak<Outcome<{ id: string; room: string }>>
  /** How far an event of ours has come; null where that is not known. */
  readonly reach?: (id: Uint8Array) => Reach | null
}

/** Text in one answer: a thousand long messages would be a line of 16 MiB. What is left out is asked for with `before`. */
const ANSWER_CHARS_MAX = 1024 * 1024

const NO_ROOM = fault('no-room', 'You are in no room. /join <room> enters one.')
const IS_OFFER = fault('is-offer', 'That is the offer of a file: /cancel takes it back.')
const TOO_LONG = fault('too-long', 'The message is longer than 16 KiB. Say it in parts.')

/** What people do with messages, over the history and the node; of those that somebody said who is ignored they find none but by its whole id. */
export class MessageDesk implements Messages {
  constructor(private readonly options: DeskOptions) {}

  find(which: Which, whose: 'anyone' | 'own'): Outcome<{ message: MessageView }> {
    const found = this.stored(which, whose)
    return found.ok ? { ok: true, message: this.view(found.message, found.room) } : found
  }

  async edit(which: Which, text: string): Promise<Outcome<Done>> {
    const found = this.stored(which, 'own')
    if (!found.ok) return found
    const { message, room } = found
    if (message.kind === EventKind.file) return IS_OFFER
    const body = encodeTextAbout({ target: message.id, text: text.toWellFormed() })
    if (body === null)
      return text === '' ? fault('empty', 'There is nothing left to say: /delete takes it back.') : TOO_LONG
    return this.about(message, await this.options.speak(room, EventKind.edit, body))
  }

  async remove(which: Which): Promise<Outcome<Done>> {
    const found = this.stored(which, 'own')
    if (!found.ok) return found
    const { message, room } = found
    return this.about(message, await this.options.speak(room, EventKind.remove, encodeRemoval(message.id)))
  }

  async reply(which: Which, text: string): Promise<Outcome<Done>> {
    const found = this.stored(which, 'anyone')
    if (!found.ok) return found
    const { message, room } = found
    const body = encodeTextAbout({ target: message.id, text: text.toWellFormed() })
    if (body === null) return text === '' ? fault('empty', 'There is nothing to say: write something.') : TOO_LONG
    const said = await this.options.speak(room, EventKind.reply, body)
    return said.ok ? { ok: true, id: said.id, room, was: message.text } : said
  }

  async react(which: Which, text: string, on: boolean | null): Promise<Outcome<Done & { emoji: string; on: boolean }>> {
    const emoji = cleanEmoji(text.toWellFormed())
    if (emoji === null || utf8(emoji).length !== utf8(text.trim()).length) {
      return fault('bad-emoji', 'That is no emoji: give one that can be seen, of 1 to 32 bytes.')
    }
    const found = this.stored(which, 'anyone')
    if (!found.ok) return found
    const { message, room } = found
    const { own } = this.options.history
    const isOn = message.reactions.some(
      (each) => each.emoji === emoji && each.authors.some((author) => equalBytes(author, own)),
    )
    const to = on ?? !isOn
    const body = encodeReaction({ target: message.id, emoji, on: to })
    const done = this.about(message, await this.options.speak(room, EventKind.reaction, body))
    return done.ok ? { ...done, emoji, on: to } : done
  }

  history(
    room: string | null,
    limit: number,
    before: string | null,
  ): Outcome<{ room: string; messages: readonly MessageView[]; more: boolean }> {
    const { history } = this.options
    const store = history.read
    if (before !== null) {
      const found = this.stored(before, 'anyone')
      if (!found.ok) return found
      const older = store.page(found.message.room, 'before', found.message, limit, this.options.ignoring.unheard())
      return this.answer(found.message.room, found.room, older)
    }
    const place = room ?? this.options.currentRoom()
    if (place === null) return NO_ROOM
    const id = history.rooms.idOf(place)
    return id === null
      ? { ok: true, room: place, messages: [], more: false }
      : this.answer(id, place, this.last(store, id, limit))
  }

  following(after: string, limit: number): Outcome<{ room: string; messages: readonly MessageView[]; more: boolean }> {
    const found = this.stored(after, 'anyone')
    if (!found.ok) return found
    const { history, ignoring } = this.options
    const newer = history.read.page(found.message.room, 'after', found.message, limit + 1, ignoring.unheard())
    const messages = newer.slice(0, limit).map((message) => this.view(message, found.room))
    return { ok: true, room: found.room, messages, more: newer.length > limit }
  }

  search({ words, from, room, before, limit }: SearchAsked): Outcome<{ hits: readonly HitView[] }> {
    const { history, people, ignoring } = this.options
    const { read, rooms } = history
    const unheard = ignoring.unheard()
    let query: SearchQuery = { words, limit, beforeMs: shownUntilMs(history.wallMs) + 1, unheard }
    if (from !== null) {
      const person = people.find(from)
      const authors = [...read.authorsNamed(from.replace(/^@/, '')), ...(person.ok ? [person.bytes] : [])]
      if (authors.length === 0)
        return person.ok || person.code === 'ambiguous-peer' ? (person as Fault) : fault(person.code, person.message)
      query = { ...query, from: authors }
    }
    if (room !== null) {
      const id = this.placeId(room)
      if (id === null) return fault('no-such-room', `Nothing is kept of ${room}. /rooms lists where you are.`)
      query = { ...query, room: id }
    }
    if (before !== null) query = { ...query, beforeMs: Math.min(before, query.beforeMs!) }
    const hits = read.search(query).map(({ message, excerpt, marks }) => ({
      message: this.view(message, rooms.placeOf(message.room) ?? ''),
      excerpt,
      marks,
    }))
    return { ok: true, hits }
  }

  markRead(room: string | null): Outcome<{ room: string }> {
    const { history } = this.options
    const place = room ?? this.options.currentRoom()
    if (place === null) return NO_ROOM
    const id = history.rooms.idOf(place)
    const last = id === null ? undefined : lastBelieved(history.read, id, 1, history.wallMs)[0]
    if (id === null || last === undefined) return { ok: true, room: place }
    const { time, author, number } = last
    history.add({ what: 'read', room: id, upTo: { time, author, number, id: last.id } })
    return { ok: true, room: place }
  }

  unread(room: string): UnreadView {
    const { history, name, ignoring } = this.options
    const id = history.rooms.idOf(room)
    if (id === null) return { count: 0, mentions: 0 }
    return history.read.unread(id, history.own, [name()], shownUntilMs(history.wallMs), ignoring.keys())
  }

  conversations(): readonly string[] {
    const rooms = this.options.history.rooms.list()
    return rooms.flatMap(({ settings: { peer } }) => (peer === null ? [] : [`@${encodeBase32(peer)}`]))
  }

  earlier(room: string, limit: number): Earlier {
    const { history } = this.options
    const id = history.rooms.idOf(room)
    if (id === null) return { messages: [], firstUnread: null }
    const store = history.read
    const messages = this.last(store, id, limit)
    const mark = store.rooms().find((held) => equalBytes(held.room, id))?.readTo ?? null
    const unread = messages.find(
      (message) => mark !== null && comparePlaces(message, mark) > 0 && !equalBytes(message.author, history.own),
    )
    return {
      messages: messages.map((message) => this.view(message, room)),
      firstUnread: unread === undefined ? null : toHex(unread.id),
    }
  }

  private last(store: Store, room: Uint8Array, limit: number): StoredMessage[] {
    const { own, wallMs } = this.options.history
    return lastShown(store, room, limit, own, wallMs, this.options.ignoring.unheard())
  }

  private answer(id: Uint8Array, room: string, found: readonly StoredMessage[]) {
    const messages = newestWithin(found, ANSWER_CHARS_MAX)
    const first = messages[0]
    const { history, ignoring } = this.options
    const more = first !== undefined && history.read.page(id, 'before', first, 1, ignoring.unheard()).length > 0
    return { ok: true, room, messages: messages.map((message) => this.view(message, room)), more } as const
  }

  private stored(which: Which, whose: 'anyone' | 'own'): Outcome<{ message: StoredMessage; room: string }> {
    const { history, currentRoom, ignoring } = this.options
    return findMessage(history, which, whose, currentRoom(), ignoring.unheard())
  }

  /** A room as a person names it. */
  private placeId(room: string): Uint8Array | null {
    const { history, people } = this.options
    if (!room.startsWith('@')) return history.rooms.idOf(room)
    const person = people.find(room)
    return person.ok ? history.rooms.idOf(`@${person.person.id}`) : null
  }

  private about(message: StoredMessage, said: Outcome<{ id: string; room: string }>): Outcome<Done> {
    return said.ok ? { ok: true, id: toHex(message.id), room: said.room, was: message.text } : said
  }

  private view(message: StoredMessage, room: string): MessageView {
    const { people, id } = this.options
    const view = messageView(message, room, people, id)
    const standing = view.self ? this.standing(message) : null
    return standing === null ? view : { ...view, standing }
  }

  /** What is known since this start, or what is noted from before, whichever is more. */
  private standing({ id, reach: noted }: StoredMessage): Standing | null {
    const { history, reach } = this.options
    const live = reach?.(id) ?? null
    // What somebody has seen is not to be less at the next start.
    if (live !== null && live.reached > (noted?.reached ?? 0)) history.reached(id, live)
    const isNews = live !== null && live.reached >= (noted?.reached ?? 0)
    const known = isNews ? live : noted
    const saved = live?.saved !== false && !history.isWaiting(id)
    if (known === null) return saved ? null : standingOf({ saved, reached: 0, members: 0 })
    return standingOf({ saved, reached: known.reached, members: known.members })
  }
}

/** The last ones whose texts come to so much together, but one at least. */
function newestWithin(messages: readonly StoredMessage[], charsMax: number): readonly StoredMessage[] {
  let left = charsMax
  let from = messages.length
  while (from > 0 && (left >= messages[from - 1]!.text.length || from === messages.length)) {
    left -= messages[--from]!.text.length
  }
  return messages.slice(from)
}

function fault(code: string, message: string): Fault {
  return { ok: false, code, message }
}
