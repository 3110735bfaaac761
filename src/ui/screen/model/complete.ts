import { completing, type World } from '../../completion.ts'
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
  const asked = completing(worldOf(model), draft)
  if (asked.kind === 'words') return [offer(model, draft, asked.start, asked.candidates, by), []]
  const effect: Effect = { do: 'paths', before: draft, start: asked.start, typed: asked.word }
  return [{ ...model, completion: null }, [effect]]
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

function worldOf(model: Model): World {
  return {
    commands: model.setup.commands,
    rooms: () => model.places.filter(({ room }) => !room.startsWith('@')).map(({ label }) => label),
    people: () => peopleHere(model),
    elsewhere: () => elsewhere(model),
    ignored: () => model.ignored,
    files: () => filesHere(model),
  }
}

/** Names of the files that were offered here, the last first. */
function filesHere(model: Model): string[] {
  const entries = currentPlace(model)?.talk.entries ?? []
  return [...new Set(entries.flatMap((entry) => (entry.kind === 'file' ? [entry.name] : [])).reverse())]
}

/** Those one has conversations with are meant sooner. */
function elsewhere({ places, elsewhere: others }: Model): string[] {
  const partners = places.filter(({ room }) => room.startsWith('@')).map(({ label }) => label.slice(1))
  return [...partners, ...others.map(({ name }) => name).toSorted((a, b) => a.localeCompare(b))]
}

/** The last to speak first, then whoever else is here. */
function peopleHere(model: Model): string[] {
  const place = currentPlace(model)
  const recent = place === null ? [] : speakers(place.talk)
  const others = model.people.filter(({ self }) => !self).map(({ name }) => name)
  return [...new Set([...recent, ...others.toSorted((a, b) => a.localeCompare(b))])]
}
