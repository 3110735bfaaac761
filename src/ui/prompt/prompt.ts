import { peopleAround } from '../../app/around.ts'
import type { Chat } from '../../app/chat.ts'
import type { Call, CommandTable, Refusal, Reply } from '../../app/command.ts'
import { COMMANDS } from '../../app/commands/table.ts'
import type { AppEvent, FileEvent, MessageEvent, RoomEvent } from '../../app/events.ts'
import type { Settings } from '../../app/settings.ts'
import { cleanLine } from '../../base/text.ts'
import type { World } from '../completion.ts'
import { FileProgress, SparseProgress } from '../file-progress.ts'
import { Leaving, type SignalSource } from '../leaving.ts'
import { LineReader } from '../line-reader.ts'
import { meter } from '../meter.ts'
import { OutputQueue } from '../output-queue.ts'
import { Running } from '../running.ts'
import { depthOf, type Environment } from '../screen/environment.ts'
import { namesPattern } from '../screen/mentions.ts'
import { pathsFor } from '../screen/paths.ts'
import { Ringer } from '../screen/ringer.ts'
import { inksOf } from '../screen/views/inks.ts'
import { TalkKey } from '../talk-key.ts'
import { createTheme, type Theme, wantsColour } from '../theme.ts'
import { Completer } from './completer.ts'
import { LineEditor, type TerminalInput, type TerminalOutput } from './editor.ts'
import { Formatter } from './format.ts'
import { Speakers } from './heard.ts'
import { keyLines, NO_KEYS } from './keys.ts'
import { pasteNotes } from './paste-notes.ts'
import { BARE_WORDS_HELP, readPromptLine } from './read.ts'
import { VoiceMark } from './voice-mark.ts'

export interface PromptOptions {
  readonly chat: Chat
  readonly input: TerminalInput
  readonly output: TerminalOutput
  readonly signals: SignalSource
  readonly env: Environment
  readonly nowMs?: () => number
  readonly wallMs?: () => number
  readonly commands?: CommandTable
  readonly theme?: Settings['theme']
}

/**
 * The line-based front end for people (spec: front ends, "The prompt"). With a terminal on both sides lines are edited;
 * otherwise lines come in and go out, and no prompt is printed. Resolves with the exit status once the chat is closed.
 */
export function runPrompt(options: PromptOptions): Promise<number> {
  return new Prompt(options).leaving.over
}

/** Where typed lines come from. */
interface LineSource {
  /** Called when a command has ended or output has room: may read on. */
  regulate(busy: boolean): void
  stop(): void
}

/** Where no prompt shows a meter: of ten levels in a second, this many make one line. */
const LEVELS_A_LINE = 10

/** Of a terminal with room for a bar beside what is typed. */
const BAR_COLUMNS_MIN = 80

/** Messages shown of what was said before one came in. */
const EARLIER_MAX = 20

/** After so long without a key, nobody looks. */
const AWAY_MS = 60_000

/** As on the full screen: colours that can be read on what `theme` says the background is. */
function themeFor({ output, env, theme = 'auto' }: PromptOptions): Theme {
  return createTheme(wantsColour(output, env) ? inksOf(theme, depthOf(env)) : null)
}

class Prompt {
  readonly leaving: Leaving
  /** Rooms whose earlier messages have been shown. */
  private readonly looked = new Set<string>()
  /** Rooms in which something was said that may not have been read. */
  private readonly unseen = new Set<string>()
  private readonly chat: Chat
  private readonly commands: CommandTable
  private readonly theme: Theme
  private readonly formatter: Formatter
  private readonly queue: OutputQueue
  private readonly editor: LineEditor | null
  private readonly talkKey: TalkKey | null
  private readonly voiceMark: VoiceMark
  private readonly progress = new FileProgress()
  private readonly sparse = new SparseProgress()
  private readonly speakers = new Speakers()
  private readonly completer: Completer
  private readonly nowMs: () => number
  private readonly ringer: Ringer
  private keyAtMs: number
  private levels = 0
  private readonly source: LineSource
  private readonly unsubscribe: () => void
  private readonly running = new Running(() => this.regulate())

