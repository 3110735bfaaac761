import { closeSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import { toInt16 } from '../core/voice/pcm.ts'
import { FRAME_SAMPLES, SAMPLE_RATE_HZ, type SoundFault } from '../ports/sound.ts'
import { Resampler } from './resampler.ts'
import { decodeWav, parseWav, WAV_HEAD_BYTES_MAX, WAV_HEADER_BYTES, type WavFormat, wavHeader } from './wav-format.ts'

/** Read at once, in blocks of all channels: a tenth of a second or so. */
const BLOCKS_AT_ONCE = 4_096

/** What a header can count. */
const DATA_BYTES_MAX = 0xffff_ff00 - WAV_HEADER_BYTES

/** Frames gathered before they are written: what is lost when the process is killed. */
const FRAMES_AT_ONCE = 10

/** A WAV file as frames of 48 kHz and one channel; after its end, silence. */
export class WavReader {
  private readonly file: number
  private readonly format: WavFormat
  private readonly bytes: Uint8Array
  private readonly decoded = new Float32Array(BLOCKS_AT_ONCE)
  private readonly resampler: Resampler | null
  private at: number
  /** At the rate of frames, and not given out yet. */
  private ready: Float32Array = new Float32Array(0)
  private taken = 0
  private hasEnded = false

  private constructor(file: number, format: WavFormat) {
    this.file = file
    this.format = format
    this.at = format.dataFrom
    this.bytes = new Uint8Array(BLOCKS_AT_ONCE * format.blockBytes)
    this.resampler = format.rateHz === SAMPLE_RATE_HZ ? null : new Resampler(format.rateHz, SAMPLE_RATE_HZ)
  }

  static open(path: string): WavReader | SoundFault {
    let file: number | undefined
    try {
      file = openSync(path, 'r')
      const head = new Uint8Array(WAV_HEAD_BYTES_MAX)
      const format = parseWav(head.subarray(0, readSync(file, head, 0, head.length, 0)))
      if (typeof format !== 'string') return new WavReader(file, format)
      closeSync(file)
      return fileFault(`${path} ${format}. Give another file.`, null)
    } catch (cause) {
      if (file !== undefined) closeSync(file)
      return fileFault(`${path} cannot be read: ${reason(cause)}. Give another file.`, cause)
    }
  }

  /** Writes the next frame over `frame`. */
  read(frame: Float32Array): void {
    let filled = 0
    while (filled < FRAME_SAMPLES) {
      const part = this.ready.subarray(this.taken, this.taken + FRAME_SAMPLES - filled)
      frame.set(part, filled)
      filled += part.length
      this.taken += part.length
      if (filled < FRAME_SAMPLES && !this.refill()) break
    }
    frame.fill(0, filled)
  }

  close(): void {
    closeSync(this.file)
  }

  private refill(): boolean {
    if (this.hasEnded) return false
    const { dataTo, blockBytes } = this.format
    const wanted = Math.min(this.bytes.length, dataTo - this.at)
    const got = wanted > 0 ? readSync(this.file, this.bytes, 0, wanted, this.at) : 0
    const whole = got - (got % blockBytes)
    this.hasEnded = whole === 0
    this.at += whole
    const count = decodeWav(this.format, this.bytes.subarray(0, whole), this.decoded)
    // At the end the resampler still has the last of it.
    if (this.hasEnded) this.decoded.fill(0)
    const input = this.hasEnded ? this.decoded.length : count
    this.ready = this.resampler?.push(this.decoded, input) ?? this.decoded.subarray(0, count)
    this.taken = 0
    return this.ready.length > 0 || !this.hasEnded
  }
}

/** A WAV file of 16 bits, 48 kHz and one channel that is right at any moment, but for the last tenth of a second. */
export class WavWriter {
  private readonly file: number
  private readonly gathered = new Int16Array(FRAMES_AT_ONCE * FRAME_SAMPLES)
  private gatheredSamples = 0
  private dataBytes = 0

  private constructor(file: number) {
    this.file = file
  }

  static open(path: string): WavWriter | SoundFault {
    try {
      const file = openSync(path, 'w')
      ftruncateSync(file)
      writeSync(file, wavHeader(SAMPLE_RATE_HZ, 0))
      return new WavWriter(file)
    } catch (cause) {
      return fileFault(`${path} cannot be written: ${reason(cause)}. Give another path.`, cause)
    }
  }

  /** Takes one frame; answers why it cannot be kept. */
  write(frame: Float32Array): SoundFault | null {
    toInt16(frame, this.gathered.subarray(this.gatheredSamples))
    this.gatheredSamples += frame.length
    return this.gatheredSamples === this.gathered.length ? this.flush() : null
  }

  close(): SoundFault | null {
    const fault = this.flush()
    closeSync(this.file)
    return fault
  }

  private flush(): SoundFault | null {
    if (this.gatheredSamples === 0) return null
    const bytes = new Uint8Array(this.gathered.buffer, 0, this.gatheredSamples * 2)
    if (this.dataBytes + bytes.length > DATA_BYTES_MAX) {
      return fileFault(
        'The recording has reached the size at which a WAV file ends, 4 GiB. Start again with another file.',
        null,
      )
    }
    try {
      // The samples first: a header never tells of what is not there.
      const written = writeSync(this.file, bytes, 0, bytes.length, WAV_HEADER_BYTES + this.dataBytes)
      if (written < bytes.length) throw new Error('the disk is full')
      this.dataBytes += bytes.length
      this.gatheredSamples = 0
      writeSync(this.file, wavHeader(SAMPLE_RATE_HZ, this.dataBytes), 0, WAV_HEADER_BYTES, 0)
      return null
    } catch (cause) {
      return fileFault(`The recording cannot be written: ${reason(cause)}. See what is wrong with the disk.`, cause)
    }
  }
}

function fileFault(message: string, cause: unknown): SoundFault {
  return { ok: false, code: 'file', message, cause }
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
