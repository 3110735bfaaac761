import { wrapAnsi } from 'bun'
import type { Chat } from '../../app/chat.ts'
import { plural } from '../../app/commands/views.ts'
import type {
  Answered,
  AppEvent,
  DeleteEvent,
  DeliveryEvent,
  EditEvent,
  FileEvent,
  MessageEvent,
  PeerEvent,
  Person,
  ReactionEvent,
  TrackerEvent,
  VoiceEvent,
} from '../../app/events.ts'
import { type Earlier, type MessageView, OFFER_TAKEN_BACK, shortId } from '../../app/messages.ts'
import { NameBook, taggedName } from '../../app/names.ts'
import { formatBytes } from '../../base/quantity.ts'
import { cleanLine, cleanText } from '../../base/text.ts'
import type { Theme } from '../theme.ts'
import { VoiceNews } from '../voice-news.ts'
import { firstPaths } from './first-paths.ts'
import { WaitingWords } from './waiting.ts'

/** How a peer was found, as a remark. */
const FOUND: Readonly<Record<Exclude<PeerEvent['via'], 'dialled' | 'accepted'>, string>> = {
  remembered: 'known from before',
  lan: 'found on the local network',
  tracker: 'found through a tracker',
  network: 'found through others',
}

/** What stands before the second and later lines of one message: no line of a message can pass for a line of ours. */
const CONTINUED = ' '.repeat('12:34 '.length)
/** Messages that can be quoted when somebody reacts to them. */
const RECENT_MAX = 500
const QUOTED_CHARS_MAX = 40
/** On narrower terminals wrapping by words makes a text harder to read, not easier. */
const WRAP_COLUMNS_MIN = 40

export interface FormatOptions {
  readonly chat: Chat
  readonly theme: Theme
  readonly wallMs: () => number
  /** Of the terminal; null where lines are not to be broken. */
  readonly columns: () => number | null
}

/**
 * Events as lines for people, in the manner of irssi:
 *
 *     12:34 [general] <Alice> hi
 *     12:34 [general] * Alice waves
 *     12:34 [@Bob] <Alice> between us
 *     12:34 -!- Carol joined general
 *     12:35 -!- [general] Alice edited #3fa9c2: hello
 *     12:35 -!- [general] Carol: 👍 for #3fa9c2 (hello)
 *
 * Everything from outside is cleaned here, last of all.
 */
export class Formatter {
  private readonly names = new NameBook()
  /** Texts of messages by their ids, to quote. */
  private readonly recent = new Map<string, string>()
  private readonly waiting = new WaitingWords()
  private readonly voiceNews = new VoiceNews()
  /** What was last told of each file; as many as a run remembers offers of. */
  private readonly files = new Map<string, string>()

  constructor(private readonly options: FormatOptions) {
    const { chat } = options
    this.names.see({ id: chat.id, name: cleanLine(chat.name()) })
    for (const person of [...chat.peers(), ...chat.rooms().flatMap(({ room }) => chat.users(room))]) this.name(person)
  }

  /** None, where there is nothing to tell: what the user did himself was answered already. */
  event(event: AppEvent): string[] {
    if (event.event === 'room' && event.state === 'left') this.voiceNews.left(event.room)
    switch (event.event) {
      case 'message':
        return this.message(event)
      case 'edit':
      case 'delete':
      case 'reaction':
        return this.about(event)
      case 'delivery':
        return this.waiting.hear(event) ? [this.remark(this.delivery(event))] : []
      case 'peer':
        return [this.remark(this.peer(event))]
      case 'member': {
        const name = this.name(event)
        if (event.id === this.options.chat.id) return []
        if (event.state !== 'renamed') return [this.remark(`${name} ${event.state} ${this.place(event.room)}`)]
        return [this.remark(`${cleanLine(event.was ?? 'somebody')} is ${taggedName(this.clean(event))} now`)]
      }
      case 'gap': {
        const whose = `of ${this.name(event.from)} in ${this.place(event.room)}`
        if (event.missing === 0) return [this.remark(`what was missing ${whose} has come`)]
        const what = event.missing === 1 ? 'a message' : `${event.missing} messages`
        return [this.remark(`${what} ${whose}: missing, nobody connected has it`)]
      }
      case 'file':
        return this.file(event).flatMap((text, i) => (i === 0 ? [this.remark(text)] : this.broken(CONTINUED + text)))
      case 'tracker':
        return this.tracker(event).map((text) => this.remark(text))
      case 'voice':
        return this.voice(event).map((text) => this.remark(text))
      case 'level':
        return []
      case 'error':
        return [this.remark(this.options.theme.fault(cleanLine(event.message)))]
      case 'notice':
        return [this.remark(cleanLine(event.message))]
      case 'ready': {
        const { host, port } = event.tcp
        const where = `${host.includes(':') ? `[${host}]` : host}:${port}`
        const who = taggedName(this.clean(event))
        return [this.remark(`hearsay ${event.version}: you are ${who}, reachable at ${where}; help lists the commands`)]
      }
      case 'room':
        return []
    }
  }

