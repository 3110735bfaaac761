import { type Argument, type ArgumentKind, fieldOf, type Read } from '../command.ts'
import type { SearchAsked } from '../messages.ts'
import { quoted } from '../options-quote.ts'

const LIMIT_USUAL = 10
const LIMIT_MAX = 1_000
/** `from:Bob`, `from:"Bob Jones"`; quotation marks without a key stay, for words in a row. */
const PART = /(from|in|before):("[^"]*"|\S+)|"[^"]*"|\S+/gi

const WORDLESS = { ok: false, message: 'it needs words to look for' } as const

/** `<words> [from:<name>] [in:<room>] [before:<date>]` in any order; in JSON `words`, in which the same may stand. */
export function searchArgument(): Argument<SearchAsked> {
  return {
    ...{ kind: 'text', usage: '<words>', typed: true },
    fromLine: (words) => readTyped(words.all() ?? ''),
    fromJson(field, object) {
      const words = readText(field, fieldOf(object, field))
      const read = words.ok ? readTyped(words.value ?? '') : words
      return read === WORDLESS ? { ok: false, message: `${WORDLESS.message} in "${field}"` } : read
    },
  }
}

/** What narrows a search as fields of its own, for programs: each goes before the same among the words. */
export const SEARCH_FILTERS = {
  from: filter('peer', readText),
  room: filter('room', readText),
  before: filter('text', (_, value) => readBefore(value)),
  limit: filter('number', (_, value) => readLimit(value)),
}

function filter<T>(kind: ArgumentKind, read: (field: string, value: unknown) => Read<T | null>): Argument<T | null> {
  return {
    ...{ kind, usage: '[]', typed: false },
    fromLine: () => ({ ok: true, value: null }),
    fromJson: (field, object) => read(field, fieldOf(object, field)),
  }
}

/** What is asked for, with the fields beside it. */
export function narrowed(
  asked: SearchAsked,
  fields: { readonly [F in 'from' | 'room']: string | null } & { readonly [F in 'before' | 'limit']: number | null },
): SearchAsked {
  return {
    words: asked.words,
    from: fields.from ?? asked.from,
    room: fields.room ?? asked.room,
    before: fields.before ?? asked.before,
    limit: fields.limit ?? asked.limit,
  }
}

/** Words, and what narrows the search where it stands among them. */
function readTyped(line: string): Read<SearchAsked> {
  const words: string[] = []
  const given = new Map<string, string>()
  for (const [whole, key, value] of line.matchAll(PART)) {
    if (key === undefined || value === undefined) words.push(whole)
    else given.set(key.toLowerCase(), value.replaceAll('"', ''))
  }
  const before = given.has('before') ? readDate(given.get('before')!) : null
  if (before !== null && !before.ok) return before
  const asked = {
    words: words.join(' '),
    from: given.get('from') ?? null,
    room: given.get('in')?.replace(/^#/, '') ?? null,
    before: before?.value ?? null,
    limit: LIMIT_USUAL,
  }
  if (asked.words.trim() === '') return WORDLESS
  return { ok: true, value: asked }
}

function readText(field: string, value: unknown): Read<string | null> {
  if (value === undefined) return { ok: true, value: null }
  return typeof value === 'string' ? { ok: true, value } : { ok: false, message: `"${field}" must be a string` }
}

function readLimit(value: unknown): Read<number | null> {
  if (value === undefined) return { ok: true, value: null }
  const isLimit = typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= LIMIT_MAX
  return isLimit ? { ok: true, value } : { ok: false, message: `"limit" must be a whole number from 1 to ${LIMIT_MAX}` }
}

function readBefore(value: unknown): Read<number | null> {
  if (value === undefined) return { ok: true, value: null }
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return { ok: true, value }
  return typeof value === 'string'
    ? readDate(value)
    : { ok: false, message: '"before" must be a date, as a string, or milliseconds since 1970' }
}

/** `2026-05-31`, the beginning of that day where we are; with a time too, as in `2026-05-31T12:00`. */
function readDate(text: string): Read<number> {
  const [, day, time = '00:00'] = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d))?$/.exec(text.trim()) ?? []
  const value = day === undefined ? Number.NaN : new Date(`${day}T${time}:00`).getTime()
  // 31 February would be read as 3 March.
  const isReal = day !== undefined && !Number.isNaN(value) && new Date(value).getDate() === Number(day.slice(8))
  if (!isReal) return { ok: false, message: `${quoted(text)} is no date: write it as in 2026-05-31` }
  return { ok: true, value }
}
