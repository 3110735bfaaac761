import type { Chat, Fault, Outcome } from './chat.ts'
import { quoted } from './options-quote.ts'
import { substitutionCall } from './substitute.ts'
import { suggest } from './suggest.ts'

/**
 * What a command is. It is written once, as a `Definition`; slash lines, JSON objects, `/help` and completion all
 * come from that. Front ends see only `Command`, `Call` and `Reply`.
 */

export type CommandGroup = 'Talking' | 'Rooms' | 'Files' | 'People' | 'Voice' | 'hearsay'

/** What an argument is, for whoever completes a half-typed line. */
export type ArgumentKind =
  | 'address'
  | 'peer'
  | 'room'
  | 'text'
  | 'name'
  | 'command'
  | 'message'
  | 'emoji'
  | 'number'
  /** One of a few words, as its usage lists them. */
  | 'choice'
  | 'device'
  | 'path'
  | 'file'

/** What the front end itself has to do once a command succeeded. */
export type Effect = 'clear' | 'quit' | 'keys'

/** Why a value cannot be one: the end of a sentence that begins with the command or the field. */
export type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string }

/** An object that came as JSON: nothing about it is known. */
export type JsonObject = Readonly<Record<string, unknown>>

export interface Argument<T> {
  readonly kind: ArgumentKind
  /** As `/help` shows it: `<room>`, or `[<room>]` where it may be left out. */
  readonly usage: string
  /** False: only JSON can give it, a typed line leaves it out. */
  readonly typed: boolean
  fromLine(words: Words): Read<T>
  fromJson(field: string, object: JsonObject): Read<T>
}

type Arguments = Readonly<Record<string, Argument<unknown>>>
type Values<A extends Arguments> = { readonly [K in keyof A]: A[K] extends Argument<infer T> ? T : never }

export interface Definition<A extends Arguments, T extends object> {
  readonly name: string
  readonly aliases: readonly string[]
  readonly group: CommandGroup
  /** In the order a typed line gives them. A key is the JSON field's name: a promise to other programs. */
  readonly args: A
  /** What it does, in a few words, without the name. */
  readonly help: string
  readonly effect?: Effect | ((args: Values<A>) => Effect | null)
  /** Words after the last argument do no harm (`/quit see you`). */
  readonly ignoresRest?: boolean
  /** Calls on `chat` before the first `await`, so that commands take effect in the order they were given. */
  run(chat: Chat, args: Values<A>): Outcome<T> | Promise<Outcome<T>>
  /** A line for people while it runs, where that can take seconds. */
  pending?(args: Values<A>): string
  /** The answer for people. Left out where the events that follow say it all. */
  show?(done: T, chat: Chat): readonly string[]
}

export interface Command {
  readonly name: string
  readonly aliases: readonly string[]
  readonly group: CommandGroup
  readonly help: string
  /** `/join <room>` */
  readonly usage: string
  readonly args: readonly { readonly name: string; readonly kind: ArgumentKind; readonly optional: boolean }[]
  /** Of a command that is several: each by the word that follows. */
  readonly parts?: readonly Command[]
  /** `rest`: what was typed after the command's name. */
  fromLine(rest: string): Call | Refusal
  fromJson(object: JsonObject): Call | Refusal
}

/** A command with its arguments, ready to run. */
export interface Call {
  readonly ok: true
  readonly to: string
  readonly pending: string | null
  /** For the front end, if it succeeds. */
  readonly effect: Effect | null
  /** Acts before it returns; the promise is only the answer. */
  run(chat: Chat): Promise<Reply>
}

/** A command that cannot be run as it was given. `to`: its name, or what was given for one. */
export type Refusal = Fault & { readonly to: string }

export type Reply =
  | Refusal
  | {
      readonly ok: true
      readonly to: string
      /** Fields of the JSON reply. Strings in it may be a peer's: clean them before they are shown. */
      readonly data: object
      /** The same for people; may be empty. Not cleaned either. */
      lines(): readonly string[]
    }

/** What is left of a typed line. */
export class Words {
  constructor(private rest: string) {
    this.rest = rest.trim()
  }

  /** The next word without taking it, or null at the end. */
  peek(): string | null {
    return /^\S+/.exec(this.rest)?.[0] ?? null
  }

  /** The next word, or null at the end. */
  next(): string | null {
    const [, word, rest] = /^(\S+)\s*([\s\S]*)$/.exec(this.rest) ?? []
    if (word === undefined) return null
    this.rest = rest ?? ''
    return word
  }

  /** The next word, where `"two words"` count as one: for names. */
  nextQuoted(): string | null {
    const [, word, rest] = /^"([^"]+)"\s*([\s\S]*)$/.exec(this.rest) ?? []
    if (word === undefined) return this.next()
    this.rest = rest ?? ''
    return word
  }

  /** A name in quotation marks begins, and does not end. */
  get isUnclosed(): boolean {
    return /^"[^"]+$/.test(this.rest)
  }

  /** All that is left, or null at the end. */
  all(): string | null {
    const all = this.rest
    this.rest = ''
    return all === '' ? null : all
  }
}

