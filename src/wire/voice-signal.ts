import type { Address } from '../base/address.ts'
import { ByteReader, ByteWriter, varintLength } from '../base/bytes.ts'
import { ipScope, parseIp } from '../base/ip.ts'
import { TAG_BYTES } from '../crypto/aead.ts'
import { NUMBERED_SECRET_BYTES, NUMBERS } from '../crypto/numbered.ts'
import { PASSING_BODY_BYTES_MAX } from './limits.ts'
import { readHost, writeHost } from './tracker.ts'

/**
 * Who is in voice in a room, and by what keys: the body of a passing event, whose author and signature are the speaker's and whose room is
 * the room.
 *
 *     here  1 · session 32 · flags 1 · age · generation · revision · endpoints (sized, sealed)
 *             · lacks: count 1 · count × (tag 4 · floor) · grants: count 1 · count × (tag 4 · admission · sealed 48)
 *     left  2
 *
 * Numbers without a length are varints. What is sealed is so under the keys of voice-signal-keys.ts, where the words session, generation,
 * admission and revision are explained. All of a session's state is in every `here`, so that any of them will do, in any order: they are
 * told on every change, to those who have just come, and now and then.
 */
export interface VoiceHere {
  readonly kind: 'here'
  /** The session's X25519 public key. */
  readonly session: Uint8Array
  readonly muted: boolean
  readonly deafened: boolean
  /** Since when they are in voice in the room, in tenths of a second, also through several sessions. */
  readonly ageTenths: number
  /** Of the newest audio key, from 1: what the grants grant, and what the endpoints are sealed under. */
  readonly generation: number
  /** Of the endpoints. */
  readonly revision: number
  readonly endpoints: Uint8Array
  readonly lacks: readonly VoiceLack[]
  readonly grants: readonly VoiceGrant[]
}

/** Somebody's newest audio key has not come: please, once more. */
export interface VoiceLack {
  /** Of their session. */
  readonly tag: number
  /** They were given up meanwhile, and keys up to this admission will not be taken again; 0: they were not. */
  readonly floor: number
}

/** The sender's audio key for one member. */
export interface VoiceGrant {
  /** Of that member's session. */
  readonly tag: number
  readonly admission: number
  /** 48 bytes. */
  readonly sealed: Uint8Array
}

export type VoiceSignal = VoiceHere | { readonly kind: 'left' }

const HERE = 1
const LEFT = 2
const MUTED = 1
const DEAFENED = 2
const SESSION_BYTES = 32
const TAG_OF_SESSION_BYTES = 4
export const GRANT_SEALED_BYTES = NUMBERED_SECRET_BYTES + TAG_BYTES
/** With all of them, and endpoints of the longest, there still is room for three grants. */
export const LACKS_MAX = 64
export const ENDPOINTS_MAX = 8
const ENDPOINT_BYTES_MAX = 1 + 16 + 2
/** Sealed. */
const ENDPOINTS_BYTES_MAX = ENDPOINTS_MAX * ENDPOINT_BYTES_MAX + TAG_BYTES
/** All numbers count something that is sealed, and are below this. */
const NUMBER_MAX = NUMBERS - 1
const AGE_TENTHS_MAX = NUMBER_MAX

/** Throws where there is more than fits. */
export function encodeSignal(signal: VoiceSignal): Uint8Array {
  if (signal.kind === 'left') return Uint8Array.of(LEFT)
  const { session, muted, deafened, ageTenths, generation, revision, endpoints, lacks, grants } = signal
  const out = new ByteWriter(256).u8(HERE).bytes(session)
  out.u8((muted ? MUTED : 0) | (deafened ? DEAFENED : 0))
  out.varint(Math.min(ageTenths, AGE_TENTHS_MAX)).varint(generation).varint(revision).sized(endpoints)
  out.u8(lacks.length)
  for (const { tag, floor } of lacks) out.u32(tag).varint(floor)
  out.u8(grants.length)
  for (const { tag, admission, sealed } of grants) out.u32(tag).varint(admission).bytes(sealed)
  if (lacks.length > LACKS_MAX || out.length > PASSING_BODY_BYTES_MAX) {
    throw new RangeError(
      `${lacks.length} lacks and ${grants.length} grants do not fit in ${PASSING_BODY_BYTES_MAX} bytes`,
    )
  }
  return out.copy()
}

