/**
 * Keeps sound below full scale without cutting its tops off: looks 1 ms ahead, and turns it down smoothly before a peak comes, then slowly up
 * again. Sound that stays below the threshold comes out bit for bit as it went in, `LIMITER_DELAY_SAMPLES` later.
 *
 * For each sample the gain that it needs; of these the least within the window; let to rise slowly; and the mean of that over the
 * window. Each of the gains that the mean is of is at most what the sample that it is applied to needs, so no sample is ever above the threshold.
 */
const WINDOW = 48
export const LIMITER_DELAY_SAMPLES = WINDOW - 1
/** -1 dBFS: reconstruction between samples of full scale would go over it. */
export const LIMIT = 0.891
/** Of the way back to 1 in one sample: 63 % in 50 ms. */
const RELEASE = 1 / (0.05 * 48_000)
/** From here on up the gain is 1. */
const NEARLY_ONE = 0.9999

export class Limiter {
  /** The last samples that were not given out yet; the oldest is at `at`. */
  private readonly waiting = new Float32Array(WINDOW)
  private readonly needed = new Float64Array(WINDOW).fill(1)
  private readonly gains = new Float64Array(WINDOW).fill(1)
  private at = 0
  private sum = WINDOW
  private gain = 1
  /** How many of `needed` and of `gains` are below 1: none in ordinary talk. */
  private below = 0
  private belowGains = 0

  /** Limits a frame in place. Samples are finite. */
  process(frame: Float32Array): void {
    for (let i = 0; i < frame.length; i++) frame[i] = this.next(frame[i]!)
  }

  private next(sample: number): number {
    const { waiting, at } = this
    waiting[at] = sample
    const size = Math.abs(sample)
    const oldest = at + 1 === WINDOW ? 0 : at + 1
    if (size <= LIMIT && this.below === 0 && this.belowGains === 0 && this.gain === 1) {
      this.at = oldest
      return waiting[oldest]!
    }
    this.need(size <= LIMIT ? 1 : LIMIT / size)
    const mean = this.smooth(this.least())
    this.at = oldest
    return mean === 1 ? waiting[oldest]! : waiting[oldest]! * mean
  }

  private need(gain: number): void {
    const { needed, at } = this
    if (needed[at]! < 1) this.below--
    if (gain < 1) this.below++
    needed[at] = gain
  }

  private least(): number {
    if (this.below === 0) return 1
    let least = 1
    for (let i = 0; i < WINDOW; i++) if (this.needed[i]! < least) least = this.needed[i]!
    return least
  }

  private smooth(least: number): number {
    const { gains, at } = this
    const risen = this.gain + (1 - this.gain) * RELEASE
    this.gain = Math.min(least, risen > NEARLY_ONE ? 1 : risen)
    if (gains[at]! < 1) this.belowGains--
    if (this.gain < 1) this.belowGains++
    this.sum += this.gain - gains[at]!
    gains[at] = this.gain
    if (this.belowGains > 0) return Math.min(1, this.sum / WINDOW)
    this.sum = WINDOW
    return 1
  }
}