  constructor(private readonly options: PromptOptions) {
    const { chat, input, output, env } = options
    this.chat = chat
    this.commands = options.commands ?? COMMANDS
    this.theme = themeFor(options)
    this.completer = new Completer(this.world(), pathsFor)
    const wallMs = options.wallMs ?? Date.now
    const columns = () => (output.isTTY === true ? (output.columns ?? null) : null)
    this.formatter = new Formatter({ chat, theme: this.theme, wallMs, columns })
    this.queue = new OutputQueue(output, {
      lostLine: (count) =>
        this.theme.fault(
          `${count} lines were dropped here: the output was not read fast enough. /history shows what was said.`,
        ),
      gone: () => this.leaving.leave(true),
      room: () => this.regulate(),
      frame: (text) => this.editor?.frame(text) ?? text,
    })
    const nowMs = options.nowMs ?? (() => performance.now())
    this.nowMs = nowMs
    this.keyAtMs = nowMs()
    this.ringer = new Ringer(env, (text) => output.write(text))
    this.voiceMark = new VoiceMark((person) => this.formatter.name(person))
    this.leaving = new Leaving({ close: (hurried) => this.close(hurried), signals: options.signals, nowMs })
    this.unsubscribe = chat.subscribe((event) => this.tell(event))
    const edited = input.isTTY === true && output.isTTY === true && env.TERM !== 'dumb'
    this.talkKey = edited ? new TalkKey({ voice: chat.voice, output, nowMs }) : null
    this.editor = edited ? this.edit() : null
    this.source = this.editor === null ? this.read() : { regulate() {}, stop: () => this.editor?.close() }
  }

  private edit(): LineEditor {
    const { input, output } = this.options
    return new LineEditor({
      input,
      output,
      prompt: () => this.promptText(),
      line: (line) => this.hear(line),
      complete: (typed, by) => this.completer.next(typed, by),
      pasted: (paste) => {
        this.keyAtMs = this.nowMs()
        for (const line of pasteNotes(this.commands, paste)) this.queue.push(this.formatter.aside(line), true)
      },
      keys: (chunk) => {
        this.keyAtMs = this.nowMs()
        return this.talkKey?.pass(chunk) ?? chunk
      },
      given: (isOurs) => this.talkKey?.given(isOurs),
      help: () => this.printKeys(),
      interrupt: () => this.leaving.interrupt(() => this.editor?.clearLine() ?? false),
      end: () => this.leaving.leave(),
    })
  }

  /** What Tab can complete. */
  private world(): World {
    return {
      commands: this.commands,
      rooms: () => this.chat.rooms().map(({ room }) => cleanLine(room)),
      people: () => {
        const room = this.chat.currentRoom() ?? ''
        const others = this.chat.users(room).flatMap((user) => (user.self ? [] : [this.formatter.name(user)]))
        const spoken = this.speakers.of(room)
        return [...spoken, ...others.filter((name) => !spoken.includes(name)).sort()]
      },
      elsewhere: () => peopleAround(this.chat).map((person) => this.formatter.name(person)),
      ignored: () => this.chat.ignored.list().map((person) => this.formatter.name(person)),
      files: () => [...new Set(this.chat.files.list().map(({ name }) => cleanLine(name)))].reverse(),
    }
  }

  private read(): LineSource {
    const reader = new LineReader(this.options.input, {
      line: (line) => this.hear(line),
      fault: ({ message }) => {
        this.print([this.theme.fault(message)])
        this.regulate()
      },
      end: () => this.leaving.leave(),
    })
    return { regulate: (busy) => (busy ? reader.pause() : reader.resume()), stop: () => reader.stop() }
  }

  /** `[general] > `, `[general] [voice:on] [↓ photo.jpg 42%] > ` */
  private promptText(): string {
    const room = this.chat.currentRoom()
    const voice = this.voiceMark.text(this.chat.voice.view(), this.nowMs(), room)
    const files = this.filesText()
    return `${this.theme.room(`[${room === null ? 'no room' : this.formatter.place(room)}]`)} ${voice}${files}> `
  }

  /** `[↓ photo.jpg ███░░░░░ 42%, 12 MB/s, 5 s] `, in fewer words where that would leave no room to type. */
  private filesText(): string {
    const { words, line } = this.progress
    if (words === '') return ''
    return `[${(this.options.output.columns ?? BAR_COLUMNS_MIN) < BAR_COLUMNS_MIN ? words : line}] `
  }

