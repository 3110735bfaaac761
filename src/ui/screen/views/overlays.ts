import { ACTIONS, keysByAction } from '../../../app/keymap.ts'
import { targetsFor } from '../model/jump.ts'
import type { Model, Overlay } from '../model/model.ts'
import { fit, padded, widthOf } from '../text/glyphs.ts'
import { type Line, span } from '../text/styled.ts'
import { wrap } from '../text/wrap.ts'
import { keyName } from './format.ts'
import { geometryOf } from './geometry.ts'
import { layTyped } from './typed.ts'

/** Something that is asked or shown over the talk. */
export interface Card {
  readonly title: string
  readonly lines: readonly Line[]
  /** Where the cursor is in the lines, where something is typed. */
  readonly cursor: { readonly x: number; readonly y: number } | null
}

const CARD_COLUMNS_MAX = 64

/** `width` and `height`: of what there is room for. */
export function cardOf(model: Model, overlay: Overlay, width: number, height: number): Card {
  if (overlay.kind === 'help') return helpCard(model, overlay.top, width, height)
  if (overlay.kind === 'jump') return jumpCard(model, overlay, width, height)
  return pasteCard(model, overlay.text, width, height)
}

/** What a card can fill: `width` and `height` within its border, of a screen whose status line is at row `statusY`. */
export function cardRoom(columns: number, statusY: number): { readonly width: number; readonly height: number } {
  return { width: Math.min(CARD_COLUMNS_MAX, columns - 4), height: Math.max(1, statusY - 2) }
}

/** How far the help can be scrolled, in lines. */
export function helpTopMax(model: Model): number {
  const { width, height } = cardRoom(model.size.columns, geometryOf(model).status.y)
  return Math.max(0, helpLines(model, width).length - helpRows(height))
}

/** The last is for what closes it. */
function helpRows(height: number): number {
  return Math.max(1, height - 1)
}

/** All keys, and what each does; on as many lines as that takes. */
function helpLines(model: Model, width: number): Line[] {
  const { look, keymap } = model.setup
  const all = keysByAction(keymap).map(({ action, chords }) => ({
    keys: (action === 'help' ? [...chords, '?'] : chords).map(keyName).join(', '),
    about: ACTIONS[action],
    isRoom: action.startsWith('room-'),
  }))
  const rooms = all.filter(({ isRoom }) => isRoom)
  const first = rooms[0]
  const last = rooms.at(-1)
  const toRooms =
    first === undefined || last === undefined
      ? []
      : [{ keys: `${first.keys} … ${last.keys}`, about: `${first.about} … ${last.about}` }]
  const rows = [...all.filter(({ isRoom }) => !isRoom), ...toRooms]
  const column = Math.min(Math.floor(width * 0.4), Math.max(...rows.map(({ keys }) => widthOf(keys))))
  return rows.flatMap(({ keys, about }) => {
    const left = wrap([span(keys, look.heading)], column)
    const right = wrap([span(about, look.plain)], width - column - 2)
    return Array.from({ length: Math.max(left.length, right.length) }, (_, row): Line => {
      const key = left[row] ?? []
      return [
        ...key,
        span(' '.repeat(column + 2 - key.reduce((sum, { text }) => sum + widthOf(text), 0))),
        ...(right[row] ?? []),
      ]
    })
  })
}

function helpCard(model: Model, top: number, width: number, height: number): Card {
  const lines = helpLines(model, width)
  const { look } = model.setup
  const rows = helpRows(height)
  const from = Math.max(0, Math.min(top, lines.length - rows))
  const below = lines.length - rows - from
  const more = below > 0 ? `↓ ${below} more; ` : ''
  const feet = [
    `${more}Esc closes this; /help lists the commands`,
    `${more}Esc closes; /help: commands`,
    `${more}Esc closes`,
  ]
  const foot = [span(feet.find((each) => widthOf(each) <= width) ?? fit(feet[2]!, width), look.faint)]
  return { title: 'Keys', lines: [...lines.slice(from, from + rows), foot], cursor: null }
}

function jumpCard(
  model: Model,
  { typed, selected }: Extract<Overlay, { kind: 'jump' }>,
  width: number,
  height: number,
): Card {
  const { look } = model.setup
  const targets = targetsFor(model, typed.text)
  const rows = Math.max(1, height - 2)
  const from = Math.max(0, Math.min(selected - rows + 1, targets.length - rows))
  const list = targets.slice(from, from + rows).map(({ label, about }, index): Line => {
    const style = from + index === selected ? look.current : look.plain
    const text = about === '' ? label : `${label}  ${about}`
    return [span(padded(text, width), style)]
  })
  const nothing: Line[] = [[span(fit('nothing like that; /join makes one', width), look.faint)]]
  const asked = layTyped('> ', typed, width)
  return {
    title: 'Where to?',
    lines: [[span(`> ${asked.rows[0] ?? ''}`)], ...(list.length === 0 ? nothing : list)],
    cursor: { x: asked.x, y: 0 },
  }
}

function pasteCard(model: Model, text: string, width: number, height: number): Card {
  const { look } = model.setup
  const lines = text.split('\n')
  const question = `${lines.length} lines. Enter sends them as one message, E puts them into the line, Esc drops them.`
  const asked = wrap([span(question)], width)
  const shown = Math.max(0, Math.min(lines.length, height - asked.length - 1))
  const preview = lines.slice(0, shown).map((line): Line => [span(fit(line, width), look.faint)])
  return {
    title: 'Paste',
    lines: [...asked, ...preview],
    cursor: null,
  }
}
