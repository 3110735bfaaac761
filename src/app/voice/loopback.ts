import { LevelMeter } from '../../core/voice/level.ts'
import { FRAME_MS, FRAME_SAMPLES, type Sound, type SoundFault, type SoundStream } from '../../ports/sound.ts'

export interface LoopbackOptions {
  /** Ids of devices; null for the default. */
  readonly input: string | null
  readonly output: string | null
  /** How much later than recorded it is played, beside what the devices take. */
  readonly delayMs: number
}

export interface LoopbackEvents {
  /** Ten times a second: how loud the microphone is, and how many gaps there were in both directions. */
  level(peakDb: number, levelDb: number, gaps: number): void
  /** It has ended by itself. Nothing follows. */
  ended(fault: SoundFault): void
}

const METER_FRAMES = 10
/** Beyond the delay: what the two devices' clocks and the processor's waits move apart before a frame is left out. */
const SLACK_FRAMES = 4

/** Plays what is recorded, so that people hear whether they are heard. */
export class Loopback {
  private readonly frames: Float32Array[]
  private readonly delayFrames: number
  private readonly meter = new LevelMeter()
  private readonly events: LoopbackEvents
  private streams: SoundStream[] = []
  private recorded = 0
  private played = 0
  private isPlaying = false
  private isOver = false

  private constructor(delayMs: number, events: LoopbackEvents) {
    this.delayFrames = Math.round(delayMs / FRAME_MS)
    this.frames = Array.from({ length: this.delayFrames + SLACK_FRAMES }, () => new Float32Array(FRAME_SAMPLES))
    this.events = events
  }

  static async open(sound: Sound, options: LoopbackOptions, events: LoopbackEvents): Promise<Loopback | SoundFault> {
    const loopback = new Loopback(options.delayMs, events)
    const ended = (fault: SoundFault): void => void loopback.end(fault)
    const capture = { captured: (frame: Float32Array) => loopback.captured(frame), ended }
    const playback = { wanted: (frame: Float32Array) => loopback.wanted(frame), ended }
    for (const stream of [
      await sound.openPlayback({ device: options.output }, playback),
      await sound.openCapture({ device: options.input }, capture),
    ]) {
      if (stream.ok) loopback.streams.push(stream)
      else {
        await loopback.close()
        return stream
      }
    }
    return loopback
  }

  async close(): Promise<void> {
    this.isOver = true
    await Promise.all(this.streams.map((stream) => stream.close()))
  }

  private captured(frame: Float32Array): void {
    this.meter.hear(frame)
    this.frames[this.recorded % this.frames.length]!.set(frame)
    this.recorded++
    // What is not played in time makes room.
    this.played = Math.max(this.played, this.recorded - this.frames.length)
    if (this.recorded % METER_FRAMES === 0) this.tell()
  }

  private wanted(frame: Float32Array): void {
    const waiting = this.recorded - this.played
    if (!this.isPlaying && waiting <= this.delayFrames) return
    this.isPlaying = waiting > 0
    if (this.isPlaying) frame.set(this.frames[this.played++ % this.frames.length]!)
  }

  private tell(): void {
    const gaps = this.streams.reduce((sum, { statistics }) => sum + statistics.gaps, 0)
    if (!this.isOver) this.events.level(this.meter.peakDb, this.meter.levelDb, gaps)
  }

  private async end(fault: SoundFault): Promise<void> {
    if (this.isOver) return
    await this.close()
    this.events.ended(fault)
  }
}
