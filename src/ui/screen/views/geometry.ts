import type { Model } from '../model/model.ts'
import { currentPlace, draftOf } from '../model/places.ts'
import { fit } from '../text/glyphs.ts'
import { layTyped } from './typed.ts'

export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Where everything stands. Panes that do not fit, or are not wanted, are null. */
export interface Geometry {
  readonly rooms: Box | null
  readonly talk: Box
  readonly people: Box | null
  readonly status: Box
  readonly input: Box
}

/** Narrower, the panes beside the talk fold away: people first. */
const BOTH_COLUMNS_MIN = 72
const ROOMS_COLUMNS_MIN = 56
const ROWS_FOR_PANES_MIN = 8
const PANE_COLUMNS = { small: 14, large: 22 } as const
const LARGE_COLUMNS_MIN = 110
/** What is typed has so many rows at most, and never more than a third of the screen. */
const INPUT_ROWS_MAX = 6

export function geometryOf(model: Model): Geometry {
  const { columns, rows } = model.size
  const inputRows = Math.max(1, Math.min(INPUT_ROWS_MAX, Math.floor(rows / 3), inputHeight(model)))
  const height = Math.max(1, rows - inputRows - 1)
  const pane = columns >= LARGE_COLUMNS_MIN ? PANE_COLUMNS.large : PANE_COLUMNS.small
  const isHigh = height >= ROWS_FOR_PANES_MIN
  const hasRooms = isHigh && model.panes.rooms && columns >= ROOMS_COLUMNS_MIN
  const hasPeople = isHigh && model.panes.people && columns >= BOTH_COLUMNS_MIN
  const left = hasRooms ? pane + 1 : 0
  const right = hasPeople ? pane + 1 : 0
  return {
    rooms: hasRooms ? { x: 0, y: 0, width: pane, height } : null,
    talk: { x: left, y: 0, width: columns - left - right, height },
    people: hasPeople ? { x: columns - pane, y: 0, width: pane, height } : null,
    status: { x: 0, y: height, width: columns, height: 1 },
    input: { x: 0, y: height + 1, width: columns, height: inputRows },
  }
}

const PROMPT_COLUMNS_MAX = 24

/** What stands before what is typed. */
export function promptOf(model: Model): string {
  const place = currentPlace(model)
  if (model.size.columns < ROOMS_COLUMNS_MIN || place === null) return '> '
  return `${fit(place.label, PROMPT_COLUMNS_MAX)}> `
}

/** Rows that what is typed would take. */
function inputHeight(model: Model): number {
  return layTyped(promptOf(model), draftOf(model), model.size.columns).rows.length
}
