import { typable } from '../../pasted.ts'
import { helpTopMax } from '../views/overlays.ts'
import { goTo } from './actions.ts'
import { type Editor, insert, kill, move } from './editor.ts'
import { targetsFor } from './jump.ts'
import type { Model, Overlay, Updated } from './model.ts'
import { pasteText, sayText, typeText } from './typing.ts'

type Jump = Extract<Overlay, { kind: 'jump' }>

/** Rows of the help that a page moves. */
const HELP_PAGE = 8

export function onOverlayKey(model: Model, overlay: Overlay, chord: string): Updated {
  if (chord === 'ctrl-c' || chord === 'escape') return [closed(model), []]
  if (model.setup.keymap.get(chord) === 'redraw') return [model, [{ do: 'redraw' }]]
  if (overlay.kind === 'jump') return onJumpKey(model, overlay, chord)
  if (overlay.kind === 'paste') return chord === 'enter' ? sayText(closed(model), overlay.text) : [model, []]
  const steps: Readonly<Record<string, number>> = { up: -1, down: 1, pageup: -HELP_PAGE, pagedown: HELP_PAGE }
  const step = steps[chord]
  if (step === undefined) return [closed(model), []]
  // The view stops at the end; so must what is counted, or the way back would be as long as it was pressed.
  const top = Math.max(0, Math.min(overlay.top + step, helpTopMax(model)))
  return [{ ...model, overlay: { ...overlay, top } }, []]
}

export function onOverlayText(model: Model, overlay: Overlay, text: string): Updated {
  if (overlay.kind === 'jump') return [jumping(model, insert(overlay.typed, text), 0), []]
  if (overlay.kind === 'help') {
    // Whoever wanted to say it presses it again.
    return [text === ' ' || text === 'q' ? closed(model) : typeText(closed(model), text), []]
  }
  if (text === 'e' || text === 'E') return [typeText(closed(model), overlay.text), []]
  return [model, []]
}

/** What is pasted goes where one would type. */
export function onOverlayPaste(model: Model, overlay: Overlay, pasted: string): Model {
  if (overlay.kind === 'help') return pasteText(closed(model), pasted)
  if (overlay.kind === 'jump') return jumping(model, insert(overlay.typed, typable(pasted).replace(/\n+/g, ' ')), 0)
  return { ...model, alert: 'What was pasted before waits for an answer: Enter, E or Esc.' }
}

function onJumpKey(model: Model, { typed, selected }: Jump, chord: string): Updated {
  const targets = targetsFor(model, typed.text)
  if (chord === 'enter') return goTo(closed(model), targets[selected]?.room)
  const steps: Readonly<Record<string, number>> = {
    up: -1,
    'ctrl-p': -1,
    'shift-tab': -1,
    down: 1,
    'ctrl-n': 1,
    tab: 1,
    'ctrl-k': 1,
  }
  const step = steps[chord]
  if (step !== undefined) {
    const count = Math.max(1, targets.length)
    return [jumping(model, typed, (selected + step + count) % count), []]
  }
  const edits: Readonly<Record<string, (editor: Editor) => Editor>> = {
    backspace: (editor) => kill(editor, 'left'),
    'ctrl-w': (editor) => kill(editor, 'word-left'),
    'ctrl-u': (editor) => kill(editor, 'text-start'),
    left: (editor) => move(editor, 'left'),
    right: (editor) => move(editor, 'right'),
  }
  const edit = edits[chord]
  return [edit === undefined ? model : jumping(model, edit(typed), 0), []]
}

function jumping(model: Model, typed: Editor, selected: number): Model {
  return { ...model, overlay: { kind: 'jump', typed, selected } }
}

function closed(model: Model): Model {
  return { ...model, overlay: null }
}
