import type { Address } from '../base/address.ts'
import { ByteReader, ByteWriter, utf8 } from '../base/bytes.ts'
import { formatIp, isMappedIp, parseIp } from '../base/ip.ts'
import { sha256Of } from '../crypto/hash.ts'
import { HASH_BYTES } from './content.ts'
import { PassingKind } from './passing.ts'

/**
 * Bodies of passing events by which those who want a file and those who have it find each other in a room:
 *
 *     SEEK      count 1 · tags                                                          who has these?
 *     HOLDING   count 1 · addresses (family 1 · address 4 or 16 · port 2) · count 1 · entries (tag 32 · how 1)
 *     CALL_BACK peer 32 · count 1 · addresses                                           I cannot dial you: dial me
 *
 * A tag stands for a content without telling its root, which is what has to be known to ask for it: relays of a conversation learn nothing
 * they could fetch.
 */
export interface HoldingBody {
  /** Where links for files are taken, as far as the holder knows; who is linked with it knows more. */
  readonly addresses: readonly Address[]
  readonly entries: readonly HoldingEntry[]
}

/** How much of a content its author has, or that he does not want it: which is told in a conversation alone. */
export interface HoldingEntry {
  readonly tag: Uint8Array
  readonly whole: boolean
  readonly declined?: true
}

const PARTLY = 0
const WHOLE = 1
const DECLINED = 2

export function isFilePassing(kind: number): boolean {
  return kind === PassingKind.seek || kind === PassingKind.holding || kind === PassingKind.callBack
}

/** One person asks another to dial him. */
export interface CallBackBody {
  /** Whom, by key. */
  readonly to: Uint8Array
  readonly addresses: readonly Address[]
}

/** One event's; a passing body has room for 1 KiB. */
export const TAGS_MAX = 16
export const HOLDING_ADDRESSES_MAX = 4

const TAG_DOMAIN = utf8('hearsay content tag 1')

export function contentTag(root: Uint8Array): Uint8Array {
  return sha256Of(TAG_DOMAIN, root)
}

/** 1 to `TAGS_MAX` tags. */
export function encodeSeek(tags: readonly Uint8Array[]): Uint8Array {
  const out = new ByteWriter(1 + tags.length * HASH_BYTES).u8(tags.length)
  for (const tag of tags) out.bytes(tag)
  return out.copy()
}

/** Null when broken. */
export function readSeek(body: Uint8Array): Uint8Array[] | null {
  const reader = new ByteReader(body)
  const count = reader.u8()
  if (count < 1 || count > TAGS_MAX) return null
  const tags = Array.from({ length: count }, () => reader.take(HASH_BYTES).slice())
  return reader.done ? tags : null
}

/** At most `HOLDING_ADDRESSES_MAX` addresses, of IP hosts, and 1 to `TAGS_MAX` entries. */
export function encodeHolding({ addresses, entries }: HoldingBody): Uint8Array {
  const out = new ByteWriter(128 + entries.length * (HASH_BYTES + 1))
  writeAddresses(out, addresses)
  out.u8(entries.length)
  for (const { tag, whole, declined } of entries) out.bytes(tag).u8(declined ? DECLINED : whole ? WHOLE : PARTLY)
  return out.copy()
}

/** Null when broken. */
export function readHolding(body: Uint8Array): HoldingBody | null {
  const reader = new ByteReader(body)
  const addresses = readAddresses(reader)
  if (addresses === null) return null
  const count = reader.u8()
  if (count < 1 || count > TAGS_MAX) return null
  const entries: HoldingEntry[] = []
  for (let i = 0; i < count; i++) {
    const tag = reader.take(HASH_BYTES).slice()
    const how = reader.u8()
    if (how > DECLINED) return null
    entries.push(how === DECLINED ? { tag, whole: false, declined: true } : { tag, whole: how === WHOLE })
  }
  return reader.done ? { addresses, entries } : null
}

/** At most `HOLDING_ADDRESSES_MAX` addresses, of IP hosts. */
export function encodeCallBack({ to, addresses }: CallBackBody): Uint8Array {
  const out = new ByteWriter(128).bytes(to)
  writeAddresses(out, addresses)
  return out.copy()
}

/** Null when broken. */
export function readCallBack(body: Uint8Array): CallBackBody | null {
  const reader = new ByteReader(body)
  const to = reader.take(HASH_BYTES).slice()
  const addresses = readAddresses(reader)
  return addresses !== null && reader.done ? { to, addresses } : null
}

function writeAddresses(out: ByteWriter, addresses: readonly Address[]): void {
  out.u8(addresses.length)
  for (const { host, port } of addresses) {
    const ip = parseIp(host)
    if (ip === null) throw new RangeError(`${host} is no IP address`)
    out
      .u8(ip.length === 4 ? 4 : 6)
      .bytes(ip)
      .u16(port)
  }
}

function readAddresses(reader: ByteReader): Address[] | null {
  const count = reader.u8()
  if (count > HOLDING_ADDRESSES_MAX) return null
  const addresses: Address[] = []
  for (let i = 0; i < count; i++) {
    const family = reader.u8()
    if (family !== 4 && family !== 6) return null
    const ip = reader.take(family === 4 ? 4 : 16)
    if (ip.length === 0) return null
    // An IPv4 address has one form only.
    if (ip.length === 16 && isMappedIp(ip)) return null
    const host = formatIp(ip)
    addresses.push({ host, port: reader.u16() })
    if (!reader.ok) return null
  }
  return addresses
}
