import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { SAMPLE_RATE_HZ } from '../../src/ports/sound.ts'
import { PulseServer } from '../ports/pulse-server.ts'

const EVERY_MS = 5
const NAME = 'quartz'

/** A microphone at a sound server of its own, whose clock is not ours: it says as many samples as a quartz that is off would have. */
export class Microphone {
  readonly name = NAME

  private constructor(
    private readonly server: PulseServer,
    private readonly timer: Timer,
    private readonly pipe: number,
  ) {}

  get environment() {
    return { ...this.server.environment, ALSA_CONFIG_PATH: undefined }
  }

  /** `ppm`: millionths by which it is fast. */
  static async plugIn(sound: Float32Array, ppm: number, folder: string): Promise<Microphone> {
    const server = await PulseServer.start(['ear'])
    const file = join(folder, 'quartz')
    const form = ['format=s16le', `rate=${SAMPLE_RATE_HZ}`, 'channels=1']
    const { ok } = await server.control(
      'load-module',
      'module-pipe-source',
      `source_name=${NAME}`,
      `file=${file}`,
      ...form,
    )
    if (!ok) throw new Error('the sound server takes no pipe for a microphone')
    const pipe = openSync(file, 'r+')
    const samples = Int16Array.from(sound, (sample) => Math.round(32_767 * sample))
    const startedMs = performance.now()
    let said = 0
    const timer = setInterval(() => {
      const due = Math.floor(((performance.now() - startedMs) * SAMPLE_RATE_HZ * (1 + ppm / 1e6)) / 1_000)
      while (said < due) {
        const at = said % samples.length
        const part = samples.subarray(at, Math.min(samples.length, at + due - said))
        said += part.length
        writeSync(pipe, new Uint8Array(part.buffer, part.byteOffset, part.byteLength))
      }
    }, EVERY_MS)
    return new Microphone(server, timer, pipe)
  }

  async close(): Promise<void> {
    clearInterval(this.timer)
    closeSync(this.pipe)
    await this.server.close()
  }
}