  /** A room's name, or `@` and the name of whom a direct conversation is with. */
  place(room: string): string {
    return room.startsWith('@') ? `@${this.names.showId(room.slice(1))}` : cleanLine(room)
  }

  /** What was said before one came in, between two lines that say so; the first that is new is marked. */
  earlier(room: string, { messages, firstUnread }: Earlier, unread: number): string[] {
    if (messages.length === 0) return []
    const { theme } = this.options
    const place = this.place(room)
    const lines = [theme.faint(`--- earlier in ${place} ---`)]
    for (const view of messages) {
      if (view.id === firstUnread)
        lines.push(theme.room(`--- ${unread} not read yet; /history ${unread} shows them ---`))
      lines.push(...this.stored(view))
    }
    lines.push(theme.faint('--- now ---'))
    return lines
  }

  private stored(view: MessageView): string[] {
    const isTakenBack = view.state === 'deleted'
    if (isTakenBack && view.offer !== true) return []
    const text = isTakenBack ? OFFER_TAKEN_BACK : view.state === 'gone' ? '(its text is missing)' : view.text
    const lines = this.message({ ...view, event: 'message', hops: 0, text, edited: view.state === 'edited' })
    for (const { emoji, by } of view.reactions) {
      lines.push(`${CONTINUED}${cleanLine(emoji)} ${by.map((person) => this.name(person)).join(', ')}`)
    }
    return lines
  }

  private about(event: EditEvent | DeleteEvent | ReactionEvent): string[] {
    // The answer to the command has said so.
    if (event.event === 'delete' && (event.self || this.files.get(event.id)?.startsWith('withdrawn') === true))
      return []
    const name = event.self ? 'You' : this.name(event.from)
    const head = `[${this.place(event.room)}] ${name}`
    const which = shortId(cleanLine(event.id))
    if (event.event === 'delete') return [this.remark(`${head} took back ${which}`)]
    if (event.event === 'edit') {
      this.recent.set(event.id, event.text)
      return this.broken(this.remark(`${head} edited ${which}: ${cleanText(event.text)}`))
    }
    const said = this.recent.get(event.id)
    const quoted = said === undefined ? which : `${which} (${this.quote(said)})`
    const emoji = cleanLine(event.emoji)
    return [this.remark(event.on ? `${head}: ${emoji} for ${quoted}` : `${head}: no ${emoji} any more for ${quoted}`)]
  }

  private quote(text: string): string {
    const chars = Array.from(cleanLine(text))
    return chars.length <= QUOTED_CHARS_MAX ? chars.join('') : `${chars.slice(0, QUOTED_CHARS_MAX).join('')}…`
  }

  /** A line of its own, so that no message can look as if it answered one. */
  private answering(from: Person, answers: Answered): string {
    const which = shortId(cleanLine(answers.id))
    const whose = answers.from === undefined ? '' : ` of ${this.name(answers.from)}`
    const text = answers.text === undefined ? '' : `: ${this.quote(answers.text)}`
    return this.remark(`${this.name(from)} answers ${which}${whose}${text}`)
  }

  private message(event: MessageEvent): string[] {
    const { theme } = this.options
    const name = this.name(event.from)
    this.recent.set(event.id, event.text)
    if (this.recent.size > RECENT_MAX) this.recent.delete(this.recent.keys().next().value!)
    const answering = event.answers === undefined ? [] : [this.answering(event.from, event.answers)]
    const edited = event.edited === true ? theme.faint(' (edited)') : ''
    const forked = event.forked === true ? theme.faint(' (one of two histories)') : ''
    const who = event.self ? theme.self(name) : theme.person(event.from.id, name)
    const said = { text: `<${who}>`, action: `* ${who}`, notice: `-${who}-` }[event.kind]
    const head = `${theme.faint(this.time(event.at))} ${theme.room(`[${this.place(event.room)}]`)} ${said}`
    return [...answering, ...this.broken(`${head} ${cleanText(event.text)}${edited}${forked}`)]
  }

  private delivery({ room, reached, of }: DeliveryEvent): string {
    const place = this.place(room)
    if (room.startsWith('@')) return `[${place}] what you said has arrived`
    const whom = of === 1 ? 'the one who is there now' : `${reached} of the ${of} who are there now`
    return `[${place}] what you said while nobody was there has reached ${whom}`
  }

