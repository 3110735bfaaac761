import { decodeBase32, encodeBase32 } from '../base/base32.ts'
import { toHex } from '../base/bytes.ts'
import { bareName, networkOf, unmarkedName } from '../base/dialects.ts'
import { cleanName } from '../base/text.ts'
import type { Fault, Outcome } from './chat.ts'
import type { Person } from './events.ts'

/** People remembered by name; who has not been heard of longest is forgotten first. */
const PEOPLE_MAX = 16_384
const PREFIX_CHARS_MIN = 4

interface Known extends Person {
  readonly bytes: Uint8Array
}

/** Everybody seen so far: names for ids, and who is meant by what a user types. */
export class People {
  private readonly byKey = new Map<string, Known>()

  /** The person with this identity, by the newest name heard; an empty `name` changes nothing. */
  meet(id: Uint8Array, name: string): Person {
    const key = toHex(id)
    const known = this.byKey.get(key)
    const clean = unmarkedName(cleanName(name))
    if (known !== undefined && (clean === '' || clean === known.name)) return this.refresh(key, known)
    const text = known?.id ?? encodeBase32(id)
    const person: Known = { id: text, name: clean === '' ? text.slice(0, 8) : clean, bytes: id.slice() }
    this.refresh(key, person)
    if (this.byKey.size > PEOPLE_MAX) this.byKey.delete(this.byKey.keys().next().value!)
    return person
  }

  /** Whoever said something, by the name it was said under: one of ours, or a stranger from another network whose words the author passed on. */
  sayer(author: Uint8Array, name: string): Person {
    const network = networkOf(name)
    return network === null ? this.recall(author, name) : { id: `${network}:${bareName(name)}`, name }
  }

  /** The person by the name of back then, which does not take a newer one's place; by that one where `name` is empty. */
  recall(id: Uint8Array, name: string): Person {
    const isKnown = this.byKey.has(toHex(id))
    const person = this.meet(id, isKnown ? '' : name)
    const then = cleanName(name)
    return { id: person.id, name: then === '' ? person.name : then }
  }

  /** Puts somebody last in the order in which people are forgotten. */
  private refresh(key: string, person: Known): Known {
    this.byKey.delete(key)
    this.byKey.set(key, person)
    return person
  }

  /** Who is meant by a name, `name#abcd`, an id or the beginning of one. `@` in front is allowed. */
  find(text: string): Outcome<{ person: Person; bytes: Uint8Array }> {
    const wanted = text.trim().replace(/^@/, '')
    const exact = this.byId(wanted)
    if (exact !== null) return { ok: true, person: exact, bytes: exact.bytes }
    const found = this.matching(wanted)
    if (found.length === 1) return { ok: true, person: found[0]!, bytes: found[0]!.bytes }
    if (found.length === 0) {
      return fault('no-such-peer', `Nobody called ${wanted} has been seen here. /users and /peers list who is there.`)
    }
    const choices = found.slice(0, 5).map((person) => `${person.name}#${person.id.slice(0, 4)}`)
    return fault('ambiguous-peer', `${wanted} could be ${choices.join(' or ')}: say which.`)
  }

  /** A whole id names somebody even if they were never seen. */
  private byId(text: string): Known | null {
    const bytes = text.length === 52 ? decodeBase32(text.toLowerCase()) : null
    if (bytes === null || bytes.length !== 32) return null
    return this.byKey.get(toHex(bytes)) ?? { id: text.toLowerCase(), name: text.slice(0, 8), bytes }
  }

  private matching(text: string): Known[] {
    const all = [...this.byKey.values()]
    const [, name, prefix] = /^(.*)#([a-z2-7]{4,})$/i.exec(text) ?? []
    if (name !== undefined && prefix !== undefined) {
      return all.filter((person) => sameName(person.name, name) && person.id.startsWith(prefix.toLowerCase()))
    }
    const named = all.filter((person) => sameName(person.name, text))
    if (named.length > 0 || text.length < PREFIX_CHARS_MIN) return named
    return all.filter((person) => person.id.startsWith(text.toLowerCase()))
  }
}

function sameName(a: string, b: string): boolean {
  return a.normalize('NFC').toLowerCase() === b.normalize('NFC').toLowerCase()
}

function fault(code: string, message: string): Fault {
  return { ok: false, code, message }
}
