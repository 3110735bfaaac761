import type { Chat } from '../../app/chat.ts'
import { type Call, type CommandTable, type JsonObject, type Refusal, readLine, readObject } from '../../app/command.ts'
import { COMMANDS } from '../../app/commands/table.ts'
import type { AppEvent, VoiceEvent } from '../../app/events.ts'
import { type KeyChanges, keymapOf } from '../../app/keymap.ts'
import type { Theme } from '../../app/settings.ts'
import { cleanLine } from '../../base/text.ts'
import { Leaving, type SignalSource } from '../leaving.ts'
import type { TerminalInput, TerminalOutput } from '../prompt/editor.ts'
import { Running } from '../running.ts'
import { TalkKey } from '../talk-key.ts'
import { Display } from './display.ts'
import { depthOf, type Environment } from './environment.ts'
import type { Effect, Message, Model } from './model/model.ts'
import { initialModel, update } from './model/update.ts'
import { pathsFor } from './paths.ts'
import { ReadMarks } from './read-marks.ts'
import { Ringer } from './ringer.ts'
import { Surroundings } from './surroundings.ts'
import { Teller } from './tell.ts'
import type { Input } from './terminal/parser.ts'
import { Terminal } from './terminal/terminal.ts'
import { frameOf } from './views/frame.ts'
import { lookOf } from './views/look.ts'
import { voiceMessage } from './voice.ts'

export interface ScreenOptions {
  readonly chat: Chat
  readonly input: TerminalInput
  readonly output: TerminalOutput
  readonly signals: SignalSource
  readonly env: Environment
  readonly theme?: Theme
  readonly keys?: KeyChanges
  readonly nowMs?: () => number
  readonly wallMs?: () => number
  readonly commands?: CommandTable
}

/** Messages shown of a room one comes into, and fetched with a page. */
const OPEN_MESSAGES = 200
const PAGE_MESSAGES = 200
/** A whole collection takes some 40 ms: seldom enough not to be felt, often enough that what was leafed past does not pile up. */
const PAGES_PER_COLLECTION = 32
/** Of a long answer, such as all paths of a folder, in one entry: what is scrolled by is wrapped entry by entry, and 65,536 paths fit into a talk. */
const NOTE_LINES_MAX = 200
/** Milliseconds after which the time is told anew to the model. */
const TICK_MS = 1_000

/** The full screen. Resolves with the exit status once the chat is closed and the terminal is as it was. */
export function runScreen(options: ScreenOptions): Promise<number> {
  return new Screen(options).leaving.over
}

/** Joins the model and its views to a chat and a terminal; whatever is decided here is a matter of time, not of what is shown. */
class Screen {
  readonly leaving: Leaving
  private readonly chat: Chat
  private readonly commands: CommandTable
  private readonly teller: Teller
  private readonly terminal: Terminal
  private readonly display: Display
  private readonly talkKey: TalkKey
  private readonly wallMs: () => number
  private readonly running = new Running(() => {})
  private readonly readMarks: ReadMarks
  private readonly ringer: Ringer
  private readonly surroundings: Surroundings
  private readonly unsubscribe: () => void
  private model: Model
  /** Places of which the history has been shown: a conversation may be there without it. */
  private readonly opened = new Set<string>()
  private pages = 0