  private broken(whole: string): string[] {
    const width = this.options.columns()
    const broken = width === null || width < WRAP_COLUMNS_MIN ? whole : wrap(whole, width - CONTINUED.length)
    return broken.split('\n').map((line, index) => (index === 0 ? line : CONTINUED + line))
  }

  private peer({ state, via, dialled, address, reason, ...person }: PeerEvent): string {
    const name = this.name(person)
    const where = cleanLine(address)
    if (state === 'up') {
      const found = via === 'dialled' || via === 'accepted' ? '' : `, ${FOUND[via]}`
      return dialled ? `connected to ${name} at ${where}${found}` : `${name} connected from ${where}${found}`
    }
    return `${name} at ${where} is gone${reason === undefined ? '' : `: ${cleanLine(reason)}`}`
  }

  /** What a person wants to know without asking: that something is offered, has come, waits, or will not come. /files tells the rest. */
  private file({
    id,
    number,
    state,
    room,
    from,
    self,
    name,
    size,
    path,
    reason,
    trouble,
    files,
    listing = [],
    refused = [],
  }: FileEvent): string[] {
    const what = `${cleanLine(name)} (${files === undefined ? '' : `${plural(files, 'file', 'files')}, `}${formatBytes(size)})`
    const whose = self ? 'your' : `${this.name(from)}'s`
    // How much is missing on a disk changes all the time.
    const news = `${state} ${trouble === 'full' ? trouble : reason} ${refused.length}`
    const isNews = this.files.get(id) !== news
    this.files.set(id, news)
    if (!isNews) return []
    const why = reason === undefined ? [] : [cleanLine(reason)]
    switch (state) {
      case 'offered':
        return [
          `${this.name(from)} offers ${room.startsWith('@') ? `you ${what}` : `${what} in ${this.place(room)}`}: /accept ${number} or /decline ${number}`,
          ...firstPaths(number, files, listing),
        ]
      case 'done':
        return [`${whose} ${what} is here: ${cleanLine(path ?? '')}`]
      case 'waiting':
      case 'failed':
        return [`${whose} ${what}: ${cleanLine(reason ?? 'it failed')}`]
      case 'accepted':
        return [`taking ${whose} ${what}`]
      case 'withdrawn':
        return [[self ? `your ${what} is withdrawn` : `${this.name(from)} has withdrawn ${what}`, ...why].join(': ')]
      case 'declined':
      case 'cancelled':
        return [`${whose} ${what} is ${state}`]
      case 'offering':
        return refused.slice(-1).map((person) => `${this.name(person)} does not want your ${what}`)
      case 'reading':
      case 'progress':
        return []
    }
  }

  /** Who takes over says so in the room; that he does is not said twice. */
  private tracker({ state, address, given, elected }: TrackerEvent): string[] {
    const where = cleanLine(address)
    if (state === 'electing') return [`the tracker ${cleanLine(given)} is gone; those who used it choose another`]
    if (elected === true) return []
    return [
      state === 'serving' ? `nobody was there, so you are the tracker ${where}` : `on the list of the tracker ${where}`,
    ]
  }

  private voice(event: VoiceEvent): string[] {
    const name = event.change === undefined ? '' : this.name(event.change)
    const news = this.voiceNews.tell(event, name, this.place(event.room))
    return news === null ? [] : [news]
  }

  /** A line of an answer. What does not fit goes on indented: no path, and no message in a history, can pass for a line of ours. */
  reply(line: string): string[] {
    return this.broken(cleanLine(line))
  }

  /** What is worth a line of its own, besides events. */
  aside(text: string): string {
    return this.remark(text)
  }

  private remark(text: string): string {
    const { theme, wallMs } = this.options
    return `${theme.faint(`${this.time(wallMs())} -!-`)} ${text}`
  }

  /** Hours and minutes where we are; the date too where it is not today's. */
  private time(atMs: number): string {
    const then = new Date(atMs)
    const clock = `${two(then.getHours())}:${two(then.getMinutes())}`
    if (then.toDateString() === new Date(this.options.wallMs()).toDateString()) return clock
    return `${then.getFullYear()}-${two(then.getMonth() + 1)}-${two(then.getDate())} ${clock}`
  }

  /** The name to show. */
  name(person: Person): string {
    return this.names.show(this.clean(person))
  }

  private clean({ id, name }: Person): Person {
    return { id: cleanLine(id), name: cleanLine(name) }
  }
}

function wrap(text: string, columns: number): string {
  return wrapAnsi(text, columns, { trim: false, wordWrap: true })
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}
