import { columns } from '../../app/commands/views.ts'

/** What is pressed at the prompt, and what it does; the keys of a shell, whatever the configuration says of the screen's. */
const KEYS: readonly (readonly [keys: string, about: string])[] = [
  ['Enter', 'do what the line says'],
  ['Alt-Enter', 'a line break in what is typed'],
  ['Tab, Shift-Tab', 'complete a name, a command, a room or a path; the completion before'],
  ['Up, Down, Ctrl-P, Ctrl-N', 'what was typed before, or after'],
  ['Left, Right, Ctrl-B, Ctrl-F', 'a character to the left or right'],
  ['Ctrl-Left, Ctrl-Right, Alt-B, Alt-F', 'a word to the left or right'],
  ['Home, End, Ctrl-A, Ctrl-E', 'to the beginning or the end of the line'],
  ['Backspace, Delete, Ctrl-H', 'delete the character before, or after'],
  ['Ctrl-W, Alt-Backspace, Alt-D', 'delete the word before, or after'],
  ['Ctrl-U, Ctrl-K', 'cut to the beginning, or to the end, of the line'],
  ['Ctrl-Y', 'put back what was cut'],
  ['Ctrl-_', 'take back the last change'],
  ['Ctrl-L', 'clear the screen'],
  ['F1', 'these keys'],
  ['Ctrl-C', 'throw away what is typed; without any, leave'],
  ['Ctrl-D', 'delete the character after; with nothing typed, leave'],
  ['Ctrl-Z', 'to the shell, until fg'],
]

/** What the screen has keys for and the prompt commands. */
const INSTEAD = '/next goes to the next room with news, /switch <part> to a room or a person by a part of the name.'

/** A line each. `talkKey`: talks while it is held, as the configuration calls it; null where none does. */
export function keyLines(talkKey: string | null): string[] {
  const talk = talkKey === null ? [] : [[nameOf(talkKey), 'in voice, with push-to-talk: talk']]
  return [...columns([...KEYS, ...talk].map(([keys = '', about = '']) => [`  ${keys}`, about])), INSTEAD]
}

export const NO_KEYS = 'There are no keys here: this is no terminal, and lines are read as they come.'

/** `f8` as `F8`, `ctrl-space` as `Ctrl-Space`. */
function nameOf(key: string): string {
  return key.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase())
}
