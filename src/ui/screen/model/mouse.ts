import type { Input } from '../terminal/parser.ts'
import { type Box, geometryOf } from '../views/geometry.ts'
import { type Pane, peoplePane, roomsPane } from '../views/panes.ts'
import { goTo } from './actions.ts'
import type { Model, Point, Updated } from './model.ts'
import { scroll } from './scroll.ts'

/** Rows that one click of the wheel moves. */
const WHEEL_ROWS = 3

/** The wheel scrolls, a click goes to a room or a person, a drag selects. */
export function onMouse(model: Model, { action, x, y }: Extract<Input, { kind: 'mouse' }>): Updated {
  const here = { x, y }
  switch (action) {
    case 'wheel-up':
      return wheel(model, -1)
    case 'wheel-down':
      return wheel(model, 1)
    case 'press':
      return [{ ...model, selection: { from: here, to: here, within: paneAt(model, here) } }, []]
    case 'drag':
      return [model.selection === null ? model : { ...model, selection: { ...model.selection, to: here } }, []]
    case 'release':
      return release(model, here)
    case 'other':
      return [model, []]
  }
}

function wheel(model: Model, direction: -1 | 1): Updated {
  const { overlay } = model
  if (overlay?.kind === 'help')
    return [{ ...model, overlay: { ...overlay, top: Math.max(0, overlay.top + direction) } }, []]
  return scroll(model, direction * WHEEL_ROWS)
}

function release(model: Model, here: Point): Updated {
  const { selection } = model
  if (selection === null) return [model, []]
  const isClick = selection.from.x === here.x && selection.from.y === here.y
  if (isClick) return click({ ...model, selection: null }, here)
  const selected = { ...selection, to: here }
  return [{ ...model, selection: selected }, [{ do: 'copy', selection: selected }]]
}

function click(model: Model, here: Point): Updated {
  if (model.overlay !== null) return [{ ...model, overlay: null }, []]
  const { rooms, people } = geometryOf(model)
  if (rooms !== null && isIn(rooms, here)) return goTo(model, keyAt(roomsPane(model, rooms), rooms, here))
  if (people !== null && isIn(people, here)) {
    const id = keyAt(peoplePane(model, people), people, here)
    const person = model.people.find((each) => each.id === id)
    if (person === undefined || person.self) return [model, []]
    if (person.network === null) return goTo(model, `@${id}`)
    const alert = `${person.name} has an older program: it knows no talk between two alone. Say it in the room.`
    return [{ ...model, alert }, []]
  }
  return [model, []]
}

function keyAt(pane: Pane, box: Box, { y }: Point): string | undefined {
  return pane.keys[y - box.y] ?? undefined
}

function paneAt(model: Model, here: Point): { x: number; width: number } {
  const { rooms, people, talk } = geometryOf(model)
  const boxes = [rooms, people, talk].filter((box) => box !== null)
  return boxes.find((box) => isIn(box, here)) ?? { x: 0, width: model.size.columns }
}

function isIn(box: Box, { x, y }: Point): boolean {
  return x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height
}
