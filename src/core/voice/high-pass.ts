/**
 * Takes away what is below the voice: the offset of cheap sound cards, hum, steps on the floor. Second-order Butterworth at 80 Hz, by the bilinear
 * transform (R. Bristow-Johnson's "Audio EQ Cookbook"), transposed direct form II; it adds no delay to speak of.
 */
const CORNER_HZ = 80
const RATE_HZ = 48_000

export class HighPass {
  private readonly b0: number
  private readonly b1: number
  private readonly a1: number
  private readonly a2: number
  private first = 0
  private second = 0

  constructor(cornerHz = CORNER_HZ) {
    const angle = (2 * Math.PI * cornerHz) / RATE_HZ
    const alpha = Math.sin(angle) * Math.SQRT1_2
    const norm = 1 + alpha
    this.b0 = (1 + Math.cos(angle)) / (2 * norm)
    this.b1 = -2 * this.b0
    this.a1 = (-2 * Math.cos(angle)) / norm
    this.a2 = (1 - alpha) / norm
  }

  /** In place; the state goes on to the next frame. Samples are finite. */
  process(frame: Float32Array): void {
    const { b0, b1, a1, a2 } = this
    let { first, second } = this
    for (let i = 0; i < frame.length; i++) {
      const input = frame[i]!
      const output = b0 * input + first
      first = b1 * input - a1 * output + second
      second = b0 * input - a2 * output
      frame[i] = output
    }
    // Near nothing the numbers get so small that processors take a hundred times as long for them.
    this.first = Math.abs(first) < 1e-15 ? 0 : first
    this.second = Math.abs(second) < 1e-15 ? 0 : second
  }
}