  private tell(event: AppEvent): void {
    if (event.event === 'room') this.look(event)
    if (event.event === 'message' && !event.self) {
      this.unseen.add(event.room)
      this.speakers.hear(event.room, this.formatter.name(event.from))
      this.ringFor(event)
    }
    for (const line of this.formatter.event(event)) this.queue.push(line, true)
    if (event.event === 'voice') this.talkKey?.settle()
    if (event.event === 'file') this.fileMoved(event)
    if (event.event === 'level' && this.editor === null && ++this.levels % LEVELS_A_LINE === 0) {
      this.queue.push(`mic ${meter(event.peakDb)} ${Math.round(event.peakDb)} dB`, true)
    }
    this.editor?.refresh()
  }

  private fileMoved(event: FileEvent): void {
    this.progress.hear(event)
    const line = this.editor === null ? this.sparse.hear(event, this.nowMs()) : null
    if (line !== null) this.queue.push(this.formatter.aside(line), true)
  }

  /** Somebody means us, and no key was pressed for a while. Programs that read the output are rung for by nobody. */
  private ringFor({ room, from, text, backlog }: MessageEvent): void {
    if (this.editor === null || backlog === true || this.nowMs() - this.keyAtMs < AWAY_MS) return
    const isAlone = room.startsWith('@')
    if (!isAlone && !namesPattern(this.chat.name()).test(text)) return
    const name = this.formatter.name(from)
    this.ringer.ring(isAlone ? name : `${name} in ${this.formatter.place(room)}`, text.replace(/\s+/g, ' '))
  }

  /** What was said before in a room one comes into; in a conversation the first time. */
  private look({ room, state }: RoomEvent): void {
    if (state === 'left') this.looked.delete(room)
    const isEntered = state === 'joined' || (state === 'current' && room.startsWith('@'))
    if (!isEntered || this.looked.has(room)) return
    this.looked.add(room)
    const { messages } = this.chat
    const { count } = messages.unread(room)
    if (count > 0) this.unseen.add(room)
    this.print(this.formatter.earlier(room, messages.earlier(room, EARLIER_MAX), count))
  }

  /** Who types something has seen what is there. */
  private seen(): void {
    const room = this.chat.currentRoom()
    if (room !== null && this.unseen.delete(room)) this.chat.messages.markRead(room)
  }

  private hear(line: string): void {
    this.seen()
    const command = readPromptLine(this.commands, line)
    if (command !== null) this.start(command)
    this.regulate()
  }

  private start(command: Call | Refusal): void {
    if (!command.ok) return this.answer(command)
    this.running.add(this.run(command))
  }

  private async run(call: Call): Promise<void> {
    // What stands after it in the input is not meant any more.
    if (call.effect === 'quit') this.source.stop()
    if (call.pending !== null) this.print([cleanLine(call.pending)])
    const reply = await call.run(this.chat)
    this.answer(reply)
    if (call.effect === 'quit') this.leaving.leave()
    if (call.effect === 'clear') this.editor?.clearScreen()
    if (call.effect === 'keys' && reply.ok) this.printKeys()
    this.editor?.refresh()
  }

  private answer(reply: Reply): void {
    if (!reply.ok) return this.print([this.theme.fault(cleanLine(reply.message))])
    this.print(reply.lines().flatMap((line) => this.formatter.reply(line)))
    if (listsCommands(reply.data)) this.print(BARE_WORDS_HELP)
  }

  private printKeys(): void {
    this.print(this.editor === null ? [NO_KEYS] : keyLines(this.chat.voice.view().talkKey))
  }

  private print(lines: readonly string[]): void {
    for (const line of lines) this.queue.push(line, false)
  }

  private regulate(): void {
    this.source.regulate(this.queue.isFull || this.running.isFull)
  }

  private async close(hurried: boolean): Promise<void> {
    this.source.stop()
    await this.chat.close()
    await this.running.settled()
    this.unsubscribe()
    await this.queue.finish(hurried)
  }
}

/** The whole list, not the help on one command. */
function listsCommands(data: object): boolean {
  return 'help' in data && Array.isArray(data.help) && data.help.length > 1
}
