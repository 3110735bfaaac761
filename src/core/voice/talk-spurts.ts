import { type AudioPayload, emptyAudio, OLDER_FRAME_BYTES_MAX, TIME_TICKS } from '../../wire/voice-audio.ts'
import { isOpusPause } from '../../wire/voice-opus.ts'

/**
 * Makes audio payloads of what the encoder gives: when each was made, where a talk spurt begins and ends, and, where it is wished, an older frame
 * said again. What the encoder marks as a pause is sent once, as the end of the spurt, and then no more until there is sound again.
 */

/** Older frames that can be said again. */
const KEPT_FRAMES = 8

/** A frame that was encoded. */
export interface EncodedFrame {
  /** When its sound began: ticks of 10 ms of the microphone, which run on while nothing is sent. */
  readonly time: number
  /** 1 or 2. */
  readonly ticks: number
  readonly opus: Uint8Array
  /** 0 to 127 dB below full scale. */
  readonly level: number
  /** The gate closes after it. */
  readonly ends: boolean
  /** It was kept until the gate opened. */
  readonly heldBack: boolean
  /** It repeats the frame before it (FEC). */
  readonly recovers: boolean
}

interface KeptFrame {
  time: number
  bytes: Uint8Array
  length: number
}

export class TalkSpurts {
  /** How many frames back the one lies that each payload says again; 0 for none. */
  againAge = 0
  private readonly payload = emptyAudio()
  private readonly kept: KeptFrame[] = Array.from({ length: KEPT_FRAMES }, () => ({
    time: -1,
    bytes: new Uint8Array(OLDER_FRAME_BYTES_MAX),
    length: 0,
  }))
  private at = 0
  /** When the next frame of the spurt would begin; -1 outside of one. */
  private nextTime = -1

  /** Whether a frame made then is the first of a spurt: listeners may have heard nothing of what was before. */
  beginsAt(time: number): boolean {
    return time !== this.nextTime
  }

  /** What to send, filled again for the next frame; null where there is nothing. Its Opus packets are the caller's and views of what is kept. */
  frame(frame: EncodedFrame): AudioPayload | null {
    const { payload } = this
    const pause = isOpusPause(frame.opus)
    const begins = this.beginsAt(frame.time)
    if (pause && begins) return null
    payload.begins = begins
    payload.ends = frame.ends || pause
    payload.recovers = frame.recovers && !begins
    payload.heldBack = frame.heldBack
    payload.ticks = frame.ticks
    payload.level = frame.level
    payload.time = frame.time % TIME_TICKS
    payload.newest = frame.opus
    payload.olderCount = 0
    if (begins) for (const kept of this.kept) kept.time = -1
    else if (this.againAge > 0) this.sayAgain(frame.time - this.againAge * frame.ticks)
    this.keep(frame)
    this.nextTime = payload.ends ? -1 : frame.time + frame.ticks
    return payload
  }

  private sayAgain(time: number): void {
    const kept = this.kept.find((each) => each.time === time)
    if (kept === undefined) return
    const older = this.payload.older[0]!
    older.age = this.againAge
    older.opus = kept.bytes.subarray(0, kept.length)
    this.payload.olderCount = 1
  }

  private keep({ time, opus }: EncodedFrame): void {
    if (opus.length > OLDER_FRAME_BYTES_MAX) return
    this.at = (this.at + 1) % KEPT_FRAMES
    const slot = this.kept[this.at]!
    slot.bytes.set(opus)
    slot.length = opus.length
    slot.time = time
  }
}
