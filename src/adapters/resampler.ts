/**
 * Brings sound of another rate to one rate, piece by piece: a sinc under a Kaiser window, read from a table with straight lines between
 * its entries. Stop band below -80 dB.
 *
 * Source: J. O. Smith, "Digital Audio Resampling" (bandlimited interpolation).
 */
export class Resampler {
  /** Input samples for one output sample. */
  private readonly step: number
  private readonly kernel: Kernel
  /** Input that is still looked at, oldest first; it begins with silence. */
  private held: Float32Array
  private heldCount: number
  /** Where in `held` the next output sample lies. */
  private position: number

  constructor(fromHz: number, toHz: number) {
    this.step = fromHz / toHz
    this.kernel = makeKernel(Math.max(1, this.step))
    this.held = new Float32Array(4 * this.kernel.reach)
    this.heldCount = this.kernel.reach
    this.position = this.kernel.reach
  }

  /** Takes `count` samples of `input` and answers those that can be told now. What was said last is told with what comes next. */
  push(input: Float32Array, count: number): Float32Array {
    this.hold(input, count)
    const { reach } = this.kernel
    const tellable = Math.floor((this.heldCount - reach - this.position) / this.step)
    const output = new Float32Array(Math.max(0, tellable))
    for (let i = 0; i < output.length; i++) {
      output[i] = this.at(this.position)
      this.position += this.step
    }
    const spent = Math.max(0, Math.floor(this.position) - reach)
    this.held.copyWithin(0, spent, this.heldCount)
    this.heldCount -= spent
    this.position -= spent
    return output
  }

  private hold(input: Float32Array, count: number): void {
    if (this.heldCount + count > this.held.length) {
      const larger = new Float32Array(2 * (this.heldCount + count))
      larger.set(this.held.subarray(0, this.heldCount))
      this.held = larger
    }
    this.held.set(input.subarray(0, count), this.heldCount)
    this.heldCount += count
  }

  private at(position: number): number {
    const { reach, entriesPerSample, table } = this.kernel
    let sum = 0
    const first = Math.ceil(position - reach)
    const last = Math.min(Math.floor(position + reach), this.heldCount - 1)
    for (let i = Math.max(0, first); i <= last; i++) {
      const entry = Math.abs(i - position) * entriesPerSample
      const below = Math.floor(entry)
      const low = table[below]!
      sum += this.held[i]! * (low + (table[below + 1]! - low) * (entry - below))
    }
    return sum
  }
}

interface Kernel {
  /** Input samples looked at on each side. */
  readonly reach: number
  readonly entriesPerSample: number
  /** One side, from the middle, and a silent entry or two beyond. */
  readonly table: Float32Array
}

/** Zero crossings on each side. */
const CROSSINGS = 32
const ENTRIES_PER_CROSSING = 256
/** Of the Kaiser window: 80 dB. */
const BETA = 8
/** Leaves the window's slope below half the rate. */
const CUTOFF = 0.93

/** `stretch` above 1 where the output's rate is the lower one, and what it cannot hold has to go. */
function makeKernel(stretch: number): Kernel {
  const reach = Math.ceil((CROSSINGS * stretch) / CUTOFF)
  const entriesPerSample = (ENTRIES_PER_CROSSING * CUTOFF) / stretch
  const table = new Float32Array(Math.ceil(reach * entriesPerSample) + 2)
  for (let entry = 0; entry < table.length; entry++) {
    const crossing = entry / ENTRIES_PER_CROSSING
    if (crossing >= CROSSINGS) break
    const window = bessel(BETA * Math.sqrt(1 - (crossing / CROSSINGS) ** 2)) / bessel(BETA)
    const sinc = crossing === 0 ? 1 : Math.sin(Math.PI * crossing) / (Math.PI * crossing)
    table[entry] = (sinc * window * CUTOFF) / stretch
  }
  return { reach, entriesPerSample, table }
}

/** Modified Bessel function of the first kind, order zero. */
function bessel(x: number): number {
  let sum = 1
  let term = 1
  for (let k = 1; term > sum * 1e-12; k++) {
    term *= (x / (2 * k)) ** 2
    sum += term
  }
  return sum
}
