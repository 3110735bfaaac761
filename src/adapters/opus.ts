import createLibopus, { type Libopus } from '#libopus'
import {
  type CodecFault,
  checkEncoderSettings,
  DECODERS_MAX,
  ENCODER_DEFAULTS,
  type EncoderSettings,
  PAYLOAD_BYTES_MAX,
  PAYLOAD_ROOM_MIN,
  type VoiceCodec,
  type VoiceDecoder,
  type VoiceEncoder,
} from '../ports/codec.ts'
import { FRAME_SAMPLES, SAMPLE_RATE_HZ } from '../ports/sound.ts'
import { opusSamples } from '../wire/voice-opus.ts'
import { withinRange } from './sample-range.ts'

/**
 * Opus (RFC 6716): libopus 1.6 in WebAssembly, in one memory for all encoders and decoders. Calls do not overlap, so all of them share one
 * place for sound and one for a packet, and nothing is allocated while sound runs.
 *
 * Numbers are those of libopus' opus_defines.h.
 */
const APPLICATION_VOIP = 2048
const SET_BITRATE = 4002
const SET_COMPLEXITY = 4010
const SET_INBAND_FEC = 4012
const SET_PACKET_LOSS_PERC = 4014
const SET_DTX = 4016
const SET_SIGNAL = 4024
const SIGNAL_VOICE = 3001

const FRAME_SAMPLES_MAX = 2 * FRAME_SAMPLES
/** 2.5 ms: what Opus counts sound in. */
const STEP_SAMPLES = 120
/**
 * With FEC the encoder is told of at least so much loss. Told of less, it keeps its bandwidth rather than repeat anything, and at 32 kbit/s
 * no packet repeats its predecessor; told of more, it repeats from 18 kbit/s on.
 */
const FEC_LOSS_PERCENT_MIN = 10
/** What decodes to more is no sound that was encoded: noise of full scale comes out at 4.1 at most, arbitrary bytes at up to a million. */
const PEAK_MAX = 8

/** Loads and compiles it, in some 25 ms. May be asked for again, and is another one then. */
export async function openOpus(): Promise<VoiceCodec | CodecFault> {
  try {
    const nothing = (): void => undefined
    return new OpusCodec(new Memory(await createLibopus({ print: nothing, printErr: nothing })))
  } catch (cause) {
    const message =
      'The codec for voice (WebAssembly) cannot be loaded on this machine; voice is not to be had, all else works.'
    return { ok: false, code: 'not-loaded', message, cause }
  }
}

class Memory {
  readonly pcmAt: number
  readonly packetAt: number
  pcm!: Float32Array
  packet!: Uint8Array

  constructor(readonly lib: Libopus) {
    this.pcmAt = this.allocated(lib._malloc(FRAME_SAMPLES_MAX * Float32Array.BYTES_PER_ELEMENT))
    this.packetAt = this.allocated(lib._malloc(PAYLOAD_BYTES_MAX))
  }

  /** Passes on what was allocated just now; memory may have grown by it. */
  allocated(pointer: number): number {
    if (pointer === 0) throw new Error('libopus has no memory left')
    const { buffer } = this.lib.HEAPU8
    this.pcm = new Float32Array(buffer, this.pcmAt, FRAME_SAMPLES_MAX)
    this.packet = new Uint8Array(buffer, this.packetAt, PAYLOAD_BYTES_MAX)
    return pointer
  }

  /** Calls `create` with a place for its error number. */
  make(create: (error: number) => number): number {
    const error = this.allocated(this.lib._malloc(Int32Array.BYTES_PER_ELEMENT))
    try {
      return this.allocated(create(error))
    } finally {
      this.lib._free(error)
    }
  }
}

class OpusCodec implements VoiceCodec {
  readonly ok = true
  private decoders = 0

  constructor(private readonly memory: Memory) {}

  get memoryBytes(): number {
    return this.memory.lib.HEAPU8.length
  }

  encoder(settings: Partial<EncoderSettings> = {}): VoiceEncoder {
    return new OpusEncoder(this.memory, { ...ENCODER_DEFAULTS, ...settings })
  }

  decoder(): VoiceDecoder | null {
    if (this.decoders === DECODERS_MAX) return null
    this.decoders++
    return new OpusDecoder(this.memory, () => this.decoders--)
  }
}

class OpusEncoder implements VoiceEncoder {
  readonly delaySamples: number
  recovers = false
  /** 0 once closed. */
  private at = 0

  constructor(
    private readonly memory: Memory,
    private settings: EncoderSettings,
  ) {
    checkEncoderSettings(settings)
    this.open()
    this.delaySamples = memory.lib._oc_encoder_ctl_get_lookahead(this.at)
  }

  configure(changes: Partial<EncoderSettings>): void {
    checkEncoderSettings(changes)
    this.settings = { ...this.settings, ...changes }
    this.apply()
  }

