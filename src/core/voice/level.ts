/** How loud sound is, in decibels of full scale (a sine from -1 to 1 has a peak of 0 and a level of -3). */

/** What silence counts as: the quietest that a datagram can tell (RFC 6464). */
export const SILENT_DB = -127

export function toDecibels(amplitude: number): number {
  return amplitude <= 0 ? SILENT_DB : Math.max(SILENT_DB, 20 * Math.log10(amplitude))
}

export function fromDecibels(decibels: number): number {
  return 10 ** (decibels / 20)
}

export function peakOf(frame: Float32Array): number {
  let peak = 0
  for (let i = 0; i < frame.length; i++) {
    const size = Math.abs(frame[i]!)
    if (size > peak) peak = size
  }
  return peak
}

/** Root of the mean square. */
export function rmsOf(frame: Float32Array): number {
  let power = 0
  for (let i = 0; i < frame.length; i++) power += frame[i]! * frame[i]!
  return frame.length === 0 ? 0 : Math.sqrt(power / frame.length)
}

/** A frame's level as an audio datagram tells it: 0 (loudest) to 127 dB below full scale. */
export function levelBelowFullScale(frame: Float32Array): number {
  return Math.min(-SILENT_DB, Math.max(0, Math.round(-toDecibels(rmsOf(frame)))))
}

/** By how much a meter falls in 10 ms: 20 dB in a second, so that the eye can follow (IEC 60268-18). */
const FALL_DB = 0.2

/** A meter for people to look at: goes up at once and down slowly. */
export class LevelMeter {
  /** Both from -127 to 0 or a little more. */
  peakDb = SILENT_DB
  levelDb = SILENT_DB

  /** 10 ms of sound. */
  hear(frame: Float32Array): void {
    this.peakDb = Math.max(toDecibels(peakOf(frame)), this.peakDb - FALL_DB)
    this.levelDb = Math.max(toDecibels(rmsOf(frame)), this.levelDb - FALL_DB)
  }
}
