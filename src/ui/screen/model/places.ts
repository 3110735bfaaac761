import { type Editor, EMPTY } from './editor.ts'
import type { Effect, Model, Place, Updated } from './model.ts'
import { EMPTY_TALK, inBackground, type Talk } from './talk.ts'

/** How long after the last key somebody is taken to be there, where the terminal does not tell of its focus. */
const THERE_MS = 60_000

/** Somebody looks at the screen. */
export function isAttended(model: Model): boolean {
  return model.focused ?? model.now - model.lastKeyAt < THERE_MS
}

export function currentPlace(model: Model): Place | null {
  return model.places.find((place) => place.room === model.current) ?? null
}

export function placeOf(model: Model, room: string): Place | null {
  return model.places.find((place) => place.room === room) ?? null
}

export function changePlace(model: Model, room: string, change: (place: Place) => Place): Model {
  const at = model.places.findIndex((place) => place.room === room)
  return at === -1 ? model : { ...model, places: model.places.with(at, change(model.places[at]!)) }
}

export function changeTalk(model: Model, room: string, change: (talk: Talk) => Talk): Model {
  return changePlace(model, room, (place) => ({ ...place, talk: change(place.talk) }))
}

/** What is being typed: every place has its own, and so has being in none. */
export function draftOf(model: Model): Editor {
  return currentPlace(model)?.draft ?? model.adrift
}

export function withDraft(model: Model, draft: Editor): Model {
  const place = currentPlace(model)
  return place === null ? { ...model, adrift: draft } : changePlace(model, place.room, (each) => ({ ...each, draft }))
}

/** The model with such a place in it; conversations stand behind rooms. */
export function withPlace(model: Model, room: string, label: string): Model {
  if (placeOf(model, room) !== null)
    return changePlace(model, room, (place) => (label === '' || place.label === label ? place : { ...place, label }))
  const place: Place = { room, label, unread: 0, mentions: 0, inVoice: 0, talk: EMPTY_TALK, draft: EMPTY }
  const at = room.startsWith('@')
    ? model.places.length
    : model.places.filter((each) => !each.room.startsWith('@')).length
  return { ...model, places: model.places.toSpliced(at, 0, place) }
}

/** Everything up to the end of the current talk is being looked at: it has been read. */
export function seen(model: Model): Updated {
  const place = currentPlace(model)
  if (place === null || place.unread === 0 || place.talk.anchor !== null || !isAttended(model)) return [model, []]
  const read: Effect = { do: 'read', room: place.room }
  return [changePlace(model, place.room, (each) => ({ ...each, unread: 0, mentions: 0 })), [read]]
}

/** Goes to a place that is there. */
export function enter(model: Model, room: string): Model {
  if (model.current === room) return model
  const left = model.current
  const settled = withBegun(model)
  const without = left === null ? settled : changePlace(settled, left, leaveBehind)
  const entered = { ...without, current: room, last: left, people: [], completion: null, walk: null, selection: null }
  return currentPlace(model) === null ? broughtAlong(entered) : entered
}

/** Whoever only looks at what was typed before has begun something else, and finds it again. */
function withBegun(model: Model): Model {
  const { walk, history } = model
  if (walk === null || draftOf(model).text !== history[walk.index]) return model
  return withDraft(model, walk.begun)
}

/** What was begun in no room goes on in the first there is. */
function broughtAlong(model: Model): Model {
  const { adrift } = model
  if (adrift.text === '' || draftOf(model).text !== '') return model
  return { ...withDraft(model, adrift), adrift: EMPTY }
}

function leaveBehind(place: Place): Place {
  const { talk } = place
  // What was new has been seen; where one had scrolled to is where one comes back to.
  return { ...place, talk: talk.anchor === null ? inBackground({ ...talk, unreadFrom: null }) : talk }
}
