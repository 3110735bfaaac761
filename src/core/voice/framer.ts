import { TICK_SAMPLES } from '../../wire/voice-audio.ts'
import { levelBelowFullScale } from './level.ts'

/**
 * Makes frames of 10 or 20 ms for the encoder of the 10 ms that the gate lets through, with the time each began at. A spurt that ends in the
 * middle of a frame is filled up with silence.
 */

/** Ready for the encoder, filled again for the next. */
export interface ReadyFrame {
  readonly samples: Float32Array
  time: number
  level: number
  ends: boolean
  heldBack: boolean
}

export class Framer {
  private readonly ready: ReadyFrame
  private filled = 0

  /** `ticks`: 1 or 2, of a frame. */
  constructor(readonly ticks: number) {
    const samples = new Float32Array(ticks * TICK_SAMPLES)
    this.ready = { samples, time: 0, level: 0, ends: false, heldBack: false }
  }

  /** 10 ms that began at `time`, in ticks; the next within a spurt is one later. Null while a frame is not full. */
  push(sound: Float32Array, time: number, ends: boolean, heldBack: boolean): Readonly<ReadyFrame> | null {
    const { ready } = this
    if (this.filled === 0) {
      ready.time = time
      ready.heldBack = heldBack
    }
    ready.samples.set(sound, this.filled * TICK_SAMPLES)
    this.filled++
    if (this.filled < this.ticks && !ends) return null
    ready.samples.fill(0, this.filled * TICK_SAMPLES)
    ready.level = levelBelowFullScale(ready.samples)
    ready.ends = ends
    this.filled = 0
    return ready
  }
}
