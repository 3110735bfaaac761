import type { Entry, FileEntry, MessageEntry } from './entry.ts'
import type { Effect, Message, Model, Updated } from './model.ts'
import { changePlace, changeTalk, currentPlace, enter, isAttended, placeOf, seen, withPlace } from './places.ts'
import { keepInPlace } from './scroll.ts'
import { add, amend, EMPTY_TALK, open, page } from './talk.ts'

type Told = Extract<
  Message,
  { kind: 'added' | 'amended' | 'opened' | 'listed' | 'paged' | 'entered' | 'left' | 'cleared' | 'keys' }
>

const BODY_CHARS_MAX = 200
/** What is told before there is a room is told at the start, and is little. */
const EARLY_MAX = 20

/** What came from the network, or from the history. */
export function onTold(model: Model, told: Told): Updated {
  switch (told.kind) {
    case 'added':
      return onAdded(model, told)
    case 'amended':
      return [changeTalk(model, told.room, (talk) => amend(talk, told.id, told.change)), []]
    case 'opened': {
      const { room, label, entries, hasOlder, unreadFrom, unread, mentions } = told
      const opened = changePlace(withPlace(model, room, label), room, (place) => {
        return { ...place, unread, mentions, talk: open(place.talk, entries, hasOlder, unreadFrom) }
      })
      return seen(opened)
    }
    case 'listed':
      return [
        changePlace(withPlace(model, told.room, told.label), told.room, (place) => ({ ...place, unread: told.unread })),
        [],
      ]
    case 'paged': {
      const { room, where, entries, more } = told
      const paged = changeTalk(model, room, (talk) => page(talk, where, entries, more))
      return room === model.current ? keepInPlace(paged) : [paged, []]
    }
    case 'entered':
      return seen(withEarly(enter(withPlace(model, told.room, told.label), told.room)))
    case 'left':
      return [without(model, told.room), []]
    case 'keys':
      return [{ ...model, overlay: { kind: 'help', top: 0 } }, []]
    case 'cleared':
      return [
        changeTalk(model, model.current ?? '', (talk) => ({
          ...EMPTY_TALK,
          hasOlder: talk.hasOlder || talk.entries.length > 0,
        })),
        [],
      ]
  }
}

function onAdded(before: Model, { room, label, entry, isLive }: Extract<Told, { kind: 'added' }>): Updated {
  const where = room ?? before.current
  if (where === null) {
    const early = [...before.early, entry].slice(-EARLY_MAX)
    return [{ ...before, early, alert: alertOf(entry) ?? before.alert }, []]
  }
  const model = withPlace(before, where, label)
  const isHere = where === model.current
  const place = placeOf(model, where)!
  const isNews = isSaid(entry, isLive) && !entry.from.self
  const isRead = isHere && place.talk.anchor === null && isAttended(model)
  const added = changePlace(model, where, (each) => {
    const talk = add(each.talk, entry, isHere)
    if (!isNews || isRead) return { ...each, talk }
    return {
      ...each,
      unread: each.unread + 1,
      mentions: each.mentions + (entry.kind === 'message' && entry.mentions ? 1 : 0),
      talk: { ...talk, unreadFrom: talk.unreadFrom ?? (each.unread === 0 ? entry.id : null) },
    }
  })
  const noted = isHere || !isLive ? added : withCopy(added, label, entry)
  const effects: Effect[] = isNews && isRead ? [{ do: 'read', room: where }] : []
  return [noted, isLive ? [...effects, ...ringFor(noted, where, entry)] : effects]
}

function withEarly(model: Model): Model {
  const { early, alert } = model
  if (early.length === 0) return model
  const told = changeTalk(model, model.current ?? '', (talk) =>
    early.reduce((each, entry) => add(each, entry, true), talk),
  )
  return { ...told, early: [], alert: early.some((each) => alertOf(each) === alert) ? null : alert }
}

/** What of it belongs into the status line. A list that was asked for does not. */
function alertOf(entry: Entry): string | null {
  if (entry.kind !== 'note') return null
  const [first = '', ...more] = entry.text.split('\n')
  return more.length === 0 || entry.tone === 'fault' ? first : null
}

/** Somebody wants something of us: they say it, or offer a file. */
function isSaid(entry: Entry, isLive: boolean): entry is MessageEntry | FileEntry {
  return entry.kind === 'message' || (entry.kind === 'file' && isLive)
}

/** What one says elsewhere is seen where one is: that it was said, and to whom. */
function withCopy(model: Model, label: string, entry: Entry): Model {
  if (entry.kind !== 'message' || !entry.from.self || model.current === null) return model
  const words = entry.text.replace(/\s+/g, ' ').slice(0, BODY_CHARS_MAX).toWellFormed()
  const copy: Entry = {
    kind: 'note',
    id: `copy ${entry.id}`,
    at: entry.at,
    text: `To ${label}: ${words}`,
    tone: 'faint',
  }
  return changeTalk(model, model.current, (talk) => add(talk, copy, true))
}

/** Somebody means us, and we are not looking. */
function ringFor(model: Model, room: string, entry: Entry): Effect[] {
  if (entry.kind === 'note' || entry.from.self || isAttended(model)) return []
  const isForUs = room.startsWith('@') || (entry.kind === 'message' && entry.mentions)
  if (!isForUs) return []
  const title = room.startsWith('@') ? entry.from.name : `${entry.from.name} in ${placeOf(model, room)?.label ?? room}`
  const text = entry.kind === 'file' ? `offers ${entry.name}` : entry.text
  return [{ do: 'ring', title, body: text.replace(/\s+/g, ' ').slice(0, BODY_CHARS_MAX).toWellFormed() }]
}

function without(model: Model, room: string): Model {
  const places = model.places.filter((place) => place.room !== room)
  const isHere = model.current === room
  const left = { ...model, places, last: model.last === room ? null : model.last }
  return isHere
    ? { ...left, current: null, people: [] }
    : currentPlace(left) === null
      ? { ...left, current: null }
      : left
}
