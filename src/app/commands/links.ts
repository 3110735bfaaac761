import { linksIn } from '../../base/links.ts'
import { type Command, defineCommand } from '../command.ts'
import type { MessageView } from '../messages.ts'
import { count } from './arguments.ts'
import { columns, namesOf } from './views.ts'

/** Messages that are looked through. */
const MESSAGES_MAX = 1_000
const LINKS_USUAL = 10
const LINKS_MAX = 100

/** A link somebody has given. */
interface Given {
  readonly url: string
  readonly from: MessageView['from']
  readonly at: number
}

export const LINKS: readonly Command[] = [
  defineCommand({
    name: 'url',
    aliases: ['urls'],
    group: 'Talking',
    args: { limit: count({ usual: LINKS_USUAL, max: LINKS_MAX }) },
    help: 'the links that were given here last',
    run(chat, { limit }) {
      const found = chat.messages.history(null, MESSAGES_MAX, null)
      return found.ok ? { ok: true, room: found.room, links: lastLinks(found.messages, limit) } : found
    },
    show({ links }, chat) {
      if (links.length === 0) return ['No links were given here.']
      const names = namesOf(chat)
      return columns(links.map(({ url, from, at }) => [time(at), names.show(from), url]))
    },
  }),
]

/** The newest last; a link given twice counts where it was given last. */
function lastLinks(messages: readonly MessageView[], limit: number): Given[] {
  const found = new Map<string, Given>()
  for (const { text, from, at } of messages) {
    for (const { url } of linksIn(text)) {
      found.delete(url)
      found.set(url, { url, from, at })
    }
  }
  return [...found.values()].slice(-limit)
}

function time(atMs: number): string {
  return new Date(atMs).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })
}
