import type { Chat } from './chat.ts'
import type { Call, Refusal, Reply } from './command.ts'

/** `s/old/new/` or `s/old/new/g`, taken literally; `\/` and `\\` stand for a slash and a backslash. */
interface Substitution {
  readonly old: string
  readonly replacement: string
  /** Everywhere, not just the first. */
  readonly all: boolean
}

const PATTERN = /^s\/((?:[^/\\\n]|\\[^\n])+)\/((?:[^/\\\n]|\\[^\n])*)\/(g?)$/

/** What a whole line asks to be replaced; null where it is another kind of line. */
export function readSubstitution(line: string): Substitution | null {
  const [, old, replacement, flags] = PATTERN.exec(line.trim()) ?? []
  if (old === undefined || replacement === undefined) return null
  return { old: plain(old), replacement: plain(replacement), all: flags === 'g' }
}

/** The text with it done; null where it does not have what is to be replaced. */
export function substituted(text: string, { old, replacement, all }: Substitution): string | null {
  if (!text.includes(old)) return null
  return all ? text.replaceAll(old, () => replacement) : text.replace(old, () => replacement)
}

/**
 * The line as a change of what one said last, in the current room; `otherwise` where that does not have what is to be replaced: then the line
 * may be meant as it stands. Null for another kind of line.
 */
export function substitutionCall(line: string, otherwise: Call | Refusal): Call | null {
  const wanted = readSubstitution(line)
  if (wanted === null) return null
  return {
    ok: true,
    to: 'edit',
    pending: null,
    effect: null,
    async run(chat: Chat): Promise<Reply> {
      const last = chat.messages.find(null, 'own')
      const text = last.ok ? substituted(last.message.text, wanted) : null
      if (!last.ok || text === null) return otherwise.ok ? otherwise.run(chat) : otherwise
      const done = await chat.messages.edit(last.message.id, text)
      if (!done.ok) return { ok: false, to: 'edit', code: done.code, message: done.message }
      const { ok: _, ...data } = done
      return { ok: true, to: 'edit', data, lines: () => [] }
    },
  }
}

function plain(part: string): string {
  return part.replace(/\\([/\\])/g, '$1')
}
