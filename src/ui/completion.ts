import type { ArgumentKind, CommandTable } from '../app/command.ts'

/** What can stand in a line that is being typed. */
export interface World {
  readonly commands: CommandTable
  /** Those one is in, by the names they are typed by. */
  rooms(): readonly string[]
  /** Who is here, the last to speak first. */
  people(): readonly string[]
  /** Who is in another room that one is in, or linked. */
  elsewhere(): readonly string[]
  /** Whom one ignores, who need not be here. */
  ignored(): readonly string[]
  /** Names of what was offered here, the last first. */
  files(): readonly string[]
}

/** `cursor` in UTF-16 units. */
export interface Typed {
  readonly text: string
  readonly cursor: number
}

/** What fits what stands from `start` to the cursor; a path is to be looked up by whoever can. */
export type Completing =
  | { readonly kind: 'words'; readonly start: number; readonly candidates: readonly string[] }
  | { readonly kind: 'path'; readonly start: number; readonly word: string }

/** What could stand at the cursor, of a line that begins with a slash or is said. */
export function completing(world: World, typed: Typed): Completing {
  const asked = contextOf(world, typed)
  const { start, word } = asked
  if (asked.kind === 'path') return { kind: 'path', start, word }
  return { kind: 'words', start, candidates: candidatesFor(world, asked) }
}

interface Asked {
  readonly typed: Typed
  readonly kind: ArgumentKind | 'path' | 'mention'
  readonly word: string
  readonly start: number
  /** What stands before the cursor begins with it. */
  readonly isFirst: boolean
  readonly command: string | null
}

/** As what is typed looks, or as the command wants it. */
function contextOf(world: World, typed: Typed): Asked {
  const asked = context(typed)
  const { command, kind } = asked
  const wanted = command === null || kind === 'command' ? null : kindOf(world, asked)
  return wanted === 'path' ? { ...asked, kind: 'path' } : asked
}

/** What could stand at the cursor. */
function context(whole: Typed): Asked {
  const typed = whole.text.slice(0, whole.cursor)
  const [, command = null] = /^\/([^\s/]*)/.exec(typed) ?? []
  // What stands in quotation marks is one word to commands, also where the second is yet to come.
  const start = typed.search(command === null ? /\S*$/ : /(?<=\s)"[^"]*$|\S*$/)
  const word = typed.slice(start)
  const isFirst = start === 0
  const asked = { typed: whole, word, start, isFirst, command }
  if (command !== null && isFirst) return { ...asked, kind: 'command', command: null }
  if (/^(~|\.\.?)?\//.test(word) && command !== null) return { ...asked, kind: 'path' }
  if (word.startsWith('#')) return { ...asked, kind: 'room' }
  return { ...asked, kind: 'mention' }
}

function candidatesFor(world: World, asked: Asked): string[] {
  const { word, isFirst, command } = asked
  const kind = command === null ? asked.kind : kindOf(world, asked)
  if (asked.kind === 'command' || kind === 'command') {
    const mark = asked.kind === 'command' ? '/' : ''
    const names = world.commands.commands.map(({ name }) => `${mark}${name}`)
    return fitting(names, word).map((name) => `${name} `)
  }
  // A conversation stands where a room does; there a name is one word.
  if (kind === 'room' && word.startsWith('@'))
    return fitting(everybody(world), word.slice(1)).flatMap((name) => (name.includes(' ') ? [] : [`@${name} `]))
  if (kind === 'room' || asked.kind === 'room') {
    const mark = word.startsWith('#') ? '#' : ''
    const rooms = world.rooms().map((room) => `${mark}${room}`)
    return fitting(rooms, word).map((room) => `${room} `)
  }
  if (kind === 'file') return fitting(world.files(), word)
  if (kind === 'choice' && command !== null) return fitting(partsOf(world, command), word).map((part) => `${part} `)
  const people = kind === 'peer' ? meant(world, command) : world.people()
  if (kind === 'peer' && word.startsWith('"')) return fitting(people, word.slice(1)).map((name) => `"${name}" `)
  const mark = word.startsWith('@') ? '@' : ''
  const names = fitting(people, word.slice(mark.length))
  if (kind === 'peer') return names.map((name) => (name.includes(' ') ? `"${name}" ` : `${mark}${name} `))
  return names.map((name) => `${mark}${name}${isFirst && mark === '' ? ': ' : ' '}`)
}

/** Whom a command can be about. */
function meant(world: World, command: string | null): readonly string[] {
  return world.commands.find(command ?? '')?.name === 'unignore' ? world.ignored() : everybody(world)
}

function everybody(world: World): readonly string[] {
  return [...new Set([...world.people(), ...world.elsewhere()])]
}

/** What a command takes where the word at `start` stands: by the order of its arguments. */
function kindOf({ commands }: World, { typed, command, start }: Asked): ArgumentKind | null {
  const draft = typed.text
  const words = draft.slice(0, start).trim().split(/\s+/).length - 1
  const whole = commands.find(command ?? '')
  // Of a family, the second word says which part is meant.
  const part = words === 0 ? undefined : whole?.parts?.find(({ name }) => name === `${whole.name} ${wordAt(draft, 1)}`)
  const args = (part ?? whole)?.args ?? []
  const at = part === undefined ? words : words - 1
  return args[Math.min(at, args.length - 1)]?.kind ?? null
}

function wordAt(text: string, index: number): string {
  return text.trim().split(/\s+/)[index]?.toLowerCase() ?? ''
}

/** The second words that a family knows; none of other commands. */
function partsOf({ commands }: World, command: string): string[] {
  const whole = commands.find(command)
  return whole?.parts?.map(({ name }) => name.slice(whole.name.length + 1)) ?? []
}

function fitting(names: readonly string[], typed: string): string[] {
  const begin = typed.normalize('NFC').toLowerCase()
  return names.filter((name) => name.normalize('NFC').toLowerCase().startsWith(begin))
}
