import { Limiter } from './limiter.ts'

/** Twice as loud as it came, 6 dB: louder would be noise. */
export const VOLUME_PERCENT_MAX = 200

/** How loud one person is heard here: what was set for them, reached within 10 ms so that there is no click. */
export class Fader {
  private wished = 1
  private muted = false
  private now = 1

  /** 0 to `VOLUME_PERCENT_MAX`; what is beyond is cut. */
  setVolume(percent: number): void {
    this.wished = Math.min(VOLUME_PERCENT_MAX, Math.max(0, percent)) / 100
  }

  setMuted(muted: boolean): void {
    this.muted = muted
  }

  /** True where nothing of it would be heard, so it need not be decoded. */
  get silent(): boolean {
    return this.now === 0 && (this.muted || this.wished === 0)
  }

  /**
   * Adds a frame to a sum of the same length. Samples beyond full scale are cut before, so that no one voice can press the limiter down
   * for all others; a frame that holds what is no number is left out, and answered with false.
   */
  mix(frame: Float32Array, sum: Float32Array): boolean {
    const from = this.now
    const step = this.stepTo(frame.length)
    if (!allFinite(frame)) return false
    for (let i = 0; i < frame.length; i++) {
      const sample = frame[i]!
      const cut = Math.max(-1, Math.min(1, sample))
      sum[i] = sum[i]! + cut * (step === 0 ? from : from + step * (i + 1))
    }
    return true
  }

  /** Makes a frame as loud, in place. */
  scale(frame: Float32Array): void {
    const from = this.now
    const step = this.stepTo(frame.length)
    if (step === 0 && from === 1) return
    for (let i = 0; i < frame.length; i++) frame[i] = frame[i]! * (step === 0 ? from : from + step * (i + 1))
  }

  private stepTo(samples: number): number {
    const from = this.now
    this.now = this.muted ? 0 : this.wished
    return (this.now - from) / samples
  }
}

function allFinite(frame: Float32Array): boolean {
  let differences = 0
  for (let i = 0; i < frame.length; i++) differences += frame[i]! - frame[i]!
  return differences === 0
}

/** The sum of everybody: 10 ms at a time, as many voices as there are, never above full scale. */
export class Mixer {
  /** How loud everything is; muted while one does not want to hear anybody. */
  readonly everybody = new Fader()
  private readonly sum: Float32Array
  private readonly limiter = new Limiter()

  constructor(samples: number) {
    this.sum = new Float32Array(samples)
  }

  begin(): void {
    this.sum.fill(0)
  }

  /** False where the frame held what is no number, and was left out. */
  add(frame: Float32Array, fader: Fader): boolean {
    return fader.mix(frame, this.sum)
  }

  /** Writes the mix to `out`. */
  finish(out: Float32Array): void {
    const { sum } = this
    this.everybody.scale(sum)
    this.limiter.process(sum)
    out.set(sum)
  }
}
