import { ACTIONS, keysByAction } from '../../../app/keymap.ts'
import { targetsFor } from '../model/jump.ts'
import type { Model, Overlay } from '../model/model.ts'
import { fit, padded, widthOf } from '../text/glyphs.ts'
import { type Line, span } from '../text/styled.ts'
import { keyName } from './format.ts'
import { layTyped } from './typed.ts'

/** Something that is asked or shown over the talk. */
export interface Card {
  readonly title: string
  readonly lines: readonly Line[]
  /** Where the cursor is in the lines, where something is typed. */
  readonly cursor: { readonly x: number; readonly y: number } | null
}

export const CARD_COLUMNS_MAX = 64

/** `width` and `height`: of what there is room for. */
export function cardOf(model: Model, overlay: Overlay, width: number, height: number): Card {
  if (overlay.kind === 'help') return helpCard(model, overlay.top, width, height)
  if (overlay.kind === 'jump') return jumpCard(model, overlay, width, height)
  return pasteCard(model, overlay.text, width, height)
}

/** All keys, one row for each thing that can be done. */
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
  const column = Math.min(22, Math.floor(width * 0.4), Math.max(...rows.map(({ keys }) => widthOf(keys))))
  return rows.map(({ keys, about }) => [
    span(padded(keys, column), look.heading),
    span(fit(`  ${about}`, Math.max(4, width - column)), look.plain),
  ])
}

function helpCard(model: Model, top: number, width: number, height: number): Card {
  const lines = helpLines(model, width)
  const { look } = model.setup
  const rows = Math.max(1, height - 1)
  const from = Math.max(0, Math.min(top, lines.length - rows))
  const below = lines.length - rows - from
  const more = below > 0 ? `↓ ${below} more; ` : ''
  const foot = [span(fit(`${more}Esc closes this; /help lists the commands`, width), look.faint)]
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
  const nothing: Line[] = [[span(fit('nothing like that; /join makes a room', width), look.faint)]]
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
  const shown = Math.max(0, Math.min(lines.length, height - 3))
  const preview = lines.slice(0, shown).map((line): Line => [span(fit(line, width), look.faint)])
  return {
    title: 'Paste',
    lines: [
      [span(fit(`${lines.length} lines. Enter sends them as one message,`, width))],
      [span(fit('E puts them into the line, Esc drops them.', width))],
      ...preview,
    ],
    cursor: null,
  }
}
