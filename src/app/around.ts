import type { Chat } from './chat.ts'
import type { Person } from './events.ts'

/** As many as can be meant by a name that is begun; more are named in full. */
const PEOPLE_MAX = 512

/** Whom we are linked with, and who is in the rooms that we are in: of our own kind alone, each once. */
export function peopleAround(chat: Chat): Person[] {
  const linked = chat.peers().filter(({ dialect }) => dialect === 'native')
  const all = [...linked, ...chat.others()].filter(({ id }) => id !== chat.id)
  const found = new Map(all.map(({ id, name }) => [id, { id, name }]))
  return [...found.values()].slice(0, PEOPLE_MAX)
}
