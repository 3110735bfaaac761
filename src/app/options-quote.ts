const SHOWN_CHARS_MAX = 60

/**
 * A value somebody gave, as an error can repeat it: in double quotes, on one line, with everything that would not
 * show or would move the cursor written as `\u{…}`, cut after 60 characters.
 */
export function quoted(value: string): string {
  const chars = Array.from(value.slice(0, SHOWN_CHARS_MAX * 2))
  const cut = chars.length > SHOWN_CHARS_MAX || value.length > SHOWN_CHARS_MAX * 2
  const shown = chars.slice(0, SHOWN_CHARS_MAX).join('').replace(/["\\]/g, '\\$&')
  return `"${visible(shown)}${cut ? '…' : ''}"`
}

/** A path or another program's words inside a sentence: one line, harmless to a terminal, whole. */
export function visible(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`)
}

/** A path as one word of a POSIX shell. */
export function shellWord(path: string): string {
  return /^[\w@%+=:,./~-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}
