import type { Address } from '../base/address.ts'
import { type ByteReader, type ByteWriter, toHex } from '../base/bytes.ts'
import { formatIp, ipScope, isMappedIp, parseIp } from '../base/ip.ts'

/**
 * The frames by which nodes learn of each other and choose neighbours (HyParView). Bodies, where a *contact* is
 *
 *     identity 32 · family 1 · address 4 or 16 · port 2        (family 4 or 6; family 0 has neither address nor port)
 *
 * and *contacts* a count byte and at most 16 of them:
 *
 *     JOIN             nothing
 *     FORWARD_JOIN     ttl 1 · contact
 *     NEIGHBOR         priority 1 (0 low, 1 high, 2 splice)
 *     NEIGHBOR_REPLY   accepted 1 (0 or 1) · contacts
 *     DISCONNECT       1 where the first contact takes the place, else 0 · contacts
 *     SHUFFLE          ttl 1 · nonce 4 · contacts, the first being who began it if it can be dialled
 *     SHUFFLE_REPLY    nonce 4 · contacts
 *
 * Nobody tells where he himself can be dialled: who speaks to him sees his address, and his hello has the port. So only the one
 * who begins a shuffle stands in it without an address, and the first to pass it on fills that in. Names are not
 * addresses here: a stranger must not choose what we look up.
 */
export const MembershipType = {
  join: 0x20,
  forwardJoin: 0x21,
  neighbor: 0x22,
  neighborReply: 0x23,
  disconnect: 0x24,
  shuffle: 0x25,
  shuffleReply: 0x26,
} as const

/** A peer as others are told of it. */
export interface Contact {
  /** Its public key: 64 characters of lowercase hexadecimal. */
  readonly key: string
  /** Where it can be dialled; null where nobody can. In messages the host is an IP address, never a name. */
  readonly address: Address | null
}

/**
 * How a request to be neighbours is meant. `low`: there is a place free. `high`: the asker has none, or too few, so that one is to be made.
 * `splice`: the asker is full and would put us into one of its links, so that both ends of that become our neighbours.
 */
export type Priority = 'low' | 'high' | 'splice'

const PRIORITIES: readonly Priority[] = ['low', 'high', 'splice']

export type MembershipMessage =
  | { readonly kind: 'join' }
  | { readonly kind: 'forward-join'; readonly ttl: number; readonly contact: Contact }
  | { readonly kind: 'neighbor'; readonly priority: Priority }
  | { readonly kind: 'neighbor-reply'; readonly accepted: boolean; readonly contacts: readonly Contact[] }
  | { readonly kind: 'disconnect'; readonly hasHeir: boolean; readonly contacts: readonly Contact[] }
  | { readonly kind: 'shuffle'; readonly ttl: number; readonly nonce: number; readonly contacts: readonly Contact[] }
  | { readonly kind: 'shuffle-reply'; readonly nonce: number; readonly contacts: readonly Contact[] }

/** A shuffle carries one and 3 + 4; twice that leaves room for other figures. */
export const CONTACTS_MAX = 16

const KEY_BYTES = 32
const TYPE_OF = {
  join: MembershipType.join,
  'forward-join': MembershipType.forwardJoin,
  neighbor: MembershipType.neighbor,
  'neighbor-reply': MembershipType.neighborReply,
  disconnect: MembershipType.disconnect,
  shuffle: MembershipType.shuffle,
  'shuffle-reply': MembershipType.shuffleReply,
} as const

export function isMembershipType(type: number): boolean {
  return type >= MembershipType.join && type <= MembershipType.shuffleReply
}

/** The type of the frame that carries `message`. */
export function membershipType(message: MembershipMessage): number {
  return TYPE_OF[message.kind]
}

