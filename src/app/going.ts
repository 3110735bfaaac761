import { peopleAround } from './around.ts'
import type { Chat } from './chat.ts'
import { NameBook } from './names.ts'

/** Which place is meant, by what is new there or by a part of its name: the same on the screen and in commands. */

interface News {
  /** `@` and an id is a conversation. */
  readonly room: string
  readonly unread: number
  readonly mentions: number
}

/** The next place with news below the current one, round to it: what is said to us first. */
export function nextWithNews<Place extends News>(places: readonly Place[], current: string | null): Place | null {
  const at = places.findIndex(({ room }) => room === current)
  const others = [...places.slice(at + 1), ...places.slice(0, Math.max(0, at))]
  const urgent = others.find(({ room, unread, mentions }) => mentions > 0 || (unread > 0 && room.startsWith('@')))
  return urgent ?? others.find(({ unread }) => unread > 0) ?? null
}

/** How well a name fits what was typed: 3 where it begins so, 2 where that is in it, 1 where its letters are, in that order, and 0 else. */
export function fitOf(name: string, typed: string): 0 | 1 | 2 | 3 {
  const label = name.toLowerCase()
  const wanted = typed.trim().toLowerCase()
  const bare = label.replace(/^[@#]/, '')
  if (wanted === '' || bare.startsWith(wanted) || label.startsWith(wanted)) return 3
  if (label.includes(wanted)) return 2
  let at = 0
  for (const char of wanted) {
    at = bare.indexOf(char, at) + 1
    if (at === 0) return 0
  }
  return 1
}

/** Rooms one is in, and every conversation there ever was. */
export function newsOf(chat: Chat): News[] {
  const talks = chat.messages.conversations().map((room) => ({ room, ...chat.messages.unread(room) }))
  return [...chat.rooms(), ...talks.map(({ room, count, mentions }) => ({ room, unread: count, mentions }))]
}

/** Somewhere one can go. */
export interface Target {
  /** As `Chat.join` takes it. */
  readonly room: string
  /** As people see it. */
  readonly label: string
}

/** The places that `typed` fits best; one where its whole name was typed. */
export function targetsOf(chat: Chat, typed: string): Target[] {
  const wanted = typed.trim().toLowerCase().replace(/^[@#]/, '')
  const all = targets(chat)
  const exact = all.filter(({ label }) => label.toLowerCase().replace(/^@/, '') === wanted)
  if (exact.length > 0) return exact
  const rated = all
    .filter(({ room }) => room !== chat.currentRoom())
    .map((target) => ({ target, fit: fitOf(target.label, typed) }))
  const best = Math.max(1, ...rated.map(({ fit }) => fit))
  return rated.flatMap(({ target, fit }) => (fit === best ? [target] : []))
}

function targets(chat: Chat): Target[] {
  const kept = chat.messages.conversations().flatMap((room) => chat.whoIs(room.slice(1)) ?? [])
  const people = new Map([...kept, ...peopleAround(chat)].map((person) => [person.id, person]))
  const names = new NameBook(people.values())
  const conversations = [...people.values()].map((each) => ({ room: `@${each.id}`, label: `@${names.show(each)}` }))
  return [...chat.rooms().map(({ room }) => ({ room, label: room })), ...conversations]
}