export function defineCommand<const A extends Arguments, T extends object>(definition: Definition<A, T>): Command {
  const { name, aliases, group, help, args } = definition
  const fields = Object.entries(args)
  const typed = fields.filter(([, argument]) => argument.typed)
  const usage = [`/${name}`, ...typed.map(([, argument]) => argument.usage)].join(' ')

  const fromLine = (rest: string): Call | Refusal => {
    const words = new Words(rest)
    const values: Record<string, unknown> = {}
    for (const [field, argument] of fields) {
      const read: Read<unknown> = argument.typed ? argument.fromLine(words) : { ok: true, value: null }
      if (!read.ok) return refusal(name, 'bad-argument', `/${name}: ${read.message}. Usage: ${usage}`)
      values[field] = read.value
    }
    const surplus = words.all()
    if (surplus !== null && definition.ignoresRest !== true) {
      return refusal(name, 'too-many-arguments', `/${name}: ${quoted(surplus)} is too much. Usage: ${usage}`)
    }
    return bind(definition, values as Values<A>)
  }

  const fromJson = (object: JsonObject): Call | Refusal => {
    const values: Record<string, unknown> = {}
    for (const [field, argument] of fields) {
      const read = argument.fromJson(field, withField(object, field, argument))
      if (!read.ok) return refusal(name, 'bad-argument', `${name}: ${read.message}.`)
      values[field] = read.value
    }
    return bind(definition, values as Values<A>)
  }

  const infos = fields.map(([field, { kind, usage: shown }]) => ({
    name: field,
    kind,
    optional: shown.startsWith('['),
  }))
  return { name, aliases, group, help, usage, args: infos, fromLine, fromJson }
}

/** A field can be given by the word that the usage shows, too: else `"which"` would go unnoticed, and another message be deleted. */
function withField(object: JsonObject, field: string, { usage, typed }: Argument<unknown>): JsonObject {
  const shown = typed ? fieldOf(object, /<(.+)>/.exec(usage)?.[1] ?? '') : undefined
  return shown === undefined || fieldOf(object, field) !== undefined ? object : { ...object, [field]: shown }
}

function bind<A extends Arguments, T extends object>(definition: Definition<A, T>, values: Values<A>): Call {
  const { name, effect } = definition
  return {
    ok: true,
    to: name,
    pending: definition.pending?.(values) ?? null,
    effect: typeof effect === 'function' ? effect(values) : (effect ?? null),
    async run(chat) {
      const outcome = await definition.run(chat, values)
      if (!outcome.ok) return refusal(name, outcome.code, outcome.message)
      const { ok: _, ...data } = outcome
      return { ok: true, to: name, data, lines: () => definition.show?.(outcome, chat) ?? [] }
    },
  }
}

/** All the commands there are, by every name they go by. */
export class CommandTable {
  private readonly byName = new Map<string, Command>()

  constructor(readonly commands: readonly Command[]) {
    for (const command of commands) {
      for (const name of [command.name, ...command.aliases]) {
        if (this.byName.has(name)) throw new Error(`Two commands are called ${name}.`)
        this.byName.set(name, command)
      }
    }
  }

  /** By name or alias; upper and lower case are the same. */
  find(name: string): Command | null {
    return this.byName.get(name.toLowerCase()) ?? null
  }

  /** The known name nearest to `word`, or null. */
  nearest(word: string): string | null {
    return suggest(word, this.byName.keys())
  }
}

/**
 * A line as a user types it where bare text is said: `/command …`, text, or `//text` for text with a slash in
 * front; `s/old/new/` mends what was said last, where it fits. Null for a blank line. Never throws.
 */
export function readLine(table: CommandTable, line: string): Call | Refusal | null {
  if (line.trim() === '') return null
  if (line.startsWith('/') && !line.startsWith('//')) return readSlash(table, line)
  const said = sayText(table, line.startsWith('//') ? line.slice(1) : line)
  return substitutionCall(line, said) ?? said
}

/** A line that begins with one slash. */
export function readSlash(table: CommandTable, line: string): Call | Refusal {
  const [, name = '', rest = ''] = /^\/(\S*)\s*([\s\S]*)$/.exec(line) ?? []
  const command = table.find(name)
  return command === null ? unknownCommand(table, name, '/') : command.fromLine(rest)
}

/** Says `text` as it is, in the current room. */
export function sayText(table: CommandTable, text: string): Call | Refusal {
  const say = table.find('say')
  return say === null ? unknownCommand(table, 'say', '/') : say.fromJson({ text: text.trimEnd() })
}

/** `{"do":"<command>", …named arguments}`. Unknown fields are ignored. Never throws. */
export function readObject(table: CommandTable, object: JsonObject): Call | Refusal {
  const name = fieldOf(object, 'do')
  if (typeof name !== 'string') return refusal('', 'bad-argument', '"do" must be the name of a command, as a string.')
  const command = table.find(name)
  return command === null ? unknownCommand(table, name, '') : command.fromJson(object)
}

/** A field's value, or undefined where it is not there. null counts as left out: many languages write it for a field that is not set. */
export function fieldOf(object: JsonObject, field: string): unknown {
  return Object.hasOwn(object, field) ? (object[field] ?? undefined) : undefined
}

const NAME_CHARS_SHOWN = 40

/** One line: what is not there, what is near it, where the rest is listed. `mark`: what stands before a name there. */
export function unknownCommand(table: CommandTable, name: string, mark: '/' | ''): Refusal {
  const to = name.slice(0, NAME_CHARS_SHOWN)
  if (to === '')
    return refusal(to, 'unknown-command', `${mark || '"do"'}: the name of a command is missing; ${mark}help lists them`)
  const near = table.nearest(name)
  const hint = near === null ? '' : ` did you mean ${mark}${near}?`
  return refusal(to, 'unknown-command', `${mark}${to}: no such command;${hint} ${mark}help lists them`)
}

export function refusal(to: string, code: string, message: string): Refusal {
  return { ok: false, to, code, message }
}