/** Writes a frame's body. Throws where a contact has no IP address and must have one, or there are too many of them. */
export function writeMembership(out: ByteWriter, message: MembershipMessage): void {
  switch (message.kind) {
    case 'join':
      return
    case 'forward-join':
      out.u8(message.ttl)
      return writeContact(out, message.contact, false)
    case 'neighbor':
      out.u8(PRIORITIES.indexOf(message.priority))
      return
    case 'neighbor-reply':
      out.u8(message.accepted ? 1 : 0)
      return writeContacts(out, message.contacts)
    case 'disconnect':
      out.u8(message.hasHeir ? 1 : 0)
      return writeContacts(out, message.contacts)
    case 'shuffle':
      out.u8(message.ttl).u32(message.nonce)
      return writeContacts(out, message.contacts, true)
    case 'shuffle-reply':
      out.u32(message.nonce)
      return writeContacts(out, message.contacts)
  }
}

/** Reads the body of a frame of `type`; null when it is broken, or no such frame. */
export function readMembership(type: number, body: ByteReader): MembershipMessage | null {
  const message = readFields(type, body)
  return body.done ? message : null
}

function readFields(type: number, body: ByteReader): MembershipMessage | null {
  switch (type) {
    case MembershipType.join:
      return { kind: 'join' }
    case MembershipType.forwardJoin:
      return { kind: 'forward-join', ttl: body.u8(), contact: readContact(body, false) }
    case MembershipType.neighbor:
      return { kind: 'neighbor', priority: readPriority(body) }
    case MembershipType.neighborReply:
      return { kind: 'neighbor-reply', accepted: readFlag(body), contacts: readContacts(body) }
    case MembershipType.disconnect:
      return { kind: 'disconnect', hasHeir: readFlag(body), contacts: readContacts(body) }
    case MembershipType.shuffle:
      return { kind: 'shuffle', ttl: body.u8(), nonce: body.u32(), contacts: readContacts(body, true) }
    case MembershipType.shuffleReply:
      return { kind: 'shuffle-reply', nonce: body.u32(), contacts: readContacts(body) }
    default:
      return null
  }
}

function readPriority(body: ByteReader): Priority {
  const priority = PRIORITIES[body.u8()]
  if (priority === undefined) body.ok = false
  return priority ?? 'low'
}

function readFlag(body: ByteReader): boolean {
  const flag = body.u8()
  if (flag > 1) body.ok = false
  return flag === 1
}

function writeContacts(out: ByteWriter, contacts: readonly Contact[], isShuffle = false): void {
  if (contacts.length > CONTACTS_MAX) throw new RangeError(`${contacts.length} contacts in one frame`)
  out.u8(contacts.length)
  for (const [i, contact] of contacts.entries()) writeContact(out, contact, isShuffle && i === 0)
}

function readContacts(body: ByteReader, isShuffle = false): Contact[] {
  const count = body.u8()
  if (count > CONTACTS_MAX) body.ok = false
  const contacts: Contact[] = []
  for (let i = 0; i < count && body.ok; i++) contacts.push(readContact(body, isShuffle && i === 0))
  return contacts
}

function writeContact(out: ByteWriter, { key, address }: Contact, mayLackAddress: boolean): void {
  out.bytes(Uint8Array.fromHex(key))
  if (address === null && mayLackAddress) {
    out.u8(0)
    return
  }
  const ip = address === null ? null : parseIp(address.host)
  if (address === null || ip === null) throw new TypeError('a contact without an IP address cannot be passed on')
  out
    .u8(ip.length === 4 ? 4 : 6)
    .bytes(ip)
    .u16(address.port)
}

function readContact(body: ByteReader, mayLackAddress: boolean): Contact {
  const key = toHex(body.take(KEY_BYTES))
  const family = body.u8()
  if (family === 0 && mayLackAddress) return { key, address: null }
  const ip = body.take(family === 4 ? 4 : 16)
  const port = body.u16()
  if ((family !== 4 && family !== 6) || port === 0 || !body.ok || !isDialable(ip)) {
    body.ok = false
    return { key, address: null }
  }
  return { key, address: { host: formatIp(ip), port } }
}

/** An IPv4 address in IPv6's clothes would have two encodings. */
function isDialable(ip: Uint8Array): boolean {
  return ipScope(ip) !== 'none' && !(ip.length === 16 && isMappedIp(ip))
}
