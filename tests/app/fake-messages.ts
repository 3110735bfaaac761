import type { Fault, Outcome } from '../../src/app/chat.ts'
import type {
  Done,
  Earlier,
  HitView,
  Messages,
  MessageView,
  SearchAsked,
  UnreadView,
  Which,
} from '../../src/app/messages.ts'

const NONE: Fault = { ok: false, code: 'no-such-message', message: 'Nothing has been said here.' }

/** What a fake chat does with messages: it writes down what it was asked, and answers with what it was given. */
export class FakeMessages implements Messages {
  /** What there is to find, oldest first. */
  views: MessageView[] = []
  hits: HitView[] = []
  before: Earlier = { messages: [], firstUnread: null }
  /** By room. */
  readonly notRead = new Map<string, UnreadView>()
  readonly kept: string[] = []
  readonly readRooms: (string | null)[] = []

  constructor(private readonly asked: string[]) {}

  find(which: Which, whose: 'anyone' | 'own'): Outcome<{ message: MessageView }> {
    const message = this.views.findLast(
      (view) => (which === null || view.id === which) && (whose === 'anyone' || view.self),
    )
    return message === undefined ? NONE : { ok: true, message }
  }

  edit(which: Which, text: string): Promise<Outcome<Done>> {
    return this.done(`edit ${which ?? '(last)'} ${text}`, which)
  }

  remove(which: Which): Promise<Outcome<Done>> {
    return this.done(`delete ${which ?? '(last)'}`, which)
  }

  reply(which: Which, text: string): Promise<Outcome<Done>> {
    return this.done(`reply ${which ?? '(last)'} ${text}`, which)
  }

  async react(
    which: Which,
    emoji: string,
    on: boolean | null,
  ): Promise<Outcome<Done & { emoji: string; on: boolean }>> {
    const done = await this.done(`react ${which ?? '(last)'} ${emoji} ${on ?? 'switch'}`, which)
    return done.ok ? { ...done, emoji, on: on ?? true } : done
  }

  history(
    room: string | null,
    limit: number,
    before: string | null,
  ): Outcome<{ room: string; messages: readonly MessageView[]; more: boolean }> {
    this.asked.push(`history ${room ?? '(here)'} ${limit}${before === null ? '' : ` before ${before}`}`)
    const place = room ?? 'general'
    const there = this.views.filter((view) => view.room === place)
    const found = there.findIndex((view) => view.id === before)
    const end = found === -1 ? there.length : found
    const messages = there.slice(Math.max(0, end - limit), end)
    return { ok: true, room: place, messages, more: end > limit }
  }

  following(after: string, limit: number): Outcome<{ room: string; messages: readonly MessageView[]; more: boolean }> {
    this.asked.push(`following ${after} ${limit}`)
    const room = this.views.find((view) => view.id === after)?.room
    if (room === undefined) return NONE
    const there = this.views.filter((view) => view.room === room)
    const start = there.findIndex((view) => view.id === after) + 1
    return { ok: true, room, messages: there.slice(start, start + limit), more: there.length > start + limit }
  }

  search({ words, from, room, before, limit }: SearchAsked): Outcome<{ hits: readonly HitView[] }> {
    this.asked.push(`search ${words} from ${from} in ${room} before ${before} ${limit}`)
    return { ok: true, hits: this.hits.slice(0, limit) }
  }

  markRead(room: string | null): Outcome<{ room: string }> {
    this.readRooms.push(room)
    return { ok: true, room: room ?? 'general' }
  }

  unread(room: string): UnreadView {
    return this.notRead.get(room) ?? { count: 0, mentions: 0 }
  }

  conversations(): readonly string[] {
    return this.kept
  }

  earlier(_room: string, limit: number): Earlier {
    return { ...this.before, messages: this.before.messages.slice(-limit) }
  }

  private done(asked: string, which: Which): Promise<Outcome<Done>> {
    this.asked.push(asked)
    const found = this.find(which, 'anyone')
    if (which !== null && !found.ok && which.length === 64) return Promise.resolve(NONE)
    const message = found.ok ? found.message : null
    return Promise.resolve({ ok: true, id: message?.id ?? 'm1', room: 'general', was: message?.text ?? '' })
  }
}
