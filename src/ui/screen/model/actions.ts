import { nextWithNews } from '../../../app/going.ts'
import type { Action } from '../../../app/keymap.ts'
import { complete } from './complete.ts'
import { changed, EMPTY, kill, type Motion, move, recase, transpose, undo, vertical, yank } from './editor.ts'
import type { Model, Updated } from './model.ts'
import { draftOf, seen, withDraft } from './places.ts'
import { scroll, scrollPage, scrollToEnd, scrollToTop } from './scroll.ts'
import { send, typeText, walkHistory } from './typing.ts'

/** Does what a key stands for. */
export function actOn(model: Model, action: Action): Updated {
  const simple = SIMPLE[action]
  if (simple !== undefined) return simple(model)
  const motion = MOTIONS[action]
  if (motion !== undefined) return [edited(model, move(draftOf(model), motion)), []]
  const cut = CUTS[action]
  if (cut !== undefined) return [edited(model, kill(draftOf(model), cut)), []]
  const number = /^room-(\d+)$/.exec(action)?.[1]
  return number === undefined ? [model, []] : goTo(model, model.places[Number(number) - 1]?.room)
}

const MOTIONS: { readonly [A in Action]?: Motion } = {
  left: 'left',
  right: 'right',
  'word-left': 'word-left',
  'word-right': 'word-right',
  'line-start': 'line-start',
  'line-end': 'line-end',
}

const CUTS: { readonly [A in Action]?: Motion } = {
  'delete-left': 'left',
  'delete-right': 'right',
  'cut-word-left': 'word-left',
  'cut-word-right': 'word-right',
  'cut-line-start': 'line-start',
  'cut-line-end': 'line-end',
}

const SIMPLE: { readonly [A in Action]?: (model: Model) => Updated } = {
  send: sendAndFollow,
  newline: (model) => [typeText(model, '\n'), []],
  complete: (model) => complete(model, 1),
  'complete-back': (model) => complete(model, -1),
  'history-back': (model) => [upOrDown(model, -1), []],
  'history-forward': (model) => [upOrDown(model, 1), []],
  'scroll-up': (model) => scrollPage(model, -1),
  'scroll-down': (model) => scrollPage(model, 1),
  'scroll-line-up': (model) => scroll(model, -1),
  'scroll-line-down': (model) => scroll(model, 1),
  'scroll-top': scrollToTop,
  'scroll-end': scrollToEnd,
  'next-news': (model) => goTo(model, nextWithNews(model.places, model.current)?.room),
  'next-room': (model) => goTo(model, neighbour(model, 1)),
  'previous-room': (model) => goTo(model, neighbour(model, -1)),
  'last-room': (model) => goTo(model, model.last ?? undefined),
  jump: (model) => [{ ...model, overlay: { kind: 'jump', typed: EMPTY, selected: 0 } }, []],
  help: (model) => [{ ...model, overlay: { kind: 'help', top: 0 } }, []],
  redraw: (model) => [model, [{ do: 'redraw' }]],
  'toggle-rooms': (model) => [{ ...model, panes: { ...model.panes, rooms: !model.panes.rooms } }, []],
  'toggle-people': (model) => [{ ...model, panes: { ...model.panes, people: !model.panes.people } }, []],
  'toggle-mute': (model) => [model, [{ do: 'command', object: { do: 'voice', action: 'toggle' } }]],
  'toggle-mouse': (model) => [{ ...model, hasMouse: !model.hasMouse }, [{ do: 'mouse', on: !model.hasMouse }]],
  'put-back': (model) => [edited(model, yank(draftOf(model))), []],
  transpose: (model) => [edited(model, transpose(draftOf(model))), []],
  'upper-word': (model) => [edited(model, recase(draftOf(model), 'upper')), []],
  'lower-word': (model) => [edited(model, recase(draftOf(model), 'lower')), []],
  'capital-word': (model) => [edited(model, recase(draftOf(model), 'capital')), []],
  undo: (model) => [edited(model, undo(draftOf(model))), []],
  interrupt,
  end: (model) =>
    draftOf(model).text === '' ? [model, [{ do: 'quit' }]] : [edited(model, kill(draftOf(model), 'right')), []],
  suspend: (model) => [model, [{ do: 'suspend' }]],
  cancel: (model) => (model.completion === null ? scrollToEnd(model) : [undone(model), []]),
}

/** Goes to a room the way everything else is done: as a command. */
export function goTo(model: Model, room: string | undefined): Updated {
  if (room === undefined || room === model.current) return [model, []]
  return [model, [{ do: 'command', object: { do: 'join', room } }]]
}

function edited(model: Model, draft: ReturnType<typeof draftOf>): Model {
  return { ...withDraft(model, draft), completion: null }
}

function sendAndFollow(model: Model): Updated {
  const [sent, effects] = send(model)
  if (effects.length === 0) return [model, []]
  const [followed, more] = scrollToEnd(sent)
  const [read, last] = seen(followed)
  return [read, [...effects, ...more, ...last]]
}

/** In a text of several lines a line up or down, else what was typed before or after. */
function upOrDown(model: Model, by: -1 | 1): Model {
  const moved = vertical(draftOf(model), by)
  return moved === null ? { ...walkHistory(model, by), completion: null } : edited(model, moved)
}

function neighbour(model: Model, by: -1 | 1): string | undefined {
  const { places, current } = model
  const at = places.findIndex((place) => place.room === current)
  return places[(at + by + places.length) % Math.max(1, places.length)]?.room
}

function interrupt(model: Model): Updated {
  const draft = draftOf(model)
  if (draft.text === '') return [model, [{ do: 'interrupt', isSpared: false }]]
  const cleared = edited(model, { ...changed({ ...draft, past: [] }, { text: '', cursor: 0 }), cut: draft.text })
  return [{ ...cleared, walk: null }, [{ do: 'interrupt', isSpared: true }]]
}

function undone(model: Model): Model {
  return model.completion === null ? model : { ...withDraft(model, model.completion.before), completion: null }
}
