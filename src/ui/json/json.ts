import type { Readable, Writable } from 'node:stream'
import type { Chat } from '../../app/chat.ts'
import type { Call, CommandTable, Refusal } from '../../app/command.ts'
import { COMMANDS } from '../../app/commands/table.ts'
import type { ErrorEvent } from '../../app/events.ts'
import { Leaving, type SignalSource } from '../leaving.ts'
import { LineReader } from '../line-reader.ts'
import { OutputQueue } from '../output-queue.ts'
import { Running } from '../running.ts'
import { readAsked } from './read.ts'
import { type Ref, serialiseEvent, serialiseReply } from './serialise.ts'

export interface JsonOptions {
  readonly chat: Chat
  readonly input: Readable
  /** Carries one JSON object a line and nothing else. */
  readonly output: Writable
  readonly signals: SignalSource
  readonly nowMs?: () => number
  readonly commands?: CommandTable
}

/**
 * JSON mode (spec: front ends). Hears the chat from the moment it is called. Resolves with the exit status when the
 * input has ended or something asked to quit, the chat is closed and every line is with its reader.
 */
export function runJson(options: JsonOptions): Promise<number> {
  return new JsonMode(options).leaving.over
}

class JsonMode {
  readonly leaving: Leaving
  private readonly chat: Chat
  private readonly commands: CommandTable
  private readonly queue: OutputQueue
  private readonly reader: LineReader
  private readonly unsubscribe: () => void
  private readonly running = new Running(() => this.regulate())

  constructor({ chat, input, output, signals, nowMs = () => performance.now(), commands = COMMANDS }: JsonOptions) {
    this.chat = chat
    this.commands = commands
    this.queue = new OutputQueue(output, {
      lostLine: (count) => serialiseEvent(outputLost(count)),
      gone: () => this.leaving.leave(true),
      room: () => this.regulate(),
    })
    this.leaving = new Leaving({ close: (hurried) => this.close(hurried), signals, nowMs })
    this.unsubscribe = chat.subscribe((event) => this.queue.push(serialiseEvent(event), true))
    this.reader = new LineReader(input, {
      line: (line) => this.hear(line),
      fault: ({ code, message }) => {
        this.queue.push(serialiseEvent({ event: 'error', code, message }), false)
        this.regulate()
      },
      end: () => this.leaving.leave(),
    })
  }

  private hear(line: string): void {
    const asked = readAsked(this.commands, line)
    if (asked.kind === 'error') this.queue.push(serialiseEvent(asked.event), false)
    if (asked.kind === 'command') this.start(asked.command, asked.ref)
    this.regulate()
  }

  private start(command: Call | Refusal, ref: Ref | undefined): void {
    if (!command.ok) return this.queue.push(serialiseReply(command, ref), false)
    this.running.add(this.run(command, ref))
  }

  private async run(call: Call, ref: Ref | undefined): Promise<void> {
    // What stands after it in the input is not meant any more.
    if (call.effect === 'quit') this.reader.stop()
    const reply = await call.run(this.chat)
    this.queue.push(serialiseReply(reply, ref), false)
    if (call.effect === 'quit') this.leaving.leave()
  }

  /** Reads no further while the reader of our output, or the chat, is behind. */
  private regulate(): void {
    if (this.queue.isFull || this.running.isFull) this.reader.pause()
    else this.reader.resume()
  }

  private async close(hurried: boolean): Promise<void> {
    this.reader.stop()
    await this.chat.close()
    await this.running.settled()
    this.unsubscribe()
    await this.queue.finish(hurried)
  }
}

function outputLost(count: number): ErrorEvent {
  const message = `${count} events were dropped here, because standard output was not read fast enough.`
  return { event: 'error', code: 'output-lost', message }
}
