/** Samples of 16 bits, as sound cards and WAV files have them, and as floats from -1 to 1. What is beyond is cut, never wrapped. */

const FULL_SCALE = 32_768

/** Writes `from.length` samples to the beginning of `into`. */
export function toInt16(from: Float32Array, into: Int16Array): void {
  for (let i = 0; i < from.length; i++) {
    into[i] = Math.max(-FULL_SCALE, Math.min(FULL_SCALE - 1, Math.round(from[i]! * FULL_SCALE)))
  }
}

/** The same back; 16 bits come through both unchanged. */
export function fromInt16(from: Int16Array, into: Float32Array): void {
  for (let i = 0; i < from.length; i++) into[i] = from[i]! / FULL_SCALE
}
