import {
  crossfade,
  findLag,
  findPeriod,
  LAG_MAX,
  LAG_MIN,
  likenessOf,
  PERIOD_REACH,
  type Similarity,
  smoothStep,
} from './time-scale.ts'

/**
 * Decoded sound on its way out: what is still to be played, and before it the last of what was, which is needed to make sound longer. One piece
 * of memory, moved together when its end is reached.
 */

/** What was played and is kept. */
const PAST_SAMPLES = PERIOD_REACH
/** 120 ms: five frames, and room for what is put in between. */
export const QUEUE_SAMPLES_MAX = 5_760
const MEMORY_SAMPLES = 4 * QUEUE_SAMPLES_MAX

/** How alike two pieces must be to be joined while somebody speaks. */
const LIKENESS_MIN = 0.85
/** And how alike what is said again and what came before it. */
const REPEATED_LIKENESS_MIN = 0.7
/** Over which the two are brought together: 2.5 ms. */
const SEAM_SAMPLES = 120
/** And the slopes of the two: 1 ms. Noise has steeper ones, and none that go on; a voice's flank has them too, and does. */
const BEND_SAMPLES = 48
const SLOPE_MAX = 0.007
/** From silence to full scale in 0.7 ms: hardly any voice is steeper. */
const FLANK_SLOPE_MAX = 0.03
/** Over which sound is looked at for how rough it is, and so many times as steep as rough is a flank. */
const ROUGH_SAMPLES = 24
const FLANK_TIMES_ROUGH = 3
const JOINED_SAMPLES = 240

export class SoundQueue {
  private readonly memory = new Float32Array(MEMORY_SAMPLES)
  private start = PAST_SAMPLES
  private end = PAST_SAMPLES
  private readonly found: Similarity = { lag: 0, likeness: 0 }

  /** Samples still to be played. */
  get length(): number {
    return this.end - this.start
  }

  /** The last `samples` that were appended, to be changed in place before they are played. */
  tail(samples: number): Float32Array {
    return this.memory.subarray(this.end - samples, this.end)
  }

  append(sound: Float32Array, samples: number): void {
    if (this.length + samples > QUEUE_SAMPLES_MAX) throw new RangeError('more sound than is ever decoded ahead')
    if (this.end + samples > MEMORY_SAMPLES) this.moveTogether()
    this.memory.set(sound.subarray(0, samples), this.end)
    this.end += samples
  }

  /** Plays `out.length` samples, which are there. */
  take(out: Float32Array): void {
    if (out.length > this.length) throw new RangeError('there is less sound than was asked for')
    out.set(this.memory.subarray(this.start, this.start + out.length))
    this.start += out.length
  }

  /**
   * Leaves out one period of at most `most` samples from what is to be played; answers how many, 0 where it would be heard.
   * `anyway`: also where the sound is not like itself.
   */
  shorten(most: number, anyway: boolean): number {
    const lagMax = Math.min(most, LAG_MAX, this.length / 2) & ~3
    if (lagMax < LAG_MIN) return 0
    const { found, memory, start } = this
    findLag(memory, start, false, lagMax, found)
    if (found.likeness < LIKENESS_MIN && !anyway) return 0
    const { lag } = found
    crossfade(memory, start, memory, start + lag, memory, start + lag, lag, found.likeness)
    this.start += lag
    // What was left out lay before: the past goes on to end where the future begins.
    memory.copyWithin(start + lag - PAST_SAMPLES, start - PAST_SAMPLES, start)
    return lag
  }

  /** Puts in one period of at most `most` samples, which what was played and what is to be played share; answers how many. */
  lengthen(most: number, anyway: boolean): number {
    const lagMax = Math.min(most, LAG_MAX, this.length) & ~3
    if (lagMax < LAG_MIN || this.length + lagMax > QUEUE_SAMPLES_MAX) return 0
    if (this.end + lagMax > MEMORY_SAMPLES) this.moveTogether()
    const { found, memory, start } = this
    findLag(memory, start, true, lagMax, found)
    if (found.likeness < LIKENESS_MIN && !anyway) return 0
    const { lag } = found
    memory.copyWithin(start + lag, start, this.end)
    this.end += lag
    // Goes on as the future would, and ends as the past did, from where the future comes again.
    crossfade(memory, start + lag, memory, start - lag, memory, start, lag, found.likeness)
    return lag
  }

