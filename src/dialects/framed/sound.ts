import { utf8 } from '../../base/bytes.ts'
import { decodeUtf8 } from '../../base/text.ts'

/** Voice of the originals: one datagram for every 20 ms of 16 kHz mono, 16 bits a sample. */
export const SAMPLES = 320
export const FRAME_MS = 20
const ROOM_BYTES = 16
const SENDER_BYTES = 36
const SEQUENCE_AT = ROOM_BYTES + SENDER_BYTES
const SAMPLES_AT = SEQUENCE_AT + 4
export const DATAGRAM_BYTES = SAMPLES_AT + 2 * SAMPLES

export interface SoundDatagram {
  /** As sent, at most 16 bytes of it. */
  readonly room: string
  /** The sender's node id, at most 36 bytes of it. */
  readonly sender: string
  /** From 1; 0 is always taken. */
  readonly sequence: number
  readonly samples: Int16Array
}

/** Null for what is none. The samples are the caller's. */
export function readSound(datagram: Uint8Array): SoundDatagram | null {
  if (datagram.length !== DATAGRAM_BYTES) return null
  const room = unpadded(datagram.subarray(0, ROOM_BYTES))
  const sender = unpadded(datagram.subarray(ROOM_BYTES, SEQUENCE_AT))
  if (room === null || sender === null || sender === '') return null
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.length)
  const samples = new Int16Array(SAMPLES)
  for (let i = 0; i < SAMPLES; i++) samples[i] = view.getInt16(SAMPLES_AT + 2 * i, true)
  return { room, sender, sequence: view.getUint32(SEQUENCE_AT), samples }
}

/** A name or id longer than its field is cut, as the originals do. There must be 320 samples. */
export function encodeSound({ room, sender, sequence, samples }: SoundDatagram): Uint8Array {
  if (samples.length !== SAMPLES) throw new RangeError(`${samples.length} samples in a datagram of ${SAMPLES}`)
  const datagram = new Uint8Array(DATAGRAM_BYTES)
  datagram.set(fieldOf(room, ROOM_BYTES), 0)
  datagram.set(fieldOf(sender, SENDER_BYTES), ROOM_BYTES)
  const view = new DataView(datagram.buffer)
  view.setUint32(SEQUENCE_AT, sequence)
  for (let i = 0; i < SAMPLES; i++) view.setInt16(SAMPLES_AT + 2 * i, samples[i]!, true)
  return datagram
}

/** What a text looks like in its field. */
export function roomField(room: string): string {
  return unpadded(fieldOf(room, ROOM_BYTES)) ?? ''
}

export function senderField(sender: string): string {
  return unpadded(fieldOf(sender, SENDER_BYTES)) ?? ''
}

function fieldOf(text: string, bytesMax: number): Uint8Array {
  const bytes = utf8(text)
  let end = Math.min(bytes.length, bytesMax)
  while (end < bytes.length && end > 0 && (bytes[end]! & 0xc0) === 0x80) end--
  return bytes.subarray(0, end)
}

/** The originals cut within characters too: what is left of one at the end goes. Null for what is no text otherwise. */
function unpadded(field: Uint8Array): string | null {
  let end = field.indexOf(0)
  if (end === -1) end = field.length
  if (field.subarray(end).some((byte) => byte !== 0)) return null
  for (let cut = 0; cut < 4 && cut <= end; cut++) {
    const text = decodeUtf8(field.subarray(0, end - cut))
    if (text !== null) return cut > 0 && end < field.length ? null : text
  }
  return null
}
