import { ByteReader, toHex } from '../../base/bytes.ts'
import type { DialectName } from '../../base/dialects.ts'
import { formatBytes } from '../../base/quantity.ts'
import { decodeUtf8 } from '../../base/text.ts'
import { cleanFileName } from '../../core/transfer/names.ts'
import { BRIDGE_ID_DIGITS, heardName, heardText, type Words } from '../../dialects/words.ts'
import type { EventTelling } from '../../node/outputs.ts'
import { readTextAbout } from '../../wire/amendment.ts'
import { EventKind, isSpoken, type SpokenKind } from '../../wire/event.ts'
import { filesBytes, readFileOffer } from '../../wire/file-offer.ts'
import { encodeRelayed, ORIGIN_BYTES, readRelayed } from '../../wire/relayed.ts'
import type { MessageKind } from '../events.ts'
import { kindName } from '../teller.ts'

const KINDS: Record<MessageKind, SpokenKind> = {
  text: EventKind.text,
  action: EventKind.action,
  notice: EventKind.notice,
}

/** What a node is called as a bridge. */
export function bridgeId(key: Uint8Array | string): string {
  return (typeof key === 'string' ? key : toHex(key)).slice(0, BRIDGE_ID_DIGITS)
}

/** What was said in a room, as it is said elsewhere; null for what is not: direct messages, what is caught up with, edits and the like. */
export function nativeWords(telling: EventTelling): Words | null {
  const { room, backlog, eventKind, body, id, author } = telling
  if (room === null || backlog) return null
  const own = { room, isExact: true, from: 'native', bridge: null, author: bridgeId(author) } as const
  const origin = toHex(id.subarray(0, ORIGIN_BYTES))
  const name = heardName(telling.name)
  if (isSpoken(eventKind)) return whole({ ...own, origin, name, kind: kindName(eventKind) }, decodeUtf8(body))
  if (eventKind === EventKind.reply) return whole({ ...own, origin, name, kind: 'text' }, readTextAbout(body)?.text)
  if (eventKind === EventKind.file) return whole({ ...own, origin, name, kind: 'action' }, offerText(body))
  if (eventKind !== EventKind.relayed) return null
  const relayed = readRelayed(new ByteReader(body))
  if (relayed === null) return null
  const { dialect, kind } = relayed
  const passedOn = { from: dialect, bridge: bridgeId(author), author: null, name: heardName(relayed.name) }
  return whole({ ...own, ...passedOn, origin: toHex(relayed.origin), kind: kindName(kind) }, relayed.text)
}

/**
 * What those hear who cannot take files from us. Those of `line` could be sent one, but not ask for it: their program saves whatever comes, over
 * what is called the same, and says nothing else until it is all there.
 */
function offerText(body: Uint8Array): string | undefined {
  const offer = readFileOffer(body)
  if (offer === null) return undefined
  const { name, manifestBytes } = offer
  const what = manifestBytes > 0 ? 'the folder' : 'the file'
  return `offers ${what} ${cleanFileName(name)} (${formatBytes(filesBytes(offer))}), which only hearsay can take`
}

function whole(words: Omit<Words, 'text'>, text: string | null | undefined): Words | null {
  const heard = heardText(text ?? '')
  return heard === '' ? null : { ...words, text: heard }
}

/** The body of the event that tells a room of words heard in another network. */
export function relayedBody({ origin, name, text, kind }: Words, dialect: DialectName): Uint8Array | null {
  return encodeRelayed({ dialect, kind: KINDS[kind], origin: Uint8Array.fromHex(origin), name, text })
}
