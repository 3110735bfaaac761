import { meter } from '../../meter.ts'
import type { Model, Place } from '../model/model.ts'
import { currentPlace } from '../model/places.ts'
import { fit, widthOf } from '../text/glyphs.ts'
import { type Line, span } from '../text/styled.ts'
import { keyName, plural } from './format.ts'
import { geometryOf } from './geometry.ts'
import { newsOf } from './panes.ts'

/** One row: where one is, who is there, links, voice, files; to the right what is new, here and elsewhere. */
export function statusLine(model: Model): Line {
  const { look } = model.setup
  const { columns } = model.size
  if (model.alert !== null) return [span(fitted(` ${model.alert}`, columns), look.statusFault)]
  const place = currentPlace(model)
  const right = newsElsewhere(model, place)
  const room = columns - widthOf(right) - 1
  const left = leftPart(model, place, room)
  const shown = fit(left, Math.max(8, room))
  const gap = ' '.repeat(Math.max(1, columns - widthOf(shown) - widthOf(right)))
  return [span(fitted(`${shown}${gap}${right}`, columns), look.status)]
}

/** Where it gets narrow, what can be looked up elsewhere gives way: whether one can be heard is seen nowhere else. */
function leftPart(model: Model, place: Place | null, room: number): string {
  if (place === null) return ' no room: /join <room> enters one'
  const { people, network, files, microphoneDb } = model
  const isPeopleShown = geometryOf(model).people !== null
  const counted = isPeopleShown || people.length === 0 ? '' : plural(people.length, 'person', 'people')
  const linked = network.links === 0 ? 'nobody connected' : plural(network.links, 'link', 'links')
  const rest = [
    voiceWords(model, place, isPeopleShown),
    microphoneDb === null ? '' : `mic ${meter(microphoneDb)}`,
    files,
  ]
  const ways = [
    [` ${place.label}`, counted, linked, ...rest],
    [` ${place.label}`, network.links === 0 ? linked : '', ...rest],
  ].map((parts) => parts.filter((part) => part !== '').join(' · '))
  return ways.find((way) => widthOf(way) <= room) ?? (rest.some((part) => part !== '') ? ways[1]! : ways[0]!)
}

/** Speakers that are named, where they are not listed beside. */
const SPEAKERS_MAX = 2

/** Our own voice, and who speaks where the people are not beside. */
function voiceWords({ voice, people }: Model, place: Place, isPeopleShown: boolean): string {
  if (voice === null) return ''
  const where = voice.room === place.room ? '' : ` in ${voice.room}`
  const key = voice.isHeld ? ', talking' : voice.key === null ? '' : `, ${keyName(voice.key)} talks`
  const speakers = isPeopleShown ? [] : people.filter(({ id, self }) => !self && voice.speaking.has(id))
  const names = speakers.slice(0, SPEAKERS_MAX).map(({ name }) => name)
  const more = speakers.length > SPEAKERS_MAX ? [`+${speakers.length - SPEAKERS_MAX}`] : []
  const who = speakers.length === 0 ? '' : `: ${[...names, ...more].join(', ')}`
  return `voice ${voice.state}${where}${key}${who}`
}

/** What came while one looks at what was said before; rooms with news, where they are not listed beside. */
function newsElsewhere(model: Model, place: Place | null): string {
  const parts: string[] = []
  if (place !== null && place.talk.anchor !== null) {
    parts.push(place.talk.fresh === 0 ? '↓ more' : `↓ ${place.talk.fresh} new`)
  }
  if (geometryOf(model).rooms === null) {
    const news = model.places.flatMap((each, index) =>
      each.unread === 0 || each.room === model.current ? [] : [`${index + 1}:${fit(each.label, 10)} ${newsOf(each)}`],
    )
    parts.push(...news.slice(0, 4))
  }
  return parts.length === 0 ? '' : `${parts.join('  ')} `
}

function fitted(text: string, width: number): string {
  const cut = fit(text, width)
  return cut + ' '.repeat(Math.max(0, width - widthOf(cut)))
}
