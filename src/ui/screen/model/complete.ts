import type { ArgumentKind } from '../../../app/command.ts'
import { changed, type Editor } from './editor.ts'
import type { Completion, Effect, Model, Updated } from './model.ts'
import { currentPlace, draftOf, withDraft } from './places.ts'
import { speakers } from './talk.ts'

/** More would not be walked through by a key. */
const CANDIDATES_MAX = 200

/** The next candidate, or the one before; the first time, those that fit what stands before the cursor. */
export function complete(model: Model, by: 1 | -1): Updated {
  const { completion } = model
  const draft = draftOf(model)
  if (completion !== null && draft.text === textWith(completion).text) return [show(model, turn(completion, by)), []]
  const asked = contextOf(model, draft)
  if (asked.kind === 'path') {
    const { start, word } = asked
    const effect: Effect = { do: 'paths', before: draft, start, typed: word }
    return [{ ...model, completion: null }, [effect]]
  }
  const candidates = candidatesFor(model, asked)
  return [offer(model, draft, asked.start, candidates, by), []]
}

/** Paths have been looked up; what was typed since then wins. */
export function offerPaths(model: Model, before: Editor, start: number, found: readonly string[]): Model {
  if (draftOf(model).text !== before.text) return model
  const offered = offer(model, before, start, found, 1)
  // Where there is one folder and nothing else, the next Tab is for what is in it.
  return found.length === 1 && found[0]!.endsWith('/') ? { ...offered, completion: null } : offered
}

/** A slash typed behind a folder that is offered says that it is the one; null where it is typed like anything else. */
export function settleFolder(model: Model, typed: string): Model | null {
  const { completion } = model
  const isFolder = completion?.candidates[completion.index]?.endsWith('/') === true
  return typed === '/' && isFolder && draftOf(model).text === textWith(completion).text
    ? { ...model, completion: null }
    : null
}

function offer(model: Model, before: Editor, start: number, candidates: readonly string[], by: 1 | -1): Model {
  if (candidates.length === 0) return { ...model, completion: null }
  const index = by === 1 ? 0 : candidates.length - 1
  return show(model, { before, start, candidates: candidates.slice(0, CANDIDATES_MAX), index })
}

function turn(completion: Completion, by: 1 | -1): Completion {
  const { index, candidates } = completion
  return { ...completion, index: (index + by + candidates.length) % candidates.length }
}

function show(model: Model, completion: Completion): Model {
  return { ...withDraft(model, textWith(completion)), completion: completion.candidates.length > 0 ? completion : null }
}

function textWith({ before, start, candidates, index }: Completion): Editor {
  const text = before.text.slice(0, start) + candidates[index]
  return changed(before, { text: text + before.text.slice(before.cursor), cursor: text.length })
}

interface Asked {
  readonly kind: ArgumentKind | 'path' | 'mention'
  readonly word: string
  readonly start: number
  /** What stands before the cursor begins with it. */
  readonly isFirst: boolean
  readonly command: string | null
}

/** As what is typed looks, or as the command wants it. */
function contextOf(model: Model, draft: Editor): Asked {
  const asked = context(draft)
  const { command, kind, start } = asked
  const wanted = command === null || kind === 'command' ? null : kindOf(model, command, start)
  return wanted === 'path' ? { ...asked, kind: 'path' } : asked
}

/** What could stand at the cursor. */
function context({ text, cursor }: Editor): Asked {
  const typed = text.slice(0, cursor)
  const [, command = null] = /^\/([^\s/]*)/.exec(typed) ?? []
  // What stands in quotation marks is one word to commands, also where the second is yet to come.
  const start = typed.search(command === null ? /\S*$/ : /(?<=\s)"[^"]*$|\S*$/)
  const word = typed.slice(start)
  const isFirst = start === 0
  if (command !== null && isFirst) return { kind: 'command', word, start, isFirst, command: null }
  if (/^(~|\.\.?)?\//.test(word) && command !== null) return { kind: 'path', word, start, isFirst, command }
  if (word.startsWith('#')) return { kind: 'room', word, start, isFirst, command }
  return { kind: 'mention', word, start, isFirst, command }
}

function candidatesFor(model: Model, asked: Asked): string[] {
  const { word, isFirst, command } = asked
  const kind = command === null ? asked.kind : kindOf(model, command, asked.start)
  if (asked.kind === 'command' || kind === 'command') {
    const mark = asked.kind === 'command' ? '/' : ''
    const names = model.setup.commands.commands.map(({ name }) => `${mark}${name}`)
    return fitting(names, word).map((name) => `${name} `)
  }
  // A conversation stands where a room does; there a name is one word.
  if (kind === 'room' && word.startsWith('@'))
    return fitting(peopleHere(model), word.slice(1)).flatMap((name) => (name.includes(' ') ? [] : [`@${name} `]))
  if (kind === 'room' || asked.kind === 'room') {
    const mark = word.startsWith('#') ? '#' : ''
    const rooms = model.places.filter(({ room }) => !room.startsWith('@')).map(({ label }) => `${mark}${label}`)
    return fitting(rooms, word).map((room) => `${room} `)
  }
  if (kind === 'file') return fitting(filesHere(model), word)
  if (kind === 'choice' && command !== null) return fitting(partsOf(model, command), word).map((part) => `${part} `)
  if (kind === 'peer' && word.startsWith('"'))
    return fitting(peopleHere(model), word.slice(1)).map((name) => `"${name}" `)
  const mark = word.startsWith('@') ? '@' : ''
  const names = fitting(peopleHere(model), word.slice(mark.length))
  if (kind === 'peer') return names.map((name) => (name.includes(' ') ? `"${name}" ` : `${mark}${name} `))
  return names.map((name) => `${mark}${name}${isFirst && mark === '' ? ': ' : ' '}`)
}

/** What a command takes where the word at `start` stands: by the order of its arguments. */
function kindOf(model: Model, command: string, start: number): ArgumentKind | null {
  const draft = draftOf(model).text
  const words = draft.slice(0, start).trim().split(/\s+/).length - 1
  const whole = model.setup.commands.find(command)
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
function partsOf(model: Model, command: string): string[] {
  const whole = model.setup.commands.find(command)
  return whole?.parts?.map(({ name }) => name.slice(whole.name.length + 1)) ?? []
}

/** Names of the files that were offered here, the last first. */
function filesHere(model: Model): string[] {
  const entries = currentPlace(model)?.talk.entries ?? []
  return [...new Set(entries.flatMap((entry) => (entry.kind === 'file' ? [entry.name] : [])).reverse())]
}

/** The last to speak first, then whoever else is here. */
function peopleHere(model: Model): string[] {
  const place = currentPlace(model)
  const recent = place === null ? [] : speakers(place.talk)
  const others = model.people.filter(({ self }) => !self).map(({ name }) => name)
  return [...new Set([...recent, ...others.toSorted((a, b) => a.localeCompare(b))])]
}

function fitting(names: readonly string[], typed: string): string[] {
  const begin = typed.normalize('NFC').toLowerCase()
  return names.filter((name) => name.normalize('NFC').toLowerCase().startsWith(begin))
}
