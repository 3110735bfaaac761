import { type AudioPayload, TICK_SAMPLES } from '../../wire/voice-audio.ts'
import type { SpeechDecoder } from './decoder.ts'
import type { StoredFrame } from './frame-store.ts'
import { JitterBuffer, type JitterCounts, TICK_MS } from './jitter-buffer.ts'
import { SoundQueue } from './sound-queue.ts'
import { LACK_MS, Steering } from './steering.ts'
import { smoothStep } from './time-scale.ts'

/**
 * One speaker's packets made into an even stream of sound: `receive` when a datagram comes, `pull` every 10 ms.
 *
 * A talk spurt begins once its first frame has been held back for the delay asked for. Then each frame is played in its turn. One that is not there
 * when later ones are is lost: it is recovered from the packet after it, or else concealed. Where nothing is there the network stalls:
 * sound is made up, but the frames that were due keep their turn, so the delay grows by just the stall and no word is lost. What is made up
 * is what was heard last, said again, and the decoder is not told: a short stall is over without a trace of it in what follows.
 * `Steering` brings the delay back to what is asked for, and follows the sender's clock, by leaving out or putting in single periods of
 * the sound; between spurts it is set anew.
 *
 * No call decodes more than `DECODES_MAX` times, whatever has arrived.
 */

/** Sound is made up for so long, then there is silence until something comes: concealment by then has faded (RFC 6716 section 4.4). */
const STALL_TICKS_MAX = 12
/** Of which so much is what was heard last, said again; more of it sounds like a machine, and the decoder's own fades. */
const REPEATED_TICKS_MAX = 3
/** What a stall may add to the delay asked for; older frames are dropped. A quarter of a second more is caught up in two. */
const BEHIND_MS_MAX = 250
/** And the most it ever is. */
const DELAY_CAP_MS = 500
/** 20 ms frames decoded ahead for a search, and one lost before them. */
const DECODES_MAX = 5
/** What a search for a period reads at most, with a tick left over. */
const AHEAD_SAMPLES = 1_200
const FADE_IN_SAMPLES = 240
const FRAME_TICKS_MAX = 2

export interface PlayoutCounts {
  /** Ticks that were pulled while the speaker spoke, by what was in them. */
  played: number
  recovered: number
  concealed: number
  /** Frames dropped to catch up, and packets that did not decode. */
  skipped: number
  undecodable: number
  /** Samples left out and put in. */
  shortened: number
  lengthened: number
}

export class SpeakerPlayout {
  readonly counts: PlayoutCounts = {
    played: 0,
    recovered: 0,
    concealed: 0,
    skipped: 0,
    undecodable: 0,
    shortened: 0,
    lengthened: 0,
  }
  private readonly packets = new JitterBuffer()
  private readonly queue = new SoundQueue()
  private readonly steering = new Steering()
  private readonly scratch = new Float32Array(2 * TICK_SAMPLES)
  private talking = false
  /** The spurt's last frame was played, or it broke off: after so many samples there is silence. */
  private samplesLeft = Number.POSITIVE_INFINITY
  private ended = false
  /** Samples made up since the last frame that was there, and ticks of that; and how many of these the decoder made, and so knows of. */
  private madeUp = 0
  /** All that was ever made up, and played. */
  private everMadeUp = 0
  private stalled = 0
  private concealedTicks = 0
  /** The sender repeats what it says, and so knows of loss. */
  private isLossy = false
  /** The last spurt was not over, but broke off: its sender has not begun anew. */
  private isBroken = false

  constructor(private readonly decoder: SpeechDecoder) {}

  get arrivals(): Readonly<JitterCounts> {
    return this.packets.counts
  }

  /** What is asked for, from the fastest packet's arrival to being pulled. */
  get targetMs(): number {
    return this.packets.delays.targetMs
  }

  /** What it is, as of the last pull while somebody spoke. */
  get delayMs(): number {
    return this.steering.delayMs
  }

  private get isOver(): boolean {
    return this.samplesLeft < Number.POSITIVE_INFINITY
  }

