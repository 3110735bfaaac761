import { ByteReader } from '../../src/base/bytes.ts'
import { bareName, markName } from '../../src/base/dialects.ts'
import { FRAME_BYTES_KEPT, FrameReader } from '../../src/dialects/framed/frames.ts'
import { readFramed } from '../../src/dialects/framed/messages.ts'
import { encodeSound, readSound } from '../../src/dialects/framed/sound.ts'
import { readLine } from '../../src/dialects/line/messages.ts'
import { readAnnouncement, readMeshLine } from '../../src/dialects/mesh/messages.ts'
import { recognise } from '../../src/dialects/recognise.ts'
import { readPeerMap, readTrackerRequest } from '../../src/dialects/tracker/messages.ts'
import { readRelayed } from '../../src/wire/relayed.ts'
import { decodeBridged, encodeBridged } from '../../src/wire/voice-bridged.ts'
import type { Decoder } from './decoders.ts'

const isRead = (value: unknown): boolean => value !== null && value !== 'incomplete'

function readFrames(bytes: Uint8Array): boolean {
  const reader = new FrameReader()
  const whole = new FrameReader()
  // However it is cut, it is read the same.
  const inParts = [bytes.subarray(0, 3), bytes.subarray(3, 10), bytes.subarray(10)].flatMap((part) => reader.push(part))
  const atOnce = whole.push(bytes)
  if (inParts.length !== atOnce.length || reader.fault !== whole.fault)
    throw new Error('frames depend on how they come')
  for (const frame of atOnce)
    if ('body' in frame && frame.body.length > FRAME_BYTES_KEPT) throw new Error('too long a frame')
  return atOnce.length > 0
}

function readSounds(bytes: Uint8Array): boolean {
  const sound = readSound(bytes)
  if (sound !== null && readSound(encodeSound(sound)) === null) throw new Error('what was read cannot be written')
  return sound !== null
}

function readName(bytes: Uint8Array): boolean {
  const relayed = readRelayed(new ByteReader(bytes))
  if (relayed === null) return false
  const marked = markName(relayed.name, relayed.dialect)
  if (!marked.endsWith(` (${relayed.dialect})`) || bareName(marked) === '') throw new Error(`unmarked: ${marked}`)
  return true
}

/** What was read is written as it was, but for what was too long. */
function readBridged(bytes: Uint8Array): boolean {
  const people = decodeBridged(bytes)
  if (people === null) return false
  if (!Buffer.from(encodeBridged(people)).equals(bytes)) throw new Error('what was read is written otherwise')
  return true
}

/** What reads the dialects, and what carries their words. */
export const DIALECT_DECODERS: Record<string, Decoder> = {
  'framed-stream': readFrames,
  'framed-message': (bytes) => {
    const message = readFramed(bytes)
    return isRead(message) && message !== 'odd'
  },
  'framed-sound': readSounds,
  'mesh-announcement': (bytes) => isRead(readAnnouncement(bytes)),
  'mesh-line': (bytes) => isRead(readMeshLine(bytes)),
  'tracker-request': (bytes) => isRead(readTrackerRequest(bytes)),
  'tracker-peers': (bytes) => isRead(readPeerMap(bytes)),
  line: (bytes) => isRead(readLine(bytes)),
  caller: (bytes) => recognise(bytes).kind === 'dialect',
  relayed: readName,
  'voice-bridged': readBridged,
}
