import { expect } from 'bun:test'
import {
  type CaptureEvents,
  FRAME_SAMPLES,
  type PlaybackEvents,
  SAMPLE_RATE_HZ,
  type SoundFault,
} from '../../src/ports/sound.ts'

/** A sine of half the greatest height. */
export class Tone {
  private phase = 0
  private readonly hz: number

  constructor(hz: number) {
    this.hz = hz
  }

  fill(frame: Float32Array): void {
    for (let i = 0; i < frame.length; i++) {
      frame[i] = Math.sin(this.phase) / 2
      this.phase += (2 * Math.PI * this.hz) / SAMPLE_RATE_HZ
    }
  }
}

/** Within one of these a tone goes on without a break, but for the one that a device's gap falls into. */
const WINDOW_SAMPLES = SAMPLE_RATE_HZ / 10

/**
 * How high the sine of that frequency stands in some sound, in the mean over tenths of a second: frequencies that are multiples of 10 Hz do not
 * disturb each other, and where a device has left something out the tone on the one side does not cancel that on the other.
 */
export function levelAt(hz: number, samples: Float32Array): number {
  const levels = levelsAt(hz, samples)
  return levels.reduce((sum, level) => sum + level, 0) / levels.length
}

/** The same in the tenth of a second where it stands highest: a busy machine's sound server leaves out more than one gap's worth at times. */
export function highestAt(hz: number, samples: Float32Array): number {
  return Math.max(...levelsAt(hz, samples))
}

function levelsAt(hz: number, samples: Float32Array): number[] {
  const windows = Math.max(1, Math.floor(samples.length / WINDOW_SAMPLES))
  return Array.from({ length: windows }, (_, i) =>
    levelWithin(hz, samples.subarray(i * WINDOW_SAMPLES, (i + 1) * WINDOW_SAMPLES)),
  )
}

function levelWithin(hz: number, samples: Float32Array): number {
  let real = 0
  let imaginary = 0
  for (const [i, sample] of samples.entries()) {
    const phase = (2 * Math.PI * hz * i) / SAMPLE_RATE_HZ
    real += sample * Math.cos(phase)
    imaginary += sample * Math.sin(phase)
  }
  return samples.length === 0 ? 0 : (2 * Math.hypot(real, imaginary)) / samples.length
}

/** What both ends of a stream have in common: counting. */
class End {
  count = 0
  readonly buffers = new Set<Float32Array>()
  readonly faults: SoundFault[] = []
  readonly first: Promise<void>
  readonly enough: Promise<void>
  readonly over: Promise<SoundFault>
  private tellFirst = (): void => {}
  private tellEnough = (): void => {}
  private tellOver = (_: SoundFault): void => {}
  private readonly wantedCount: number

  constructor(wantedCount: number) {
    this.wantedCount = wantedCount
    this.first = new Promise((resolve) => {
      this.tellFirst = resolve
    })
    this.enough = new Promise((resolve) => {
      this.tellEnough = resolve
    })
    this.over = new Promise((resolve) => {
      this.tellOver = resolve
    })
  }

  ended(fault: SoundFault): void {
    this.faults.push(fault)
    this.tellOver(fault)
  }

  protected saw(frame: Float32Array): void {
    expect(frame.length).toBe(FRAME_SAMPLES)
    this.buffers.add(frame)
    this.count++
    if (this.count === 1) this.tellFirst()
    if (this.count === this.wantedCount) this.tellEnough()
  }
}

const KEPT_SAMPLES = 50 * FRAME_SAMPLES

export class Recorder extends End implements CaptureEvents {
  private readonly kept = new Float32Array(KEPT_SAMPLES)

  captured(frame: Float32Array): void {
    this.kept.copyWithin(0, FRAME_SAMPLES)
    this.kept.set(frame, KEPT_SAMPLES - FRAME_SAMPLES)
    this.saw(frame)
  }

  /** The last half second. */
  last(): Float32Array {
    return this.kept
  }
}

/** Plays a tone. */
export class Player extends End implements PlaybackEvents {
  wasSilent = true
  private readonly tone: Tone

  constructor(hz: number, wantedCount: number) {
    super(wantedCount)
    this.tone = new Tone(hz)
  }

  wanted(frame: Float32Array): void {
    this.wasSilent &&= frame.every((sample) => sample === 0)
    this.tone.fill(frame)
    this.saw(frame)
  }
}
