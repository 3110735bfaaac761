import {
  type Call,
  type Command,
  type CommandGroup,
  fieldOf,
  type JsonObject,
  type Refusal,
  refusal,
  Words,
} from '../command.ts'
import { quoted } from '../options-quote.ts'
import { suggest } from '../suggest.ts'

export interface Family {
  readonly name: string
  readonly aliases: readonly string[]
  readonly group: CommandGroup
  readonly help: string
  /** The part that is meant where none is named. */
  readonly usual: string
  /** Each called by this name, a space and a word of its own; its aliases are other such words. */
  readonly parts: readonly Command[]
}

/**
 * Several commands under one name: `/voice join`, `/voice mute`. In JSON the field `action` has the second word. They answer by the name of the
 * family.
 */
export function defineFamily({ name, aliases, group, help, usual, parts }: Family): Command {
  const byWord = new Map<string, Command>()
  for (const part of parts) {
    for (const word of [part.name.slice(name.length + 1), ...part.aliases]) {
      if (byWord.has(word)) throw new Error(`Two parts of ${name} are called ${word}.`)
      byWord.set(word, part)
    }
  }
  const known = parts.map((part) => part.name.slice(name.length + 1)).join(', ')
  const unknown = (mark: string, word: string): Refusal => {
    const near = suggest(word, byWord.keys())
    const hint = near === null ? `it takes ${known}` : `did you mean ${mark}${name} ${near}?`
    return refusal(name, 'unknown-action', `${mark}${name}: ${quoted(word)} means nothing here; ${hint}`)
  }
  const named = (read: Call | Refusal): Call | Refusal => {
    if (!read.ok) return { ...read, to: name }
    return { ...read, to: name, run: async (chat) => ({ ...(await read.run(chat)), to: name }) }
  }
  return {
    ...{ name, aliases, group, help, parts },
    usage: `/${name} [<what>]`,
    args: [{ name: 'action', kind: 'choice', optional: true }],
    fromLine(rest) {
      const words = new Words(rest)
      const word = (words.next() ?? usual).toLowerCase()
      const part = byWord.get(word)
      return part === undefined ? unknown('/', word) : named(part.fromLine(words.all() ?? ''))
    },
    fromJson(object: JsonObject) {
      const action = fieldOf(object, 'action') ?? usual
      if (typeof action !== 'string') return refusal(name, 'bad-argument', `${name}: "action" must be a string.`)
      const part = byWord.get(action.toLowerCase())
      return part === undefined ? unknown('', action) : named(part.fromJson(object))
    },
  }
}