  /**
   * Goes on as the sound has been: appends `least` samples, or up to `LAG_MAX` more, of whole periods, so that what is appended next continues it
   * as if nothing were between. Answers how many; 0 where it is not like itself, or no room is left. As G.711's appendix I does,
   * but without its delay.
   */
  repeat(least: number): number {
    if (this.end + least + LAG_MAX > MEMORY_SAMPLES) this.moveTogether()
    const { found } = this
    findPeriod(this.memory, this.end, found)
    const samples = Math.ceil(least / found.lag) * found.lag
    if (found.likeness < REPEATED_LIKENESS_MIN || this.length + samples > QUEUE_SAMPLES_MAX) return 0
    this.goOn(found.lag, samples)
    this.end += samples
    return samples
  }

  /** Takes whole periods of the last `repeat`s, which are `repeated` samples at the end, back, where they were not played; answers how many samples. */
  takeBack(repeated: number): number {
    const { lag } = this.found
    const left = Math.min(repeated, this.length)
    const samples = repeated > 0 && lag > 0 ? Math.floor(left / lag) * lag : 0
    this.end -= samples
    return samples
  }

  /** Makes the first 5 ms of `sound`, which does not continue what was appended last, come out of how that would go on. */
  join(sound: Float32Array): void {
    if (this.end + JOINED_SAMPLES > MEMORY_SAMPLES) this.moveTogether()
    const { found, memory, end } = this
    findPeriod(memory, end, found)
    this.goOn(found.lag, JOINED_SAMPLES)
    const likeness = likenessOf(memory, end, sound, 0, JOINED_SAMPLES)
    crossfade(memory, end, sound, 0, sound, 0, JOINED_SAMPLES, likeness)
  }

  /** Forgets what is to be played, and the past with it. */
  clear(): void {
    this.start = PAST_SAMPLES
    this.end = PAST_SAMPLES
    this.memory.fill(0, 0, PAST_SAMPLES)
  }

  /** Writes `samples` behind the end: the last period, each time beginning where it ended before, not where it began before. */
  private goOn(lag: number, samples: number): void {
    const { memory, end } = this
    const step = memory[end - 1]! - memory[end - 1 - lag]!
    const bend = step - memory[end - 2]! + memory[end - 2 - lag]!
    const rough = Math.max(roughnessBefore(memory, end), roughnessBefore(memory, end - lag))
    const isFlank = Math.abs(bend) > FLANK_TIMES_ROUGH * rough
    const most = isFlank ? FLANK_SLOPE_MAX : SLOPE_MAX
    const slope = Math.max(-most, Math.min(most, bend))
    for (let i = 0; i < samples; i++) {
      const at = i % lag
      memory[end + i] = memory[end - lag + at]! + seam(at + 1, step, slope)
    }
  }

  private moveTogether(): void {
    this.memory.copyWithin(0, this.start - PAST_SAMPLES, this.end)
    this.end -= this.start - PAST_SAMPLES
    this.start = PAST_SAMPLES
  }
}

/** What is left of a step and a bend at the first sample, so many samples after it (cubic Hermite splines). */
function seam(at: number, step: number, slope: number): number {
  const bent = at < BEND_SAMPLES ? slope * at * (1 - at / BEND_SAMPLES) ** 2 : 0
  return at < SEAM_SAMPLES ? step * (1 - smoothStep(at / SEAM_SAMPLES)) + bent : 0
}

/** The largest second difference of the last samples before `end`. */
function roughnessBefore(samples: Float32Array, end: number): number {
  let largest = 0
  for (let i = end - ROUGH_SAMPLES; i < end; i++)
    largest = Math.max(largest, Math.abs(samples[i]! - 2 * samples[i - 1]! + samples[i - 2]!))
  return largest
}
