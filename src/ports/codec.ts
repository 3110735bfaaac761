import type { SpeechDecoder } from '../core/voice/decoder.ts'

/** What sound is coded with for the network, and decoded. One for the whole process; it lasts as long. */
export interface VoiceCodec {
  readonly ok: true
  /** Memory it holds for itself and all that it made, in bytes. Grows with what is open, never with what is decoded. */
  readonly memoryBytes: number
  /** Where a setting is left out it is that of `ENCODER_DEFAULTS`. */
  encoder(settings?: Partial<EncoderSettings>): VoiceEncoder
  /** Null while `DECODERS_MAX` are open. */
  decoder(): VoiceDecoder | null
}

/** One for each speaker heard: a hundred at once, and some that are not yet closed. */
export const DECODERS_MAX = 128
/** No frame takes more (RFC 6716 section 3.2.1). Speech at 64 kbit/s takes 160 on average. */
export const PAYLOAD_BYTES_MAX = 1_275
/** An encoder wants at least so much room. */
export const PAYLOAD_ROOM_MIN = 64
const BITRATE_LEAST = 6_000
const BITRATE_MOST = 128_000
const COMPLEXITY_MAX = 10

export interface EncoderSettings {
  /** Bits a second on average, `BITRATE_LEAST` to `BITRATE_MOST`; a single frame may take several times its share. */
  readonly bitrate: number
  /** What the codec is to expect, 0 to 100: frames say the one before them again, coarsely (FEC), and lean less on it. 0: neither. */
  readonly lossPercent: number
  /** Discontinuous transmission: in silence nearly all payloads are pauses (`isOpusPause`), which need not be sent. */
  readonly dtx: boolean
  /** Processor time for quality: 0 to `COMPLEXITY_MAX`, a whole number. */
  readonly complexity: number
}

export const ENCODER_DEFAULTS: EncoderSettings = { bitrate: 32_000, lossPercent: 0, dtx: true, complexity: 8 }

/** Throws a RangeError where one of them is outside of what it may be. */
export function checkEncoderSettings({ bitrate, lossPercent, complexity }: Partial<EncoderSettings>): void {
  checkRange('bitrate', bitrate, BITRATE_LEAST, BITRATE_MOST)
  checkRange('lossPercent', lossPercent, 0, 100)
  checkRange('complexity', complexity, 0, COMPLEXITY_MAX)
}

function checkRange(name: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined || (value >= least && value <= most)) return
  throw new RangeError(`${name} is ${least} to ${most}, not ${value}`)
}

export interface VoiceEncoder {
  /** By so many samples does what is decoded lag behind what was encoded. */
  readonly delaySamples: number
  /** Whether the last payload also says the frame before it, for `SpeechDecoder.recover`. */
  readonly recovers: boolean
  /** From the next frame on; what is not named stays. Throws as `checkEncoderSettings`, and then all stays. */
  configure(changes: Partial<EncoderSettings>): void
  /**
   * Encodes 10 or 20 ms (480 or 960 samples, changing as one likes) and answers how many bytes it has written to the beginning of `into`, 1 or
   * more. Where `into` has less room than the frame would take, it is coded more coarsely. Samples beyond -1 to 1 are cut; what is no number
   * is silence. Throws a RangeError for other lengths, and for less room than `PAYLOAD_ROOM_MIN`.
   */
  encode(frame: Float32Array, into: Uint8Array): number
  /**
   * As if nothing had been encoded yet; the settings stay. For what follows a silence: whoever did not hear what was before it decodes that as
   * well as those who did.
   */
  reset(): void
  /** Gives its memory back. Nothing may be asked of it any more, but to close it again. */
  close(): void
}

/**
 * One speaker's. Never writes more than `samples` samples, nor any beyond -1 to 1, whatever the bytes; at most 960 at a time. Payloads that
 * cannot be the sound of an honest encoder count as not to be decoded.
 */
export interface VoiceDecoder extends SpeechDecoder {
  /** As of the encoder. */
  close(): void
}

/** Takes noise out of one stream of sound, and tells where in it there is a voice. */
export interface NoiseSuppressor {
  readonly ok: true
  /** By so many samples does what comes out lag behind what went in. */
  readonly delaySamples: number
  readonly memoryBytes: number
  /** Makes a frame of 10 ms (480 samples) clean, in its place, and answers how probable it is that it holds a voice: 0 to 1. */
  suppress(frame: Float32Array): number
  reset(): void
}

/** Why a codec or suppressor cannot be had; `message` is a sentence for the user that says what is the matter and what to do. */
export interface CodecFault {
  readonly ok: false
  readonly code: 'not-loaded'
  readonly message: string
  readonly cause: unknown
}
