import { ByteReader, ByteWriter, utf8 } from '../base/bytes.ts'
import type { HlcTime } from '../base/hlc.ts'
import { decodeUtf8 } from '../base/text.ts'
import { sha256, sha256Of } from '../crypto/hash.ts'
import type { SigningKey, Verifier } from '../crypto/sign.ts'
import { HOPS_MAX, NAME_BYTES_MAX, PASSING_BODY_BYTES_MAX } from './limits.ts'
import { AUTHOR_BYTES, ROOM_ID_BYTES } from './replication.ts'

/**
 * An event that passes and is not kept: presence, elections of trackers, voice signalling. It is signed on its own, known by
 * its id and forgotten after two minutes.
 *
 *     hops 1 · author 32 · room 32 · milliseconds 6 · counter 2 · kind 1 · body (sized) · signature 64
 *
 * Everything but the hop count is signed and hashed.
 */
export interface Passing {
  readonly author: Uint8Array
  readonly room: Uint8Array
  readonly time: HlcTime
  readonly kind: number
  readonly body: Uint8Array
}

export interface ReceivedPassing extends Passing {
  /** SHA-256 of the signed part. */
  readonly id: Uint8Array
  /** Links crossed to get here, at most `HOPS_MAX`. */
  readonly hops: number
  /** The signed part and the signature, to be passed on unchanged. */
  readonly sealed: Uint8Array
}

/** `seek`, `holding` and `callBack` are about files (holding.ts). */
export const PassingKind = { presence: 1, election: 2, voice: 3, seek: 4, holding: 5, callBack: 6 } as const

const SIGNATURE_BYTES = 64
const SIGN_DOMAIN = utf8('hearsay passing 1')

/** Signs a passing event; answers the bytes that follow the hop count in its frame. */
export function sealPassing(passing: Passing, key: SigningKey): Uint8Array {
  const out = new ByteWriter(160 + passing.body.length)
  out.bytes(passing.author).bytes(passing.room).u48(passing.time.ms).u16(passing.time.counter)
  out.u8(passing.kind).sized(passing.body)
  return out.bytes(key.sign(sha256Of(SIGN_DOMAIN, out.view()))).copy()
}

/** Takes the frame's body apart, unverified; null when broken. Shares the reader's bytes. */
export function readPassing(body: ByteReader): ReceivedPassing | null {
  const hops = Math.min(body.u8() + 1, HOPS_MAX)
  return readRest(body, hops)
}

/** The same of what was kept: the signed part and the signature. */
export function readSealed(sealed: Uint8Array, hops: number): ReceivedPassing | null {
  return readRest(new ByteReader(sealed), hops)
}

function readRest(body: ByteReader, hops: number): ReceivedPassing | null {
  const start = body.at
  const author = body.take(AUTHOR_BYTES)
  const room = body.take(ROOM_ID_BYTES)
  const time = { ms: body.u48(), counter: body.u16() }
  const kind = body.u8()
  const inner = body.sized(PASSING_BODY_BYTES_MAX)
  const signedEnd = body.at
  body.take(SIGNATURE_BYTES)
  if (!body.done) return null
  const id = sha256(body.bytes.subarray(start, signedEnd))
  return { author, room, time, kind, body: inner, id, hops, sealed: body.bytes.subarray(start, body.end) }
}

export function verifyPassing(passing: ReceivedPassing, verifier: Verifier): boolean {
  const signedEnd = passing.sealed.length - SIGNATURE_BYTES
  const signed = passing.sealed.subarray(0, signedEnd)
  return verifier.verify(sha256Of(SIGN_DOMAIN, signed), passing.sealed.subarray(signedEnd))
}

export interface Presence {
  readonly state: 'here' | 'left'
  readonly name: string
}

export function encodePresence(presence: Presence): Uint8Array {
  return new ByteWriter(64)
    .u8(presence.state === 'here' ? 1 : 2)
    .sized(utf8(presence.name))
    .copy()
}

/** Null when broken; the name is as sent. */
export function decodePresence(body: Uint8Array): Presence | null {
  const reader = new ByteReader(body)
  const state = reader.u8()
  const name = decodeUtf8(reader.sized(NAME_BYTES_MAX))
  if (!reader.ok || name === null || (state !== 1 && state !== 2)) return null
  return { state: state === 1 ? 'here' : 'left', name }
}
