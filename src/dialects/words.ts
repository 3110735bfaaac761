import { toHex, utf8 } from '../base/bytes.ts'
import type { DialectName } from '../base/dialects.ts'
import { cleanName, cleanText } from '../base/text.ts'
import { sha256 } from '../crypto/hash.ts'

/** What is said, in the form that every side of a bridge shares. */
export interface Words {
  /** 16 bytes in hexadecimal: the same wherever these words come by, as far as their network tells one message from another. */
  readonly origin: string
  /** Where they were said first, as far as is told. */
  readonly from: DialectName | 'native'
  /** Their network gave them an id; else `origin` only tells them from others by what they are. */
  readonly isExact: boolean
  /** The bridge that put them where they were heard; null where that was their author. */
  readonly bridge: string | null
  /** Who of our own kind said them, as bridges are called; null for others. */
  readonly author: string | null
  /** Clean; perhaps empty. */
  readonly name: string
  /** Clean; never empty. */
  readonly text: string
  readonly kind: 'text' | 'action' | 'notice'
  /** Normalised. */
  readonly room: string
}

/** How much of what somebody says in another protocol is taken, in UTF-8: what is over it is cut off. */
const WORDS_BYTES_MAX = 8 * 1024
/** How many hexadecimal digits of a node's key it is called by as a bridge. */
export const BRIDGE_ID_DIGITS = 16
export const BRIDGE_ID = /^[0-9a-f]{16}$/

const ORIGIN = /^[0-9a-f]{32}$/
const UUID = /^([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})$/

export function isOrigin(text: string): boolean {
  return ORIGIN.test(text)
}

/** An origin for what has no id of that form: the same parts have the same. */
export function hashedOrigin(...parts: readonly string[]): string {
  return toHex(sha256(utf8(JSON.stringify(parts)))).slice(0, 32)
}

/** The origin that a UUID stands for, null for what is none. */
export function originOfUuid(text: string): string | null {
  const groups = UUID.exec(text.toLowerCase())
  return groups === null ? null : groups.slice(1).join('')
}

export function uuidOfOrigin(origin: string): string {
  return [origin.slice(0, 8), origin.slice(8, 12), origin.slice(12, 16), origin.slice(16, 20), origin.slice(20)].join(
    '-',
  )
}

/** A name as others may see it. */
export function heardName(text: string): string {
  return cleanName(text)
}

/** A text as others may see it, cut to what is taken; empty when nothing is left. */
export function heardText(text: string): string {
  const clean = cleanText(text.length > WORDS_BYTES_MAX ? text.slice(0, WORDS_BYTES_MAX) : text).trimEnd()
  return cutUtf8(clean, WORDS_BYTES_MAX)
}

/** The longest beginning of at most so many UTF-8 bytes that ends between two characters. */
export function cutUtf8(text: string, bytesMax: number): string {
  const bytes = utf8(text)
  if (bytes.length <= bytesMax) return text
  let end = bytesMax
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, end))
}
