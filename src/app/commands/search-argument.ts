import { type Argument, fieldOf, type JsonObject, type Read } from '../command.ts'
import type { SearchAsked } from '../messages.ts'
import { quoted } from '../options-quote.ts'

const LIMIT_USUAL = 10
const LIMIT_MAX = 1_000
/** `from:Bob`, `from:"Bob Jones"`; quotation marks without a key stay, for words in a row. */
const PART = /(from|in|before):("[^"]*"|\S+)|"[^"]*"|\S+/gi

/** `<words> [from:<name>] [in:<room>] [before:<date>]` in any order; in JSON `words`, `from`, `room`, `before`, `limit`. */
export function searchArgument(): Argument<SearchAsked> {
  return { kind: 'text', usage: '<words>', typed: true, fromLine: (words) => readTyped(words.all() ?? ''), fromJson }
}

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
  return checked(asked)
}

function fromJson(_field: string, object: JsonObject): Read<SearchAsked> {
  const text = (field: string): Read<string | null> => {
    const value = fieldOf(object, field)
    if (value === undefined) return { ok: true, value: null }
    return typeof value === 'string' ? { ok: true, value } : { ok: false, message: `"${field}" must be a string` }
  }
  const [words, from, room] = [text('words'), text('from'), text('room')]
  for (const read of [words, from, room]) if (!read.ok) return read
  if (!words.ok || !from.ok || !room.ok) throw new Error('refused above')
  const before = readBefore(fieldOf(object, 'before'))
  if (!before.ok) return before
  const limit = fieldOf(object, 'limit') ?? LIMIT_USUAL
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX) {
    return { ok: false, message: `"limit" must be a whole number from 1 to ${LIMIT_MAX}` }
  }
  return checked({ words: words.value ?? '', from: from.value, room: room.value, before: before.value, limit })
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

function checked(asked: SearchAsked): Read<SearchAsked> {
  if (asked.words.trim() === '') return { ok: false, message: 'it needs words to look for' }
  return { ok: true, value: asked }
}
