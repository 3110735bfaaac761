import {
  type Call,
  type CommandTable,
  fieldOf,
  type JsonObject,
  type Refusal,
  readLine,
  readObject,
  refusal,
} from '../../app/command.ts'
import type { ErrorEvent } from '../../app/events.ts'
import type { Ref } from './serialise.ts'

/** Enough for any id a program makes; what comes back must not be a burden. */
const REF_CHARS_MAX = 256

/** What a line of standard input asks for. */
export type Asked =
  | { readonly kind: 'command'; readonly command: Call | Refusal; readonly ref: Ref | undefined }
  /** No command, and so nothing to reply to. */
  | { readonly kind: 'error'; readonly event: ErrorEvent }
  | { readonly kind: 'nothing' }

/** Reads one line: a JSON object where it begins with `{`, else what a user would type. Never throws. */
export function readAsked(table: CommandTable, line: string): Asked {
  if (line.trimStart().startsWith('{')) return readJson(table, line)
  const command = readLine(table, line)
  return command === null ? { kind: 'nothing' } : { kind: 'command', command, ref: undefined }
}

function readJson(table: CommandTable, line: string): Asked {
  const object = parseObject(line)
  if (object === null) {
    const message =
      'A line that begins with { is not a JSON object. To say such a text, put it into {"do":"say","text":"…"}.'
    return { kind: 'error', event: { event: 'error', code: 'bad-json', message } }
  }
  const ref = fieldOf(object, 'ref')
  if (ref === undefined || isRef(ref)) return { kind: 'command', command: readObject(table, object), ref }
  const name = fieldOf(object, 'do')
  const message = `"ref" must be a string of at most ${REF_CHARS_MAX} characters, or a number.`
  const command = refusal(typeof name === 'string' ? name.slice(0, REF_CHARS_MAX) : '', 'bad-argument', message)
  return { kind: 'command', command, ref: undefined }
}

function parseObject(line: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(line)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Only what JSON carries there and back unchanged. */
function isRef(value: unknown): value is Ref {
  if (typeof value === 'string') return value.length <= REF_CHARS_MAX
  return (
    typeof value === 'number' && (Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value)))
  )
}