/** How many grants fit beside the rest, of those with these admissions, from the first. */
export function grantsThatFit(without: VoiceHere, admissions: readonly number[]): number {
  let left = PASSING_BODY_BYTES_MAX - encodeSignal({ ...without, grants: [] }).length
  let count = 0
  for (const admission of admissions) {
    left -= TAG_OF_SESSION_BYTES + varintLength(admission) + GRANT_SEALED_BYTES
    if (left < 0 || count === 255) break
    count++
  }
  return count
}

/** Null when broken. Shares the memory of `body`. */
export function decodeSignal(body: Uint8Array): VoiceSignal | null {
  const reader = new ByteReader(body)
  const form = reader.u8()
  const signal: VoiceSignal | null = form === LEFT ? { kind: 'left' } : form === HERE ? readHere(reader) : null
  return reader.done && body.length <= PASSING_BODY_BYTES_MAX ? signal : null
}

function readHere(reader: ByteReader): VoiceHere {
  const session = reader.take(SESSION_BYTES)
  const flags = reader.u8()
  const ageTenths = readNumber(reader, 0)
  const generation = readNumber(reader, 1)
  const revision = readNumber(reader, 0)
  const endpoints = reader.sized(ENDPOINTS_BYTES_MAX)
  const lacks: VoiceLack[] = []
  const lackCount = reader.u8()
  for (let i = 0; i < lackCount && reader.ok; i++) lacks.push({ tag: reader.u32(), floor: readNumber(reader, 0) })
  const grants: VoiceGrant[] = []
  const grantCount = reader.u8()
  for (let i = 0; i < grantCount && reader.ok; i++) {
    grants.push({ tag: reader.u32(), admission: readNumber(reader, 1), sealed: reader.take(GRANT_SEALED_BYTES) })
  }
  if (flags > (MUTED | DEAFENED) || lackCount > LACKS_MAX) reader.ok = false
  const [muted, deafened] = [(flags & MUTED) !== 0, (flags & DEAFENED) !== 0]
  return { kind: 'here', session, muted, deafened, ageTenths, generation, revision, endpoints, lacks, grants }
}

function readNumber(reader: ByteReader, least: number): number {
  const number = reader.varint()
  if (number < least || number > NUMBER_MAX) reader.ok = false
  return number
}

/** Those that others can be told of: literal addresses that one host has, each once, the first eight. */
export function tellableEndpoints(endpoints: readonly Address[]): Address[] {
  const told = new Map<string, Address>()
  for (const { host, port } of endpoints) {
    const ip = parseIp(host)
    const isPort = Number.isInteger(port) && port >= 1 && port <= 0xffff
    if (ip !== null && isPort && ipScope(ip) !== 'none') told.set(`${host} ${port}`, { host, port })
  }
  return [...told.values()].slice(0, ENDPOINTS_MAX)
}

/** Endpoints before they are sealed: `host · port 2` each, as `tellableEndpoints` has them. */
export function encodeEndpoints(endpoints: readonly Address[]): Uint8Array {
  const out = new ByteWriter(64)
  for (const { host, port } of endpoints) {
    writeHost(out, host)
    out.u16(port)
  }
  return out.copy()
}

/** Null when broken. */
export function decodeEndpoints(bytes: Uint8Array): Address[] | null {
  const reader = new ByteReader(bytes)
  const endpoints: Address[] = []
  while (reader.left > 0) {
    const host = readHost(reader)
    const port = reader.u16()
    if (host === null || port === 0 || !reader.ok || endpoints.length === ENDPOINTS_MAX) return null
    endpoints.push({ host, port })
  }
  return endpoints
}
