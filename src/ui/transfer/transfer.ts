import type { Chat } from '../../app/chat.ts'
import type { AppEvent, FileEvent, ReadyEvent } from '../../app/events.ts'
import { ExitStatus } from '../../app/exit.ts'
import { Leaving, type SignalSource } from '../leaving.ts'
import { type ErrorOutput, StatusLine } from './status-line.ts'

export interface TransferOptions {
  readonly chat: Chat
  readonly signals: SignalSource
  readonly errors: ErrorOutput
  /** Milliseconds of a clock that never goes back. */
  readonly nowMs?: () => number
}

/** Whether nothing has moved for too long is looked at so often. */
const LOOK_EVERY_MS = 100
/** Nothing has moved for so long: what is waited for is said where no terminal shows it. As soon as files say that nobody sends them. */
const QUIET_MS = 10_000

/** What sending and receiving once have in common: it ends by itself, by a signal, or because nothing has moved for too long. */
export abstract class Transfer {
  /** The exit status. */
  readonly over: Promise<number>
  protected readonly chat: Chat
  protected readonly line: StatusLine
  protected readonly nowMs: () => number
  protected ready: ReadyEvent | null = null
  private trouble = ''
  /** What it comes to unless it is interrupted. */
  private status: number = ExitStatus.failed
  private movedAtMs: number
  private awaited = ''
  /** What of it was said since something moved. */
  private said = ''
  private readonly leaving: Leaving
  private readonly looking: ReturnType<typeof setInterval>
  private readonly unsubscribe: () => void

  constructor(
    options: TransferOptions,
    private readonly waitMs: number | null,
  ) {
    const { chat, signals, errors, nowMs = () => performance.now() } = options
    this.chat = chat
    this.nowMs = nowMs
    this.line = new StatusLine(errors, nowMs)
    this.movedAtMs = nowMs()
    this.leaving = new Leaving({ close: () => this.close(), signals, nowMs })
    this.over = this.leaving.over.then((status) => (status === ExitStatus.asked ? this.status : status))
    this.looking = setInterval(() => this.look(), LOOK_EVERY_MS)
    this.unsubscribe = chat.subscribe((event) => this.hear(event))
  }

  /** A file of ours, or of another. */
  protected abstract file(event: FileEvent): void
  /** Anything else that is news of people. */
  protected abstract people(event: AppEvent): void
  /** Called once everything is there: rooms are joined right behind it. */
  protected begun(): void {}
  /** Nothing has moved for as long as there is to wait: why, as a sentence. */
  protected abstract inVain(seconds: number): string
  /** Called ten times a second. */
  protected tick(): void {}
  /** Called when it ends, with the links still there; `isDone`: as it was to end. */
  protected abstract leave(isDone: boolean): Promise<void>

  protected moved(): void {
    this.movedAtMs = this.nowMs()
    this.said = ''
  }

  /** What happens just now; on a terminal. */
  protected show(text: string): void {
    this.awaited = ''
    this.line.show(text)
  }

  /** What is waited for just now: shown as that, and said elsewhere once it has been waited for in vain for long. */
  protected awaiting(text: string): void {
    this.awaited = text
    this.line.show(text)
  }

  protected get isOver(): boolean {
    return this.leaving.hasBegun
  }

  protected succeed(): void {
    this.end(ExitStatus.asked)
  }

  protected fail(why: string): void {
    if (this.isOver) return
    this.line.fault(why)
    this.end(ExitStatus.failed)
  }

  protected end(status: number): void {
    if (this.isOver) return
    this.status = status
    this.leaving.leave()
  }

  private hear(event: AppEvent): void {
    switch (event.event) {
      case 'file':
        return this.isOver ? undefined : this.file(event)
      case 'ready':
        this.ready = event
        this.begun()
        return
      case 'error':
        // It goes on trying: only who watches, and who waited in vain, wants to know.
        if (!event.code.startsWith('connect-')) return this.line.tell(event.message)
        this.trouble = event.message.replace(/; \/disconnect.*$/, '.')
        return this.line.tell(this.trouble)
      case 'notice':
        // Scripts are to know of it too; what is sent all the same is sent as it was asked for, so the status stays that of success.
        if (event.code === 'parts-left-out') return this.line.fault(event.message)
        return this.line.tell(event.message)
      default:
        return this.isOver ? undefined : this.people(event)
    }
  }

  private look(): void {
    if (this.isOver) return
    this.tick()
    this.line.catchUp()
    this.sayWhy()
    const { waitMs } = this
    if (waitMs !== null && this.nowMs() - this.movedAtMs >= waitMs) this.giveUp(Math.round(waitMs / 1000))
  }

  private sayWhy(): void {
    const { awaited, said } = this
    if (this.line.isShown || awaited === '' || awaited === said || this.nowMs() - this.movedAtMs < QUIET_MS) return
    this.said = awaited
    this.line.note(awaited)
  }

  private giveUp(seconds: number): void {
    this.fail(`${this.inVain(seconds)} ${this.trouble}`.trim())
  }

  private async close(): Promise<void> {
    clearInterval(this.looking)
    this.line.clear()
    await this.leave(this.status === ExitStatus.asked)
    await this.chat.close()
    this.unsubscribe()
    this.line.clear()
  }
}
