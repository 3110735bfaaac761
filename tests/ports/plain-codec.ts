import {
  checkEncoderSettings,
  DECODERS_MAX,
  ENCODER_DEFAULTS,
  type EncoderSettings,
  PAYLOAD_ROOM_MIN,
  type VoiceCodec,
  type VoiceDecoder,
  type VoiceEncoder,
} from '../../src/ports/codec.ts'

/**
 * A codec for simulations, which takes next to no time and sounds like a telephone. A payload:
 *
 *     what makes it 10 or 20 ms of Opus 1 · marks 1 · samples (every 6th, or every 24th where there was little room), 1 byte each
 *     · where marked: every 24th of the frame before it
 *
 * A pause is the first byte alone.
 */
const TOC_20_MS = 0x78
const TOC_10_MS = 0x70
const SAYS_THE_ONE_BEFORE = 0x40
const COARSE = 1
const FINE_STEP = 6
const COARSE_STEP = 24
const FRAME_SAMPLES_MAX = 960
const SILENCE = 1e-4
const HEADER_BYTES = 2

export class PlainCodec implements VoiceCodec {
  readonly ok = true
  readonly memoryBytes = 0
  private decoders = 0

  encoder(settings: Partial<EncoderSettings> = {}): VoiceEncoder {
    return new PlainEncoder({ ...ENCODER_DEFAULTS, ...settings })
  }

  decoder(): VoiceDecoder | null {
    if (this.decoders === DECODERS_MAX) return null
    this.decoders++
    return new PlainDecoder(() => this.decoders--)
  }
}

/** 8 bits by the µ-law of ITU-T G.711, in its continuous form. */
function compress(sample: number): number {
  const size = Math.min(1, Math.abs(sample) || 0)
  const level = Math.round((127 * Math.log1p(255 * size)) / Math.log(256))
  return sample < 0 ? 127 - level : 128 + level
}

function expand(byte: number): number {
  const level = byte < 128 ? 127 - byte : byte - 128
  const size = Math.expm1((level * Math.log(256)) / 127) / 255
  return byte < 128 ? -size : size
}

class PlainEncoder implements VoiceEncoder {
  readonly delaySamples = 0
  recovers = false
  private readonly before = new Float32Array(FRAME_SAMPLES_MAX)
  private beforeLength = 0
  private isClosed = false

  constructor(private settings: EncoderSettings) {
    checkEncoderSettings(settings)
  }

  configure(changes: Partial<EncoderSettings>): void {
    checkEncoderSettings(changes)
    this.settings = { ...this.settings, ...changes }
  }

  encode(frame: Float32Array, into: Uint8Array): number {
    if (this.isClosed) throw new Error('this encoder is closed')
    if (frame.length !== 480 && frame.length !== 960) throw new RangeError('a frame is 10 or 20 ms')
    if (into.length < PAYLOAD_ROOM_MIN) throw new RangeError('too little room for a frame')
    const { dtx, lossPercent } = this.settings
    into[0] = frame.length === 960 ? TOC_20_MS : TOC_10_MS
    this.recovers = false
    let bytes = 1
    if (!dtx || frame.some((sample) => Math.abs(sample) > SILENCE)) {
      const again = lossPercent > 0 ? this.beforeLength / COARSE_STEP : 0
      const coarse = HEADER_BYTES + frame.length / FINE_STEP + again > into.length
      this.recovers = again > 0 && !coarse
      into[1] = (coarse ? COARSE : 0) | (this.recovers ? SAYS_THE_ONE_BEFORE : 0)
      bytes = writeSamples(frame, coarse ? COARSE_STEP : FINE_STEP, into, HEADER_BYTES)
      if (this.recovers) bytes = writeSamples(this.before.subarray(0, this.beforeLength), COARSE_STEP, into, bytes)
    }
    this.before.set(frame)
    this.beforeLength = frame.length
    return bytes
  }

  reset(): void {
    this.beforeLength = 0
    this.recovers = false
  }

  close(): void {
    this.isClosed = true
  }
}

/** The last of each `step` samples; answers where the next byte goes. */
function writeSamples(frame: Float32Array, step: number, into: Uint8Array, at: number): number {
  for (let i = step - 1; i < frame.length; i += step) into[at++] = compress(frame[i]!)
  return at
}

class PlainDecoder implements VoiceDecoder {
  private last = 0
  private readonly period = new Float32Array(480)
  private gain = 0
  private isClosed = false

  constructor(private readonly closed: () => void) {}

  decode(opus: Uint8Array, into: Float32Array, samples: number): boolean {
    const form = formOf(opus)
    if (form === null || form.samples !== samples || into.length < samples) return false
    if (form.step === 0) this.silence(into, samples)
    else this.read(opus, HEADER_BYTES, form.step, into, samples)
    return true
  }

  recover(opus: Uint8Array, into: Float32Array, samples: number): boolean {
    const form = formOf(opus)
    if (form === null) return false
    if (form.againAt === 0 || samples % 480 !== 0) return this.conceal(into, samples)
    if (into.length < samples || form.againAt + samples / COARSE_STEP !== opus.length) return false
    this.read(opus, form.againAt, COARSE_STEP, into, samples)
    return true
  }

  conceal(into: Float32Array, samples: number): boolean {
    if (this.isClosed) throw new Error('this decoder is closed')
    if (samples <= 0 || samples > FRAME_SAMPLES_MAX || samples % 120 !== 0 || into.length < samples) return false
    for (let i = 0; i < samples; i++) {
      into[i] = this.period[i % 480]! * this.gain
      if (i % 480 === 479) this.gain /= 2
    }
    this.last = into[samples - 1]!
    return true
  }

  reset(): void {
    this.last = 0
    this.gain = 0
  }

  close(): void {
    if (!this.isClosed) this.closed()
    this.isClosed = true
  }

  private silence(into: Float32Array, samples: number): void {
    into.fill(0, 0, samples)
    this.reset()
  }

  private read(opus: Uint8Array, from: number, step: number, into: Float32Array, samples: number): void {
    if (this.isClosed) throw new Error('this decoder is closed')
    for (let at = 0; at < samples; at += step) {
      const next = expand(opus[from + at / step]!)
      for (let i = 1; i <= step; i++) into[at + i - 1] = this.last + ((next - this.last) * i) / step
      this.last = next
    }
    this.period.set(into.subarray(samples - 480, samples))
    this.gain = 0.5
  }
}

/** `step` 0: a pause. `againAt` 0: the frame before is not said. */
function formOf(opus: Uint8Array): { samples: number; step: number; againAt: number } | null {
  const samples = opus[0] === TOC_20_MS ? 960 : opus[0] === TOC_10_MS ? 480 : 0
  if (samples === 0) return null
  if (opus.length === 1) return { samples, step: 0, againAt: 0 }
  const marks = opus[1]!
  if ((marks & ~(SAYS_THE_ONE_BEFORE | COARSE)) !== 0) return null
  const step = (marks & COARSE) === 0 ? FINE_STEP : COARSE_STEP
  const rest = opus.length - HEADER_BYTES - samples / step
  const again = (marks & SAYS_THE_ONE_BEFORE) !== 0
  if (again ? rest !== 20 && rest !== 40 : rest !== 0) return null
  return { samples, step, againAt: again ? opus.length - rest : 0 }
}
