import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { WavReader, WavWriter } from '../../src/adapters/wav-file.ts'
import { parseWav, WAV_HEADER_BYTES, wavHeader } from '../../src/adapters/wav-format.ts'
import { FRAME_SAMPLES, SAMPLE_RATE_HZ } from '../../src/ports/sound.ts'
import { levelAt, Tone } from '../ports/sound-ends.ts'

const folder = mkdtempSync(join(tmpdir(), 'hearsay-wav-'))
let files = 0
afterAll(() => rmSync(folder, { recursive: true }))

interface Kind {
  readonly code: number
  readonly bits: number
  readonly channels: number
  readonly rateHz: number
  readonly isExtensible?: boolean
}

/** A file of a tone, alike in all channels but the last, which is silent where there are several. */
function toneFile(hz: number, kind: Kind, seconds = 1): Uint8Array {
  const { code, bits, channels, rateHz, isExtensible = false } = kind
  const blocks = Math.round(seconds * rateHz)
  const bytes = bits / 8
  const formatBytes = isExtensible ? 40 : 16
  // An odd chunk before the format, as editors write them.
  const file = Buffer.alloc(12 + 12 + 8 + formatBytes + 8 + blocks * channels * bytes)
  file.write('RIFF', 0)
  file.writeUInt32LE(file.length - 8, 4)
  file.write('WAVELIST', 8)
  file.writeUInt32LE(3, 16)
  file.write('fmt ', 24)
  file.writeUInt32LE(formatBytes, 28)
  file.writeUInt16LE(isExtensible ? 0xfffe : code, 32)
  file.writeUInt16LE(channels, 34)
  file.writeUInt32LE(rateHz, 36)
  file.writeUInt16LE(bits, 46)
  if (isExtensible) file.writeUInt16LE(code, 56)
  const data = 32 + formatBytes
  file.write('data', data)
  file.writeUInt32LE(blocks * channels * bytes, data + 4)
  for (let i = 0; i < blocks; i++) {
    const sample = Math.sin((2 * Math.PI * hz * i) / rateHz) / 2
    for (let channel = 0; channel < channels; channel++) {
      const at = data + 8 + (i * channels + channel) * bytes
      write(file, at, channels > 1 && channel === channels - 1 ? 0 : sample, code, bits)
    }
  }
  return file
}

function write(file: Buffer, at: number, sample: number, code: number, bits: number): void {
  if (code === 3) return void (bits === 32 ? file.writeFloatLE(sample, at) : file.writeDoubleLE(sample, at))
  if (bits === 8) return void file.writeUInt8(Math.round(128 + sample * 127), at)
  file.writeIntLE(Math.round(sample * (2 ** (bits - 1) - 1)), at, bits / 8)
}

function saved(bytes: Uint8Array): string {
  const path = join(folder, `${++files}.wav`)
  writeFileSync(path, bytes)
  return path
}

function read(path: string, frames: number): Float32Array {
  const reader = WavReader.open(path)
  if (!(reader instanceof WavReader)) throw new Error(reader.message)
  const samples = new Float32Array(frames * FRAME_SAMPLES)
  for (let i = 0; i < frames; i++) reader.read(samples.subarray(i * FRAME_SAMPLES, (i + 1) * FRAME_SAMPLES))
  reader.close()
  return samples
}

/** What is in some sound beside the sine, in decibels below it. */
function purity(hz: number, samples: Float32Array): number {
  const amplitude = levelAt(hz, samples)
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length
  return 10 * Math.log10(amplitude ** 2 / 2 / Math.max(1e-12, power - amplitude ** 2 / 2))
}

const HZ = 1_000

test.each<Kind & { level: number; decibels: number }>([
  { code: 1, bits: 8, channels: 1, rateHz: 48_000, level: 0.5, decibels: 40 },
  { code: 1, bits: 16, channels: 1, rateHz: 48_000, level: 0.5, decibels: 80 },
  { code: 1, bits: 16, channels: 2, rateHz: 44_100, level: 0.25, decibels: 60 },
  { code: 1, bits: 24, channels: 1, rateHz: 96_000, level: 0.5, decibels: 60 },
  { code: 1, bits: 32, channels: 4, rateHz: 48_000, level: 0.375, decibels: 80, isExtensible: true },
  { code: 3, bits: 32, channels: 1, rateHz: 8_000, level: 0.5, decibels: 60, isExtensible: true },
  { code: 3, bits: 64, channels: 2, rateHz: 22_050, level: 0.25, decibels: 60 },
])('a tone comes out of %j pure, and as loud as it is there', ({ level, decibels, ...kind }) => {
  // From the second tenth of a second on, for half a second, in whole waves.
  const samples = read(saved(toneFile(HZ, kind)), 60).subarray(10 * FRAME_SAMPLES)
  expect(levelAt(HZ, samples)).toBeCloseTo(level, 2)
  expect(purity(HZ, samples)).toBeGreaterThan(decibels)
})

test('what the lower rate cannot hold is gone, and not heard as something else', () => {
  const samples = read(saved(toneFile(30_000, { code: 3, bits: 32, channels: 1, rateHz: 96_000 })), 50)
  expect(Math.max(...samples.subarray(10 * FRAME_SAMPLES))).toBeLessThan(0.001)
})

