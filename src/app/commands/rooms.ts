import type { Chat, Fault, Outcome } from '../chat.ts'
import { type Command, defineCommand } from '../command.ts'
import { newsOf, nextWithNews, type Target, targetsOf } from '../going.ts'
import { quoted } from '../options-quote.ts'
import { optionalRoom, optionalRoomOrPeer, partOfName, roomOrPeer } from './arguments.ts'
import { columns, namesOf, placeName, plural } from './views.ts'

/** As far as is counted. */
const UNREAD_MAX = 10_000

/** Places named where several fit. */
const CHOICES_MAX = 5

const IN_VOICE = { on: 'in voice', muted: 'in voice, muted', deafened: 'in voice, deafened' } as const

const NO_ROOM: Fault = { ok: false, code: 'no-room', message: 'You are in no room. /join <room> enters one.' }

export const ROOMS: readonly Command[] = [
  defineCommand({
    name: 'join',
    aliases: ['j'],
    group: 'Rooms',
    args: { room: roomOrPeer() },
    help: 'enter a room, or switch to it; #Dev and dev are one',
    run: (chat, { room }) => chat.join(room),
    show: ({ room }, chat) => [whereabouts(chat, room)],
  }),
  defineCommand({
    name: 'room',
    aliases: [],
    group: 'Rooms',
    args: { room: optionalRoomOrPeer({ typed: true }) },
    help: 'where you are; with a room, the same as /join',
    run: (chat, { room }): Outcome<{ room: string | null }> =>
      room === null ? { ok: true, room: chat.currentRoom() } : chat.join(room),
    show: ({ room }, chat) => [room === null ? NO_ROOM.message : whereabouts(chat, room)],
  }),
  defineCommand({
    name: 'next',
    aliases: [],
    group: 'Rooms',
    args: {},
    help: 'go where there is news; what is said to you first',
    run(chat): Outcome<{ room: string | null }> {
      const next = nextWithNews(newsOf(chat), chat.currentRoom())
      return next === null ? { ok: true, room: null } : chat.join(next.room)
    },
    show: ({ room }, chat) => [room === null ? 'There is nothing new anywhere else.' : whereabouts(chat, room)],
  }),
  defineCommand({
    name: 'switch',
    aliases: ['jump'],
    group: 'Rooms',
    args: { part: partOfName() },
    help: 'to a room or a person by a part of the name',
    run(chat, { part }) {
      const found = targetsOf(chat, part)
      return found.length === 1 ? chat.join(found[0]!.room) : notOne(part, found)
    },
    show: ({ room }, chat) => [whereabouts(chat, room)],
  }),
  defineCommand({
    name: 'leave',
    aliases: ['part'],
    group: 'Rooms',
    args: { room: optionalRoom() },
    help: 'leave a room, or the current one',
    ignoresRest: true,
    run(chat, { room }) {
      const from = room ?? chat.currentRoom()
      if (from === null) return NO_ROOM
      return from.startsWith('@') ? endConversation(chat, from) : chat.leave(from)
    },
    show: ({ room, current }, chat) => [
      `You left ${placeName(chat, room)}. ${current === null ? NO_ROOM.message : whereabouts(chat, current)}`,
    ],
  }),
  defineCommand({
    name: 'rooms',
    aliases: ['list', 'channels'],
    group: 'Rooms',
    args: {},
    help: 'the rooms you are in',
    run: (chat) => ({ ok: true, rooms: chat.rooms() }),
    show({ rooms }) {
      if (rooms.length === 0) return [NO_ROOM.message]
      const rows = rooms.map(({ room, current, users, unread, mentions, voice }) => [
        current ? '*' : ' ',
        room,
        plural(users, 'person', 'people'),
        unread === 0 ? '' : `${unread < UNREAD_MAX ? unread : `${UNREAD_MAX} or more`} unread`,
        mentions === 0 ? '' : plural(mentions, 'names you', 'name you'),
        voice === undefined ? '' : `${voice} in voice`,
      ])
      return columns(rows)
    },
  }),
  defineCommand({
    name: 'users',
    aliases: ['who', 'names'],
    group: 'Rooms',
    args: { room: optionalRoom() },
    help: 'who is in the room',
    run(chat, { room }) {
      const place = room ?? chat.currentRoom()
      if (place === null) return NO_ROOM
      const joined = place.startsWith('@') || chat.rooms().some((view) => view.room === place)
      if (!joined)
        return { ok: false, code: 'not-joined', message: `You are not in ${place}. /join ${place} enters it.` }
      return { ok: true, room: place, users: chat.users(place) }
    },
    show({ room, users }, chat) {
      const names = namesOf(chat)
      const rows = users.map((user) => [
        names.show(user),
        user.self ? 'you' : user.hops === 1 ? 'a neighbour' : `${user.hops} links away`,
        user.voice === undefined ? '' : IN_VOICE[user.voice],
      ])
      return [`${placeName(chat, room)}: ${plural(users.length, 'person', 'people')}`, ...columns(rows)]
    },
  }),
]

function notOne(part: string, found: readonly Target[]): Fault {
  if (found.length === 0) {
    const message = `No room you are in, and nobody here, has ${quoted(part)} in the name; /join enters a room by its whole name.`
    return { ok: false, code: 'no-such-place', message }
  }
  const labels = found.slice(0, CHOICES_MAX).map(({ label }) => label)
  const more = found.length > CHOICES_MAX ? `${labels.join(', ')} or others` : labels.join(' or ')
  return { ok: false, code: 'ambiguous-place', message: `${quoted(part)} could be ${more}: type more of it.` }
}

function whereabouts(chat: Chat, room: string): string {
  const view = chat.rooms().find((joined) => joined.room === room)
  const count = view === undefined ? '' : ` (${plural(view.users, 'person', 'people')})`
  return `You are in ${placeName(chat, room)} now${count}.`
}

/** A direct conversation has no members to tell: one just goes back to the room joined last, if there is one. */
function endConversation(chat: Chat, room: string): Outcome<{ room: string; current: string | null }> {
  const back = chat.rooms().at(-1)
  if (back === undefined) return NO_ROOM
  const entered = chat.join(back.room)
  return entered.ok ? { ok: true, room, current: entered.room } : entered
}
