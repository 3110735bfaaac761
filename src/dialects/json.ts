import { isDialect } from '../base/dialects.ts'
import { BRIDGE_ID, BRIDGE_ID_DIGITS, isOrigin, type Words } from './words.ts'

/** Somebody else's JSON, read with suspicion: one object, every member looked at before it is believed. */
export type JsonObject = { readonly [member: string]: unknown }

/** No message of these protocols nests deeper; Python's reader ends at a thousand, and what writes it again here needs a stack too. */
const DEPTH_MAX = 64

/** Null where the text is not one JSON object, or is nested deeper than anybody's is. */
export function parseObject(text: string): JsonObject | null {
  if (depthOf(text) > DEPTH_MAX) return null
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

/** How deep brackets stand in each other, but for those in strings; stops where it is too deep. */
function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  let inString = false
  for (let i = 0; i < text.length && deepest <= DEPTH_MAX; i++) {
    const unit = text[i]
    if (inString) {
      if (unit === '\\') i++
      else if (unit === '"') inString = false
    } else if (unit === '"') inString = true
    else if (unit === '{' || unit === '[') deepest = Math.max(deepest, ++depth)
    else if (unit === '}' || unit === ']') depth--
  }
  return deepest
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A member that is a text of at most so many UTF-16 units; null for anything else. */
export function textOf(object: JsonObject, member: string, unitsMax: number): string | null {
  const value = Object.hasOwn(object, member) ? object[member] : undefined
  return typeof value === 'string' && value.length <= unitsMax ? value : null
}

/** A member that is a whole number from 0 to `max`; null for anything else. */
export function wholeOf(object: JsonObject, member: string, max: number): number | null {
  const value = Object.hasOwn(object, member) ? object[member] : undefined
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max ? value : null
}

/** What one bridge tells another beside the words: a member that the original programs skip. */
const MEMBER = 'hearsay'

/** How words are signed for other bridges; `own`: who puts them there; `more`: what else is told, as where it listens in a network of ports. */
export function bridgeMember(words: Pick<Words, 'origin' | 'from'>, own: string, more: object = {}): JsonObject {
  return { [MEMBER]: { id: words.origin, bridge: own, from: words.from, ...more } }
}

/** What a bridge tells of words that it has put somewhere. */
export interface GivenByBridge {
  readonly id: string
  readonly bridge: string
  readonly from: Words['from']
  /** Null where it tells none. */
  readonly port: number | null
}

/** What is told at most of how long somebody is a bridge: more is nobody's business, and of two that are older the ids decide. */
export const AGE_TOLD_MS_MAX = 60_000

/** A bridge that introduces itself, and for how long it has been one. */
export interface Introduction {
  readonly bridge: string
  /** From 0 to `AGE_TOLD_MS_MAX`. */
  readonly ageMs: number
}

/** How a bridge introduces itself; `more`: what else the member is to hold. */
export function introductionMember({ bridge, ageMs }: Introduction, more: object = {}): JsonObject {
  return { [MEMBER]: { ...more, bridge, age_ms: ageMs } }
}

/** Null where a message introduces nobody, or one that does not tell since when it is there. */
export function readIntroduction(object: JsonObject): Introduction | null {
  const member = Object.hasOwn(object, MEMBER) ? object[MEMBER] : undefined
  return isObject(member) ? introductionOf(member) : null
}

/** The same, of what is an introduction as a whole. */
export function introductionOf(member: JsonObject): Introduction | null {
  const bridge = textOf(member, 'bridge', BRIDGE_ID_DIGITS)
  const ageMs = wholeOf(member, 'age_ms', AGE_TOLD_MS_MAX)
  return bridge === null || !BRIDGE_ID.test(bridge) || ageMs === null ? null : { bridge, ageMs }
}

/** What a message tells of the bridge that put it there; null where it was none. */
export function readBridgeMember(object: JsonObject): GivenByBridge | null {
  const member = Object.hasOwn(object, MEMBER) ? object[MEMBER] : undefined
  if (!isObject(member)) return null
  const id = textOf(member, 'id', 32)
  const bridge = textOf(member, 'bridge', BRIDGE_ID_DIGITS)
  const from = textOf(member, 'from', 16)
  if (id === null || !isOrigin(id) || bridge === null || !BRIDGE_ID.test(bridge) || from === null) return null
  if (from !== 'native' && !isDialect(from)) return null
  return { id, bridge, from, port: wholeOf(member, 'port', 65_535) || null }
}
