import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { cleanLine } from '../base/text.ts'
import type { Person } from './events.ts'
import type { Log } from './log.ts'
import { type FileFault, readSmallFile, replaceSmallFile } from './small-file.ts'

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
  private said: string | null = null
  /** What cannot be read is not written over: somebody may yet want what is in it. */
  private isReadable = true

  constructor(private readonly options: IgnoreListOptions) {
    this.path = options.folder === null ? null : join(options.folder, FILE)
    this.read()
  }

  /** What the user should know of the file after the last call, or the start: sentences with what to do. Null: nothing. */
  get notice(): string | null {
    return this.said
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

  /** Another start may have written since. */
  private read(): void {
    this.said = null
    if (this.path === null || !(this.options.isWritten || this.byId.size === 0)) return
    const file = readSmallFile(this.path, FILE_BYTES_MAX)
    const people = file.ok ? peopleIn(new TextDecoder().decode(file.bytes)) : null
    this.isReadable = people !== null || (!file.ok && file.code === 'missing')
    if (people === null) {
      if (!file.ok && file.code !== 'too-large') return this.unread(this.path, file)
      return this.notUnderstood(this.path)
    }
    this.byId.clear()
    for (const each of people) this.byId.set(each.id, each)
  }

  private unread(path: string, { code, said }: FileFault): void {
    if (code !== 'missing') this.tell(`${path} cannot be read: ${said}. Whom it names you hear. ${this.next('read')}`)
  }

  /** Put aside as it is, where it would else be written over. */
  private notUnderstood(path: string): void {
    const what = `${path} is not understood, and whom it names you hear.`
    if (!this.options.isWritten) return this.tell(`${what} Mend it, or take it away.`)
    const aside = `${path}.damaged-${new Date().toISOString().replace(/[:.]/g, '-')}`
    try {
      renameSync(path, aside)
    } catch {
      return this.tell(`${what} ${this.next('read')}`)
    }
    this.isReadable = true
    this.tell(`${what} It was moved to ${aside} as it is: mend it and move it back, or /ignore them again.`)
  }

  private write(): void {
    if (this.path === null || !this.options.isWritten || !this.isReadable) return
    const done = replaceSmallFile(this.path, `${JSON.stringify({ people: this.people }, null, 2)}\n`)
    if (!done.ok) this.tell(`${this.path} cannot be written: ${done.said}. ${this.next('written')}`)
  }

  private next(what: 'read' | 'written'): string {
    return `What you change with /ignore and /unignore holds for this run only: see to it that it can be ${what}, and do it again.`
  }

  private tell(sentences: string): void {
    this.said = cleanLine(sentences)
    this.options.log('ignore-list', sentences)
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
