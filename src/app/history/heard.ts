import type { Outcome } from '../chat.ts'
import type { Ignoring } from '../ignoring.ts'
import type { Done, Earlier, HitView, Messages, MessageView, SearchAsked, UnreadView, Which } from '../messages.ts'

/** Looked through at a time, and how often, for somebody who is heard; more of nothing else is nobody's talk. */
const PAGE_MESSAGES = 100
const PAGES_MAX = 20

type Page = Outcome<{ room: string; messages: readonly MessageView[]; more: boolean }>

/** Messages without those of who is ignored. What is named by counting back is counted without them by what is beneath. */
export class HeardMessages implements Messages {
  constructor(
    private readonly all: Messages,
    private readonly ignoring: Ignoring,
  ) {}

  find(which: Which, whose: 'anyone' | 'own'): Outcome<{ message: MessageView }> {
    return this.all.find(which, whose)
  }

  edit(which: Which, text: string): Promise<Outcome<Done>> {
    return this.all.edit(which, text)
  }

  remove(which: Which): Promise<Outcome<Done>> {
    return this.all.remove(which)
  }

  reply(which: Which, text: string): Promise<Outcome<Done>> {
    return this.all.reply(which, text)
  }

  react(which: Which, emoji: string, on: boolean | null): Promise<Outcome<Done & { emoji: string; on: boolean }>> {
    return this.all.react(which, emoji, on)
  }

  history(room: string | null, limit: number, before: string | null): Page {
    const found = this.heardOf(
      (from) => this.all.history(room, from === null ? limit : Math.max(limit, PAGE_MESSAGES), from ?? before),
      (page) => page[0]?.id,
    )
    if (!found.ok || found.messages.length <= limit) return found
    return { ...found, messages: found.messages.slice(-limit), more: true }
  }

  following(after: string, limit: number): Page {
    const found = this.heardOf(
      (from) => this.all.following(from ?? after, from === null ? limit : Math.max(limit, PAGE_MESSAGES)),
      (page) => page.at(-1)?.id,
    )
    if (!found.ok || found.messages.length <= limit) return found
    return { ...found, messages: found.messages.slice(0, limit), more: true }
  }

  search(asked: SearchAsked): Outcome<{ hits: readonly HitView[] }> {
    const found = this.all.search(asked)
    if (!found.ok) return found
    const hits = found.hits.filter(({ message }) => !this.isIgnored(message))
    return { ok: true, hits: hits.map((hit) => ({ ...hit, message: this.heard(hit.message) })) }
  }

  markRead(room: string | null): Outcome<{ room: string }> {
    return this.all.markRead(room)
  }

  unread(room: string): UnreadView {
    return this.all.unread(room)
  }

  earlier(room: string, limit: number): Earlier {
    const { messages, firstUnread } = this.all.earlier(room, limit)
    const at = firstUnread === null ? -1 : messages.findIndex(({ id }) => id === firstUnread)
    const next = at === -1 ? undefined : messages.slice(at).find((each) => !each.self && !this.isIgnored(each))
    return { messages: this.without(messages), firstUnread: next?.id ?? null }
  }

  /** A page with somebody in it who is heard, or the last there is. */
  private heardOf(
    page: (from: string | null) => Page,
    onward: (messages: readonly MessageView[]) => string | undefined,
  ): Page {
    let found = page(null)
    for (let pages = 1; found.ok && found.more && pages < PAGES_MAX; pages++) {
      const next = onward(found.messages)
      if (next === undefined || found.messages.some((each) => !this.isIgnored(each))) break
      found = page(next)
    }
    return found.ok ? { ...found, messages: this.without(found.messages) } : found
  }

  private without(messages: readonly MessageView[]): readonly MessageView[] {
    return messages.filter((each) => !this.isIgnored(each)).map((each) => this.heard(each))
  }

  private isIgnored({ from, self }: MessageView): boolean {
    return !self && this.ignoring.has(from.id)
  }

  private heard(message: MessageView): MessageView {
    const { answers, reactions } = message
    return {
      ...message,
      ...(answers === undefined ? {} : { answers: this.ignoring.answered(answers) }),
      reactions: reactions.flatMap(({ emoji, by }) => {
        const left = by.filter(({ id }) => !this.ignoring.has(id))
        return left.length === 0 ? [] : [{ emoji, by: left }]
      }),
    }
  }
}