  receive(audio: AudioPayload, nowMs: number): void {
    this.packets.receive(audio, nowMs)
  }

  /** Fills `out`, 480 samples; false where they are silence. */
  pull(nowMs: number, out: Float32Array): boolean {
    if (!this.talking && !this.begin(nowMs)) {
      out.fill(0)
      return false
    }
    if (this.queue.length >= TICK_SAMPLES) this.expect(nowMs)
    for (let i = 0; i < DECODES_MAX && this.queue.length < TICK_SAMPLES; i++) {
      const delayMs = this.packets.delayAt(nowMs, this.packets.due + this.stalled)
      this.steering.needed(delayMs, (this.queue.length * TICK_MS) / TICK_SAMPLES)
      this.step(nowMs)
    }
    // While nothing is there, nothing is left out.
    if (!this.isOver && this.madeUp === 0) this.steer()
    this.queue.take(out)
    this.samplesLeft -= TICK_SAMPLES
    if (this.samplesLeft <= 0) this.stop()
    return true
  }

  /** Drops what is held, as when somebody else is to be heard instead; the next spurt begins anew. */
  halt(): void {
    this.packets.clear()
    this.stop()
  }

  private begin(nowMs: number): boolean {
    const { packets } = this
    const first = this.catchUp(nowMs)
    if (first === null) return false
    if (packets.delayAt(nowMs, first.time) < this.targetMs - LACK_MS) return false
    packets.due = first.time
    this.talking = true
    packets.idle = false
    this.ended = false
    this.resume()
    if (first.begins || !this.isBroken) this.decoder.reset()
    this.isBroken = false
    this.steering.begin()
    return true
  }

  /** The first frame that is not too old to be played; those before it are dropped. */
  private catchUp(nowMs: number): StoredFrame | null {
    const { packets } = this
    const oldest = Math.min(DELAY_CAP_MS, this.targetMs + BEHIND_MS_MAX)
    for (;;) {
      const first = packets.store.firstFrom(packets.due)
      if (first === null || packets.delayAt(nowMs, first.time) <= oldest) return first
      this.counts.skipped++
      packets.due = first.time + first.ticks
      packets.store.take(first)
    }
  }

  /** Appends one frame or one tick of sound. */
  private step(nowMs: number): void {
    const { packets } = this
    if (this.isOver) return this.pad()
    const next = this.catchUp(nowMs)
    if (next !== null && (next.time === packets.due || next.time - packets.due <= this.stalled)) this.play(next)
    else if (this.ended || next?.begins === true || this.stalled >= STALL_TICKS_MAX) {
      this.isBroken = !this.ended && next?.begins !== true
      this.finish()
    } else if (next?.recovers === true && next.time - packets.due - this.stalled <= next.ticks) this.recover(next)
    else if (next !== null || !this.repeat()) this.conceal()
  }

  private play(frame: StoredFrame): void {
    const { packets, scratch } = this
    const samples = frame.ticks * TICK_SAMPLES
    const leapt = this.tellLost(frame.time)
    packets.due = frame.time + frame.ticks
    this.ended = frame.ends
    if (!frame.begins) this.isLossy = frame.recovers
    this.resume()
    const decoded = this.decoder.decode(frame.bytes.subarray(0, frame.length), scratch, samples)
    packets.store.take(frame)
    if (decoded) this.counts.played += frame.ticks
    else {
      this.counts.undecodable++
      this.countMadeUp(samples)
      if (!this.decoder.conceal(scratch, samples)) scratch.fill(0)
    }
    if (leapt) this.queue.join(scratch)
    this.append(samples)
  }

  private recover(next: StoredFrame): void {
    const { packets, scratch } = this
    const samples = next.ticks * TICK_SAMPLES
    const leapt = this.tellLost(next.time - next.ticks)
    if (!this.decoder.recover(next.bytes.subarray(0, next.length), scratch, samples)) return this.conceal()
    if (leapt) this.queue.join(scratch)
    this.counts.recovered += next.ticks
    packets.due = next.time
    this.resume()
    this.append(samples)
  }

