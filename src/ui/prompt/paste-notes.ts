import type { CommandTable } from '../../app/command.ts'
import { PASTE_IS_CUT, PASTE_LINES_MAX } from '../pasted.ts'
import type { Paste } from './editor.ts'
import { wordOf } from './read.ts'

/** What is typed behind these is said as it is; behind every other command it names something. */
const SAYING = new Set(['say', 'me', 'msg', 'reply', 'edit'])

/** What is to be known of a paste before Enter is pressed; nothing of a short one. Whole sentences. */
export function pasteNotes(table: CommandTable, { hasBreaks, isCut, line }: Paste): string[] {
  const cut = isCut ? [PASTE_IS_CUT] : []
  const count = line.split('\n').length
  if (!hasBreaks || count <= PASTE_LINES_MAX) return cut
  return [...cut, `${count} lines: ${whatEnterDoes(table, line)}, Ctrl-C empties the line.`]
}

/** The beginning of a sentence. */
function whatEnterDoes(table: CommandTable, line: string): string {
  const word = wordOf(line)
  if (word === null) {
    return 'no command stands before them; with send before them (Ctrl-A goes there) Enter sends them as one message'
  }
  const command = table.find(word.command)
  if (command === null) return `there is no command ${word.typed}, and Enter sends nothing`
  return SAYING.has(command.name)
    ? 'Enter sends them as one message'
    : `Enter runs ${word.typed} with all of them, and sends no message`
}
