import { type Address, makeAddress, parseAddress } from '../../base/address.ts'
import { decodeUtf8 } from '../../base/text.ts'
import { type JsonObject, parseObject, textOf, wholeOf } from '../json.ts'

/** How far a message goes from where it begins. */
export const TTL_FIRST = 5
/** Nobody sends one that goes further; what says so goes no further than this. */
const TTL_MAX = 16
const ID_UNITS_MAX = 128
const NAME_UNITS_MAX = 256
const ROOM_UNITS_MAX = 256
const TEXT_UNITS_MAX = 64 * 1024

interface Envelope {
  readonly id: string
  /** The node it comes from: `HOST:PORT` of its TCP listener. */
  readonly from: string
  readonly username: string
  /** How many more times it is to be passed on. */
  readonly ttl: number
  /** As it came, for passing on. */
  readonly raw: JsonObject
}

/** What comes in a frame. Texts are as sent. */
export type FramedMessage =
  | (Envelope & { readonly type: 'hello' })
  | (Envelope & { readonly type: 'chat'; readonly room: string; readonly msg: string })
  | (Envelope & { readonly type: 'voice_join'; readonly room: string; readonly udp: Address })
  | (Envelope & { readonly type: 'voice_leave'; readonly room: string })
  /** Of a later fork: passed on, and not understood. */
  | (Envelope & { readonly type: 'other' })

/** Null where it is no message at all; `odd` where it lacks what its type needs, for which who passes it on is not to blame. */
export function readFramed(body: Uint8Array): FramedMessage | 'odd' | null {
  const text = decodeUtf8(body)
  const raw = text === null ? null : parseObject(text)
  if (raw === null) return null
  const id = textOf(raw, 'id', ID_UNITS_MAX)
  const type = textOf(raw, 'type', 64)
  const from = textOf(raw, 'from', NAME_UNITS_MAX)
  if (id === null || id === '' || type === null || from === null) return 'odd'
  const username = textOf(raw, 'username', NAME_UNITS_MAX) ?? ''
  const ttl = Math.min(wholeOf(raw, 'ttl', Number.MAX_SAFE_INTEGER) ?? 0, TTL_MAX)
  const envelope = { id, from, username, ttl, raw }
  if (type === 'hello') return { ...envelope, type }
  const room = textOf(raw, 'room', ROOM_UNITS_MAX)
  if (type === 'chat') {
    const msg = textOf(raw, 'msg', TEXT_UNITS_MAX)
    return room === null || msg === null ? 'odd' : { ...envelope, type, room, msg }
  }
  if (type === 'voice_leave') return room === null ? 'odd' : { ...envelope, type, room }
  if (type !== 'voice_join') return { ...envelope, type: 'other' }
  const udp = makeAddress(textOf(raw, 'udp_host', NAME_UNITS_MAX) ?? '', String(wholeOf(raw, 'udp_port', 65_535) ?? ''))
  return room === null || udp === null ? 'odd' : { ...envelope, type, room, udp }
}

/** Where a node listens, by its id; null where its id tells none. */
export function addressOfId(id: string): Address | null {
  return parseAddress(id)
}
