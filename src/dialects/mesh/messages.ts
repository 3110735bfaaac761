import { utf8 } from '../../base/bytes.ts'
import { normaliseRoom } from '../../base/room-name.ts'
import { decodeUtf8 } from '../../base/text.ts'
import {
  type Introduction,
  introductionMember,
  type JsonObject,
  parseObject,
  readBridgeMember,
  readIntroduction,
  textOf,
  wholeOf,
} from '../json.ts'
import { formatRfc3339, parseRfc3339 } from '../timestamps.ts'
import { hashedOrigin, heardName, heardText, isOrigin, type Words } from '../words.ts'

/** Where words are said that tell no room. */
export const ROOM_AT_START = 'general'

/** What the originals read of a datagram. */
export const ANNOUNCE_BYTES_MAX = 1_024
/** One line between two peers: a text of 16 KiB whose every character is escaped. */
export const LINE_BYTES_MAX = 128 * 1024
const ID_UNITS_MAX = 128
const NAME_UNITS_MAX = 256
const TEXT_UNITS_MAX = 64 * 1024

export interface Announcement {
  readonly type: 'announce' | 'ping' | 'pong' | 'leave'
  readonly peerId: string
  /** As sent. */
  readonly username: string
  readonly port: number
  /** Milliseconds since 1970; null where it tells none that can be read. */
  readonly atMs: number | null
  /** Who is a bridge says so; null where it does not. */
  readonly introduction: Introduction | null
}

/** Null for what is none. Whatever address it names is nobody's business: where it came from is. */
export function readAnnouncement(datagram: Uint8Array): Announcement | null {
  const raw = datagram.length <= ANNOUNCE_BYTES_MAX ? objectOf(datagram) : null
  if (raw === null) return null
  const type = textOf(raw, 'type', 16)
  const peerId = textOf(raw, 'peer_id', ID_UNITS_MAX)
  const port = wholeOf(raw, 'port', 65_535) ?? 0
  if (type !== 'announce' && type !== 'ping' && type !== 'pong' && type !== 'leave') return null
  if (peerId === null || peerId === '' || (port === 0 && type !== 'leave')) return null
  const timestamp = textOf(raw, 'timestamp', 64)
  const atMs = timestamp === null ? null : parseRfc3339(timestamp)
  return {
    type,
    peerId,
    username: textOf(raw, 'username', NAME_UNITS_MAX) ?? '',
    port,
    atMs,
    introduction: readIntroduction(raw),
  }
}

export function encodeAnnouncement(said: Omit<Announcement, 'atMs'>, wallMs: number, sequence: number): Uint8Array {
  const { type, peerId, username, port, introduction } = said
  const timestamp = formatRfc3339(wallMs)
  const address = `[::]:${port}`
  const more = introduction === null ? {} : introductionMember(introduction)
  return utf8(JSON.stringify({ type, peer_id: peerId, username, address, port, timestamp, sequence, ...more }))
}

export interface MeshMessage {
  readonly id: string
  /** `other`: one that somebody has added. */
  readonly type: 'chat' | 'join' | 'leave' | 'heartbeat' | 'other'
  readonly senderId: string
  /** As sent; empty where it tells none. */
  readonly username: string
  readonly content: string
  /** Null where it tells none. */
  readonly room: string | null
  readonly raw: JsonObject
}

/** One line; null for what is no message. */
export function readMeshLine(line: Uint8Array): MeshMessage | null {
  const raw = objectOf(line)
  if (raw === null) return null
  const id = textOf(raw, 'id', ID_UNITS_MAX)
  const told = textOf(raw, 'type', 64)
  const senderId = textOf(raw, 'sender_id', ID_UNITS_MAX)
  if (id === null || id === '' || senderId === null || senderId === '') return null
  if (told === null || told === '') return null
  const type = told === 'chat' || told === 'join' || told === 'leave' || told === 'heartbeat' ? told : 'other'
  const username = textOf(raw, 'username', NAME_UNITS_MAX) ?? ''
  const content = textOf(raw, 'content', TEXT_UNITS_MAX) ?? ''
  return { id, type, senderId, username, content, room: textOf(raw, 'room_id', NAME_UNITS_MAX), raw }
}

/** What a chat says; null where that is nothing that could be shown. `name`: of who says it, where the message tells none. */
export function wordsOf({ id, senderId, username, content, room: told, raw }: MeshMessage, name: string): Words | null {
  const room = normaliseRoom(told ?? ROOM_AT_START)
  const text = heardText(content)
  if (room === null || text === '') return null
  const given = readBridgeMember(raw)
  return {
    origin: isOrigin(id) ? id : hashedOrigin('mesh', senderId, id),
    from: given?.from ?? 'mesh',
    isExact: true,
    bridge: given?.bridge ?? null,
    author: null,
    name: heardName(username) || name,
    ...{ text, room, kind: 'text' },
  }
}

export function encodeMeshLine(object: object): Uint8Array {
  return utf8(`${JSON.stringify(object)}\n`)
}

function objectOf(bytes: Uint8Array): JsonObject | null {
  const text = decodeUtf8(bytes)
  return text === null ? null : parseObject(text)
}
