import { Resampler } from '../../adapters/resampler.ts'
import { levelBelowFullScale } from '../../core/voice/level.ts'
import { Fader } from '../../core/voice/mixer.ts'
import { Speaking } from '../../core/voice/speaking.ts'
import type { VoiceDecoder } from '../../ports/codec.ts'
import { type AudioPayload, emptyAudio, TIME_TICKS } from '../../wire/voice-audio.ts'
import { HeardVoice } from './engine-member.ts'

const [THEIR_HZ, OWN_HZ] = [16_000, 48_000]
/** A frame of theirs: 20 ms. */
const TICKS = 2
const TICK_MS = 10
const THEIR_SAMPLES = 320
const OWN_SAMPLES = 960
const FULL_SCALE = 32_768
/** About -60 dB: originals send what their microphones hear, silence too. */
const SILENT_SAMPLE_MAX = 33
/** So long it is a pause between words. */
const SILENT_FRAMES_MAX = 25
/** So far from what the time is here, and the sender's clock is set anew. */
const ASTRAY_TICKS = 50
/** Made up for what is missing is quieter with each frame. */
const CONCEALED_GAIN = 0.5

/** When 20 ms of an original were said, on a clock of ours, and how they stand among what it says. */
export interface SpurtMark {
  /** In ticks of 10 ms, which only grow. */
  readonly time: number
  readonly begins: boolean
  readonly ends: boolean
}

/** Makes talk spurts of what an original sends, which is all that its microphone hears. What was lost on its way leaves a hole in them. */
class Spurts {
  private last = -1
  private time = -1
  private silent = SILENT_FRAMES_MAX + 1

  /** Null where nothing is said. */
  mark(sequence: number, samples: Int16Array, nowTick: number): SpurtMark | null {
    const passed = this.last < 0 ? 1 : Math.max(1, sequence - this.last)
    this.last = sequence
    const wasSilent = this.silent > SILENT_FRAMES_MAX
    this.silent = samples.some((each) => Math.abs(each) > SILENT_SAMPLE_MAX) ? 0 : this.silent + 1
    if (this.silent > SILENT_FRAMES_MAX) return null
    const next = this.time + passed * TICKS
    const begins = wasSilent || Math.abs(nowTick - next) > ASTRAY_TICKS
    this.time = begins ? Math.max(nowTick, this.time + TICKS) : next
    return { time: this.time, begins, ends: this.silent === SILENT_FRAMES_MAX }
  }
}

/** An original that reaches us, as somebody to be heard: its sound waits in turn and is evened out as everybody's. */
export class DirectSpeaker {
  readonly fader = new Fader()
  readonly speaking = new Speaking()
  readonly voice = new HeardVoice()
  heardMs = Number.NEGATIVE_INFINITY
  private readonly spurts = new Spurts()
  private readonly audio = emptyAudio()

  constructor(
    /** What it is called there. */
    readonly id: string,
    private readonly startMs: number,
  ) {}

  mark(sequence: number, samples: Int16Array, nowMs: number): SpurtMark | null {
    return this.spurts.mark(sequence, samples, Math.floor((nowMs - this.startMs) / TICK_MS))
  }

  /** As audio that `PcmDecoder` decodes; valid until the next. */
  audioOf({ time, begins, ends }: SpurtMark, samples: Int16Array): AudioPayload {
    const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength)
    const level = levelBelowFullScale(Float32Array.from(samples, (each) => each / FULL_SCALE))
    return Object.assign(this.audio, { begins, ends, level, ticks: TICKS, time: time % TIME_TICKS, newest: bytes })
  }
}

/** Brings what an original sends to our rate. */
export class PcmDecoder implements VoiceDecoder {
  private resampler = new Resampler(THEIR_HZ, OWN_HZ)
  private rest: Float32Array = new Float32Array(0)
  private readonly last = new Float32Array(OWN_SAMPLES)
  private isFirst = true

  decode(pcm: Uint8Array, into: Float32Array, samples: number): boolean {
    if (pcm.length !== 2 * THEIR_SAMPLES || samples !== OWN_SAMPLES) return false
    const theirs = new Int16Array(pcm.slice().buffer)
    const ours = this.resampler.push(
      Float32Array.from(theirs, (each) => each / FULL_SCALE),
      THEIR_SAMPLES,
    )
    // What is told with the next frame is missing from the first.
    const lead = this.isFirst ? Math.max(0, samples - ours.length) : 0
    this.isFirst = false
    const all = new Float32Array(lead + this.rest.length + ours.length)
    all.set(this.rest, lead)
    all.set(ours, lead + this.rest.length)
    this.last.fill(0)
    this.last.set(all.subarray(0, samples))
    into.set(this.last)
    this.rest = all.slice(samples)
    return true
  }

  recover(): boolean {
    return false
  }

  conceal(into: Float32Array, samples: number): boolean {
    for (let i = 0; i < samples; i++) {
      into[i] = this.last[i % OWN_SAMPLES]! * CONCEALED_GAIN
      this.last[i % OWN_SAMPLES] = into[i]!
    }
    return true
  }

  reset(): void {
    this.resampler = new Resampler(THEIR_HZ, OWN_HZ)
    this.rest = new Float32Array(0)
    this.isFirst = true
    this.last.fill(0)
  }

  close(): void {}
}
