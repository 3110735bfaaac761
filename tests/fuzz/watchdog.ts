import { SEED } from './seed.ts'

const INPUT_BYTES_MAX = 128 * 1024

/**
 * What reads an input for ever stops its thread, and no test can say so. Another thread looks on: when no input has ended for a long
 * time it prints the one that hangs, and ends the process.
 */
export class Watchdog {
  private readonly counter: Int32Array
  private readonly input: Uint8Array
  private readonly worker = new Worker(new URL('./watchdog-worker.ts', import.meta.url))

  constructor(name: string) {
    const memory = new SharedArrayBuffer(8 + INPUT_BYTES_MAX)
    this.counter = new Int32Array(memory, 0, 2)
    this.input = new Uint8Array(memory, 8)
    this.worker.postMessage({ name: `${name}, FUZZ_SEED=${SEED}`, memory })
    this.worker.unref()
  }

  /** The next input is about to be read. */
  before(input: Uint8Array): void {
    const kept = input.subarray(0, INPUT_BYTES_MAX)
    this.input.set(kept)
    this.counter[1] = kept.length
    Atomics.add(this.counter, 0, 1)
  }

  end(): void {
    this.worker.terminate()
  }
}
