import type { Chat } from '../../app/chat.ts'
import type {
  Answered,
  AppEvent,
  FileEvent,
  MemberEvent,
  MessageEvent,
  NoticeEvent,
  PeerEvent,
  Person,
  TrackerEvent,
  VoiceEvent,
} from '../../app/events.ts'
import { type MessageView, type Standing, shortId } from '../../app/messages.ts'
import { NameBook, taggedName } from '../../app/names.ts'
import { cleanLine, cleanText } from '../../base/text.ts'
import { FileProgress } from '../file-progress.ts'
import { VoiceNews } from '../voice-news.ts'
import { Comings } from './comings.ts'
import { namesPattern } from './mentions.ts'
import type { Entry, FileEntry, MessageEntry, NoteEntry, Quoted, Tone, Who } from './model/entry.ts'
import type { Message } from './model/model.ts'
import { withReaction } from './model/talk.ts'

/** How a peer was found, as a remark. */
const FOUND: Readonly<Record<PeerEvent['via'], string>> = {
  dialled: '',
  accepted: '',
  remembered: ', known from before',
  lan: ', found on the local network',
  tracker: ', found through a tracker',
  network: ', found through others',
}

const QUOTED_CHARS_MAX = 200
/** As many as a run remembers. */
const OFFERS_MAX = 512
/** Several times as many as there are links at a time. */
const LINKS_MAX = 256

/** Turns what the chat tells into what the screen is made of. Everything from outside is cleaned here, and people get the names by which they are shown. */
export class Teller {
  private readonly names = new NameBook()
  private readonly voiceNews = new VoiceNews()
  private readonly progress = new FileProgress()
  /** When each file was first told of. */
  private readonly offeredAt = new Map<string, number>()
  private readonly comings = new Comings()
  /** What was last told of the link with somebody, by their id. */
  private readonly links = new Map<string, PeerEvent['state']>()
  private notes = 0

  constructor(
    private readonly chat: Chat,
    private readonly wallMs: () => number,
  ) {
    this.names.see({ id: chat.id, name: cleanLine(chat.name()) })
  }

  /** What there is to be shown of an event; rooms are the driver's business. */
  tell(event: AppEvent): Message[] {
    switch (event.event) {
      case 'message':
        return [this.added(event.room, this.heard(event), event.backlog !== true)]
      case 'edit': {
        const text = cleanText(event.text)
        return [amended(event, (entry) => ({ ...entry, text, state: 'edited' }))]
      }
      case 'delete':
        return [amended(event, (entry) => ({ ...entry, text: '', state: 'deleted', reactions: [] }))]
      case 'reaction': {
        const person = { id: event.from.id, name: this.name(event.from) }
        return [amended(event, (entry) => withReaction(entry, cleanLine(event.emoji), person, event.on))]
      }
      case 'delivery':
        return [amended(event, (entry) => ({ ...entry, standing: event.state }))]
      case 'peer':
        // Neighbours that the network chooses for itself come and go; the status line counts them, /peers lists them.
        return this.isNews(event) ? [this.remark(null, this.peer(event))] : []
      case 'member':
        return this.member(event)
      case 'gap': {
        const whose = this.name(event.from)
        const what = event.missing === 1 ? 'A message' : `${event.missing} messages`
        const gone = `${what} of ${whose} missing here: nobody connected has it.`
        return [this.remark(event.room, event.missing === 0 ? `What was missing of ${whose} has come.` : gone)]
      }
      case 'tracker':
        return this.tracker(event)
      case 'error':
        return [this.note(event.message, 'fault'), { kind: 'alert', text: cleanLine(event.message) }]
      case 'notice':
        return [this.unread(event) ?? this.note(event.message, 'plain')]
      case 'voice':
        return this.voice(event)
      case 'file':
        return this.file(event)
      case 'level':
      case 'ready':
        return []
      case 'room':
        if (event.state === 'left') this.voiceNews.left(event.room)
        return []
    }
  }

  /** A remark where one is. Lines stay lines. */
  note(text: string, tone: Tone): Message {
    return this.added(null, this.noteEntry(cleanText(text), tone), false)
  }

  /** A message out of the history. */
  stored(view: MessageView): MessageEntry {
    const { id, order, kind, at, self, state } = view
    const text = cleanText(view.text)
    return {
      ...{ kind: 'message', id, order, how: kind, text, at, state },
      from: this.who(view.from, self),
      isForked: view.forked === true,
      mentions: !self && this.namesUs(text),
      answers: view.answers === undefined ? null : this.quoted(view.answers),
      reactions: view.reactions.map((each) => ({
        emoji: cleanLine(each.emoji),
        by: each.by.map((person) => ({ id: person.id, name: this.name(person) })),
      })),
      standing: self ? standingOf(view.standing) : null,
    }
  }

  /** A room as people see it: its name, or `@` and the name of whom a conversation is with. */
  label(room: string): string {
    return room.startsWith('@') ? `@${this.names.showId(room.slice(1))}` : cleanLine(room)
  }

  name(person: Person): string {
    return this.names.show({ id: person.id, name: cleanLine(person.name) })
  }

  private heard(event: MessageEvent): MessageEntry {
    const text = cleanText(event.text)
    return {
      ...{ kind: 'message', id: event.id, order: event.order, how: event.kind, text, at: event.at },
      from: this.who(event.from, event.self),
      state: event.edited === true ? 'edited' : 'whole',
      isForked: event.forked === true,
      mentions: !event.self && this.namesUs(text),
      answers: event.answers === undefined ? null : this.quoted(event.answers),
      reactions: [],
      standing: event.self ? 'waiting' : null,
    }
  }

