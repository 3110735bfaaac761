import { readFileSync, writeFileSync } from 'node:fs'

/** One channel of 16 bits: what the tools around a test read and write. */
const HEADER_BYTES = 44
const FORMAT_PCM = 1

export function writeWav(path: string, sound: Float32Array, rateHz: number): void {
  const bytes = Buffer.alloc(HEADER_BYTES + 2 * sound.length)
  bytes.write('RIFF', 0, 'latin1')
  bytes.writeUInt32LE(bytes.length - 8, 4)
  bytes.write('WAVEfmt ', 8, 'latin1')
  bytes.writeUInt32LE(16, 16)
  bytes.writeUInt16LE(FORMAT_PCM, 20)
  bytes.writeUInt16LE(1, 22)
  bytes.writeUInt32LE(rateHz, 24)
  bytes.writeUInt32LE(2 * rateHz, 28)
  bytes.writeUInt16LE(2, 32)
  bytes.writeUInt16LE(16, 34)
  bytes.write('data', 36, 'latin1')
  bytes.writeUInt32LE(2 * sound.length, 40)
  const samples = new DataView(bytes.buffer, bytes.byteOffset + HEADER_BYTES)
  for (let i = 0; i < sound.length; i++) {
    samples.setInt16(2 * i, Math.max(-32_768, Math.min(32_767, Math.round(sound[i]! * 32_767))), true)
  }
  writeFileSync(path, bytes)
}

/** Throws for any other form. */
export function readWav(path: string): { sound: Float32Array; rateHz: number } {
  const bytes = readFileSync(path)
  let rateHz = 0
  for (let at = 12; at + 8 <= bytes.length; ) {
    const name = bytes.toString('latin1', at, at + 4)
    const length = bytes.readUInt32LE(at + 4)
    const body = at + 8
    if (name === 'fmt ') {
      const form = [bytes.readUInt16LE(body), bytes.readUInt16LE(body + 2), bytes.readUInt16LE(body + 14)]
      if (form.join() !== [FORMAT_PCM, 1, 16].join()) throw new Error(`${path} is not one channel of 16 bits`)
      rateHz = bytes.readUInt32LE(body + 4)
    } else if (name === 'data') {
      const samples = Math.min(length, bytes.length - body) >> 1
      const sound = Float32Array.from({ length: samples }, (_, i) => bytes.readInt16LE(body + 2 * i) / 32_767)
      return { sound, rateHz }
    }
    at = body + length + (length & 1)
  }
  throw new Error(`${path} holds no sound`)
}
