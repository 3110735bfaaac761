import type { Chat, Fault } from '../chat.ts'
import { type Command, defineCommand } from '../command.ts'
import { type HitView, type MessageView, OFFER_TAKEN_BACK, type Standing, shortId } from '../messages.ts'
import type { NameBook } from '../names.ts'
import {
  count,
  emoji,
  message,
  onOrOff,
  optionalMessage,
  optionalRoomOrPeer,
  text,
  untypedMessage,
} from './arguments.ts'
import { narrowed, SEARCH_FILTERS, searchArgument } from './search-argument.ts'
import { namesOf, placeName, plural } from './views.ts'

const HISTORY_USUAL = 20
const HISTORY_MAX = 1_000
const QUOTED_CHARS_MAX = 60

// What was edited, answered or reacted to comes back as an event, so for people these answer nothing.

export const HISTORY: readonly Command[] = [
  defineCommand({
    name: 'edit',
    aliases: [],
    group: 'Talking',
    args: { id: optionalMessage({ bare: false }), text: text() },
    help: 'change what you said last; #2 is the one before',
    run: (chat, { id, text }) => chat.messages.edit(id, text),
  }),
  defineCommand({
    name: 'delete',
    aliases: ['del', 'unsay'],
    group: 'Talking',
    args: { id: optionalMessage({ bare: true }) },
    help: 'take back what you said last, for everybody',
    run: (chat, { id }) => chat.messages.remove(id),
    show: ({ id, was }) => [`You took back ${shortId(id)}: ${quote(was)}`],
  }),
  defineCommand({
    name: 'reply',
    aliases: ['re', 'answer'],
    group: 'Talking',
    args: { id: message(), text: text() },
    help: 'answer a message; /history shows their ids',
    run: (chat, { id, text }) => chat.messages.reply(id, text),
  }),
  defineCommand({
    name: 'react',
    aliases: [],
    group: 'Talking',
    args: { id: optionalMessage({ bare: true }), emoji: emoji(), on: onOrOff() },
    help: 'an emoji for the last or #3; again takes it back',
    run: (chat, { id, emoji, on }) => chat.messages.react(id, emoji, on),
  }),
  defineCommand({
    name: 'history',
    aliases: ['log', 'backlog'],
    group: 'Talking',
    args: {
      limit: count({ usual: HISTORY_USUAL, max: HISTORY_MAX }),
      room: optionalRoomOrPeer({ typed: false }),
      before: untypedMessage(),
    },
    help: 'the last that was said, ids, how far yours came',
    run: (chat, { limit, room, before }) => chat.messages.history(room, limit, before),
    show({ room, messages }, chat) {
      if (messages.length === 0) {
        const who = chat.ignored.list().length === 0 ? '' : ' of people you hear; /ignore alone lists whom you do not'
        return [`Nothing is kept of ${placeName(chat, room)}${who}.`]
      }
      const names = namesOf(chat)
      return messages.map((each) => messageLine(each, names))
    },
  }),
  defineCommand({
    name: 'search',
    aliases: ['find', 'grep'],
    group: 'Talking',
    args: { words: searchArgument(), ...SEARCH_FILTERS },
    help: 'find messages; from:<name> in:<room> before:<date>',
    run: (chat, { words, ...fields }) => chat.messages.search(narrowed(words, fields)),
    show({ hits }, chat) {
      if (hits.length === 0) return ['Nothing was found. A word is found by its beginning too.']
      const names = namesOf(chat)
      // As in a history, the newest stands last: beside what is typed, not scrolled away.
      return hits.toReversed().map((hit) => hitLine(hit, chat, names))
    },
  }),
  defineCommand({
    name: 'read',
    aliases: ['seen'],
    group: 'Rooms',
    args: { room: optionalRoomOrPeer({ typed: true }) },
    help: 'what is here has been read',
    run: (chat, { room }) => (room !== null && isUnknown(chat, room) ? notIn(room) : chat.messages.markRead(room)),
    show: ({ room }, chat) => [`Everything in ${placeName(chat, room)} counts as read.`],
  }),
]

/** Neither is one in it, nor is anything of it left to read from when one was. */
function isUnknown(chat: Chat, room: string): boolean {
  const isIn = room.startsWith('@') || chat.rooms().some((each) => each.room === room)
  return !isIn && chat.messages.unread(room).count === 0
}

function notIn(room: string): Fault {
  const message = `You are not in ${room}, and nothing of it is left to read. /rooms lists what is joined.`
  return { ok: false, code: 'not-joined', message }
}

function quote(text: string): string {
  const line = text.replace(/\s+/g, ' ')
  const chars = Array.from(line)
  return chars.length <= QUOTED_CHARS_MAX ? line : `${chars.slice(0, QUOTED_CHARS_MAX).join('')}…`
}

function messageLine(view: MessageView, names: NameBook): string {
  const who = {
    text: `<${names.show(view.from)}>`,
    action: `* ${names.show(view.from)}`,
    notice: `-${names.show(view.from)}-`,
  }
  const answers =
    view.answers?.from === undefined ? '' : `(to ${names.show(view.answers.from)}: ${quote(view.answers.text ?? '…')}) `
  const deleted = view.offer === true ? OFFER_TAKEN_BACK : '(deleted)'
  const said = { whole: view.text, edited: `${view.text} (edited)`, gone: '(text missing)', deleted }[view.state]
  const reactions = view.reactions.map(
    ({ emoji, by }) => ` [${emoji} ${by.map((person) => names.show(person)).join(', ')}]`,
  )
  const stands = view.standing === undefined ? '' : ` (${standing(view.standing)})`
  const forked = view.forked === true ? ' (one of two histories)' : ''
  return `${time(view.at)} ${shortId(view.id)} ${who[view.kind]} ${answers}${said}${forked}${reactions.join('')}${stands}`
}

function standing({ state, reached, members }: Standing): string {
  if (state === 'unsaved') return 'not saved yet'
  if (members === 0) return 'saved here, waiting for somebody to be there'
  if (state === 'waiting') return `saved here, on its way to ${plural(members, 'member', 'members')}`
  return `reached ${reached} of ${plural(members, 'member', 'members')} present`
}

function hitLine({ message, excerpt }: HitView, chat: Chat, names: NameBook): string {
  const where = placeName(chat, message.room)
  return `${time(message.at)} ${shortId(message.id)} [${where}] <${names.show(message.from)}> ${excerpt}`
}

/** Day and time where we are. */
function time(atMs: number): string {
  const then = new Date(atMs)
  const two = (number: number) => String(number).padStart(2, '0')
  const day = `${then.getFullYear()}-${two(then.getMonth() + 1)}-${two(then.getDate())}`
  return `${day} ${two(then.getHours())}:${two(then.getMinutes())}`
}
