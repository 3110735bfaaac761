import wasmPath from '@sapphi-red/web-noise-suppressor/rnnoise_simd.wasm' with { type: 'file' }
import type { CodecFault, NoiseSuppressor } from '../ports/codec.ts'
import { FRAME_SAMPLES } from '../ports/sound.ts'
import { withinRange } from './sample-range.ts'

/**
 * RNNoise (J.-M. Valin, "A Hybrid DSP/Deep Learning Approach to Real-Time Full-Band Speech Enhancement", 2018) in WebAssembly, with its first
 * model: the larger one of 2024 takes ten times as long, and of clean speech it leaves less.
 */
const FULL_SCALE = 32_768

/** What the module brings with it, as far as it is used. */
interface Exports {
  readonly memory: WebAssembly.Memory
  __wasm_call_ctors(): void
  malloc(bytes: number): number
  /** 0 for the model that is built in. */
  rnnoise_create(model: number): number
  rnnoise_destroy(state: number): void
  /** Samples of 16 bits as floats; both places may be the same. */
  rnnoise_process_frame(state: number, output: number, input: number): number
}

/** Makes one, with a memory of its own, in a few ms. */
export async function openRnnoise(): Promise<NoiseSuppressor | CodecFault> {
  try {
    const module = await WebAssembly.compile(await Bun.file(wasmPath).bytes())
    return new Rnnoise(instantiate(module))
  } catch (cause) {
    const message = 'Noise suppression (WebAssembly with SIMD) cannot be had on this machine; voice goes on without it.'
    return { ok: false, code: 'not-loaded', message, cause }
  }
}

function instantiate(module: WebAssembly.Module): Exports {
  const instance = new WebAssembly.Instance(module, {
    env: {
      emscripten_memcpy_big(to: number, from: number, bytes: number): void {
        new Uint8Array(exports.memory.buffer).copyWithin(to, from, from + bytes)
      },
      // Its 16 MB are many times what one stream takes.
      emscripten_resize_heap: () => 0,
      __assert_fail(): never {
        throw new Error('RNNoise has found itself in a state that cannot be')
      },
    },
  })
  const exports = instance.exports as unknown as Exports
  exports.__wasm_call_ctors()
  return exports
}

class Rnnoise implements NoiseSuppressor {
  readonly ok = true
  /** Its windows are of two frames, and it gives out the first half. */
  readonly delaySamples = FRAME_SAMPLES
  private readonly soundAt: number
  private readonly sound: Float32Array
  private state: number

  constructor(private readonly lib: Exports) {
    this.state = lib.rnnoise_create(0)
    this.soundAt = lib.malloc(FRAME_SAMPLES * Float32Array.BYTES_PER_ELEMENT)
    if (this.state === 0 || this.soundAt === 0) throw new Error('RNNoise has no memory left')
    this.sound = new Float32Array(lib.memory.buffer, this.soundAt, FRAME_SAMPLES)
  }

  get memoryBytes(): number {
    return this.lib.memory.buffer.byteLength
  }

  suppress(frame: Float32Array): number {
    if (frame.length !== FRAME_SAMPLES)
      throw new RangeError(`a frame has ${FRAME_SAMPLES} samples, not ${frame.length}`)
    const { lib, sound, soundAt } = this
    // A single sample that is no number would be remembered, and silence it for good.
    for (let i = 0; i < FRAME_SAMPLES; i++) sound[i] = withinRange(frame[i]!) * FULL_SCALE
    const probability = lib.rnnoise_process_frame(this.state, soundAt, soundAt)
    for (let i = 0; i < FRAME_SAMPLES; i++) frame[i] = withinRange(sound[i]! / FULL_SCALE)
    return probability
  }

  reset(): void {
    this.lib.rnnoise_destroy(this.state)
    this.state = this.lib.rnnoise_create(0)
  }
}
