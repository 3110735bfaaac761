import { utf8 } from '../../base/bytes.ts'
import { decodeUtf8 } from '../../base/text.ts'
import {
  AGE_TOLD_MS_MAX,
  bridgeMember,
  type Introduction,
  introductionOf,
  isObject,
  type JsonObject,
  parseObject,
  textOf,
} from '../json.ts'
import { BRIDGE_ID, cutUtf8, hashedOrigin, type Words } from '../words.ts'

/** The originals read once, and so much. */
export const MESSAGE_BYTES_MAX = 1_024
/** A map of all ports there could be is longer; no list of people is. */
export const REQUEST_BYTES_MAX = 64 * 1024
/** Peers of one tracker. */
export const PEERS_MAX = 512
const TEXT_UNITS_MAX = REQUEST_BYTES_MAX

/** What one connection brings. */
export type TrackerRequest =
  | { readonly kind: 'register'; readonly port: number }
  | { readonly kind: 'get_peers' }
  | { readonly kind: 'populate'; readonly ports: readonly number[] }
  | { readonly kind: 'election' }
  /** Of our own, and only said to who is known to be one of us: the bridge of that id is the peer with that port. */
  | { readonly kind: 'bridge'; readonly port: number; readonly bridge: string; readonly since: Introduction | null }
  | { readonly kind: 'message'; readonly username: string; readonly message: string; readonly raw: JsonObject }

/** `incomplete`: more may come. Null: it is none, and never will be. */
export function readTrackerRequest(bytes: Uint8Array): TrackerRequest | 'incomplete' | null {
  const raw = completeObject(bytes)
  if (raw === 'incomplete' || raw === null) return raw
  switch (textOf(raw, 'action', 32)) {
    case 'register': {
      const port = portOf(raw['port'])
      return port === null ? null : { kind: 'register', port }
    }
    case 'get_peers':
      return { kind: 'get_peers' }
    case 'populate': {
      const ports = portsOf(raw['peers'])
      return ports === null ? null : { kind: 'populate', ports }
    }
    case 'hearsay': {
      const port = portOf(raw['port'])
      const bridge = textOf(raw, 'bridge', 64) ?? ''
      return port === null || !BRIDGE_ID.test(bridge)
        ? null
        : { kind: 'bridge', port, bridge, since: introductionOf(raw) }
    }
  }
  if (textOf(raw, 'type', 32) === 'election') return { kind: 'election' }
  const username = textOf(raw, 'username', 256)
  const message = textOf(raw, 'message', TEXT_UNITS_MAX)
  return username === null || message === null ? null : { kind: 'message', username, message, raw }
}

/** A tracker's answer: the ports it knows. */
export function readPeerMap(bytes: Uint8Array): number[] | 'incomplete' | null {
  const raw = completeObject(bytes)
  return raw === 'incomplete' || raw === null ? raw : portsOf(raw)
}

/** A tracker's answer, no longer than the originals read: of more peers it has those who come first. */
export function encodePeerMap(ports: Iterable<number>): Uint8Array {
  const map: Record<string, number> = {}
  // The braces; then of each port a name, a colon and a number, and a comma.
  let bytes = 2
  for (const port of new Set(ports)) {
    bytes += 2 * String(port).length + 4
    if (bytes > MESSAGE_BYTES_MAX) break
    map[String(port)] = port
  }
  return encodeTracker(map)
}

export function encodeIntroduction(port: number, { bridge, ageMs }: Introduction): Uint8Array {
  return encodeTracker({ action: 'hearsay', bridge, port, age_ms: ageMs })
}

export function encodeTracker(object: object): Uint8Array {
  return utf8(JSON.stringify(object))
}

/**
 * The messages that say words, each no longer than the originals read, with what tells other bridges whose they are: ours, at that port, and while we
 * are young how old we are, for those who knew us before we began again.
 */
export function encodeWords(words: Words, { bridge, ageMs }: Introduction, port: number): Uint8Array[] {
  const username = words.name
  const messages: Uint8Array[] = []
  for (let rest = words.kind === 'action' ? `* ${words.text}` : words.text; rest !== ''; ) {
    const before = messages.length
    const origin = before === 0 ? words.origin : hashedOrigin('part', words.origin, String(before))
    const beside = bridgeMember({ ...words, origin }, bridge, {
      port,
      ...(ageMs < AGE_TOLD_MS_MAX ? { age_ms: ageMs } : {}),
    })
    let part = cutUtf8(rest, MESSAGE_BYTES_MAX / 2)
    let bytes = encodeTracker({ username, message: part, ...beside })
    // Escaped, a character may take six bytes for one.
    while (bytes.length > MESSAGE_BYTES_MAX) {
      part = cutUtf8(part, utf8(part).length >> 1)
      bytes = encodeTracker({ username, message: part, ...beside })
    }
    // No name is so long that not one character goes beside it; were one, nothing would be said.
    if (part === '') break
    messages.push(bytes)
    rest = rest.slice(part.length)
  }
  return messages
}

function completeObject(bytes: Uint8Array): JsonObject | 'incomplete' | null {
  const text = decodeUtf8(bytes)
  const trimmed = text?.trimEnd() ?? null
  if (trimmed === null) return bytes.length < REQUEST_BYTES_MAX ? 'incomplete' : null
  if (trimmed !== '' && !trimmed.startsWith('{')) return null
  // Nothing that ends otherwise can be whole: spares parsing every beginning.
  const object = trimmed.endsWith('}') ? parseObject(trimmed) : null
  return object ?? (bytes.length < REQUEST_BYTES_MAX ? 'incomplete' : null)
}

function portsOf(value: unknown): number[] | null {
  if (!isObject(value)) return null
  const ports = new Set<number>()
  for (const [key, each] of Object.entries(value)) {
    const port = portOf(each) ?? portOf(Number(key))
    if (port !== null && ports.size < PEERS_MAX) ports.add(port)
  }
  return [...ports]
}

function portOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535 ? value : null
}
