/** A text being typed. `cursor` in UTF-16 units, never inside of a character. */
export interface Editor {
  readonly text: string
  readonly cursor: number
  /** What was cut last, to be put back. */
  readonly cut: string
  /** What it was before each change, the last one last. */
  readonly past?: readonly Past[]
}

interface Past {
  readonly text: string
  readonly cursor: number
  /** What the change was; more of the same at the same place is one change. */
  readonly kind: Change
  /** Where the cursor was after it. */
  readonly until: number
}

type Change = 'typed' | 'erased' | 'cut' | 'other'

export const EMPTY: Editor = { text: '', cursor: 0, cut: '' }

/** Each may hold a text of its own. */
const PAST_MAX = 50

/** What can be sent has 16 KiB; some room for what is yet to be taken out. */
const CHARS_MAX = 64 * 1024

let segmenter: Intl.Segmenter | null = null

function segments(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' })
  return segmenter.segment(text)
}

export function withText(editor: Editor, text: string): Editor {
  return { ...editor, text, cursor: text.length }
}

export function insert(editor: Editor, added: string): Editor {
  const { text, cursor } = editor
  const room = Math.max(0, CHARS_MAX - text.length)
  const fits = added.slice(0, room).toWellFormed()
  const after = { text: text.slice(0, cursor) + fits + text.slice(cursor), cursor: cursor + fits.length }
  // A word is taken back at a time.
  return changed(editor, after, /^\S{1,2}$/u.test(fits) ? 'typed' : 'other')
}

/** Another text in its place, which can be taken back. */
export function changed(editor: Editor, after: Pick<Editor, 'text' | 'cursor'>, kind: Change = 'other'): Editor {
  const { text, cursor, past = [] } = editor
  if (after.text === text) return { ...editor, ...after }
  const last = past.at(-1)
  const goesOn = (kind === 'typed' || kind === 'erased') && last?.kind === kind && last.until === cursor
  const begun = goesOn ? { ...last, until: after.cursor } : { text, cursor, kind, until: after.cursor }
  const before = goesOn ? past.slice(0, -1) : past.slice(1 - PAST_MAX)
  return { ...editor, ...after, past: [...before, begun] }
}

/** Takes the last change back, also one after the other. */
export function undo(editor: Editor): Editor {
  const { past = [] } = editor
  const last = past.at(-1)
  return last === undefined ? editor : { ...editor, text: last.text, cursor: last.cursor, past: past.slice(0, -1) }
}

/** Gives the letters to the end of the word another case, as readline does, and goes there. */
export function recase(editor: Editor, to: 'upper' | 'lower' | 'capital'): Editor {
  const { text, cursor } = editor
  const end = target(editor, 'word-right')
  const word = text.slice(cursor, end)
  const first = /[\p{L}\p{N}]\p{M}*/u.exec(word)?.[0] ?? ''
  const at = word.indexOf(first) + first.length
  const recased =
    to === 'upper'
      ? word.toUpperCase()
      : to === 'lower'
        ? word.toLowerCase()
        : word.slice(0, at).toUpperCase() + word.slice(at).toLowerCase()
  return changed(editor, { text: text.slice(0, cursor) + recased + text.slice(end), cursor: cursor + recased.length })
}

export type Motion =
  | 'left'
  | 'right'
  | 'word-left'
  | 'word-right'
  | 'line-start'
  | 'line-end'
  | 'text-start'
  | 'text-end'

export function move(editor: Editor, motion: Motion): Editor {
  return { ...editor, cursor: target(editor, motion) }
}

/** Cuts from the cursor to where `motion` leads. What is more than a character can be put back; what is cut in a row, together. */
export function kill(editor: Editor, motion: Motion): Editor {
  const to = target(editor, motion)
  const start = Math.min(to, editor.cursor)
  const end = Math.max(to, editor.cursor)
  const after = { text: editor.text.slice(0, start) + editor.text.slice(end), cursor: start }
  if (start === end) return editor
  if (motion === 'left' || motion === 'right') return changed(editor, after, motion === 'left' ? 'erased' : 'other')
  const last = editor.past?.at(-1)
  const before = last?.kind === 'cut' && last.until === editor.cursor ? editor.cut : ''
  const piece = editor.text.slice(start, end)
  return { ...changed(editor, after, 'cut'), cut: to < editor.cursor ? piece + before : before + piece }
}

export function yank(editor: Editor): Editor {
  return insert(editor, editor.cut)
}

/** Swaps the two characters around the cursor, as readline does. */
export function transpose(editor: Editor): Editor {
  const { text, cursor } = editor
  if (cursor === 0) return editor
  const middle = cursor === text.length ? before(text, cursor) : cursor
  const start = before(text, middle)
  const end = after(text, middle)
  if (start === middle || end === middle) return editor
  const swapped = text.slice(middle, end) + text.slice(start, middle)
  return changed(editor, { text: text.slice(0, start) + swapped + text.slice(end), cursor: end })
}

/** One line up or down in a text of several; null where there is none. */
export function vertical(editor: Editor, by: -1 | 1): Editor | null {
  const { text, cursor } = editor
  const start = text.lastIndexOf('\n', cursor - 1) + 1
  const column = cursor - start
  if (by === -1) {
    if (start === 0) return null
    const above = text.lastIndexOf('\n', start - 2) + 1
    return { ...editor, cursor: onBoundary(text, Math.min(above + column, start - 1)) }
  }
  const next = text.indexOf('\n', cursor) + 1
  if (next === 0) return null
  const end = text.indexOf('\n', next)
  return { ...editor, cursor: onBoundary(text, Math.min(next + column, end === -1 ? text.length : end)) }
}

function target({ text, cursor }: Editor, motion: Motion): number {
  switch (motion) {
    case 'left':
      return before(text, cursor)
    case 'right':
      return after(text, cursor)
    case 'word-left':
      return (
        cursor -
        (/(?:[\p{L}\p{N}\p{M}_]+[^\p{L}\p{N}\p{M}_]*|[^\p{L}\p{N}\p{M}_]+)$/u.exec(text.slice(0, cursor))?.[0].length ??
          0)
      )
    case 'word-right':
      return (
        cursor +
        (/^(?:[^\p{L}\p{N}\p{M}_]*[\p{L}\p{N}\p{M}_]+|[^\p{L}\p{N}\p{M}_]+)/u.exec(text.slice(cursor))?.[0].length ?? 0)
      )
    case 'line-start':
      return text.lastIndexOf('\n', cursor - 1) + 1
    case 'line-end': {
      const end = text.indexOf('\n', cursor)
      return end === -1 ? text.length : end
    }
    case 'text-start':
      return 0
    case 'text-end':
      return text.length
  }
}

/** The beginning of the character before `index`. */
function before(text: string, index: number): number {
  return index === 0 ? 0 : segments(text).containing(index - 1)!.index
}

function after(text: string, index: number): number {
  const segment = segments(text).containing(index)
  return segment === undefined ? text.length : segment.index + segment.segment.length
}

function onBoundary(text: string, index: number): number {
  return segments(text).containing(index)?.index ?? text.length
}
