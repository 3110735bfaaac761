import { isMarked } from '../base/dialects.ts'
import type { Person } from './events.ts'

/** How much of an id stands behind a name that could be somebody else's. */
const TAG_CHARS = 4
/** More people than any room shows at once; past it the one known longest is forgotten, which costs a tag. */
const PEOPLE_MAX = 4096

/** Letters that most fonts draw alike (after Unicode TS #39, what occurs in names), as the Latin letter they pass for. */
const LOOKALIKES: ReadonlyMap<string, string> = new Map([
  ...alike('авекмнорстухѕіјԁ', 'abekmhopctyxsijd'),
  ...alike('αβεικνορτυχγη', 'abeikvoptuxyn'),
  ...alike('ıl1|0', 'iiiio'),
])

function alike(letters: string, latin: string): [string, string][] {
  return Array.from(letters, (letter, index) => [letter, latin[index]!])
}

/** Marks that our own lines use around names; a name with one could pass for a line's frame or for a tag. */
const FRAMING = /[#@<>[\]]/

/** What a name looks like at a glance: equal for names that could be taken for each other. */
function lookOf(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/[\p{M}\s]/gu, '')
    .toLowerCase()
  return Array.from(plain, (char) => LOOKALIKES.get(char) ?? char).join('')
}

/** `name#abcd`, whoever else there is. */
export function taggedName(person: Person): string {
  return `${person.name}#${person.id.slice(0, TAG_CHARS)}`
}

/**
 * The names to show: bare where nobody seen could be taken for their bearer, else `name#abcd` with the first
 * characters of the id. Remembers who was seen, so that an answer takes no search.
 */
export class NameBook {
  private readonly people = new Map<string, Entry>()
  private readonly bearers = new Map<string, Set<string>>()

  constructor(people: Iterable<Person> = []) {
    for (const person of people) this.see(person)
  }

  /** Call for everybody whose name comes by, oneself included. */
  see(person: Person): Entry {
    const known = this.people.get(person.id)
    if (known?.name === person.name) return known
    this.forget(person.id)
    if (this.people.size >= PEOPLE_MAX) this.forget(this.people.keys().next().value)
    const entry = { id: person.id, name: person.name, look: lookOf(person.name) }
    this.people.set(person.id, entry)
    const bearers = this.bearers.get(entry.look)
    if (bearers === undefined) this.bearers.set(entry.look, new Set([person.id]))
    else bearers.add(person.id)
    return entry
  }

  /** Remembers the person and gives the name to show. */
  show(person: Person): string {
    // An address that was dialled, and whoever is there: nothing to remember, and nothing to tell apart.
    if (person.id === '') return person.name
    const { look } = this.see(person)
    // Nobody vouches for them, as their mark says: what they are called inside tells one from another no better.
    if (person.id.includes(':') && isMarked(person.name)) return person.name
    const alone = this.bearers.get(look)?.size === 1
    return alone && !FRAMING.test(person.name) ? person.name : taggedName(person)
  }

  /** The name to show for somebody seen before; the beginning of the id for anybody else. */
  showId(id: string): string {
    const known = this.people.get(id)
    return known === undefined ? id.slice(0, 2 * TAG_CHARS) : this.show(known)
  }

  private forget(id: string | undefined): void {
    const entry = id === undefined ? undefined : this.people.get(id)
    if (entry === undefined) return
    this.people.delete(entry.id)
    const bearers = this.bearers.get(entry.look)
    bearers?.delete(entry.id)
    if (bearers?.size === 0) this.bearers.delete(entry.look)
  }
}

interface Entry extends Person {
  readonly look: string
}
