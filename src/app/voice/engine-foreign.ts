import { Resampler } from '../../adapters/resampler.ts'
import type { Address } from '../../base/address.ts'
import { DATAGRAM_BYTES, SAMPLES } from '../../dialects/framed/sound.ts'
import { FramedVoice } from '../../dialects/framed/voice.ts'
import type { Clock } from '../../ports/clock.ts'
import { FRAME_SAMPLES } from '../../ports/sound.ts'
import { DIRECT, RELAYED } from '../../wire/voice-datagram.ts'
import type { VoiceForeigner } from './messages.ts'

const OWN_HZ = 48_000
const THEIR_HZ = 16_000
const FULL_SCALE = 32_767
/** About -40 dB: the originals send what their microphones hear, silence too. */
const LOUD_SAMPLE_MIN = 330
/** Who pauses between two words still speaks. */
const SPEAKING_LASTS_MS = 300
/** What was left of a word that ended so long ago belongs to no other. */
const SPEECH_LASTS_MS = 100

/**
 * Those of the framed network in the voice room: what the microphone hears goes to each of them, and what they say is one more voice here.
 * Each side's sound is brought to the other's rate.
 */
export class Foreign {
  private voice: FramedVoice | null = null
  private own = ''
  private readonly people = new Map<string, VoiceForeigner>()
  private readonly loudMs = new Map<string, number>()
  private toTheirs = new Resampler(OWN_HZ, THEIR_HZ)
  private readonly toOurs = new Resampler(THEIR_HZ, OWN_HZ)
  private readonly spoken = new Int16Array(SAMPLES)
  private spokenCount = 0
  private spokenMs = Number.NEGATIVE_INFINITY
  /** Of what they say, at our rate, what has not been played. */
  private readonly playing = new Float32Array(8 * FRAME_SAMPLES)
  private playingCount = 0
  private cancelWake = (): void => {}

  constructor(
    private readonly clock: Clock,
    private readonly send: (datagram: Uint8Array, to: Address) => unknown,
  ) {}

  /** Who is there: all of them, each time. `own`: what we are called there. */
  tell(own: string, room: string, people: readonly VoiceForeigner[]): void {
    const nowMs = this.clock.nowMs()
    if (this.voice === null || own !== this.own) {
      this.own = own
      this.voice = new FramedVoice(own)
      this.people.clear()
    }
    const { voice } = this
    for (const [id] of this.people) if (!people.some((each) => each.id === id)) this.left(voice, id)
    for (const each of people) {
      const known = this.people.get(each.id)
      if (known?.host === each.host && known.port === each.port) continue
      this.people.set(each.id, each)
      voice.joined(each.id, '', room, { host: each.host, port: each.port })
    }
    voice.enter(room, nowMs)
    this.settle(nowMs)
  }

  /** True where it was theirs. Ours begin with bytes that no name of a room begins with. */
  received(datagram: Uint8Array, from: Address, nowMs: number): boolean {
    const isTheirs = datagram.length === DATAGRAM_BYTES && datagram[0] !== DIRECT && datagram[0] !== RELAYED
    if (!isTheirs || this.voice === null || this.people.size === 0) return false
    this.voice.received(datagram, from, nowMs)
    this.settle(nowMs)
    return true
  }

  /** 10 ms that we say. */
  said(frame: Float32Array, nowMs: number): void {
    const { voice, people } = this
    if (voice === null || people.size === 0) return
    if (nowMs - this.spokenMs > SPEECH_LASTS_MS) {
      this.spokenCount = 0
      this.toTheirs = new Resampler(OWN_HZ, THEIR_HZ)
    }
    this.spokenMs = nowMs
    for (const sample of this.toTheirs.push(frame, frame.length)) {
      this.spoken[this.spokenCount++] = Math.round(Math.max(-1, Math.min(1, sample)) * FULL_SCALE)
      if (this.spokenCount < SAMPLES) continue
      this.spokenCount = 0
      voice.speak(this.spoken, nowMs)
    }
    this.settle(nowMs)
  }

  /** The next 10 ms of what they say, into 480 samples; false where they say nothing. */
  pull(frame: Float32Array): boolean {
    const { voice, playing } = this
    if (voice === null) return false
    if (this.playingCount < FRAME_SAMPLES) {
      const mix = voice.takeMix()
      if (mix === null) return false
      const ours = this.toOurs.push(
        Float32Array.from(mix, (sample) => sample / FULL_SCALE),
        mix.length,
      )
      playing.set(ours, this.playingCount)
      this.playingCount += ours.length
    }
    if (this.playingCount < FRAME_SAMPLES) return false
    frame.set(playing.subarray(0, FRAME_SAMPLES))
    playing.copyWithin(0, FRAME_SAMPLES, this.playingCount)
    this.playingCount -= FRAME_SAMPLES
    return true
  }

  /** Who of them speaks. */
  speaking(nowMs: number): string[] {
    return [...this.people.keys()].filter(
      (id) => nowMs - (this.loudMs.get(id) ?? -SPEAKING_LASTS_MS) < SPEAKING_LASTS_MS,
    )
  }

  close(): void {
    this.cancelWake()
  }

  private left(voice: FramedVoice, id: string): void {
    voice.left(id, null)
    this.people.delete(id)
    this.loudMs.delete(id)
  }

  private settle(nowMs: number): void {
    const { voice, clock } = this
    if (voice === null) return
    for (const output of voice.takeOutputs()) {
      if (output.kind === 'datagram') this.send(output.datagram, output.to)
      else if (output.kind === 'sound' && output.samples.some((sample) => Math.abs(sample) >= LOUD_SAMPLE_MIN)) {
        this.loudMs.set(output.speaker, nowMs)
      }
    }
    this.cancelWake()
    const atMs = voice.nextWakeMs()
    this.cancelWake = (): void => {}
    if (atMs === null) return
    this.cancelWake = clock.timer(atMs, () => {
      voice.wake(clock.nowMs())
      this.settle(clock.nowMs())
    })
  }
}
