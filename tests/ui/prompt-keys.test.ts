import { describe, expect, test } from 'bun:test'
import { keyLines } from '../../src/ui/prompt/keys.ts'
import { LineEditing } from './line-editing.ts'

/** What is typed, and what the line is then; `|` is typed where the cursor was left. */
const DONE: Readonly<Record<string, readonly [typed: string, line: string]>> = {
  Enter: ['a|', 'a|'],
  'Alt-Enter': ['a\x1b\r|', 'a\n|'],
  Tab: ['a\t|', 'a1|'],
  'Shift-Tab': ['a\x1b[Z|', 'a-1|'],
  Up: ['one\r\x1b[A|', 'one|'],
  Down: ['one\r\x1b[A\x1b[B|', '|'],
  'Ctrl-P': ['one\r\x10|', 'one|'],
  'Ctrl-N': ['one\r\x10\x0e|', '|'],
  Left: ['ab\x1b[D|', 'a|b'],
  Right: ['ab\x01\x1b[C|', 'a|b'],
  'Ctrl-B': ['ab\x02|', 'a|b'],
  'Ctrl-F': ['ab\x01\x06|', 'a|b'],
  'Ctrl-Left': ['one two\x1b[1;5D|', 'one |two'],
  'Ctrl-Right': ['one two\x01\x1b[1;5C|', 'one |two'],
  'Alt-B': ['one two\x1bb|', 'one |two'],
  'Alt-F': ['one two\x01\x1bf|', 'one |two'],
  Home: ['ab\x1b[H|', '|ab'],
  End: ['ab\x01\x1b[F|', 'ab|'],
  'Ctrl-A': ['ab\x01|', '|ab'],
  'Ctrl-E': ['ab\x01\x05|', 'ab|'],
  Backspace: ['ab\x7f|', 'a|'],
  Delete: ['ab\x01\x1b[3~|', '|b'],
  'Ctrl-H': ['ab\x08|', 'a|'],
  'Ctrl-W': ['one two\x17|', 'one |'],
  'Alt-Backspace': ['one two\x1b\x7f|', 'one |'],
  'Alt-D': ['one two\x01\x1bd|', '|two'],
  'Ctrl-U': ['ab\x02\x15|', '|b'],
  'Ctrl-K': ['ab\x02\x0b|', 'a|'],
  'Ctrl-Y': ['ab\x15\x19|', 'ab|'],
  'Ctrl-_': ['ab\x7f\x1f|', 'ab|'],
  'Ctrl-L': ['ab\x0c|', 'ab|'],
  'Ctrl-C': ['ab\x03|', '|'],
  'Ctrl-D': ['ab\x01\x04|', '|b'],
}
/** These are seen elsewhere: they do nothing to the line. */
const ELSEWHERE = ['F1', 'Ctrl-Z']

function named(): string[] {
  return keyLines(null)
    .slice(0, -1)
    .flatMap((line) => line.trim().split(/ {2,}/)[0]!.split(', '))
}

describe('the keys that the prompt tells of', () => {
  test('are all tried here', () => {
    expect(
      named()
        .filter((key) => !ELSEWHERE.includes(key))
        .sort(),
    ).toEqual(Object.keys(DONE).sort())
  })

  test.each(Object.entries(DONE))('%s does as it says', async (_, [typed, line]) => {
    const complete = async ({ text, cursor }: { text: string; cursor: number }, by: 1 | -1) => {
      return { text: `${text}${by}`, cursor: cursor + `${by}`.length }
    }
    const editing = new LineEditing({ complete })
    // A key a read, as hands type.
    await editing.type(...(typed.match(/\x1b(?:\[[\d;]*[A-Z~]|.|\r)|[\s\S]/gu) ?? []), '\r')
    editing.close()
    expect(editing.lines.at(-1)).toBe(line)
  })

  test('have the one to talk with among them where there is one', () => {
    expect(keyLines('ctrl-space').join('\n')).toMatch(/Ctrl-Space +in voice/)
    expect(keyLines(null).join('\n')).not.toContain('in voice')
  })
})