  /** The decoder is to know of what is lost before `time`, in whose place sound was said again: what comes next leans on it. True where it did not. */
  private tellLost(time: number): boolean {
    const missing = Math.min(time - this.packets.due - this.concealedTicks, FRAME_TICKS_MAX)
    if (this.madeUp === 0 || missing <= 0) return false
    this.decoder.conceal(this.scratch, missing * TICK_SAMPLES)
    return true
  }

  /** What is there goes on; of what was said again, whole periods that were not played yet are not needed. */
  private resume(): void {
    if (this.concealedTicks === 0) this.everMadeUp -= this.queue.takeBack(this.madeUp)
    this.madeUp = 0
    this.stalled = 0
    this.concealedTicks = 0
  }

  /** So many samples are made up while what is due is not there; it keeps its turn. */
  private wait(samples: number): void {
    this.madeUp += samples
    this.stalled = Math.floor(this.madeUp / TICK_SAMPLES)
    this.countMadeUp(samples)
  }

  /** In whole ticks, of which none is taken back. */
  private countMadeUp(samples: number): void {
    this.everMadeUp += samples
    this.counts.concealed = Math.max(this.counts.concealed, Math.floor(this.everMadeUp / TICK_SAMPLES))
  }

  /** False where the sound is none that can be said again, or has been often enough; or where what is missing is not late but lost. */
  private repeat(): boolean {
    if (this.isLossy || this.concealedTicks > 0 || this.stalled >= REPEATED_TICKS_MAX) return false
    const samples = this.queue.repeat(TICK_SAMPLES - this.queue.length)
    this.wait(samples)
    return samples > 0
  }

  private conceal(): void {
    this.concealedTicks++
    this.wait(TICK_SAMPLES)
    if (!this.decoder.conceal(this.scratch, TICK_SAMPLES)) this.scratch.fill(0)
    this.append(TICK_SAMPLES)
  }

  /** Lets the sound fade in one tick. */
  private finish(): void {
    const { scratch } = this
    if (!this.decoder.conceal(scratch, TICK_SAMPLES)) scratch.fill(0)
    for (let i = 0; i < TICK_SAMPLES; i++) scratch[i] = scratch[i]! * smoothStep(1 - (i + 1) / TICK_SAMPLES)
    this.append(TICK_SAMPLES)
    this.samplesLeft = this.queue.length
  }

  private pad(): void {
    this.scratch.fill(0)
    this.append(TICK_SAMPLES)
  }

  private append(samples: number): void {
    const { scratch, steering } = this
    if (steering.fresh) {
      for (let i = 0; i < FADE_IN_SAMPLES; i++) scratch[i] = scratch[i]! * smoothStep(i / FADE_IN_SAMPLES)
      steering.fresh = false
    }
    this.queue.append(scratch, samples)
  }

  /** When the next frame is needed: what is queued lasts until then. */
  private expect(nowMs: number): void {
    const { packets, queue, stalled } = this
    const ticks = Math.floor(queue.length / TICK_SAMPLES)
    const delayMs = packets.delayAt(nowMs + ticks * TICK_MS, packets.due + stalled)
    this.steering.enough(delayMs, (queue.length * TICK_MS) / TICK_SAMPLES - ticks * TICK_MS)
  }

  private steer(): void {
    const { packets, steering, queue } = this
    const samples = steering.correction(this.targetMs)
    if (samples > 0) {
      for (let i = 0; i < 2 && queue.length < AHEAD_SAMPLES; i++) {
        const next = packets.store.at(packets.due)
        if (next === null) break
        this.play(next)
      }
      const most = Math.min(samples, queue.length - TICK_SAMPLES)
      const done = queue.shorten(most, steering.impatient)
      this.counts.shortened += done
      steering.corrected(done)
    } else if (samples < 0) {
      const done = queue.lengthen(Math.max(-samples, TICK_SAMPLES), steering.impatient)
      this.counts.lengthened += done
      steering.corrected(-done)
    }
  }

  private stop(): void {
    this.talking = false
    this.packets.idle = true
    this.samplesLeft = Number.POSITIVE_INFINITY
    this.ended = false
    this.queue.clear()
  }
}
