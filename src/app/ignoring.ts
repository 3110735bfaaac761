import { decodeBase32 } from '../base/base32.ts'
import { bareName, isDialect, networkOf } from '../base/dialects.ts'
import type { Unheard } from '../ports/store.ts'
import type { Fault, Outcome } from './chat.ts'
import type { Answered, AppEvent, Person } from './events.ts'
import type { FileState, FilesChat } from './files/files-chat.ts'
import type { IgnoreList } from './ignore-list.ts'
import type { People } from './people.ts'

interface IgnoreChanged {
  readonly person: Person
  /** Where it is not kept for the next start: why, and what to do. */
  readonly notice?: string
}

/** Whom one does not want to hear: the part of `Chat` that is about that. */
export interface Ignored {
  list(): readonly Person[]
  /** `peer` as in `Chat.disconnect`. */
  add(peer: string): Outcome<IgnoreChanged>
  remove(peer: string): Outcome<IgnoreChanged>
}

/**
 * Keeps from front ends what those say who are ignored: their words, what they do with those of others, their offers, and that they come and go.
 * What they say is kept and passed on like all else: others hear them, and who hears them again has it all.
 */
export class Ignoring implements Ignored {
  constructor(
    private readonly ignored: IgnoreList,
    private readonly people: People,
    /** Our own id. */
    private readonly own: string,
  ) {}

  list(): readonly Person[] {
    return this.ignored.people
  }

  has(id: string): boolean {
    return this.ignored.has(id)
  }

  /** For the store; those of other networks have none. */
  keys(): Uint8Array[] {
    return this.ignored.people.flatMap(({ id }) => {
      const key = id.length === 52 ? decodeBase32(id) : null
      return key === null ? [] : [key]
    })
  }

  /** For the store too: all of them. */
  unheard(): Unheard {
    const strangers = this.ignored.people.flatMap(({ id }) => {
      const at = id.indexOf(':')
      const network = id.slice(0, Math.max(0, at))
      return isDialect(network) ? [{ network, name: id.slice(at + 1) }] : []
    })
    return { authors: this.keys(), strangers }
  }

  add(peer: string): Outcome<IgnoreChanged> {
    const found = this.find(peer)
    if (!found.ok) return found
    const { person } = found
    if (person.id === this.own) return fault('self', 'That is you. /ignore somebody else.')
    if (this.ignored.add(person)) return this.changed(person)
    return fault('too-many', 'Too many are ignored already: /unignore somebody first.')
  }

  remove(peer: string): Outcome<IgnoreChanged> {
    const wanted = peer.trim().replace(/^@/, '').toLowerCase()
    const named = this.ignored.people.filter(({ id, name }) => name.toLowerCase() === wanted || id === wanted)
    const found = named.length === 1 ? ({ ok: true, person: named[0]! } as const) : this.find(peer)
    if (!found.ok) return found
    if (!this.has(found.person.id))
      return fault('not-ignored', `${found.person.name} is not ignored. /ignore alone lists who is.`)
    this.ignored.remove(found.person.id)
    return this.changed(found.person)
  }

  /** What of an event front ends are told; null: nothing. */
  shown(event: AppEvent): AppEvent | null {
    if (this.ignored.size === 0) return event
    switch (event.event) {
      case 'message': {
        if (this.has(event.from.id)) return null
        return event.answers === undefined ? event : { ...event, answers: this.answered(event.answers) }
      }
      case 'edit':
      case 'delete':
      case 'reaction':
      case 'gap':
        return this.has(event.from.id) ? null : event
      case 'member':
        return this.has(event.id) ? null : event
      case 'file':
        return this.isHidden(event) ? null : event
      default:
        return event
    }
  }

  /** Without the words that are answered, where they are not to be heard. */
  answered(answered: Answered): Answered {
    const { text: _, ...rest } = answered
    return answered.from !== undefined && this.has(answered.from.id) ? rest : answered
  }

  files(own: FilesChat): FilesChat {
    if (this.ignored.size === 0) return own
    const list = () => own.list().filter((file) => !this.isHidden(file))
    return {
      list,
      paths: (file) => own.paths(file),
      send: (path, to) => own.send(path, to),
      sendAll: (paths, to) => own.sendAll(paths, to),
      accept: (file) => own.accept(file),
      decline: (file) => own.decline(file),
      cancel: (file) => own.cancel(file),
    }
  }

  /** One that was wanted before is still on its way; of one that was not, it is nobody's business that it is taken back. */
  private isHidden({ state, done, from }: FileState): boolean {
    return (state === 'offered' || (state === 'withdrawn' && done === 0)) && this.has(from.id)
  }

  private changed(person: Person): { ok: true } & IgnoreChanged {
    const { notice } = this.ignored
    return { ok: true, person, ...(notice === null ? {} : { notice }) }
  }

  /** Those of other networks are told by their names, which end in the network's. */
  private find(peer: string): Outcome<{ person: Person }> {
    const network = networkOf(peer)
    if (network !== null) return { ok: true, person: { id: `${network}:${bareName(peer)}`, name: peer } }
    const found = this.people.find(peer)
    return found.ok ? { ok: true, person: { id: found.person.id, name: found.person.name } } : found
  }
}

function fault(code: string, message: string): Fault {
  return { ok: false, code, message }
}
