import { geometryOf } from '../views/geometry.ts'
import { Flow, type Spot } from './flow.ts'
import type { Effect, Model, Updated } from './model.ts'
import { changeTalk, currentPlace, seen } from './places.ts'
import type { Talk } from './talk.ts'

/** A page is asked for when so many screens are left. */
const SCREENS_AHEAD = 2

/** By so many rows, back where negative. */
export function scroll(model: Model, rows: number): Updated {
  const place = currentPlace(model)
  if (place === null) return [model, []]
  const { height, width } = geometryOf(model).talk
  const flow = new Flow(place.talk, width, model.setup.look)
  const { bottom } = flow
  if (bottom === null) return [model, rows < 0 && place.talk.hasOlder ? [{ do: 'open', room: place.room }] : []]
  const spot = rows < 0 ? back(flow, bottom, -rows, height) : flow.down(bottom, rows).spot
  return settle(model, place.room, flow, spot, height)
}

/** By a page, less a row, so that one finds one's way. */
export function scrollPage(model: Model, direction: -1 | 1): Updated {
  return scroll(model, direction * Math.max(1, geometryOf(model).talk.height - 1))
}

export function scrollToEnd(model: Model): Updated {
  const place = currentPlace(model)
  if (place === null) return [model, []]
  const { room, talk } = place
  if (!talk.hasNewer) return seen(changeTalk(model, room, (each) => ({ ...each, anchor: null, fresh: 0 })))
  return [model, [{ do: 'open', room }]]
}

/** To the first that is here: the history brings what was before it. */
export function scrollToTop(model: Model): Updated {
  const place = currentPlace(model)
  if (place === null || place.talk.entries.length === 0) return scroll(model, -1)
  const { height, width } = geometryOf(model).talk
  const flow = new Flow(place.talk, width, model.setup.look)
  const { spot } = flow.down({ index: 0, row: 0 }, height - 1)
  return settle(model, place.room, flow, spot, height)
}

/** What is scrolled to after more has come in, or the size is another: no row below the last, and pages asked for. */
export function keepInPlace(model: Model): Updated {
  return scroll(model, 0)
}

function back(flow: Flow, bottom: Spot, rows: number, height: number): Spot {
  const { spot } = flow.up(bottom, rows)
  // The first row does not come down from the top of the pane.
  const { left } = flow.up(spot, height - 1)
  return left === 0 ? spot : flow.down(spot, left).spot
}

function settle(model: Model, room: string, flow: Flow, spot: Spot, height: number): Updated {
  const { talk } = flow
  const { end } = flow
  const isAtEnd = end !== null && spot.index === end.index && spot.row === end.row
  const entry = talk.entries[spot.index]!
  const isFollowing = isAtEnd && !talk.hasNewer
  const anchor = isFollowing ? null : { id: entry.id, row: spot.row }
  const asked = pageWanted(flow, spot, height * SCREENS_AHEAD, room)
  const isPaging = talk.isPaging || asked.length > 0
  const change = (each: Talk): Talk => ({ ...each, anchor, isPaging, fresh: isFollowing ? 0 : each.fresh })
  const [read, effects] = seen(changeTalk(model, room, change))
  return [read, [...effects, ...asked]]
}

function pageWanted(flow: Flow, spot: Spot, rows: number, room: string): Effect[] {
  const { talk } = flow
  if (talk.isPaging) return []
  // One that was taken back is not known any more by its id.
  const messages = talk.entries.filter((entry) => entry.kind === 'message' && entry.state !== 'deleted')
  const first = messages[0]
  const last = messages.at(-1)
  if (talk.hasOlder && first !== undefined && flow.up(spot, rows).left > 0) {
    return [{ do: 'page', room, where: 'before', id: first.id }]
  }
  if (talk.hasNewer && last !== undefined && flow.down(spot, rows).left > 0) {
    return [{ do: 'page', room, where: 'after', id: last.id }]
  }
  return []
}
