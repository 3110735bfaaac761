import { PASTE_LINES_MAX, typable } from '../../pasted.ts'
import { EMPTY, insert, withText } from './editor.ts'
import type { Effect, Model, Updated } from './model.ts'
import { changeTalk, draftOf, withDraft } from './places.ts'

/** Lines that the up key brings back. */
const HISTORY_MAX = 500

export function typeText(model: Model, text: string): Model {
  return { ...withDraft(model, insert(draftOf(model), text)), completion: null }
}

/** Pasted text goes where one types; many lines are asked about first. */
export function pasteText(model: Model, pasted: string): Model {
  const text = typable(pasted)
  if (text === '') return model
  if (text.split('\n').length <= PASTE_LINES_MAX) return typeText(model, text)
  return { ...model, overlay: { kind: 'paste', text } }
}

/** What is typed is said, or done. */
export function send(model: Model): Updated {
  const { text } = draftOf(model)
  if (text.trim() === '') return [model, []]
  const line: Effect = { do: 'line', line: text }
  return [remembered(model, text), [line]]
}

/** A text that is sent as it is, whatever it begins with. */
export function sayText(model: Model, text: string): Updated {
  return [model, [{ do: 'command', object: { do: 'say', text } }]]
}

/** What was typed before, or after; null in the walk: one's own beginning. */
export function walkHistory(model: Model, by: -1 | 1): Model {
  const { history, walk } = model
  const index = (walk?.index ?? history.length) + by
  if (index < 0 || index > history.length) return model
  const begun = walk?.begun ?? draftOf(model)
  if (index === history.length) return { ...withDraft(model, begun), walk: null }
  return { ...withDraft(model, withText(begun, history[index]!)), walk: { index, begun } }
}

function remembered(model: Model, line: string): Model {
  const history = [...model.history.filter((each) => each !== line), line].slice(-HISTORY_MAX)
  const emptied = withDraft(model, { ...EMPTY, cut: draftOf(model).cut })
  // Who says something has seen what is there.
  const read = changeTalk(emptied, model.current ?? '', (talk) => ({ ...talk, unreadFrom: null }))
  return { ...read, history, walk: null, completion: null }
}
