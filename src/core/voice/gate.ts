import { rmsOf, toDecibels } from './level.ts'
import { smoothStep } from './time-scale.ts'

/**
 * Decides which of what the microphone hears is sent: while somebody speaks, while a key is held, always, or never.
 *
 * By voice: it opens on speech that stands out from the noise of the room, and then also gives out what came just before, since a word
 * begins with a consonant that is known for speech only by the vowel after it; but no silence before that, since listeners have to catch up with
 * all that was held. It closes when there was no speech for a while. By key: it opens
 * with the key, without what came before (what was said before is nobody's business), and closes a little after it, since people let
 * go on the last syllable. Whenever it opens or closes, the sound is faded, so there is no click.
 */
export type GateMode = 'voice' | 'push' | 'open'

/** Frames of 10 ms that are kept for when it opens: a longest consonant is some 80 ms, of which RNNoise knows the second half. */
export const LOOK_BACK_FRAMES = 4
/** Within a consonant, as between the lips' closing and opening, so many frames may be quiet. */
const QUIET_FRAMES_MAX = 1
/** Speech for certain opens it at once; likely speech, twice in a row. */
const CERTAIN = 0.9
const LIKELY = 0.5
const LIKELY_FRAMES = 2
/** Once open, so much keeps it open. */
const DOUBTFUL = 0.25
/**
 * Pauses within a sentence are mostly shorter (0.6 s), and cost next to nothing (DTX). With 0.3 s it closed between phrases, and the catching up
 * that followed took speech from a STOI of 0.985 to 0.88.
 */
const HANG_OVER_FRAMES = 60
const RELEASE_FRAMES = 20
/** Quieter than this is nobody near. */
const LEVEL_DB_MIN = -62
/** And this much above the noise that is always there. */
const ABOVE_NOISE_DB = 6
/** The noise is the quietest of late: it follows down at once, and up by 3 dB a second. */
const NOISE_RISE_DB = 0.03
const NOISE_DB_FIRST = -70
const NOISE_DB_MAX = -35
const FADE_IN_SAMPLES = 120

/** What to send of a frame that was put in, filled again each time. */
export interface GateVerdict {
  /** How many frames: 0, or 1, or more when it opens. They are `gate.frame(0)` to `gate.frame(count - 1)`, the last the newest. */
  count: number
  /** The newest is the last for now. */
  ends: boolean
}

export class Gate {
  mode: GateMode = 'voice'
  private readonly held: Float32Array[]
  /** Of those that are held: louder than silence and the room. */
  private readonly stoodOut: boolean[]
  /** Slot of the newest frame. */
  private newest = 0
  /** Frames held that were not sent. */
  private unsent = 0
  private isOpen = false
  private quiet = 0
  private likely = 0
  private noiseDb = NOISE_DB_FIRST
  private muted = false
  private pressed = false
  private readonly verdict: GateVerdict = { count: 0, ends: false }

  /** `samples`: of a frame of 10 ms. */
  constructor(samples: number) {
    this.held = Array.from({ length: LOOK_BACK_FRAMES + 1 }, () => new Float32Array(samples))
    this.stoodOut = this.held.map(() => false)
  }

  get open(): boolean {
    return this.isOpen
  }

  setMuted(muted: boolean): void {
    this.muted = muted
  }

  /** Whether the key is held. */
  setPressed(pressed: boolean): void {
    this.pressed = pressed
  }

  /** Copies the frame. `speech`: how likely it is speech, 0 to 1. The answer holds until the next. */
  push(frame: Float32Array, speech: number): Readonly<GateVerdict> {
    this.newest = (this.newest + 1) % this.held.length
    this.held[this.newest]!.set(frame)
    this.unsent = Math.min(this.unsent + 1, this.held.length)
    const levelDb = toDecibels(rmsOf(frame))
    const wanted = this.isWanted(speech, levelDb)
    this.stoodOut[this.newest] = this.standsOut(levelDb)
    const { verdict } = this
    verdict.count = 0
    verdict.ends = false
    if (!wanted && !this.isOpen) return verdict
    verdict.count = this.isOpen || this.mode !== 'voice' ? 1 : this.wordSoFar()
    verdict.ends = !wanted
    if (!this.isOpen) fadeIn(this.frame(0))
    if (!wanted) fadeOut(this.frame(verdict.count - 1))
    this.isOpen = wanted
    this.unsent = 0
    return verdict
  }

  /** A frame of the last verdict, in memory that later frames overwrite. */
  frame(index: number): Float32Array {
    const { held, newest, verdict } = this
    return held[(newest + held.length - (verdict.count - 1 - index)) % held.length]!
  }

  /** Frames, of those that were not sent, that belong to the word which has just been noticed. */
  private wordSoFar(): number {
    const { held, newest, stoodOut } = this
    let count = 1
    for (let back = 1; back < this.unsent && back - count <= QUIET_FRAMES_MAX; back++) {
      if (stoodOut[(newest + held.length - back) % held.length]) count = back + 1
    }
    return count
  }

  private isWanted(speech: number, levelDb: number): boolean {
    // Listened to also while something else decides, so that the noise is known when it is needed.
    const spoken = this.hearsSpeech(speech, levelDb)
    if (this.muted) return false
    if (this.mode === 'open') return true
    const wish = this.mode === 'push' ? this.pressed : spoken
    this.quiet = wish ? 0 : this.quiet + 1
    if (wish) return true
    return this.isOpen && this.quiet < (this.mode === 'push' ? RELEASE_FRAMES : HANG_OVER_FRAMES)
  }

  private hearsSpeech(speech: number, levelDb: number): boolean {
    if (levelDb < this.noiseDb) this.noiseDb = levelDb
    else if (speech < LIKELY) this.noiseDb = Math.min(NOISE_DB_MAX, this.noiseDb + NOISE_RISE_DB)
    const standsOut = this.standsOut(levelDb)
    this.likely = speech >= LIKELY && standsOut ? this.likely + 1 : 0
    if (this.isOpen) return speech >= DOUBTFUL && levelDb > LEVEL_DB_MIN
    return standsOut && (speech >= CERTAIN || this.likely >= LIKELY_FRAMES)
  }

  private standsOut(levelDb: number): boolean {
    return levelDb > LEVEL_DB_MIN && levelDb > this.noiseDb + ABOVE_NOISE_DB
  }
}

function fadeIn(frame: Float32Array): void {
  const samples = Math.min(FADE_IN_SAMPLES, frame.length)
  for (let i = 0; i < samples; i++) frame[i] = frame[i]! * smoothStep(i / samples)
}

function fadeOut(frame: Float32Array): void {
  for (let i = 0; i < frame.length; i++) frame[i] = frame[i]! * smoothStep(1 - (i + 1) / frame.length)
}
