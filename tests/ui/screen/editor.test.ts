import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  type Editor,
  EMPTY,
  insert,
  kill,
  type Motion,
  move,
  transpose,
  vertical,
  withText,
  yank,
} from '../../../src/ui/screen/model/editor.ts'

/** A text with `|` where the cursor is. */
function at(marked: string): Editor {
  const cursor = marked.indexOf('|')
  return { text: marked.replace('|', ''), cursor, cut: '' }
}

function marked({ text, cursor }: Editor): string {
  return `${text.slice(0, cursor)}|${text.slice(cursor)}`
}

describe('a line being typed', () => {
  test.each([
    ['left', 'ab|', 'a|b'],
    ['left', '👨‍👩‍👧|', '|👨‍👩‍👧'],
    ['right', '|e\u0301x', 'e\u0301|x'],
    ['right', 'ab|', 'ab|'],
    ['word-left', 'one two|', 'one |two'],
    ['word-left', 'one, |', '|one, '],
    ['word-right', '|äö two', 'äö| two'],
    ['line-start', 'a\nbc|d', 'a\n|bcd'],
    ['line-end', 'a|b\nc', 'ab|\nc'],
  ] as const)('moves %s from %s', (motion, from, to) => expect(marked(move(at(from), motion))).toBe(to))

  test('what is cut comes back', () => {
    const cut = kill(at('one two| three'), 'word-left')
    expect(marked(cut)).toBe('one | three')
    expect(marked(yank(move(cut, 'text-end')))).toBe('one  threetwo|')
    expect(kill(cut, 'left').cut).toBe('two')
    expect(marked(kill(at('a\u0301|'), 'left'))).toBe('|')
  })

  test('characters swap as in a shell', () => {
    expect(marked(transpose(at('ab|')))).toBe('ba|')
    expect(marked(transpose(at('a|bc')))).toBe('ba|c')
    expect(marked(transpose(at('|ab')))).toBe('|ab')
  })

  test('up and down keep to the column, and tell where there is no line', () => {
    expect(marked(vertical(at('long line\nx\nthr|ee'), -1)!)).toBe('long line\nx|\nthree')
    expect(marked(vertical(at('lo|ng\nx'), 1)!)).toBe('long\nx|')
    expect(vertical(at('one| line'), 1)).toBeNull()
    expect(vertical(at('one| line'), -1)).toBeNull()
  })

  test('the cursor is never inside of a character, whatever is done', () => {
    const motions: Motion[] = [
      'left',
      'right',
      'word-left',
      'word-right',
      'line-start',
      'line-end',
      'text-start',
      'text-end',
    ]
    const step = fc.oneof(
      fc.constantFrom(...motions).map((motion) => (editor: Editor) => move(editor, motion)),
      fc.constantFrom(...motions).map((motion) => (editor: Editor) => kill(editor, motion)),
      fc.string({ unit: 'grapheme', maxLength: 5 }).map((text) => (editor: Editor) => insert(editor, text)),
      fc.constantFrom<(editor: Editor) => Editor>(
        yank,
        transpose,
        (editor) => vertical(editor, -1) ?? editor,
        (editor) => vertical(editor, 1) ?? editor,
      ),
    )
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.array(step, { maxLength: 20 }), (text, steps) => {
        let editor = withText(EMPTY, text)
        for (const each of steps) {
          editor = each(editor)
          expect(editor.cursor).toBeGreaterThanOrEqual(0)
          expect(editor.cursor).toBeLessThanOrEqual(editor.text.length)
          expect(editor.text.isWellFormed()).toBe(true)
        }
      }),
    )
  })
})