  constructor(options: ScreenOptions) {
    const { chat, env } = options
    this.chat = chat
    this.commands = options.commands ?? COMMANDS
    this.wallMs = options.wallMs ?? Date.now
    this.teller = new Teller(chat, this.wallMs)
    const depth = depthOf(env)
    this.ringer = new Ringer(env, (text) => this.terminal.write(text))
    this.readMarks = new ReadMarks((room) => chat.messages.markRead(room))
    this.surroundings = new Surroundings(chat, this.teller, (message) => this.take(message))
    const nowMs = options.nowMs ?? (() => performance.now())
    this.talkKey = new TalkKey({ voice: chat.voice, output: { write: (text) => this.terminal.write(text) }, nowMs })
    const hearer = {
      input: (inputs: readonly Input[]) => this.hear(inputs),
      resized: () => this.resize(),
      resumed: () => this.resize(),
      drained: () => this.display.draw(),
      gone: () => this.leaving.leave(true),
    }
    this.terminal = new Terminal(options.input, options.output, hearer, this.talkKey)
    this.display = new Display(this.terminal, depth, () => frameOf(this.model))
    const setup = {
      commands: this.commands,
      keymap: keymapOf(options.keys),
      look: lookOf(options.theme ?? 'auto', depth),
    }
    const self = { id: chat.id, name: cleanLine(chat.name()) }
    this.model = initialModel(setup, this.terminal.size, self, this.wallMs())
    this.leaving = new Leaving({ close: () => this.close(), signals: options.signals, nowMs })
    process.on('uncaughtException', this.onCrash)
    process.on('unhandledRejection', this.onCrash)
    this.unsubscribe = chat.subscribe((event) => this.tell(event))
    for (const { room } of chat.rooms()) this.open(room)
    const current = chat.currentRoom()
    if (current !== null) this.enter(current)
    this.terminal.open()
    // By then the rooms of the start are joined.
    this.display.drawSoon()
  }

  private hear(inputs: readonly Input[]): void {
    const now = this.wallMs()
    for (const input of inputs) {
      if (input.kind === 'focus' && !input.focused) this.talkKey.letGo()
      this.take({ kind: 'input', input, now })
    }
    this.display.drawSoon()
  }

  private tell(event: AppEvent): void {
    const now = this.wallMs()
    if (now - this.model.now > TICK_MS) this.take({ kind: 'tick', now })
    if (event.event === 'room') {
      if (event.state === 'joined') this.open(event.room)
      else if (event.state === 'current') this.enter(event.room)
      else this.left(event.room)
    }
    for (const message of this.teller.tell(event)) this.take(message)
    if (event.event === 'voice') this.talkKey.settle()
    if (event.event === 'voice' || event.event === 'level') this.showVoice(event.event === 'voice' ? event : null)
    else this.endTest()
    this.surroundings.hear(event)
    this.display.drawLater()
  }

  private showVoice(event: VoiceEvent | null): void {
    this.take(voiceMessage(this.chat.voice.view(), this.chat.id, event))
  }

  /** No event tells that a test of the microphone is over; what it found is told. */
  private endTest(): void {
    if (this.model.microphoneDb !== null && this.chat.voice.view().test === null) this.showVoice(null)
  }

  private take(message: Message): void {
    const [model, effects] = update(this.model, message)
    if (model !== this.model) this.display.changed()
    this.model = model
    for (const effect of effects) this.do(effect)
    if (message.kind !== 'input') this.display.drawLater()
  }

  private do(effect: Effect): void {
    switch (effect.do) {
      case 'line':
        // A command may ask what is unread.
        this.readMarks.flush()
        return this.start(readLine(this.commands, effect.line), false)
      case 'command':
        return this.command(effect.object)
      case 'open':
        return this.open(effect.room)
      case 'page':
        return this.page(effect)
      case 'read':
        return this.readMarks.add(effect.room)
      case 'paths':
        void pathsFor(effect.typed).then((found) => {
          this.take({ kind: 'paths', before: effect.before, start: effect.start, found })
        })
        return
      case 'ring':
        return this.ringer.ring(effect.title, effect.body)
      case 'copy':
        return this.display.copy(effect.selection)
      case 'mouse':
        return this.terminal.useMouse(effect.on)
      case 'interrupt':
        return this.leaving.interrupt(() => effect.isSpared)
      case 'redraw':
        this.terminal.lookAtSize()
        return this.display.forget()
      case 'suspend':
        return this.terminal.suspend()
      case 'quit':
        return this.leaving.leave()
    }
  }

  private command(object: JsonObject): void {
    this.start(readObject(this.commands, object), true)
  }

  /** `isQuiet`: that it is done can be seen. */
  private start(command: Call | Refusal | null, isQuiet: boolean): void {
    if (command === null) return
    if (!command.ok) return this.fault(command.message)
    if (this.running.isFull) return this.fault('Too much is being done already: wait for it to end.')
    this.running.add(this.run(command, isQuiet))
  }

