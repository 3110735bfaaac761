import { PASTE_IS_CUT, PASTE_LINES_MAX } from '../pasted.ts'
import type { Paste } from './editor.ts'
import { beginsCommand } from './read.ts'

/** What is to be known of a paste before Enter is pressed; nothing of a short one. Whole sentences. */
export function pasteNotes({ hasBreaks, isCut, line }: Paste): string[] {
  const cut = isCut ? [PASTE_IS_CUT] : []
  const count = line.split('\n').length
  if (!hasBreaks || count <= PASTE_LINES_MAX) return cut
  const sends = beginsCommand(line)
    ? 'Enter sends them as one message'
    : 'with send before them (Ctrl-A goes there) Enter sends them as one message'
  return [...cut, `${count} lines: ${sends}, Ctrl-C empties the line.`]
}
