import type { Reply } from '../../app/command.ts'
import type { AppEvent } from '../../app/events.ts'
import { cleanLine, cleanText } from '../../base/text.ts'

/** What a program gave to know the answer by; comes back as it was. */
export type Ref = string | number

const HARMLESS = /^[\x20-\x7e]*$/

/** An event as a line of standard output. */
export function serialiseEvent(event: AppEvent): string {
  const line = JSON.stringify(event)
  // Four times as fast, and most are: no byte but printable ASCII, and nothing escaped.
  return HARMLESS.test(line) && !line.includes('\\') ? line : JSON.stringify(cleanFields(event))
}

/** `ref` undefined: none was given. */
export function serialiseReply(reply: Reply, ref: Ref | undefined): string {
  const { to, ok } = reply
  const answer = reply.ok ? reply.data : { code: reply.code, message: reply.message }
  return JSON.stringify({ ...cleanFields({ event: 'reply', to, ok, ...answer }), ref })
}

/**
 * The same fields with every string cleaned, because a program may print what it gets to a terminal. A message's
 * `text` keeps its line breaks.
 */
function cleanFields(fields: object): Record<string, unknown> {
  const copy: Record<string, unknown> = {}
  for (const [field, value] of Object.entries(fields)) copy[field] = cleanValue(value, field)
  return copy
}

function cleanValue(value: unknown, field: string): unknown {
  if (typeof value === 'string') {
    if (HARMLESS.test(value)) return value
    return field === 'text' ? cleanText(value) : cleanLine(value)
  }
  if (Array.isArray(value)) return value.map((item) => cleanValue(item, field))
  return typeof value === 'object' && value !== null ? cleanFields(value) : value
}
