import type { Model, PersonItem, Place } from '../model/model.ts'
import { fit, widthOf } from '../text/glyphs.ts'
import { type Line, type Span, span } from '../text/styled.ts'
import { plural } from './format.ts'
import type { Box } from './geometry.ts'

/** A pane's rows; `keys` tells what each is about: a room, or a person's id; null where nothing. */
export interface Pane {
  readonly lines: readonly Line[]
  readonly keys: readonly (string | null)[]
}

/** Rooms with their numbers, and how much of what is there has not been read: `5`, and `5!2` where two of the five name us. */
export function roomsPane(model: Model, { width, height }: Box): Pane {
  const { places, current } = model
  const at = Math.max(
    0,
    places.findIndex((place) => place.room === current),
  )
  const shown = windowed(places, at, height)
  const lines = shown.items.map((place, index) => roomLine(model, place, shown.start + index, width))
  return { lines, keys: shown.items.map((place) => place.room) }
}

function roomLine(model: Model, place: Place, index: number, width: number): Line {
  const { look } = model.setup
  const isCurrent = place.room === model.current
  const number = index < 10 ? `${(index + 1) % 10} ` : '  '
  const news = newsOf(place)
  const voice = place.inVoice === 0 ? '' : `◂${place.inVoice}${news === '' ? '' : ' '}`
  const beside = voice.length + news.length
  const room = width - number.length - (beside === 0 ? 0 : beside + 1)
  const label = fit(place.label, room)
  const style = isCurrent ? look.current : news === '' ? look.plain : place.mentions > 0 ? look.mention : look.news
  const gap = ' '.repeat(Math.max(0, width - number.length - widthOf(label) - beside))
  const head = [span(number, isCurrent ? look.current : look.faint), span(`${label}${gap}`, style)]
  return [...head, ...(voice === '' ? [] : [span(voice, isCurrent ? look.current : look.faint)]), span(news, style)]
}

/** Unread messages; behind an exclamation mark, how many of them name us. */
export function newsOf({ unread, mentions }: Place): string {
  if (unread === 0) return ''
  return `${unread > 999 ? '999+' : unread}${mentions === 0 ? '' : `!${Math.min(mentions, 99)}`}`
}

/** Who is here: oneself first; who speaks and who is muted is marked. */
export function peoplePane(model: Model, { width, height }: Box): Pane {
  const { look } = model.setup
  const { people } = model
  const title = [span(fit(plural(people.length, 'person', 'people'), width), look.faint)]
  const rows = Math.max(0, height - 1)
  const shown = people.length > rows ? people.slice(0, Math.max(0, rows - 1)) : people
  const lines = shown.map((person) => personLine(model, person, width))
  const keys: (string | null)[] = [null, ...shown.map(({ id }) => id)]
  const rest = people.length - shown.length
  if (rest === 0) return { lines: [title, ...lines], keys }
  return { lines: [title, ...lines, [span(fit(`and ${rest} more`, width), look.faint)]], keys: [...keys, null] }
}

function personLine(model: Model, person: PersonItem, width: number): Line {
  const { look } = model.setup
  const style = person.self ? look.self : look.person(person.id)
  const marks = marksOf(model, person)
  const name = fit(person.name, width - 2 - marks.reduce((sum, { text }) => sum + text.length, 0))
  return [span('  '), span(name, style), ...marks]
}

function marksOf({ voice, setup: { look } }: Model, person: PersonItem): Span[] {
  const { id, verified, self } = person
  const unproved = verified || self ? [] : [span(' ?', look.faint)]
  if (person.voice === 'deafened') return [...unproved, span(' deaf', look.faint)]
  if (person.voice === 'muted' || voice?.muted.has(id)) return [...unproved, span(' muted', look.faint)]
  if (voice?.speaking.has(id)) return [...unproved, span(' ◂))', look.heading)]
  return person.voice === 'on' ? [...unproved, span(' ◂', look.faint)] : unproved
}

/** A stretch of a list in which `at` is. */
function windowed<T>(items: readonly T[], at: number, height: number): { items: readonly T[]; start: number } {
  const start = Math.max(0, Math.min(at - Math.floor(height / 2), items.length - height))
  return { items: items.slice(start, start + height), start }
}