  encode(frame: Float32Array, into: Uint8Array): number {
    if (frame.length !== FRAME_SAMPLES && frame.length !== FRAME_SAMPLES_MAX) {
      throw new RangeError(`a frame has ${FRAME_SAMPLES} or ${FRAME_SAMPLES_MAX} samples, not ${frame.length}`)
    }
    if (into.length < PAYLOAD_ROOM_MIN) throw new RangeError(`${into.length} bytes are too little room for a frame`)
    const { lib, pcm, pcmAt, packet, packetAt } = this.memory
    copyWithin(frame, pcm, frame.length)
    const bytesMax = Math.min(into.length, PAYLOAD_BYTES_MAX)
    const bytes = lib._oc_encode_float(opened(this.at), pcmAt, frame.length, packetAt, bytesMax)
    if (bytes <= 0) throw new Error(`libopus cannot encode a frame (error ${bytes})`)
    for (let i = 0; i < bytes; i++) into[i] = packet[i]!
    this.recovers = saysTheOneBefore(packet, bytes)
    return bytes
  }

  reset(): void {
    this.memory.lib._oc_destroy_encoder(opened(this.at))
    this.open()
    this.recovers = false
  }

  close(): void {
    if (this.at !== 0) this.memory.lib._oc_destroy_encoder(this.at)
    this.at = 0
  }

  private open(): void {
    const { memory } = this
    this.at = memory.make((error) => memory.lib._oc_create_encoder(SAMPLE_RATE_HZ, 1, APPLICATION_VOIP, error))
    this.set(SET_SIGNAL, SIGNAL_VOICE)
    this.apply()
  }

  private apply(): void {
    const { bitrate, lossPercent, dtx, complexity } = this.settings
    this.set(SET_BITRATE, Math.round(bitrate))
    this.set(SET_COMPLEXITY, complexity)
    this.set(SET_DTX, dtx ? 1 : 0)
    this.set(SET_INBAND_FEC, lossPercent > 0 ? 1 : 0)
    this.set(SET_PACKET_LOSS_PERC, lossPercent > 0 ? Math.max(FEC_LOSS_PERCENT_MIN, Math.round(lossPercent)) : 0)
  }

  private set(request: number, value: number): void {
    const error = this.memory.lib._oc_encoder_ctl(opened(this.at), request, value)
    if (error !== 0) throw new Error(`libopus refuses ${value} for its setting ${request} (error ${error})`)
  }
}

class OpusDecoder implements VoiceDecoder {
  private at = 0

  constructor(
    private readonly memory: Memory,
    private readonly closed: () => void,
  ) {
    this.open()
  }

  decode(opus: Uint8Array, into: Float32Array, samples: number): boolean {
    return opusSamples(opus) === samples && this.run(opus, into, samples, 0)
  }

  recover(opus: Uint8Array, into: Float32Array, samples: number): boolean {
    return opusSamples(opus) > 0 && this.run(opus, into, samples, 1)
  }

  conceal(into: Float32Array, samples: number): boolean {
    return this.run(null, into, samples, 0)
  }

  reset(): void {
    this.memory.lib._oc_destroy_decoder(opened(this.at))
    this.open()
  }

  close(): void {
    if (this.at === 0) return
    this.memory.lib._oc_destroy_decoder(this.at)
    this.at = 0
    this.closed()
  }

  private open(): void {
    const { memory } = this
    this.at = memory.make((error) => memory.lib._oc_create_decoder(SAMPLE_RATE_HZ, 1, error))
  }

  private run(opus: Uint8Array | null, into: Float32Array, samples: number, fec: 0 | 1): boolean {
    const at = opened(this.at)
    if (samples <= 0 || samples > FRAME_SAMPLES_MAX || samples % STEP_SAMPLES !== 0 || into.length < samples)
      return false
    const { lib, pcm, pcmAt, packet, packetAt } = this.memory
    if (opus !== null) {
      if (opus.length > PAYLOAD_BYTES_MAX) return false
      packet.set(opus)
    }
    const made = lib._oc_decode_float(at, opus === null ? 0 : packetAt, opus?.length ?? 0, pcmAt, samples, fec)
    if (made !== samples) return false
    for (let i = 0; i < samples; i++) {
      if (Math.abs(pcm[i]!) <= PEAK_MAX) continue
      // What it remembers is as loud, and would be heard in all that follows.
      this.reset()
      return false
    }
    copyWithin(pcm, into, samples)
    return true
  }
}

function opened(pointer: number): number {
  if (pointer === 0) throw new Error('this encoder or decoder is closed')
  return pointer
}

function copyWithin(from: Float32Array, to: Float32Array, samples: number): void {
  for (let i = 0; i < samples; i++) to[i] = withinRange(from[i]!)
}

/**
 * RFC 6716 section 4.2.3: a SILK frame (configurations 0 to 15) of 10 or 20 ms in one channel begins with two flags, whether it is active and
 * whether the frame before it follows.
 */
function saysTheOneBefore(packet: Uint8Array, bytes: number): boolean {
  return bytes > 1 && packet[0]! >> 3 < 16 && (packet[1]! & 0x40) !== 0
}
