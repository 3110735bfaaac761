/** One statement of a TOML file: `key = value`, however many lines the value takes, or a `[table]` header. */
interface Statement {
  /** Counted from 1, where it begins. */
  readonly line: number
  /** Just after it, in UTF-16 units. */
  readonly end: number
  /** The top-level key it sets or begins: `a` for `a = 1`, `"a".b = 1` and `[a.b]`; null where there is none. */
  readonly key: string | null
}

interface Scan {
  readonly statements: readonly Statement[]
  /** How deep lists and tables stand in each other at most. */
  readonly depth: number
}

/**
 * Divides TOML text into statements, to tell in which line one begins: the parser itself tells of values without
 * their places. Knows strings, comments and brackets and nothing else; of broken text it makes what it can.
 */
export function scanStatements(text: string): Scan {
  const statements: Statement[] = []
  let line = 1
  let depth = 0
  let deepest = 0
  let start: { at: number; line: number } | null = null
  let at = 0
  let tabled = false
  const finish = () => {
    if (start === null) return
    const header = text[start.at] === '['
    const inTable = !header && tabled
    tabled ||= header
    statements.push({ line: start.line, end: at, key: inTable ? null : firstKey(text.slice(start.at, at)) })
    start = null
  }
  while (at < text.length) {
    const char = text[at]!
    if (char === '\n') {
      if (depth === 0) finish()
      line++
      at++
    } else if (char === '#') {
      at = lineEnd(text, at)
    } else if (char === ' ' || char === '\t' || char === '\r' || char === '\uFEFF') {
      at++
    } else {
      start ??= { at, line }
      const next = char === '"' || char === "'" ? stringEnd(text, at) : at + 1
      if (char === '[' || char === '{') deepest = Math.max(deepest, ++depth)
      if ((char === ']' || char === '}') && depth > 0) depth--
      for (let index = at; index < next; index++) if (text[index] === '\n') line++
      at = next
    }
  }
  finish()
  return { statements, depth: deepest }
}

/** Just after the string that begins at `at`; an unfinished one ends with its line, or with the text. */
function stringEnd(text: string, at: number): number {
  const quote = text[at]!
  const escapes = quote === '"'
  const long = text.startsWith(quote.repeat(3), at)
  let index = at + (long ? 3 : 1)
  while (index < text.length) {
    const char = text[index]!
    if (escapes && char === '\\') index += text[index + 1] === '\n' && !long ? 1 : 2
    else if (long && text.startsWith(quote.repeat(3), index)) return afterQuotes(text, index + 3, quote)
    else if (!long && char === quote) return index + 1
    else if (!long && char === '\n') return index
    else index++
  }
  return text.length
}

/** A long string may end in one or two quotes of its own (TOML 1.0, "String"). */
function afterQuotes(text: string, at: number, quote: string): number {
  let end = at
  while (end < at + 2 && text[end] === quote) end++
  return end
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end === -1 ? text.length : end
}

function firstKey(statement: string): string | null {
  const written = /^\[*[ \t]*("(?:\\.|[^"\\\n]){0,200}"|'[^'\n]{0,200}'|[\w-]{1,200})/.exec(statement)?.[1]
  if (written === undefined) return null
  if (written.startsWith("'")) return written.slice(1, -1)
  if (!written.startsWith('"')) return written
  try {
    return Object.keys(Bun.TOML.parse(`${written} = 0`))[0] ?? null
  } catch {
    return null
  }
}
