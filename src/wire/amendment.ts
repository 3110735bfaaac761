import { ByteReader, ByteWriter, utf8 } from '../base/bytes.ts'
import { decodeUtf8 } from '../base/text.ts'
import { NO_EVENT } from './bundle.ts'
import { type AuthoredKind, EventKind, isSpoken } from './event.ts'
import { readFileOffer } from './file-offer.ts'
import { NAME_BYTES_MAX, TEXT_BYTES_MAX } from './limits.ts'
import { readRelayed } from './relayed.ts'

/**
 * Bodies of events about an event that was said before, which they name by its id:
 *
 *     edit, reply   id 32 · text (sized)
 *     remove        id 32
 *     reaction      id 32 · 1 on or 0 off · emoji (sized)
 *
 * None is longer than a text may be, so that whatever holds a text (a sealed event too) holds any of them.
 */
export interface TextAbout {
  readonly target: Uint8Array
  /** As sent: clean it before it is shown. Never empty. */
  readonly text: string
}

export interface ReactionBody {
  readonly target: Uint8Array
  /** As sent, 1 to 32 bytes. */
  readonly emoji: string
  readonly on: boolean
}

const EVENT_ID_BYTES = NO_EVENT.length
/** The id and a length. */
const TEXT_ABOUT_BYTES_MAX = TEXT_BYTES_MAX - EVENT_ID_BYTES - 2
/** As `EMOJI_BYTES_MAX` of the room's timeline. */
const EMOJI_BYTES_MAX = 32

/** The body of an edit or a reply; null where the text is empty or too long. */
export function encodeTextAbout({ target, text }: TextAbout): Uint8Array | null {
  const bytes = utf8(text)
  if (bytes.length === 0 || bytes.length > TEXT_ABOUT_BYTES_MAX) return null
  return new ByteWriter(EVENT_ID_BYTES + 2 + bytes.length).bytes(target).sized(bytes).copy()
}

/** Null when broken. */
export function readTextAbout(body: Uint8Array): TextAbout | null {
  const reader = new ByteReader(body)
  const target = reader.take(EVENT_ID_BYTES)
  const text = decodeUtf8(reader.sized(TEXT_ABOUT_BYTES_MAX))
  return reader.done && text !== null && text !== '' ? { target: target.slice(), text } : null
}

export function encodeRemoval(target: Uint8Array): Uint8Array {
  return target.slice()
}

/** The id of what is taken back; null when broken. */
export function readRemoval(body: Uint8Array): Uint8Array | null {
  return body.length === EVENT_ID_BYTES ? body.slice() : null
}

/** The emoji must have 1 to 32 bytes. */
export function encodeReaction({ target, emoji, on }: ReactionBody): Uint8Array {
  return new ByteWriter()
    .bytes(target)
    .u8(on ? 1 : 0)
    .sized(utf8(emoji))
    .copy()
}

/** Null when broken. */
export function readReaction(body: Uint8Array): ReactionBody | null {
  const reader = new ByteReader(body)
  const target = reader.take(EVENT_ID_BYTES)
  const on = reader.u8()
  const emoji = decodeUtf8(reader.sized(EMOJI_BYTES_MAX))
  if (!reader.done || on > 1 || emoji === null || emoji === '') return null
  return { target: target.slice(), emoji, on: on === 1 }
}

/** Whether a body is one of that kind: what is not is kept and passed on, and tells nothing. */
export function isAuthored(kind: number, body: Uint8Array): kind is AuthoredKind {
  if (body.length === 0 || body.length > TEXT_BYTES_MAX) return false
  if (isSpoken(kind)) return true
  if (kind === EventKind.edit || kind === EventKind.reply) return readTextAbout(body) !== null
  if (kind === EventKind.remove) return readRemoval(body) !== null
  if (kind === EventKind.file) return readFileOffer(body) !== null
  if (kind === EventKind.relayed) return readRelayed(new ByteReader(body)) !== null
  return kind === EventKind.reaction && readReaction(body) !== null
}

/** The inside of a sealed event of any kind, and by what name, since the sealed feed has no profile in the open. */
export interface DirectEvent {
  readonly kind: AuthoredKind
  readonly name: string
  readonly body: Uint8Array
}

export function encodeDirectEvent({ kind, name, body }: DirectEvent): Uint8Array {
  return new ByteWriter().u8(kind).sized(utf8(name)).sized(body).copy()
}

/** Null when broken. The name is as sent; the body shares the reader's memory. */
export function readDirectEvent(reader: ByteReader): DirectEvent | null {
  const kind = reader.u8()
  const name = decodeUtf8(reader.sized(NAME_BYTES_MAX))
  const body = reader.sized(TEXT_BYTES_MAX)
  // What others said elsewhere is for open rooms alone.
  if (!reader.done || name === null || kind === EventKind.relayed || !isAuthored(kind, body)) return null
  return { kind, name, body }
}
