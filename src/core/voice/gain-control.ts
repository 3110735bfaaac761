import { fromDecibels, peakOf, rmsOf, toDecibels } from './level.ts'

/**
 * Makes quiet speakers louder and loud ones quieter, slowly, by how loud their speech is and never by how loud the room is: the gain stands still
 * while nobody speaks, so noise is not raised in pauses. One frame that would go over full scale is turned down at once.
 */

/** Where speech is brought to, measured over what counts as speech. */
const SPEECH_DB = -22
export const GAIN_DB_MAX = 20
export const GAIN_DB_MIN = -12
/** Per second. Up slowly, since a pause is no reason; down faster, since it hurts. */
const UP_DB_PER_S = 3
const DOWN_DB_PER_S = 10
const FRAMES_PER_S = 100
/** Speech, as sure as this, and above this level. */
const SPEECH_MIN = 0.7
const LEVEL_DB_MIN = -60
/** The level of speech is a mean over about a second of it. */
const LEVEL_SHARE = 0.01
/** Closer than this is close enough. */
const TOLERANCE_DB = 2
const PEAK_MAX = 0.9

export class GainControl {
  private speechDb = SPEECH_DB
  private wishedDb = 0
  private gain = 1

  /** What is added now. */
  get gainDb(): number {
    return toDecibels(this.gain)
  }

  /** 10 ms, in place. `speech`: how likely the frame (or the one before) is speech, 0 to 1. Samples are finite. */
  process(frame: Float32Array, speech: number): void {
    const levelDb = toDecibels(rmsOf(frame))
    if (speech >= SPEECH_MIN && levelDb > LEVEL_DB_MIN) this.learn(levelDb)
    const from = this.gain
    const peak = peakOf(frame)
    let to = fromDecibels(this.wishedDb)
    if (peak * to > PEAK_MAX) to = Math.max(fromDecibels(GAIN_DB_MIN), PEAK_MAX / peak)
    this.gain = to
    if (from === 1 && to === 1) return
    // Down within the first millisecond or so, that a sudden shout is not let through; up along the whole frame.
    const ramp = to < from ? Math.min(64, frame.length) : frame.length
    for (let i = 0; i < frame.length; i++) {
      const gain = i < ramp ? from + ((to - from) * (i + 1)) / ramp : to
      frame[i] = Math.max(-1, Math.min(1, frame[i]! * gain))
    }
  }

  private learn(levelDb: number): void {
    this.speechDb += (levelDb - this.speechDb) * LEVEL_SHARE
    const offDb = SPEECH_DB - (this.speechDb + this.wishedDb)
    if (Math.abs(offDb) < TOLERANCE_DB) return
    const stepDb = Math.max(-DOWN_DB_PER_S / FRAMES_PER_S, Math.min(UP_DB_PER_S / FRAMES_PER_S, offDb))
    this.wishedDb = Math.max(GAIN_DB_MIN, Math.min(GAIN_DB_MAX, this.wishedDb + stepDb))
  }
}
