import { type ByteReader, ByteWriter, utf8 } from '../base/bytes.ts'
import { decodeUtf8 } from '../base/text.ts'
import { sha256, sha256Into, sha256Of } from '../crypto/hash.ts'
import { NAME_BYTES_MAX, TEXT_BYTES_MAX } from './limits.ts'

/** What an event is. A kind not known here is kept and passed on, and not shown. 0x80 and up cannot be: the top bit is the wire's. */
export const EventKind = {
  /** Who the author of this feed wishes to be called from here on; the body is the name. */
  profile: 1,
  text: 2,
  action: 3,
  notice: 4,
  /** A direct message: the body is sealed to its one reader. */
  sealed: 5,
  /** What follows is about an event that was said before (amendment.ts). Other words for it. */
  edit: 6,
  /** It is taken back. */
  remove: 7,
  /** An emoji for it, or no more. */
  reaction: 8,
  /** A text that answers it. */
  reply: 9,
  /** A file or a folder is offered (file-offer.ts). */
  file: 10,
  /** What somebody said in a network of another protocol (relayed.ts). */
  relayed: 16,
} as const

/** The three a person can say. */
export type SpokenKind = typeof EventKind.text | typeof EventKind.action | typeof EventKind.notice

export function isSpoken(kind: number): kind is SpokenKind {
  return kind === EventKind.text || kind === EventKind.action || kind === EventKind.notice
}

/** What people do on purpose; inside a sealed event it is one of these too, but for what is passed on from elsewhere. */
export type AuthoredKind =
  | SpokenKind
  | typeof EventKind.edit
  | typeof EventKind.remove
  | typeof EventKind.reaction
  | typeof EventKind.reply
  | typeof EventKind.file
  | typeof EventKind.relayed

const FEED_DOMAIN = utf8('hearsay feed 1')
const ROOM_DOMAIN = utf8('hearsay room 1')

/** 32 bytes that stand for a feed in everything hashed. */
export function feedIdOf(author: Uint8Array, room: Uint8Array, epoch: Uint8Array): Uint8Array {
  return sha256Of(FEED_DOMAIN, author, room, epoch)
}

/** The id of the open room `name`, which must be normalised: the same 32 bytes everywhere. */
export function openRoomId(name: string): Uint8Array {
  return sha256Of(ROOM_DOMAIN, utf8(name))
}

const FEED_AT = 0
const NUMBER_AT = 32
const PREVIOUS_AT = 40
const TIME_AT = 72
const KIND_AT = 80
const BODY_HASH_AT = 81
const EVENT_BYTES = 113

/**
 * Computes event ids along one feed. The bytes hashed are feed 32, number 8, hash of the event before it 32 (zero for the
 * first), milliseconds 6, counter 2, kind 1, hash of the body 32; one buffer is filled again for each event.
 */
export class EventHasher {
  private readonly header = new Uint8Array(EVENT_BYTES)

  /** Begins a run after the event `previous`, or at the beginning with 32 zero bytes. */
  begin(feedId: Uint8Array, previous: Uint8Array): void {
    this.header.set(feedId, FEED_AT)
    this.header.set(previous, PREVIOUS_AT)
  }

  /** The id of the next event: a fresh 32 bytes. `gone` is the body's hash where the body itself has been deleted. */
  next(number: number, ms: number, counter: number, kind: number, body: Uint8Array, gone: boolean): Uint8Array {
    const header = this.header
    writeU48(header, NUMBER_AT + 2, number)
    writeU48(header, TIME_AT, ms)
    header[TIME_AT + 6] = counter >>> 8
    header[TIME_AT + 7] = counter
    header[KIND_AT] = kind
    if (gone) header.set(body, BODY_HASH_AT)
    else sha256Into(body, header, BODY_HASH_AT)
    const id = sha256(header)
    header.set(id, PREVIOUS_AT)
    return id
  }
}

function writeU48(into: Uint8Array, at: number, value: number): void {
  const high = Math.floor(value / 0x100000000)
  into[at] = high >>> 8
  into[at + 1] = high
  into[at + 2] = value >>> 24
  into[at + 3] = value >>> 16
  into[at + 4] = value >>> 8
  into[at + 5] = value
}

/** The inside of a sealed body: what is said, and by what name, since the sealed feed has no profile in the open. */
export interface DirectText {
  readonly kind: SpokenKind
  readonly name: string
  readonly text: string
}

export function encodeDirect(direct: DirectText): Uint8Array {
  return new ByteWriter().u8(direct.kind).sized(utf8(direct.name)).sized(utf8(direct.text)).copy()
}

/** Null when broken. The strings are as sent: clean them before they are shown. */
export function readDirect(body: ByteReader): DirectText | null {
  const kind = body.u8()
  const name = decodeUtf8(body.sized(NAME_BYTES_MAX))
  const text = decodeUtf8(body.sized(TEXT_BYTES_MAX))
  if (!body.done || !isSpoken(kind) || name === null || text === null || text === '') return null
  return { kind, name, text }
}
