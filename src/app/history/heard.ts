import type { Outcome } from '../chat.ts'
import type { Ignoring } from '../ignoring.ts'
import type { Done, Earlier, HitView, Messages, MessageView, SearchAsked, UnreadView, Which } from '../messages.ts'

type Page = Outcome<{ room: string; messages: readonly MessageView[]; more: boolean }>

/** Messages without what those who are ignored did with them: neither their reactions nor their words in the answers of others. Their own are left out beneath. */
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
    return this.page(this.all.history(room, limit, before))
  }

  following(after: string, limit: number): Page {
    return this.page(this.all.following(after, limit))
  }

  search(asked: SearchAsked): Outcome<{ hits: readonly HitView[] }> {
    const found = this.all.search(asked)
    if (!found.ok) return found
    return { ok: true, hits: found.hits.map((hit) => ({ ...hit, message: this.heard(hit.message) })) }
  }

  markRead(room: string | null): Outcome<{ room: string }> {
    return this.all.markRead(room)
  }

  unread(room: string): UnreadView {
    return this.all.unread(room)
  }

  conversations(): readonly string[] {
    return this.all.conversations()
  }

  earlier(room: string, limit: number): Earlier {
    const { messages, firstUnread } = this.all.earlier(room, limit)
    return { messages: messages.map((each) => this.heard(each)), firstUnread }
  }

  private page(found: Page): Page {
    return found.ok ? { ...found, messages: found.messages.map((each) => this.heard(each)) } : found
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
