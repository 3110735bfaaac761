import { join } from 'node:path'
import type { Person } from './events.ts'
import type { Log } from './log.ts'
import { readSmallFile, replaceSmallFile } from './small-file.ts'

/** Beside config.toml, as `voice.json` is: nobody has to write it. */
const FILE = 'ignored.json'
/** Of each message it is looked whether its author is one of them, and the store is asked to leave them out: nobody has that many enemies. */
export const IGNORED_MAX = 500
const FILE_BYTES_MAX = 256 * 1024
const TEXT_LENGTH_MAX = 256

export interface IgnoreListOptions {
  /** Null: nothing is read, and nothing written. */
  readonly folder: string | null
  readonly isWritten: boolean
  readonly log: Log
}

/** Of a run that keeps nothing. */
export function forgetfulList(log: Log): IgnoreList {
  return new IgnoreList({ folder: null, isWritten: false, log })
}

/** Whom one does not want to hear, by who they are and not by what they are called; kept from one start to the next. */
export class IgnoreList {
  private readonly byId = new Map<string, Person>()
  private readonly path: string | null

  constructor(private readonly options: IgnoreListOptions) {
    this.path = options.folder === null ? null : join(options.folder, FILE)
    this.read()
  }

  get people(): readonly Person[] {
    return [...this.byId.values()]
  }

  get size(): number {
    return this.byId.size
  }

  has(id: string): boolean {
    return this.byId.has(id)
  }

  /** False where there are too many already. */
  add({ id, name }: Person): boolean {
    this.read()
    if (!this.byId.has(id) && this.byId.size >= IGNORED_MAX) return false
    this.byId.set(id, { id, name })
    this.write()
    return true
  }

  remove(id: string): void {
    this.read()
    this.byId.delete(id)
    this.write()
  }

  /** Another start may have written since; what is not understood is as if it were not there. */
  private read(): void {
    if (this.path === null || !(this.options.isWritten || this.byId.size === 0)) return
    const file = readSmallFile(this.path, FILE_BYTES_MAX)
    if (!file.ok) {
      if (file.code !== 'missing') this.options.log('ignore-list', `${this.path} cannot be read: ${file.said}.`)
      return
    }
    const people = peopleIn(new TextDecoder().decode(file.bytes))
    if (people === null) return this.options.log('ignore-list', `${this.path} is not understood: it is begun anew.`)
    this.byId.clear()
    for (const each of people) this.byId.set(each.id, each)
  }

  private write(): void {
    if (this.path === null || !this.options.isWritten) return
    const done = replaceSmallFile(this.path, `${JSON.stringify({ people: this.people }, null, 2)}\n`)
    if (!done.ok) this.options.log('ignore-list', `${this.path} cannot be written: ${done.said}.`)
  }
}

/** Null where it is not what was written. By hand: this is read at every start, and the checker of other files takes milliseconds to load. */
function peopleIn(text: string): Person[] | null {
  try {
    const people: unknown = JSON.parse(text)?.people
    return Array.isArray(people) && people.length <= IGNORED_MAX && people.every(isPerson) ? people : null
  } catch {
    return null
  }
}

function isPerson(value: unknown): value is Person {
  if (typeof value !== 'object' || value === null) return false
  const [id, name]: unknown[] = [Reflect.get(value, 'id'), Reflect.get(value, 'name')]
  const isText = (text: unknown): boolean => typeof text === 'string' && text.length <= TEXT_LENGTH_MAX
  return isText(id) && id !== '' && isText(name)
}
