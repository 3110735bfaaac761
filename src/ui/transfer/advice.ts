import { COMMANDS } from '../../app/commands/table.ts'

/** What may be a command of the chat: a word of its own. A path goes on behind its first part, is a place, or something is the matter with it. */
const WORD = /(?<=^|\s)(?<!\b(?:at|from|in|into|of|to) )\/([a-z]+)(?=[\s.,;:!?)]|$)(?! (?:cannot|has|is) )/g

/** Whether a text of the chat advises a command that can only be typed there. */
export function advisesCommand(text: string): boolean {
  return commandAt(text) !== null
}

/**
 * A text of the chat as a command says it that ends by itself, and takes no others: what only a chat can do is left out. `It waits: /cancel ends that.` is
 * `It waits.`, and of `It goes on if others have it; /cancel ends that.` nothing is left, because it does not go on. Where nothing at all would be left, it stays.
 */
export function withoutCommands(text: string): string {
  if (!advisesCommand(text)) return text
  const left = text
    .split(/(?<=[.!?])\s+/)
    .flatMap((sentence) => headOf(sentence) ?? [])
    .join(' ')
  return left === '' ? text : left
}

/** What stands in a sentence before a command, where that says something without it. */
function headOf(sentence: string): string | null {
  const at = commandAt(sentence)
  if (at === null) return sentence
  const head = /^(.*)(?::|, or)\s$/.exec(sentence.slice(0, at))?.[1] ?? ''
  return head === '' ? null : `${head}.`
}

function commandAt(text: string): number | null {
  for (const { 1: name, index } of text.matchAll(WORD)) if (COMMANDS.find(name!) !== null) return index
  return null
}
