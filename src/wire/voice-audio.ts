import { VOICE_PAYLOAD_BYTES_MAX } from './voice-datagram.ts'
import { opusSamples } from './voice-opus.ts'

/**
 * The payload of an audio datagram, before it is sealed:
 *
 *     kind and marks 1 · level 1 · time 3 · [count 1 · count × (age 1 · length 1 · Opus packet)] · Opus packet
 *
 * The last Opus packet is the newest. *Time* is when its sound begins, in ticks of 10 ms on the sender's clock of samples, which runs on
 * through silence; 24 bits, so it comes round in 46 hours. The part in brackets is there in the second kind: older frames, each so many frames
 * before the newest, either said again against loss in bursts, or not sent before, to save datagrams. A receiver takes what it lacks.
 *
 * *Level* is how loud the frame is (RFC 6464: 0 to 127 dB below full scale), so that who speaks can be shown, and the loudest of many chosen,
 * without decoding; its highest bit says that the frame was held back (the beginning of a word, before it was known for speech), so its lateness
 * says nothing about the network.
 */
export const TICK_SAMPLES = 480
const AUDIO_HEADER_BYTES = 5
const PLAIN_KIND = 0x10
const OLDER_KIND = 0x20
const BEGINS = 8
const ENDS = 4
const RECOVERS = 2
const SHORT = 1
const HELD_BACK = 0x80
const LEVEL_SILENT = 127
export const TIME_TICKS = 2 ** 24
/** Of older frames in one datagram, and how many frames back they may lie: more would come too late to be heard. */
export const OLDER_FRAMES_MAX = 3
export const AGE_MAX = 8
/** An older frame's length is one byte: 20 ms at 100 kbit/s. */
export const OLDER_FRAME_BYTES_MAX = 255
export const OPUS_BYTES_MAX = VOICE_PAYLOAD_BYTES_MAX - AUDIO_HEADER_BYTES

export interface OlderFrame {
  /** 1 to `AGE_MAX` frames before the newest. */
  age: number
  opus: Uint8Array
}

/** One audio datagram. Filled again for each: what is read from it are views of the bytes it was read from. */
export interface AudioPayload {
  /** A talk spurt begins with this frame: nothing is missing before it. */
  begins: boolean
  /** And ends with it: nothing is missing after it. */
  ends: boolean
  /** The newest frame can also be decoded to (a coarser copy of) the one before it (RFC 6716 section 2.1.7). */
  recovers: boolean
  heldBack: boolean
  /** Of a frame, in ticks: 1 or 2. */
  ticks: number
  /** dB below full scale, 0 to 127. */
  level: number
  /** 0 to 2^24 - 1. */
  time: number
  newest: Uint8Array
  /** How many of `older` count. */
  olderCount: number
  readonly older: OlderFrame[]
}

const NOTHING = new Uint8Array(0)

export function emptyAudio(): AudioPayload {
  return {
    begins: false,
    ends: false,
    recovers: false,
    heldBack: false,
    ticks: 2,
    level: LEVEL_SILENT,
    time: 0,
    newest: NOTHING,
    olderCount: 0,
    older: Array.from({ length: OLDER_FRAMES_MAX }, () => ({ age: 1, opus: NOTHING })),
  }
}

/** Writes to the beginning of `into`; answers the length, at most `VOICE_PAYLOAD_BYTES_MAX`. Throws where it does not fit the format. */
export function writeAudio(audio: AudioPayload, into: Uint8Array): number {
  const { olderCount: count } = audio
  if (count > OLDER_FRAMES_MAX) throw new RangeError(`${count} older frames in one datagram`)
  const kind = count === 0 ? PLAIN_KIND : OLDER_KIND
  into[0] =
    kind |
    (audio.begins ? BEGINS : 0) |
    (audio.ends ? ENDS : 0) |
    (audio.recovers ? RECOVERS : 0) |
    (audio.ticks === 1 ? SHORT : 0)
  into[1] = Math.min(LEVEL_SILENT, audio.level) | (audio.heldBack ? HELD_BACK : 0)
  into[2] = audio.time >>> 16
  into[3] = audio.time >>> 8
  into[4] = audio.time
  let at = AUDIO_HEADER_BYTES
  if (count > 0) into[at++] = count
  for (let i = 0; i < count; i++) {
    const { age, opus } = audio.older[i]!
    if (opus.length > OLDER_FRAME_BYTES_MAX || age < 1 || age > AGE_MAX) throw new RangeError('no such older frame')
    into[at++] = age
    into[at++] = opus.length
    into.set(opus, at)
    at += opus.length
  }
  if (at + audio.newest.length > VOICE_PAYLOAD_BYTES_MAX) throw new RangeError('the frames do not fit in a datagram')
  into.set(audio.newest, at)
  return at + audio.newest.length
}

export function isAudio(payload: Uint8Array): boolean {
  const kind = payload[0]! & 0xf0
  return kind === PLAIN_KIND || kind === OLDER_KIND
}

/** Reads into `audio`; false where it is no audio payload, or a frame in it would not decode to the length it is said to have. */
export function readAudio(payload: Uint8Array, audio: AudioPayload): boolean {
  if (payload.length <= AUDIO_HEADER_BYTES || !isAudio(payload)) return false
  const first = payload[0]!
  audio.begins = (first & BEGINS) !== 0
  audio.ends = (first & ENDS) !== 0
  audio.recovers = (first & RECOVERS) !== 0
  audio.ticks = (first & SHORT) !== 0 ? 1 : 2
  audio.heldBack = payload[1]! >= HELD_BACK
  audio.level = payload[1]! & LEVEL_SILENT
  audio.time = (payload[2]! << 16) | (payload[3]! << 8) | payload[4]!
  const older = (first & 0xf0) === OLDER_KIND
  const at = older ? readOlder(payload, audio) : AUDIO_HEADER_BYTES
  if (at < 0) return false
  if (!older) audio.olderCount = 0
  audio.newest = payload.subarray(at)
  return opusSamples(audio.newest) === audio.ticks * TICK_SAMPLES
}

/** Where the newest frame begins; -1 where the older ones cannot be. */
function readOlder(payload: Uint8Array, audio: AudioPayload): number {
  let at = AUDIO_HEADER_BYTES
  const count = payload[at++]!
  if (count < 1 || count > OLDER_FRAMES_MAX) return -1
  audio.olderCount = count
  for (let i = 0; i < count; i++) {
    if (at + 2 > payload.length) return -1
    const frame = audio.older[i]!
    frame.age = payload[at]!
    const length = payload[at + 1]!
    at += 2
    if (frame.age < 1 || frame.age > AGE_MAX || at + length > payload.length) return -1
    frame.opus = payload.subarray(at, at + length)
    if (opusSamples(frame.opus) !== audio.ticks * TICK_SAMPLES) return -1
    at += length
  }
  return at
}
