import { Flow } from '../model/flow.ts'
import type { Model, Selection } from '../model/model.ts'
import { currentPlace, draftOf } from '../model/places.ts'
import { EMPTY_TALK } from '../model/talk.ts'
import { Grid } from '../terminal/grid.ts'
import { fit, widthOf } from '../text/glyphs.ts'
import { type Line, type PLAIN, span } from '../text/styled.ts'
import { type Box, geometryOf, promptOf } from './geometry.ts'
import { cardOf, cardRoom } from './overlays.ts'
import { type Pane, peoplePane, roomsPane } from './panes.ts'
import { statusLine } from './status.ts'
import { layTyped } from './typed.ts'
import { welcomeLines } from './welcome.ts'

/** What the terminal is to show. */
export interface Frame {
  readonly grid: Grid
  readonly cursor: { readonly x: number; readonly y: number } | null
  /** Of the window. */
  readonly title: string
}

/** Less is no screen: somebody is dragging a border, or has a pane that is in the way. */
const COLUMNS_MIN = 16
const ROWS_MIN = 4

/** The whole screen, from the model alone. */
export function frameOf(model: Model): Frame {
  const grid = new Grid(model.size)
  if (grid.columns < COLUMNS_MIN || grid.rows < ROWS_MIN) {
    grid.put(0, 0, [span('hearsay: too small', model.setup.look.faint)], grid.columns)
    return { grid, cursor: null, title: titleOf(model) }
  }
  const geometry = geometryOf(model)
  const { rooms, talk, people, status, input } = geometry
  const { look } = model.setup
  drawTalk(grid, model, talk)
  if (rooms !== null) {
    drawPane(grid, roomsPane(model, rooms), rooms)
    drawBorder(grid, rooms.x + rooms.width, rooms.height, look.border)
  }
  if (people !== null) {
    drawPane(grid, peoplePane(model, people), people)
    drawBorder(grid, people.x - 1, people.height, look.border)
  }
  grid.put(status.x, status.y, statusLine(model), status.width)
  let cursor: Frame['cursor'] = drawInput(grid, model, input)
  if (model.overlay !== null) cursor = drawOverlay(grid, model, { x: 0, y: 0, width: grid.columns, height: status.y })
  if (model.selection !== null) markSelection(grid, model.selection)
  return { grid, cursor, title: titleOf(model) }
}

function drawTalk(grid: Grid, model: Model, { x, y, width, height }: Box): void {
  const place = currentPlace(model)
  // In no room there is what was told since.
  const talk = place?.talk ?? { ...EMPTY_TALK, entries: model.early }
  const rows = new Flow(talk, width, model.setup.look).visible(height)
  const isNew = talk.entries.every((entry) => entry.kind === 'note')
  // Where there is little room, what to type comes first.
  const room = Math.max(0, height - rows.length)
  const welcome = isNew ? [...welcomeLines(model, width), []].slice(0, room) : []
  const lines = [...welcome, ...rows.map(({ line }) => line)]
  // What was said last stands next to what one types.
  const top = y + Math.max(0, height - lines.length)
  for (const [index, line] of lines.slice(-height).entries()) grid.put(x, top + index, line, width)
}

function drawPane(grid: Grid, pane: Pane, { x, y, width }: Box): void {
  for (const [index, line] of pane.lines.entries()) grid.put(x, y + index, line, width)
}

function drawBorder(grid: Grid, x: number, height: number, style: typeof PLAIN): void {
  for (let y = 0; y < height; y++) grid.put(x, y, [span('│', style)], 1)
}

function drawInput(grid: Grid, model: Model, { x, y, width, height }: Box): { x: number; y: number } {
  const { look } = model.setup
  const prompt = promptOf(model)
  const typed = layTyped(prompt, draftOf(model), width)
  const from = Math.max(0, Math.min(typed.y - height + 1, typed.rows.length - height))
  const indent = ' '.repeat(widthOf(prompt))
  typed.rows.slice(from, from + height).forEach((row, index) => {
    const head = from + index === 0 ? span(prompt, look.heading) : span(indent)
    grid.put(x, y + index, [head, span(row)], width)
  })
  return { x: x + typed.x, y: y + typed.y - from }
}

/** A card in the middle of what is above the status line, with a border around it. */
function drawOverlay(grid: Grid, model: Model, within: Box): Frame['cursor'] {
  const { look } = model.setup
  const { width, height: rows } = cardRoom(within.width, within.height)
  const card = cardOf(model, model.overlay!, width, rows)
  const height = Math.min(card.lines.length, within.height - 2)
  const x = within.x + Math.floor((within.width - width - 4) / 2)
  const y = within.y + Math.max(0, Math.floor((within.height - height - 2) / 2))
  const title = fit(` ${card.title} `, width)
  const right = '─'.repeat(Math.max(0, width + 1 - widthOf(title)))
  grid.put(x, y, [span('┌─', look.border), span(title, look.heading), span(`${right}┐`, look.border)], width + 4)
  for (let row = 0; row < height; row++) {
    const line: Line = [span('│ ', look.border)]
    grid.put(x, y + 1 + row, line, 2)
    grid.put(x + 2, y + 1 + row, card.lines[row]!, width)
    grid.put(x + 2 + width, y + 1 + row, [span(' │', look.border)], 2)
  }
  grid.put(x, y + 1 + height, [span(`└${'─'.repeat(width + 2)}┘`, look.border)], width + 4)
  return card.cursor === null ? null : { x: x + 2 + card.cursor.x, y: y + 1 + card.cursor.y }
}

function markSelection(grid: Grid, selection: Selection): void {
  for (const { y, from, to } of selectedRows(selection, grid)) {
    for (let x = from; x < to; x++) grid.restyle(x, y, (style) => ({ ...style, reverse: style.reverse !== true }))
  }
}

/** The selected part of each row. Selecting stays in the pane where it began. */
function selectedRows({ from, to, within }: Selection, grid: Grid): { y: number; from: number; to: number }[] {
  const [start, end] = from.y < to.y || (from.y === to.y && from.x <= to.x) ? [from, to] : [to, from]
  const left = within.x
  const right = Math.min(grid.columns, within.x + within.width)
  const rows = []
  for (let y = start.y; y <= end.y && y < grid.rows; y++) {
    rows.push({
      y,
      from: y === start.y ? Math.max(left, start.x) : left,
      to: y === end.y ? Math.min(right, end.x + 1) : right,
    })
  }
  return rows
}

/** What is selected, as text. */
export function selectedText(grid: Grid, selection: Selection): string {
  return selectedRows(selection, grid)
    .map(({ y, from, to }) =>
      grid.chars
        .slice(y * grid.columns + from, y * grid.columns + to)
        .join('')
        .trimEnd(),
    )
    .join('\n')
}

function titleOf(model: Model): string {
  const place = currentPlace(model)
  const news = model.places.reduce(
    (sum, { room, unread, mentions }) => sum + (room.startsWith('@') ? unread : mentions),
    0,
  )
  const count = news === 0 ? '' : `(${news}) `
  return `${count}hearsay${place === null ? '' : ` · ${place.label}`}`
}