  private member({ id, name, room, state, was }: MemberEvent): Message[] {
    const shown = this.name({ id, name })
    if (id === this.chat.id) return []
    if (state !== 'renamed') return [this.coming(room, state, shown)]
    return [this.remark(room, `${cleanLine(was ?? 'Somebody')} is ${taggedName({ id, name: cleanLine(name) })} now.`)]
  }

  private coming(room: string, state: 'joined' | 'left', name: string): Message {
    const fresh = this.noteEntry('', 'faint')
    const entry = { ...fresh, ...this.comings.tell(room, state, name, fresh.at, fresh.id) }
    return { kind: 'added', room, label: this.label(room), entry, isLive: false }
  }

  /** Who was told of once is told of when they go, and when they are back, however that came about. */
  private isNews({ id, state, via }: PeerEvent): boolean {
    const last = this.links.get(id)
    if (via === 'network' && (last === undefined || last === state)) return false
    this.links.delete(id)
    this.links.set(id, state)
    if (this.links.size > LINKS_MAX) this.links.delete(this.links.keys().next().value!)
    return true
  }

  private peer({ state, via, dialled, address, reason, ...person }: PeerEvent): string {
    const name = this.name(person)
    const where = cleanLine(address)
    if (state === 'down') return `${name} at ${where} is gone${reason === undefined ? '' : `: ${cleanLine(reason)}`}.`
    return dialled ? `Connected to ${name} at ${where}${FOUND[via]}.` : `${name} connected from ${where}${FOUND[via]}.`
  }

  /** Who takes over says so in the room; that he does is not said twice. */
  private tracker({ state, address, given, elected }: TrackerEvent): Message[] {
    const where = cleanLine(address)
    if (state === 'electing')
      return [this.remark(null, `The tracker ${cleanLine(given)} is gone; those who used it choose another.`)]
    if (elected === true) return []
    const serving = `Nobody was there, so you are the tracker ${where}.`
    return [this.remark(null, state === 'serving' ? serving : `On the list of the tracker ${where}.`)]
  }

  /** A card that stays where the file was offered, and what comes in besides. */
  private file(event: FileEvent): Message[] {
    if (event.state === 'reading') {
      this.progress.hear(event)
      return [{ kind: 'files', words: this.progress.words }]
    }
    const { id, room, from, self, number, state, size, done, bytesPerSecond, left, path = '', reason = '' } = event
    const known = this.offeredAt.get(id)
    const at = known ?? this.wallMs()
    this.offeredAt.set(id, at)
    if (this.offeredAt.size > OFFERS_MAX) this.offeredAt.delete(this.offeredAt.keys().next().value!)
    this.progress.hear(event)
    const entry: FileEntry = {
      ...{ kind: 'file', id, at, number, state, size, done, bytesPerSecond, holders: event.holders },
      from: this.who(from, self),
      name: cleanLine(event.name),
      files: event.files ?? null,
      remark: cleanLine(state === 'done' ? path : reason),
      takers: (event.taken ?? []).map((person) => this.name(person)),
      ...(left === undefined ? {} : { left }),
    }
    return [
      this.added(room, entry, known === undefined && state === 'offered'),
      { kind: 'files', words: this.progress.words },
    ]
  }

  private voice(event: VoiceEvent): Message[] {
    const name = event.change === undefined ? '' : this.name(event.change)
    const news = this.voiceNews.tell(event, name, this.label(event.room))
    return news === null ? [] : [this.remark(event.room, `${news}.`)]
  }

  /** Who has written before the start stands in the list of rooms. */
  private unread({ room, unread }: NoticeEvent): Message | null {
    if (room === undefined || unread === undefined) return null
    const person = this.chat.whoIs(room.slice(1))
    if (person !== null) this.name(person)
    return { kind: 'listed', room, label: this.label(room), unread }
  }

  private quoted({ id, from, text }: Answered): Quoted {
    return {
      which: shortId(cleanLine(id)),
      name: from === undefined ? null : this.name(from),
      text: text === undefined ? null : cleanLine(text.slice(0, QUOTED_CHARS_MAX)),
    }
  }

  private remark(room: string | null, text: string): Message {
    return this.added(room, this.noteEntry(text, 'faint'), false)
  }

  private noteEntry(text: string, tone: Tone): NoteEntry {
    return { kind: 'note', id: `note ${++this.notes}`, at: this.wallMs(), text, tone }
  }

  private added(room: string | null, entry: Entry, isLive: boolean): Message {
    this.comings.interrupt()
    return { kind: 'added', room, label: room === null ? '' : this.label(room), entry, isLive }
  }

  private who(person: Person, self: boolean): Who {
    return { id: person.id, name: this.name(person), self }
  }

  private namesUs(text: string): boolean {
    return namesPattern(this.chat.name()).test(text)
  }
}

function amended(
  event: { readonly room: string; readonly id: string },
  change: (entry: MessageEntry) => MessageEntry,
): Message {
  return { kind: 'amended', room: event.room, id: event.id, change }
}

function standingOf(standing: Standing | undefined): MessageEntry['standing'] {
  return standing?.state ?? null
}
