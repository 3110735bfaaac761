import { DIALECTS, type DialectName } from '../base/dialects.ts'
import { decodeUtf8 } from '../base/text.ts'
import { FILES_MAGIC, MAGIC } from '../wire/magic.ts'

/** What the first bytes of a connection tell of who is there. `pause`: it is that one if nothing more comes for a moment. */
export type Guess =
  | { readonly kind: 'native' | 'undecided' | 'foreign' }
  | { readonly kind: 'dialect' | 'pause'; readonly dialect: DialectName }

const NATIVE: Guess = { kind: 'native' }
const UNDECIDED: Guess = { kind: 'undecided' }
const FOREIGN: Guess = { kind: 'foreign' }

const dialect = (name: DialectName): Guess => ({ kind: 'dialect', dialect: name })
const [FRAMED, MESH, TRACKER, LINE] = DIALECTS.map(dialect) as [Guess, Guess, Guess, Guess]

/** How much of what a caller says first is looked at. */
export const FIRST_BYTES_MAX = 4 * 1024
const [BRACE, BRACKET, SLASH, NEWLINE] = [0x7b, 0x5b, 0x2f, 0x0a]

/** Tells callers apart by what they say first, as soon as that can be. An empty beginning is undecided. */
export function recognise(first: Uint8Array): Guess {
  const [byte] = first
  if (byte === undefined) return UNDECIDED
  if (byte === MAGIC[0] || byte === FILES_MAGIC[0]) return NATIVE
  if (byte === 0) return FRAMED
  if (byte === BRACKET || byte === SLASH) return LINE
  return byte === BRACE ? recogniseJson(first) : FOREIGN
}

const FIRST_MEMBER = /^\{\s*"((?:[^"\\]|\\.){0,64})"\s*:\s*(?:"((?:[^"\\]|\\.){0,64})")?/

function recogniseJson(first: Uint8Array): Guess {
  const lineEnd = first.indexOf(NEWLINE)
  const end = lineEnd === -1 ? first.length : lineEnd
  // What is cut within a character is read when the rest of it has come; what is no UTF-8 at all never is.
  const text = decodeUtf8(first.subarray(0, end)) ?? ''
  const [, member, value] = FIRST_MEMBER.exec(text) ?? []
  if (member === 'id') return MESH
  if (member === 'action' || member === 'username') return TRACKER
  if (member === 'type' && value === 'election') return TRACKER
  if (lineEnd !== -1) return isObject(text) ? MESH : FOREIGN
  if (first.length >= FIRST_BYTES_MAX) return FOREIGN
  return isObject(text) ? { kind: 'pause', dialect: 'tracker' } : UNDECIDED
}

/** Why a caller is refused whose dialect is off, after its address. */
export function notLetIn(name: DialectName): string {
  return `speaks ${name}, which is not let in here: --dialect ${name} does that, or \`dialect\` in the configuration`
}

/** Why a caller is refused that has not told in time who it is: with what it may be, as far as that is not let in. */
export function unclear(first: Uint8Array, letIn: ReadonlySet<DialectName>): string {
  if (first.length === 0) {
    const perhaps = ', and may be line, whose older program waits for its user: --dialect line lets it in'
    return `said nothing in time${letIn.has('line') ? '' : perhaps}`
  }
  const off = (['mesh', 'tracker'] as const).filter((name) => !letIn.has(name))
  const perhaps = `, and may speak ${off.join(' or ')}: --dialect ${off.join(',')} lets it in`
  return `did not say in time who it is${first[0] === BRACE && off.length > 0 ? perhaps : ''}`
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null
  } catch {
    return false
  }
}