test('the sound is as long as the file, and silence follows', () => {
  for (const rateHz of [48_000, 44_100, 8_000]) {
    const samples = read(saved(toneFile(HZ, { code: 1, bits: 16, channels: 1, rateHz }, 0.5)), 100)
    const last = samples.findLastIndex((sample) => Math.abs(sample) > 0.01)
    expect(Math.abs(last - SAMPLE_RATE_HZ / 2)).toBeLessThan(SAMPLE_RATE_HZ / 200)
  }
})

test('a header that does not know its size, as of a program that was killed, has all that follows', () => {
  for (const size of [0, 0xffff_ffff]) {
    const file = Buffer.from(toneFile(HZ, { code: 1, bits: 16, channels: 1, rateHz: 48_000 }))
    file.writeUInt32LE(size, file.indexOf('data') + 4)
    expect(levelAt(HZ, read(saved(file), 50))).toBeCloseTo(0.5, 2)
  }
})

test('floats that are no numbers or beyond all measure are heard as silence, or cut', () => {
  const file = Buffer.concat([wavHeader(48_000, 0), Buffer.alloc(8 * FRAME_SAMPLES)])
  file.writeUInt16LE(3, 20)
  file.writeUInt16LE(4, 32)
  file.writeUInt16LE(32, 34)
  for (const [i, value] of [Number.NaN, Number.POSITIVE_INFINITY, 1e30, -7].entries()) {
    file.writeFloatLE(value, WAV_HEADER_BYTES + 4 * i)
  }
  expect([...read(saved(file), 1).subarray(0, 5)]).toEqual([0, 0, 1, -1, 0])
})

describe('a file that is no WAV file', () => {
  test.each([
    ['nothing', Buffer.alloc(0), /is not a WAV file/],
    ['text', Buffer.from('RIFFLE is not a WAVE'), /is not a WAV file/],
    ['ADPCM', alter(toneFile(1, { code: 1, bits: 16, channels: 1, rateHz: 8_000 }), 32, 2), /another kind/],
    ['no channel', alter(toneFile(1, { code: 1, bits: 16, channels: 1, rateHz: 8_000 }), 34, 0), /0 channels/],
    ['a rate of 0', alter(toneFile(1, { code: 1, bits: 16, channels: 1, rateHz: 8_000 }), 36, 0), /samples a second/],
    ['no samples', toneFile(1, { code: 1, bits: 16, channels: 1, rateHz: 8_000 }).subarray(0, 48), /no samples/],
  ])('(%s) is refused with a sentence', (_name, bytes, sentence) => {
    const path = saved(bytes)
    const fault = WavReader.open(path)
    expect(fault).toMatchObject({ ok: false, code: 'file' })
    expect('message' in fault && fault.message).toMatch(sentence)
    expect('message' in fault && fault.message.startsWith(path)).toBe(true)
  })

  test('is never believed, whatever is in it', () => {
    const valid = toneFile(1, { code: 1, bits: 16, channels: 2, rateHz: 8_000 }, 0.01)
    const broken = fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 8 }).map((changes) => {
      const file = Buffer.from(valid)
      for (const [at, value] of changes) file[at] = value
      return file
    })
    fc.assert(
      fc.property(fc.oneof(broken, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        const format = parseWav(bytes)
        if (typeof format === 'string') return format !== ''
        return format.dataTo >= format.dataFrom && read(saved(bytes), 3).every((sample) => Math.abs(sample) <= 1)
      }),
      { numRuns: 200 },
    )
  })
})

function alter(file: Uint8Array, at: number, value: number): Uint8Array {
  const altered = Buffer.from(file)
  altered.writeUInt16LE(value, at)
  return altered
}

test('a file that is not there, or a folder, is a sentence, to read and to write', () => {
  for (const fault of [WavReader.open(join(folder, 'none.wav')), WavReader.open(folder), WavWriter.open(folder)]) {
    expect(fault).toMatchObject({ ok: false, code: 'file' })
    expect('message' in fault && fault.message).toMatch(/cannot be (read|written): .*\.$/)
  }
})

test('what is written is right at any moment, without being closed', () => {
  const path = join(folder, `${++files}.wav`)
  const writer = WavWriter.open(path)
  if (!(writer instanceof WavWriter)) throw new Error(writer.message)
  const tone = new Tone(HZ)
  const frame = new Float32Array(FRAME_SAMPLES)
  for (let frames = 1; frames <= 55; frames++) {
    tone.fill(frame)
    expect(writer.write(frame)).toBeNull()
    const bytes = readFileSync(path)
    const format = parseWav(bytes)
    if (typeof format === 'string') throw new Error(format)
    // Within a tenth of a second of what was said.
    expect(bytes.length).toBeGreaterThan(WAV_HEADER_BYTES + (frames - 10) * FRAME_SAMPLES * 2)
    if (bytes.length > WAV_HEADER_BYTES) expect(format.dataTo).toBe(bytes.length)
    expect(bytes.readUInt32LE(4)).toBe(bytes.length - 8)
  }
  expect(writer.close()).toBeNull()
  expect(levelAt(HZ, read(path, 50))).toBeCloseTo(0.5, 2)
  expect(readFileSync(path).length).toBe(WAV_HEADER_BYTES + 55 * FRAME_SAMPLES * 2)
})
