import { ByteReader, ByteWriter, utf8 } from '../base/bytes.ts'
import { decodeUtf8 } from '../base/text.ts'

/**
 * What a member passes on who is in voice in a network of another protocol too: who is there, in the control stream, and what each of them says,
 * in the audio stream. The first byte is the kind, beside those of voice-control.ts and voice-audio.ts.
 *
 *     people  0x70 · count 1 · count × (slot 1 · key 8 · name (sized))
 *     sound   0x80 · slot 1 · an audio payload
 *
 * The slot is the sender's own number for somebody; the key is the same whoever passes them on, so that nobody need be heard twice.
 */
export const BRIDGED_PEOPLE = 0x70
const BRIDGED_SOUND = 0x80
const KEY_BYTES = 8
/** Of one member: with the longest names they fit in a datagram. */
export const BRIDGED_MAX = 16
const NAME_BYTES_MAX = 56
export const BRIDGED_HEADER_BYTES = 2

export interface Bridged {
  /** 0 to 255. */
  readonly slot: number
  /** 8 bytes in hexadecimal. */
  readonly key: string
  /** As sent. */
  readonly name: string
}

/** Names that are too long lose their end; of too many people the last. */
export function encodeBridged(people: readonly Bridged[]): Uint8Array {
  const told = people.slice(0, BRIDGED_MAX)
  const out = new ByteWriter(256).u8(BRIDGED_PEOPLE).u8(told.length)
  for (const { slot, key, name } of told) {
    let bytes = utf8(name)
    for (let cut = name; bytes.length > NAME_BYTES_MAX; bytes = utf8(cut)) cut = Array.from(cut).slice(0, -1).join('')
    out.u8(slot).bytes(Uint8Array.fromHex(key)).sized(bytes)
  }
  return out.copy()
}

/** Null when broken. */
export function decodeBridged(payload: Uint8Array): Bridged[] | null {
  const reader = new ByteReader(payload)
  const kind = reader.u8()
  const count = reader.u8()
  if (kind !== BRIDGED_PEOPLE || count > BRIDGED_MAX) return null
  const people: Bridged[] = []
  for (let i = 0; i < count && reader.ok; i++) {
    const slot = reader.u8()
    const key = reader.take(KEY_BYTES).toHex()
    const name = decodeUtf8(reader.sized(NAME_BYTES_MAX))
    if (name === null || people.some((each) => each.slot === slot)) return null
    people.push({ slot, key, name })
  }
  return reader.done ? people : null
}

export function isBridgedSound(payload: Uint8Array): boolean {
  return payload[0] === BRIDGED_SOUND && payload.length > BRIDGED_HEADER_BYTES
}

/** Puts the header before an audio payload that begins at `BRIDGED_HEADER_BYTES`. */
export function markBridged(payload: Uint8Array, slot: number): void {
  payload[0] = BRIDGED_SOUND
  payload[1] = slot
}
