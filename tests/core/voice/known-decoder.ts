import type { SpeechDecoder } from '../../../src/core/voice/decoder.ts'
import { smoothStep } from '../../../src/core/voice/time-scale.ts'
import { type AudioPayload, emptyAudio, TICK_SAMPLES } from '../../../src/wire/voice-audio.ts'

/**
 * A codec whose sound is known at every sample, so that a test can say which samples were played and whether there was a click. A "packet" is
 * a byte that makes it 20 ms of Opus and the time it begins at. What is concealed goes on as the true signal would, and where a packet
 * does not continue that, the two are joined in 5 ms, as a real decoder's overlapping windows do.
 */
export type Signal = (sample: number) => number

const TOC_20_MS = 0x78
const TOC_10_MS = 0x70
const JOIN_SAMPLES = 240

const TABLE = 16_384
const HARMONICS = Float64Array.from({ length: TABLE + 1 }, (_, i) => {
  let sum = 0
  for (let n = 1; n <= 6; n++) sum += Math.sin((2 * Math.PI * n * i) / TABLE + n) / n
  return sum
})

/** A voiced sound: harmonics of a pitch that wanders slowly, by some 5 % around `hertz`. */
export function voiced(hertz = 140, gain = 0.2): Signal {
  return (sample) => {
    const seconds = sample / 48_000
    const turns = hertz * seconds + 0.5 * Math.sin(2.5 * seconds)
    const at = (turns - Math.floor(turns)) * TABLE
    const whole = Math.floor(at)
    const from = HARMONICS[whole]!
    return gain * (from + (HARMONICS[whole + 1]! - from) * (at - whole))
  }
}

export function packetAt(time: number, ticks = 2): Uint8Array {
  const low = time % 2 ** 24
  return Uint8Array.of(ticks === 2 ? TOC_20_MS : TOC_10_MS, low >>> 16, low >>> 8, low, 0)
}

function timeOf(packet: Uint8Array): number {
  return (packet[1]! << 16) | (packet[2]! << 8) | packet[3]!
}

export function audioAt(time: number, given: Partial<AudioPayload> = {}): AudioPayload {
  const ticks = given.ticks ?? 2
  return { ...emptyAudio(), time: time % 2 ** 24, ticks, level: 20, newest: packetAt(time, ticks), ...given }
}

export class KnownDecoder implements SpeechDecoder {
  /** Times of the frames that were decoded, in the order they were played. */
  readonly played: number[] = []
  calls = 0
  /** How often sound was made up by it, and how often it began anew. */
  conceals = 0
  resets = 0
  private cursor = -1

  constructor(private readonly signal: Signal) {}

  decode(opus: Uint8Array, into: Float32Array, samples: number): boolean {
    if (opus[4] !== 0) return false
    this.played.push(timeOf(opus))
    return this.write(timeOf(opus) * TICK_SAMPLES, into, samples)
  }

  recover(opus: Uint8Array, into: Float32Array, samples: number): boolean {
    this.played.push(timeOf(opus) - samples / TICK_SAMPLES)
    return this.write(timeOf(opus) * TICK_SAMPLES - samples, into, samples)
  }

  conceal(into: Float32Array, samples: number): boolean {
    this.conceals++
    return this.write(Math.max(0, this.cursor), into, samples)
  }

  reset(): void {
    this.resets++
    this.cursor = -1
  }

  private write(from: number, into: Float32Array, samples: number): boolean {
    this.calls++
    const joins = this.cursor >= 0 && this.cursor !== from
    for (let i = 0; i < samples; i++) {
      const straight = this.signal(from + i)
      const share = smoothStep(Math.min(1, i / JOIN_SAMPLES))
      into[i] = joins && share < 1 ? straight * share + this.signal(this.cursor + i) * (1 - share) : straight
    }
    this.cursor = from + samples
    return true
  }
}

/** The largest second difference of a signal: what a click stands out by. */
export class ClickMeter {
  largest = 0
  private before = Number.NaN
  private last = Number.NaN

  hear(sound: Float32Array): void {
    for (const sample of sound) {
      const bend = Math.abs(sample - 2 * this.last + this.before)
      if (bend > this.largest) this.largest = bend
      this.before = this.last
      this.last = sample
    }
  }
}

/** The same of the signal itself. */
export function roughness(signal: Signal, samples = 48_000): number {
  const meter = new ClickMeter()
  meter.hear(Float32Array.from({ length: samples }, (_, i) => signal(i)))
  return meter.largest
}
