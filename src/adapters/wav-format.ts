/**
 * The header of a WAV file: RIFF chunks, of which `fmt ` and `data` count.
 *
 * Sources: Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0"; Microsoft, "Multiple channel audio data and
 * WAVE files" (the extensible format).
 */
export interface WavFormat {
  readonly encoding: 'integer' | 'float'
  readonly bytesPerSample: number
  readonly channels: number
  readonly rateHz: number
  /** Of one sample of each channel. */
  readonly blockBytes: number
  /** Where the samples begin, and where they end: beyond the file's end where the header does not know. */
  readonly dataFrom: number
  readonly dataTo: number
}

/** How much of a file is enough to see its header: what stands before the samples otherwise is pictures and the like. */
export const WAV_HEAD_BYTES_MAX = 1024 * 1024

const CHANNELS_MAX = 64
const RATE_HZ_MIN = 4_000
const RATE_HZ_MAX = 768_000

const PCM = 1
const FLOAT = 3
const EXTENSIBLE = 0xfffe

/** Sizes that a program which was writing to a pipe could not know. */
const isUnknown = (size: number): boolean => size === 0 || size >= 0xffff_ff00

/** Reads the header from a file's first bytes; why not, as the end of a sentence that begins with the file. */
export function parseWav(head: Uint8Array): WavFormat | string {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  if (tag(view, 0) !== 'RIFF' || tag(view, 8) !== 'WAVE') return 'is not a WAV file'
  let format: Omit<WavFormat, 'dataFrom' | 'dataTo'> | null = null
  for (let at = 12; at + 8 <= head.length; ) {
    const size = view.getUint32(at + 4, true)
    const body = at + 8
    if (tag(view, at) === 'fmt ') {
      const read = parseFormat(view, body, size)
      if (typeof read === 'string') return read
      format = read
    }
    if (tag(view, at) === 'data') {
      if (format === null) return 'is a broken WAV file: its samples come before their format'
      return { ...format, dataFrom: body, dataTo: isUnknown(size) ? Number.POSITIVE_INFINITY : body + size }
    }
    at = body + size + (size % 2)
  }
  return 'is a broken WAV file: it has no samples'
}

function parseFormat(view: DataView, at: number, size: number): Omit<WavFormat, 'dataFrom' | 'dataTo'> | string {
  if (size < 16 || at + size > view.byteLength) return 'is a broken WAV file: its format is cut off'
  const channels = view.getUint16(at + 2, true)
  const rateHz = view.getUint32(at + 4, true)
  const bits = view.getUint16(at + 14, true)
  let code = view.getUint16(at, true)
  // The first two bytes of the long name that an extensible format has.
  if (code === EXTENSIBLE && size >= 40) code = view.getUint16(at + 24, true)
  const isInteger = code === PCM && [8, 16, 24, 32].includes(bits)
  const isFloat = code === FLOAT && [32, 64].includes(bits)
  if (!isInteger && !isFloat)
    return `is a WAV file of another kind (format ${code}, ${bits} bits): it has to be PCM or float`
  if (channels < 1 || channels > CHANNELS_MAX) return `is a WAV file with ${channels} channels`
  if (rateHz < RATE_HZ_MIN || rateHz > RATE_HZ_MAX) return `is a WAV file of ${rateHz} samples a second`
  const bytesPerSample = bits / 8
  const blockBytes = channels * bytesPerSample
  return { encoding: isInteger ? 'integer' : 'float', bytesPerSample, channels, rateHz, blockBytes }
}

function tag(view: DataView, at: number): string {
  if (at + 4 > view.byteLength) return ''
  return String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(at + i)))
}

/** One channel of as many blocks as `bytes` holds, in -1 to 1, into `samples`; answers how many. Channels are averaged. */
export function decodeWav(format: WavFormat, bytes: Uint8Array, samples: Float32Array): number {
  const { blockBytes, bytesPerSample, channels } = format
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const read = reader(format)
  const count = Math.min(Math.floor(bytes.length / blockBytes), samples.length)
  for (let i = 0; i < count; i++) {
    let sum = 0
    for (let channel = 0; channel < channels; channel++) sum += read(view, i * blockBytes + channel * bytesPerSample)
    const sample = sum / channels
    // A float may be anything, and one that is no number would silence everything that is mixed with it.
    samples[i] = Number.isFinite(sample) ? Math.max(-1, Math.min(1, sample)) : 0
  }
  return count
}

type Read = (view: DataView, at: number) => number

function reader({ encoding, bytesPerSample }: WavFormat): Read {
  if (encoding === 'float') {
    return bytesPerSample === 4 ? (view, at) => view.getFloat32(at, true) : (view, at) => view.getFloat64(at, true)
  }
  if (bytesPerSample === 1) return (view, at) => (view.getUint8(at) - 128) / 128
  if (bytesPerSample === 2) return (view, at) => view.getInt16(at, true) / 0x8000
  if (bytesPerSample === 3)
    return (view, at) => (view.getUint16(at, true) + view.getInt8(at + 2) * 0x1_0000) / 0x80_0000
  return (view, at) => view.getInt32(at, true) / 0x8000_0000
}

export const WAV_HEADER_BYTES = 44

/** The header of a file of 16-bit samples of one channel, of which `dataBytes` follow. */
export function wavHeader(rateHz: number, dataBytes: number): Uint8Array {
  const header = new Uint8Array(WAV_HEADER_BYTES)
  const view = new DataView(header.buffer)
  const write = (at: number, text: string): void => {
    for (let i = 0; i < text.length; i++) header[at + i] = text.charCodeAt(i)
  }
  write(0, 'RIFF')
  view.setUint32(4, WAV_HEADER_BYTES - 8 + dataBytes, true)
  write(8, 'WAVEfmt ')
  view.setUint32(16, 16, true)
  view.setUint16(20, PCM, true)
  view.setUint16(22, 1, true)
  view.setUint32(24, rateHz, true)
  view.setUint32(28, 2 * rateHz, true)
  view.setUint16(32, 2, true)
  view.setUint16(34, 16, true)
  write(36, 'data')
  view.setUint32(40, dataBytes, true)
  return header
}