  private async run(call: Call, isQuiet: boolean): Promise<void> {
    if (call.pending !== null) this.take(this.teller.note(call.pending, 'faint'))
    const reply = await call.run(this.chat)
    if (!reply.ok) this.fault(reply.message)
    else if (call.effect === 'keys') this.take({ kind: 'keys' })
    else if (!isQuiet) {
      const lines = reply.lines().map(cleanLine)
      for (let at = 0; at < lines.length; at += NOTE_LINES_MAX) {
        this.take(this.teller.note(lines.slice(at, at + NOTE_LINES_MAX).join('\n'), 'plain'))
      }
    }
    // A conversation has nobody to tell that one has left it.
    if (reply.ok && isConversationLeft(reply)) this.left(reply.data.room)
    if (reply.ok && call.effect === 'clear') this.take({ kind: 'cleared' })
    if (reply.ok && call.effect === 'quit') this.leaving.leave()
    this.endTest()
    this.surroundings.look()
  }

  private fault(message: string): void {
    this.take(this.teller.note(message, 'fault'))
    if (this.model.overlay !== null || this.model.current === null)
      this.take({ kind: 'alert', text: cleanLine(message) })
  }

  /** What was said before in a room, and how much of it has not been read. */
  private open(room: string): void {
    const { messages } = this.chat
    this.opened.add(room)
    const found = messages.history(room, OPEN_MESSAGES, null)
    const { firstUnread } = messages.earlier(room, OPEN_MESSAGES)
    const { count, mentions } = messages.unread(room)
    const entries = found.ok ? found.messages.map((view) => this.teller.stored(view)) : []
    const hasOlder = found.ok && found.more
    const label = this.teller.label(room)
    this.take({ kind: 'opened', room, label, entries, hasOlder, unreadFrom: firstUnread, unread: count, mentions })
  }

  private enter(room: string): void {
    if (!this.opened.has(room)) this.open(room)
    this.take({ kind: 'entered', room, label: this.teller.label(room) })
    this.surroundings.lookNow()
    this.display.drawSoon()
  }

  private left(room: string): void {
    this.opened.delete(room)
    this.take({ kind: 'left', room })
  }

  private page({ room, where, id }: Extract<Effect, { do: 'page' }>): void {
    const { messages } = this.chat
    const found = where === 'before' ? messages.history(room, PAGE_MESSAGES, id) : messages.following(id, PAGE_MESSAGES)
    const entries = found.ok ? found.messages.map((view) => this.teller.stored(view)) : []
    this.take({ kind: 'paged', room, where, entries, more: found.ok && found.more })
    // Whoever leafs through years makes garbage faster than the collector takes notice of it. What was asked for is drawn first.
    if (++this.pages % PAGES_PER_COLLECTION === 0) setImmediate(() => setImmediate(() => Bun.gc(true)))
  }

  private resize(): void {
    this.take({ kind: 'resized', size: this.terminal.size })
    // What a terminal makes of its cells when it is resized is its own business.
    this.display.forget()
    this.display.drawSoon()
  }

  private async close(): Promise<void> {
    this.readMarks.flush()
    this.take({ kind: 'alert', text: 'Leaving, once what you said is on its way …' })
    this.display.draw()
    await this.chat.close()
    await this.running.settled()
    this.end()
  }

  private end(): void {
    this.display.stop()
    this.unsubscribe()
    this.surroundings.stop()
    this.readMarks.stop()
    process.off('uncaughtException', this.onCrash)
    process.off('unhandledRejection', this.onCrash)
    this.terminal.close()
  }

  /** An error nobody expected is to be read on an ordinary terminal. */
  private readonly onCrash = (error: unknown): void => {
    this.end()
    console.error(error)
    process.exit(1)
  }
}

function isConversationLeft(reply: { readonly to: string; readonly data: object }): reply is {
  readonly to: string
  readonly data: { readonly room: string }
} {
  const { to, data } = reply
  return to === 'leave' && 'room' in data && typeof data.room === 'string' && data.room.startsWith('@')
}
